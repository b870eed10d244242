// SPDX-License-Identifier: BSD-3-Clause
// Filter, certify, rescore. A pass over small integers gives each pair an interval that is proven to hold its distance (docs/design/numerics.md); pairs
// whose interval can't reach the k nearest are dropped, the others are computed as defined. The answer never depends on the filter.
#pragma once

#include <span>
#include <vector>

#include "neighbors/admission.hpp"
#include "neighbors/lattice.hpp"
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
    Index stride = 1;         ///< only every so-many-th panel of points is looked at
  };
  explicit LatticeSearch(const Task& task);

  /// Offers the neighbours among the points of `groups` to what is kept.
  void run(Range groups);

  /// How many of the pairs of queries and points have been looked at so far.
  [[nodiscard]] double share_visited() const noexcept {
    return static_cast<double>(n_pairs_) / (static_cast<double>(n_queries()) * static_cast<double>(task_.points.rows));
  }

 private:
  /// A value of the tile (the larger, the nearer) above the place of its point in the cell: ordered by value.
  using Candidate = std::int64_t;

  /// A query as it is seen from the cell at hand.
  struct Slot {
    Index query;
    LatticeRow rounded;
    double correction;  ///< what the points' offset adds to every product
    Index n_candidates;
  };

  [[nodiscard]] Index n_queries() const noexcept { return static_cast<Index>(task_.rows.size()); }
  [[nodiscard]] const double* exact_row(Index query) const noexcept {
    return exact_queries_.data() + query * row_depth_;
  }
  [[nodiscard]] std::span<Candidate> candidates(Index slot) noexcept {
    return {candidates_.data() + slot * capacity_, as_size(slots_[as_size(slot)].n_candidates)};
  }
  [[nodiscard]] double widened(double distance) const noexcept { return distance * (1 + relative_slack_); }

  void search_cells(Range groups);
  void search_cell(Range groups);
  [[nodiscard]] std::vector<RawDistance> guess_limits(Range groups) const;
  void measure_centres(Range cells);
  [[nodiscard]] bool within_reach(Index query, Index cell) const noexcept;
  void visit(Index cell, Range groups);
  void seat();
  void search_group(Range panels);
  void search_group_directly(Range panels);
  [[nodiscard]] bool filter_fails() const noexcept;
  void take_hits(Index first_slot, Index panel);
  [[nodiscard]] double upper_bound(const Slot& slot, std::int32_t value) const noexcept;
  void set_threshold(Index slot);
  void thin_out(Index slot);
  void resolve(Index slot);
  void follow(Index query);
  void come_within(Index query, RawDistance limit) noexcept;

  Task task_;
  PointDistance distance_;
  Index wanted_;  ///< neighbours; none for a search by radius
  Index row_depth_, query_panel_, capacity_;
  double relative_slack_;
  LatticeRounder rounder_;
  const LatticePoints::Cell* cell_ = nullptr;
  const Index* places_ = nullptr;  ///< the points of the cell at hand
  Range cells_;
  Index n_pairs_ = 0, n_computed_ = 0;
  std::vector<double> reach_;  ///< per query: no point further than this can enter
  std::vector<Index> active_;
  std::vector<Slot> slots_;
  AlignedBuffer<Candidate> candidates_;
  AlignedBuffer<double> exact_queries_, centre_distances_, block_;
  AlignedBuffer<std::uint8_t> panels_;
  AlignedBuffer<std::int32_t> thresholds_, values_;
  std::vector<std::uint64_t> hits_;
};

}  // namespace crowfly
