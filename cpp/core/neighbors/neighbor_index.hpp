// SPDX-License-Identifier: BSD-3-Clause
// Searches over one set of points: k nearest, all within a radius. Answers are bit-equal for any number of threads, batch size, instruction set and algorithm.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/parallel.hpp"
#include "neighbors/cells.hpp"
#include "neighbors/curve_tree.hpp"
#include "neighbors/direct_search.hpp"

namespace crowfly {

enum class Algorithm { automatic, direct, lattice, cells, tree };

/// What a call will do.
struct Plan {
  Algorithm algorithm;
  const char* reason;
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

  template <class... Arguments>
  const T& get(const Arguments&... arguments) const {
    const T* current = value_.load(std::memory_order_acquire);
    if (current != nullptr) return *current;
    auto fresh = std::make_unique<const T>(arguments...);
    if (value_.compare_exchange_strong(current, fresh.get())) return *fresh.release();
    return *current;
  }
  [[nodiscard]] const T* peek() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  mutable std::atomic<const T*> value_{nullptr};
};

class NeighborIndex {
 public:
  /// `points` must outlive the index and stay unchanged; `max_abs` is their largest magnitude.
  NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm);

  /// Writes k distances and indices per query, row after row. 1 <= k <= number of points (one less with `exclude_self`,
  /// where query i is point i).
  void query(const MatrixView& queries, Index k, bool exclude_self, double* distances, Index* indices) const;

  [[nodiscard]] RadiusNeighbors query_radius(const MatrixView& queries, double radius, bool exclude_self) const;

  /// What `query` would do for so many queries like the points.
  [[nodiscard]] Plan explain(Index n_queries, Index k) const;

 private:
  struct Search;
  enum class Probe { not_made, scattered, clustered };

  [[nodiscard]] Plan plan(Index n_queries, const MatrixView& queries, Index k) const;
  [[nodiscard]] Plan asked_for(Index n_queries, Index k) const noexcept;
  [[nodiscard]] bool cells_pay(Index n_queries, const MatrixView& queries, Index k) const;
  [[nodiscard]] bool lattice_works(Index k) const noexcept;
  [[nodiscard]] bool tree_works(Index n_queries) const noexcept;
  void query_tree(const MatrixView& queries, Index k, bool exclude_self, double* distances, Index* indices) const;
  void query_blocks(Search& search, double* distances, Index* indices) const;
  [[nodiscard]] std::vector<TopK> query_task(const Search& search, Index block, Index chunk) const;

  MatrixView points_;
  Metric metric_;
  double max_abs_;
  Algorithm algorithm_;
  Lazy<LatticePoints> lattice_;
  Lazy<Cells> cells_;
  Lazy<CurveTree> tree_;
  mutable std::atomic<Index> n_served_{0};  ///< queries, up to some
  mutable std::atomic<Probe> probe_{Probe::not_made};
};

}  // namespace crowfly
