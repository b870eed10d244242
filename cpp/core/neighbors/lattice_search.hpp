// SPDX-License-Identifier: BSD-3-Clause
// Filter, certify, rescore. A pass over small integers gives each pair an interval that is proven to hold its distance (docs/design/numerics.md); pairs
// whose interval can't reach the k nearest are dropped, the others are computed as defined. The answer never depends on the filter.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "neighbors/admission.hpp"
#include "neighbors/lattice_queries.hpp"
#include "neighbors/lattice_reader.hpp"
#include "neighbors/lattice_slots.hpp"
#include "neighbors/point_distance.hpp"

namespace crowfly {

/// The search of a range of groups for the neighbours of a few queries; `Kept` is TopK, WithinRadius or CountWithin.
template <class Kept>
class LatticeSearch {
 public:
  struct Task {
    const MatrixView& queries;
    const MatrixView& points;
    const LatticePoints& lattice;
    const Metric& metric;
    std::span<const Index> rows;  ///< which queries
    Admission admission;
    std::vector<Kept>& kept;  ///< one per entry of `rows`, empty
    /// Only every so-many-th point is looked at, and distances are estimated, where this is above 1.
    Index stride = 1;
    /// The queries as a search of the same groups has them, where there is one.
    const LatticeQueries* measured = nullptr;
  };
  explicit LatticeSearch(const Task& task);

  /// Offers the neighbours among the points of `groups` to what is kept.
  void run(Range groups);

  /// Pairs of queries and points that have been looked at so far, the sample not counted, relative to all that there are.
  [[nodiscard]] double share_visited() const noexcept {
    return static_cast<double>(n_pairs_) / (static_cast<double>(n_queries()) * static_cast<double>(task_.points.rows));
  }

 private:
  using Candidate = LatticeSlots::Candidate;

  [[nodiscard]] Index n_queries() const noexcept { return static_cast<Index>(task_.rows.size()); }
  [[nodiscard]] const LatticeQueries& asked() const noexcept {
    return task_.measured != nullptr ? *task_.measured : own_queries_.value();
  }
  [[nodiscard]] const double* exact_row(Index query) const noexcept { return asked().row(query); }
  [[nodiscard]] std::vector<RawDistance> guess_limits() const;
  void search(std::span<const Index> queries);
  void visit(Index cell);
  void look_at(Index group);
  void search_block();
  void search_block_directly();
  void resolve_all();
  void offer_far();
  [[nodiscard]] bool filter_fails() const noexcept;
  void take_hits(std::span<const kernels::LatticeHit> hits, Index first_slot, const Index* points);
  void resolve(Index slot);
  void offer_estimates(Index slot);
  void follow_kept(Index query);
  void forget_reach(Index query);
  void lower_reach(Index query, RawDistance limit) noexcept;

  Task task_;
  PointDistance distance_;
  Index wanted_;  ///< neighbours; none for a search by radius
  Index row_depth_;
  double relative_slack_;
  std::vector<double> reach_;  ///< per query: no point further than this can enter
  LatticeSlots slots_;
  LatticeReader reader_;
  LatticeBlock block_;  ///< the group at hand
  const Index* places_ =
      nullptr;  ///< the points that candidates are counted from: those of the cell, or of the group where panels aren't kept
  Range groups_, cells_;  ///< the points asked for
  Index n_pairs_ = 0, n_computed_ = 0;
  std::vector<Index> active_;
  std::optional<LatticeQueries> own_queries_;
  AlignedBuffer<double> exact_points_;
  AlignedBuffer<kernels::LatticeHit> hits_;
};

}  // namespace crowfly
