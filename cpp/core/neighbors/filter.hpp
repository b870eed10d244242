// SPDX-License-Identifier: BSD-3-Clause
// Filter, certify, rescore. A cheap float32 pass gives each pair an interval that is proven to hold its distance (docs/design/numerics.md); pairs whose
// interval can't reach the k nearest are dropped, the others are computed as defined. The answer never depends on the filter.
#pragma once

#include <vector>

#include "neighbors/packed_points.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// The queries of one task, rounded into panels, and the search of one range of panel groups for their neighbours.
class FilterSearch {
 public:
  struct Task {
    const MatrixView& queries;
    const MatrixView& points;
    const PackedPoints& packed;
    const Metric& metric;
    Index first_query;
    Index n_queries;
    Index k;
    bool exclude_self;
  };
  explicit FilterSearch(const Task& task);

  /// False when a query is so far away that float32 can't hold it: the caller searches exactly.
  [[nodiscard]] bool usable() const noexcept { return usable_; }

  /// Offers the neighbours among the points of groups [first, last) to `top` (one per query).
  void run(Index first_group, Index last_group, std::vector<TopK>& top);

 private:
  /// Bounds on the true distance in the units of the frame.
  struct Candidate {
    double lower, upper;
    Index index;
  };
  struct Query {
    RoundedRow rounded;
    double reach;  ///< no point further than this (true distance, frame units) can be among the k nearest
    std::vector<Candidate> candidates;
  };

  void search_group(Index group, std::vector<TopK>& top);
  void set_limits(Index panel, Index group);
  [[nodiscard]] double value_error(const Query& query, const RoundedRow& group) const noexcept;
  void take_hits(Index query_panel, Index point_panel, Index group, std::vector<TopK>& top);
  void add(Index query, double value, Index point, Index group, TopK& top);
  void tighten(Query& query) const;
  void resolve(Index query, TopK& top);
  [[nodiscard]] double widened(double distance) const noexcept { return distance * (1 + relative_slack_); }

  Task task_;
  Index query_panel_;
  Index n_panels_;
  Index capacity_;
  bool usable_ = true;
  double product_error_, relative_slack_;
  AlignedBuffer<float> panels_;
  AlignedBuffer<float> limits_, values_;
  std::vector<std::uint64_t> hits_;
  AlignedBuffer<double> exact_queries_, rows_, raw_;
  std::vector<Query> queries_;
};

}  // namespace crowfly
