// SPDX-License-Identifier: BSD-3-Clause
// Searches over one set of points: k nearest, all within a radius. Answers are bit-equal for any number of threads, batch size, instruction set and algorithm.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/parallel.hpp"
#include "neighbors/cells.hpp"
#include "neighbors/curve_tree.hpp"
#include "neighbors/direct_search.hpp"
#include "neighbors/distinct_rows.hpp"

namespace crowfly {

enum class Algorithm { automatic, direct, lattice, cells, tree };

/// What a call will do.
struct Plan {
  Algorithm algorithm;
  std::string reason;
  bool built = false;  ///< what the algorithm needs is there already
  Index bytes = 0;     ///< of that, beside the points themselves; an estimate until it is built
};

/// Made when first needed. Without a lock, which a fork could leave held and Ctrl-C could not interrupt: of several threads that make it at once the first
/// one's stays.
template <class T>
class Lazy {
 public:
  Lazy() = default;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() { delete value_.load(); }

  template <class Make>
  const T& get(const Make& make) const {
    const T* current = value_.load(std::memory_order_acquire);
    if (current != nullptr) return *current;
    std::unique_ptr<const T> fresh(new T(make()));
    if (value_.compare_exchange_strong(current, fresh.get())) return *fresh.release();
    return *current;
  }
  [[nodiscard]] const T* peek() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  mutable std::atomic<const T*> value_{nullptr};
};

class NeighborIndex {
 public:
  /// `points` must outlive the index and stay unchanged; `max_abs` is their largest magnitude. The first of them may have an index already, `base`: as long as
  /// the others are few, they are searched one by one beside it.
  NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm,
                std::shared_ptr<const NeighborIndex> base = nullptr);
  NeighborIndex(const NeighborIndex&) = delete;
  NeighborIndex& operator=(const NeighborIndex&) = delete;
  ~NeighborIndex();

  struct Request {
    const MatrixView& queries;
    Admission admission;
  };
  /// Called once per query, from several threads, in any order: the query's number and its neighbours, the nearest first.
  using Consume = std::function<void(Index, std::span<const Neighbor>)>;

  /// The k nearest of each query. At least k points must be admitted to each.
  void nearest(const Request& request, Index k, const Consume& consume) const;
  /// All at a distance of at most `radius`.
  void within(const Request& request, double radius, const Consume& consume) const;
  /// Their number.
  void count_within(const Request& request, double radius, Index* counts) const;

  /// What `nearest` would do for so many queries like the points.
  [[nodiscard]] Plan explain(Index n_queries, Index k) const;

  [[nodiscard]] const Metric& metric() const noexcept { return metric_; }
  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  /// What an index of these points and `n_added` more may take as its base; null where it had better begin anew.
  [[nodiscard]] static std::shared_ptr<const NeighborIndex> base_for(const std::shared_ptr<const NeighborIndex>& index,
                                                                     Index n_added);

 private:
  template <class Make, class Finish>
  struct Search;
  struct Distinct;
  enum class Probe { not_made, no, yes };

  [[nodiscard]] Plan plan(Index n_queries, const MatrixView& queries, Index k, bool remember) const;
  [[nodiscard]] Plan asked_for(Index n_queries, Index k) const noexcept;
  void serve(Index n_queries) const noexcept;
  [[nodiscard]] const Distinct* distinct_for(const Request& request) const;
  [[nodiscard]] bool distinct_may_pay(Index n_queries) const noexcept;
  template <class Kept>
  void search_added(const Request& request, Index query, Kept& kept) const;
  [[nodiscard]] bool cells_pay(Index n_queries, const MatrixView& queries, Index k, bool remember) const;
  [[nodiscard]] bool lattice_works(Index k) const noexcept;
  [[nodiscard]] bool tree_works(Index n_queries) const noexcept;
  template <class Make, class Finish>
  void run(const Request& request, const Make& make, Index k, const Finish& finish) const;
  template <class Make, class Finish>
  void run_all(const Request& request, const Make& make, Index k, const Finish& finish) const;
  template <class Make, class Finish>
  void run_tree(const Search<Make, Finish>& search) const;
  template <class Make, class Finish>
  void run_blocks(Search<Make, Finish>& search) const;
  template <class Make, class Finish>
  [[nodiscard]] auto run_task(const Search<Make, Finish>& search, Index block, Index chunk) const;

  MatrixView points_;
  Metric metric_;
  double max_abs_;
  Algorithm algorithm_;
  std::shared_ptr<const NeighborIndex> base_;
  Lazy<LatticePoints> lattice_;
  Lazy<Cells> cells_;
  Lazy<CurveTree> tree_;
  mutable std::atomic<Index> n_served_{0};  ///< queries, up to some
  Lazy<Distinct> distinct_;
  mutable std::atomic<Probe> clustered_{Probe::not_made}, repeated_{Probe::not_made};
};

}  // namespace crowfly
