// SPDX-License-Identifier: BSD-3-Clause
// Points as the lattice filter wants them: rounded to small integers about the centre of their cell, in panels.
#pragma once

#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/parallel.hpp"
#include "neighbors/lattice_rows.hpp"

namespace crowfly {

/// Which points belong together: cell c holds the points in the range cells[c] of `order`.
struct Partition {
  std::vector<Index> order;
  std::vector<Range> cells;

  [[nodiscard]] Index n_cells() const noexcept { return std::ssize(cells); }
  /// One cell, in an order for panels of `width`: of each run of sample_stride panels' points, every panel has every sample_stride-th, so that
  /// every sample_stride-th panel is an even sample whatever the order of the points.
  [[nodiscard]] static Partition whole(Index n_points, Index width);
};

/// A point further out than the step of its cell reaches, by about this factor.
struct FarPoint {
  Index point;
  Index cell;
  double factor;
};

/// The lattice for searches of so many queries for k neighbours among all points: of 16 bits where 8 would leave too many candidates.
[[nodiscard]] const kernels::Lattice& suited_lattice(Index features, Index n_queries, Index k) noexcept;
/// The lattice of cells: their steps are small.
[[nodiscard]] const kernels::Lattice& cell_lattice() noexcept;

/// Every so-many-th panel is a sample of the points (lattice_search).
inline constexpr Index sample_stride = 16;

/// Where a group's panels go, one after another: codes, starts, and the point in each slot.
struct LatticePanels {
  std::uint8_t* codes;
  std::int32_t* start;
  Index* points;
};

/// What a group's panels hold, and the points that are too far out for its step.
struct PackedGroup {
  Index n_panels = 0;
  LatticeRow bound;
  std::vector<FarPoint> far;
};

class LatticePoints {
 public:
  /// Panels that stay in cache while the queries of a block pass over them.
  struct Group {
    Index cell;
    Range panels;
  };
  struct Cell {
    LatticeFrame frame;
    double radius = 0;  ///< no point of the cell is further from its centre, in the caller's unit
    double moved = 0;   ///< none was moved further by rounding, in steps
    Range groups;
  };

  /// `room` panels more than these need are set aside.
  LatticePoints(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                const Partition& partition, Index room = 0);

  /// The same with points that are far from the others of their cell in cells of their own: one of them would set the step, or the bound, of all.
  [[nodiscard]] static LatticePoints with_far_cells(const kernels::Lattice& lattice, const MatrixView& points,
                                                    const Metric& metric, Partition partition);

  /// One cell of all points whose panels aren't kept: who asks for a group has it rounded (LatticeReader).
  [[nodiscard]] static LatticePoints passing(const kernels::Lattice& lattice, const MatrixView& points,
                                             const Metric& metric);
  [[nodiscard]] bool keeps_panels() const noexcept { return keeps_panels_; }
  /// Rounds the points of a group that isn't kept whose number is a multiple of `step`, into panels without gaps. Points far out are left to the caller.
  [[nodiscard]] PackedGroup round_group(const MatrixView& points, LatticeRounder& rounder, Index group, Index step,
                                        LatticePanels to) const;

  [[nodiscard]] Index n_cells() const noexcept { return static_cast<Index>(cells_.size()); }
  /// Those of them that are not of far points alone.
  [[nodiscard]] Index n_near_cells() const noexcept { return n_near_cells_; }
  [[nodiscard]] Index n_groups() const noexcept { return static_cast<Index>(groups_.size()); }
  [[nodiscard]] const Cell& cell(Index i) const noexcept { return cells_[as_size(i)]; }
  [[nodiscard]] const Group& group(Index i) const noexcept { return groups_[as_size(i)]; }
  [[nodiscard]] const std::uint8_t* panel(Index i) const noexcept { return codes_.data() + i * width_ * row_bytes_; }
  /// Minus half the squared length of each of a panel's points, rounded up; far below every threshold where the panel is not filled.
  [[nodiscard]] const std::int32_t* start(Index panel) const noexcept { return start_.data() + panel * width_; }
  /// The point in each slot of a panel.
  [[nodiscard]] const Index* points(Index panel) const noexcept { return points_.data() + panel * width_; }
  [[nodiscard]] Index width() const noexcept { return width_; }
  [[nodiscard]] Index max_group_slots() const noexcept;
  [[nodiscard]] Index row_bytes() const noexcept { return row_bytes_; }
  [[nodiscard]] const kernels::Lattice& lattice() const noexcept { return *lattice_; }
  [[nodiscard]] Index bytes() const noexcept;
  /// Of one group's panels, at most about.
  [[nodiscard]] static Index group_bytes(const kernels::Lattice& lattice, Index features) noexcept;

 private:
  LatticePoints(const kernels::Lattice& lattice, Index features);
  /// Cuts the cells that have no panels yet into groups with panels after the last ones.
  void place(const Partition& partition);
  [[nodiscard]] Index n_panels() const noexcept { return groups_.empty() ? 0 : groups_.back().panels.end; }
  /// Takes frames and codes of these cells from their points.
  void pack(const MatrixView& points, const Metric& metric, const Partition& partition, std::span<const Index> cells);
  [[nodiscard]] PackedGroup pack_group(const MatrixView& points, LatticeRounder& rounder, const Partition& partition,
                                       Index group);
  std::vector<FarPoint> take_far();
  void fill(const LatticeRounder& rounder, const LatticeRow& row, Index point, Index slot,
            LatticePanels to) const noexcept;
  /// Slots that nothing reaches.
  void clear(LatticePanels to, Index begin, Index end) const noexcept;
  [[nodiscard]] bool is_far(const LatticeRow& row) const noexcept;

  const kernels::Lattice* lattice_;
  Index width_, row_bytes_;
  double largest_, far_;  ///< in steps: integers, and moves by rounding alone
  bool keeps_panels_ = true;
  Index n_near_cells_ = 1;
  std::vector<Cell> cells_;
  std::vector<Group> groups_;
  std::vector<PackedGroup> packed_;  ///< of each group that is kept; the far points while they are packed
  AlignedBuffer<std::uint8_t> codes_;
  AlignedBuffer<std::int32_t> start_;
  AlignedBuffer<Index> points_;
};

}  // namespace crowfly
