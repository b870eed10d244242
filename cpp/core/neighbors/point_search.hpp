// SPDX-License-Identifier: BSD-3-Clause
// One set of points and every algorithm that can search it: decides which one a call uses, makes what it needs, cuts the work into tasks.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/lazy.hpp"
#include "base/parallel.hpp"
#include "neighbors/admission.hpp"
#include "neighbors/cells.hpp"
#include "neighbors/curve_tree.hpp"
#include "neighbors/direct_search.hpp"

namespace crowfly {

/// The last is for sparse points alone, and what `automatic` chooses for them.
enum class Algorithm { automatic, direct, lattice, cells, tree, inverted };

/// What a call will do.
struct Plan {
  Algorithm algorithm;
  std::string reason;
  bool built = false;     ///< what the algorithm needs is there already
  Index filter_bits = 0;  ///< of the integers that pairs are looked at in; none: float64 at once
  Index bytes = 0;        ///< of that, beside the points themselves; an estimate until it is built
};

/// The answer of a probe that is made once.
enum class Probe { not_made, no, yes };

/// Queries seen so far: what is built has to be paid for by them. Building costs about as much as the exact distances of a dozen queries.
class Served {
 public:
  explicit Served(Index enough = 16) noexcept : enough_(enough) {}

  void add(Index n_queries) noexcept {
    n_.store(std::min(enough_, n_.load(std::memory_order_relaxed) + n_queries), std::memory_order_relaxed);
  }
  /// Whether so many more are worth building something for.
  [[nodiscard]] bool enough_with(Index n_queries) const noexcept {
    return n_.load(std::memory_order_relaxed) + n_queries >= enough_;
  }

 private:
  Index enough_;
  std::atomic<Index> n_{0};
};

/// Who asks for what.
struct Request {
  const MatrixView& queries;
  Admission admission;
};

class PointSearch {
 public:
  /// `points` must outlive the search and stay unchanged; `max_abs` is their largest magnitude.
  PointSearch(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm);

  /// Called once per query, from several threads, in any order: its number, and what was kept of the points.
  template <class Kept>
  using Finish = std::function<void(Index, Kept&)>;

  /// Searches for every query, beginning with `empty` (a TopK, WithinRadius or CountWithin); about k neighbours per query are expected.
  template <class Kept>
  void run(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const;

  /// What `run` would do for so many queries like the points.
  [[nodiscard]] Plan explain(Index n_queries, Index k) const;

  [[nodiscard]] const MatrixView& points() const noexcept { return points_; }
  [[nodiscard]] const Metric& metric() const noexcept { return metric_; }
  [[nodiscard]] Algorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] bool has_tree() const noexcept { return tree_.peek() != nullptr; }
  [[nodiscard]] bool has_lattice() const noexcept {
    return byte_lattice_.peek() != nullptr || word_lattice_.peek() != nullptr || cells_.peek() != nullptr;
  }

 private:
  template <class Kept>
  struct Blocks;

  [[nodiscard]] Plan plan(Index n_queries, const MatrixView& queries, Index k, bool remember) const;
  [[nodiscard]] Plan asked_for(Index n_queries, Index k) const;
  [[nodiscard]] bool cells_pay(Index n_queries, const MatrixView& queries, Index k, bool remember) const;
  [[nodiscard]] const char* lattice_obstacle(Index k) const noexcept;
  [[nodiscard]] const char* tree_obstacle(Index n_queries) const noexcept;
  [[nodiscard]] const kernels::Lattice& lattice_for(Index n_queries, Index k) const noexcept;
  [[nodiscard]] const Lazy<LatticePoints>& packed(const kernels::Lattice& lattice) const noexcept;
  [[nodiscard]] bool passing_pays(const kernels::Lattice& lattice, Index n_queries, Index k) const noexcept;
  template <class Kept>
  void run_tree(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const;
  template <class Kept>
  void run_blocks(Blocks<Kept>& blocks) const;
  template <class Kept>
  [[nodiscard]] std::vector<Kept> run_task(const Blocks<Kept>& blocks, Index block, Index chunk) const;

  MatrixView points_;
  Metric metric_;
  double max_abs_;
  Algorithm algorithm_;
  Lazy<LatticePoints> byte_lattice_, word_lattice_;
  Lazy<Cells> cells_;
  Lazy<CurveTree> tree_;
  mutable Served served_;
  mutable std::atomic<bool> passed_{false};  ///< points have been rounded for one call alone
  mutable std::atomic<Probe> clustered_{Probe::not_made};
};

}  // namespace crowfly
