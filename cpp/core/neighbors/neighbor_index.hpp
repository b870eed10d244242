// SPDX-License-Identifier: BSD-3-Clause
// Searches over one set of points: k nearest, all within a radius. Answers are bit-equal for any number of threads, batch size, instruction set and algorithm.
#pragma once

#include <memory>

#include "neighbors/distinct_rows.hpp"
#include "neighbors/point_search.hpp"
#include "neighbors/search.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// Points, searched as they are, or one of each where they repeat; points that were added later are searched beside those that were there.
class NeighborIndex {
 public:
  /// `points` must outlive the index and stay unchanged; `max_abs` is their largest magnitude. The first of them may have an index already, `base`: as long as
  /// the others are few, they are searched one by one beside it.
  NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm,
                std::shared_ptr<const NeighborIndex> base = nullptr);
  NeighborIndex(const NeighborIndex&) = delete;
  NeighborIndex& operator=(const NeighborIndex&) = delete;
  ~NeighborIndex() = default;

  using Consume = Search::Consume;

  /// The k nearest of each query. At least k points must be admitted to each.
  void nearest(const Request& request, Index k, const Consume& consume) const;
  /// All at a distance of at most `radius`.
  void within(const Request& request, double radius, const Consume& consume) const;
  /// Their number.
  void count_within(const Request& request, double radius, Index* counts) const;

  /// What `nearest` would do for so many queries like the points.
  [[nodiscard]] Plan explain(Index n_queries, Index k) const;

  [[nodiscard]] const Metric& metric() const noexcept { return search_.metric(); }
  [[nodiscard]] Algorithm algorithm() const noexcept { return search_.algorithm(); }
  /// What an index of these points and `n_added` more may take as its base; null where it had better begin anew.
  [[nodiscard]] static std::shared_ptr<const NeighborIndex> base_for(const std::shared_ptr<const NeighborIndex>& index,
                                                                     Index n_added);

 private:
  /// One of each of the points, and the search of those.
  struct Distinct {
    Distinct(const MatrixView& points, const Metric& metric, double max_abs)
        : rows(points), search(rows.rows(), metric, max_abs, Algorithm::automatic) {}

    DistinctRows rows;
    PointSearch search;
  };

  [[nodiscard]] const MatrixView& points() const noexcept { return search_.points(); }
  [[nodiscard]] bool distinct_may_pay(Index n_queries) const noexcept;
  [[nodiscard]] const Distinct* distinct_for(const Request& request) const;

  template <class Kept>
  using Finish = PointSearch::Finish<Kept>;
  template <class Kept>
  void run(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const;
  template <class Kept>
  void run_beside_base(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const;

  PointSearch search_;
  double max_abs_;
  std::shared_ptr<const NeighborIndex> base_;
  Lazy<Distinct> distinct_;
  mutable Served served_;
  mutable std::atomic<Probe> repeated_{Probe::not_made};
};

}  // namespace crowfly
