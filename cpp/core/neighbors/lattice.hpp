// SPDX-License-Identifier: BSD-3-Clause
// Points as the lattice filter wants them: rounded to small integers about the centre of their cell, in panels, with all that the error bound needs
// (docs/design/numerics.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/parallel.hpp"
#include "neighbors/exact_rows.hpp"

namespace crowfly {

/// More than squares that underflow can take from a length: sqrt(d) 2^-537 for d features.
inline constexpr double tiny_length = 0x1p-520;

/// Which points belong together: cell c holds points order[offsets[c]] to order[offsets[c + 1] - 1]. No cell is empty.
struct Partition {
  std::vector<Index> order;
  std::vector<Index> offsets;

  [[nodiscard]] Index n_cells() const noexcept { return static_cast<Index>(offsets.size()) - 1; }
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

/// Where rows are moved before they are rounded: x -> (x - centre) * inverse_step. The centre is padded to whole kernel rows with zeros.
struct LatticeFrame {
  AlignedBuffer<double> centre;
  double inverse_step = 1;
  AlignedBuffer<float> single;  ///< the centre, where rows of float32 are rounded in that precision; empty otherwise

  /// Makes centre and step float32 numbers, so that such rows can be rounded in float32, if the step lets them.
  void allow_single();
};

/// What is known of a rounded row, or of several, in steps: the squared length of the integers, exact, and an upper bound of how far rounding moved the row; the largest
/// of several.
struct LatticeRow {
  double squares = 0;
  double moved = 0;

  void raise_to(const LatticeRow& other) noexcept {
    squares = std::max(squares, other.squares);
    moved = std::max(moved, other.moved);
  }
  /// No row is longer.
  [[nodiscard]] double length() const noexcept { return (std::sqrt(squares) + moved) * (1 + 0x1p-50); }
};

/// The lattice for searches of so many queries for k neighbours among all points: of 16 bits where 8 would leave too many candidates.
[[nodiscard]] const kernels::Lattice& suited_lattice(Index features, Index n_queries, Index k) noexcept;
/// The lattice of cells: their steps are small.
[[nodiscard]] const kernels::Lattice& cell_lattice() noexcept;

/// Every so-many-th panel is a sample of the points (lattice_search).
inline constexpr Index sample_stride = 16;

/// The integers that features may be rounded to, so that no sum of the filter leaves 30 bits.
[[nodiscard]] double lattice_levels(const kernels::Lattice& lattice, Index features) noexcept;

/// More features leave too few levels for a filter.
inline constexpr Index max_lattice_features = Index{1} << 17;

/// Rounds rows of one length, in a buffer that is made once.
class LatticeRounder {
 public:
  LatticeRounder(const kernels::Lattice& lattice, const MatrixView& source, const Metric& metric);

  /// Row `i` of the source, as points are stored: the codes, with the lattice's offset added, are at hand until the next call.
  LatticeRow round_point(Index i, const LatticeFrame& frame);
  /// The same as queries are stored, without the offset.
  LatticeRow round_query(Index i, const LatticeFrame& frame);
  /// A row at hand, padded as load_row does it.
  LatticeRow round_query(const double* row, const LatticeFrame& frame);

  /// Copies the codes into column `slot` of a panel [row_bytes / group][width][group bytes].
  void scatter(std::uint8_t* panel, Index width, Index slot, Index group) const noexcept;
  /// One code of a query.
  [[nodiscard]] Index code(Index j) const noexcept;
  /// What the offset of the points adds to this query's products.
  [[nodiscard]] double correction() const noexcept;

 private:
  LatticeRow round_row(Index i, const LatticeFrame& frame, double offset);
  LatticeRow run(kernels::Lattice::Round kernel, const void* row, const LatticeFrame& frame, double offset);
  LatticeRow run_single(const void* row, const LatticeFrame& frame, double offset);

  const kernels::Lattice& lattice_;
  const MatrixView& source_;
  const Metric& metric_;
  double largest_;
  AlignedBuffer<double> row_;
  AlignedBuffer<std::uint8_t> codes_;
};

/// Bytes of a row's codes in a panel.
[[nodiscard]] Index lattice_row_bytes(const kernels::Lattice& lattice, Index features) noexcept;

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

  LatticePoints(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                const Partition& partition);

  /// The same with points that are far from the others of their cell in cells of their own: one of them would set the step, or the bound, of all.
  [[nodiscard]] static LatticePoints with_far_cells(const kernels::Lattice& lattice, const MatrixView& points,
                                                    const Metric& metric, const Partition& partition);

  /// One cell of all points whose panels aren't kept: who asks for a group has it rounded (LatticeReader).
  [[nodiscard]] static LatticePoints passing(const kernels::Lattice& lattice, const MatrixView& points,
                                             const Metric& metric);
  [[nodiscard]] bool keeps_panels() const noexcept { return keeps_panels_; }
  /// Rounds the points of a group that isn't kept whose number is a multiple of `step`, into panels without gaps. Points far out are left to the caller.
  [[nodiscard]] PackedGroup round_group(const MatrixView& points, LatticeRounder& rounder, Index group, Index step,
                                        LatticePanels to) const;

  [[nodiscard]] Index n_cells() const noexcept { return static_cast<Index>(cells_.size()); }
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
  void place(const Partition& partition);
  void make_room();
  void set_frames(const MatrixView& points, const Metric& metric, const Partition& partition);
  [[nodiscard]] PackedGroup pack(const MatrixView& points, LatticeRounder& rounder, const Partition& partition,
                                 Index group, LatticePanels to) const;
  void fill(const LatticeRounder& rounder, const LatticeRow& row, Index point, Index slot,
            LatticePanels to) const noexcept;
  /// Slots that nothing reaches.
  void clear(LatticePanels to, Index begin, Index end) const noexcept;
  [[nodiscard]] bool is_far(const LatticeRow& row) const noexcept;

  const kernels::Lattice* lattice_;
  Index width_, row_bytes_;
  double largest_, far_;  ///< in steps: integers, and moves by rounding alone
  bool keeps_panels_ = true;
  std::vector<Cell> cells_;
  std::vector<Group> groups_;
  std::vector<PackedGroup> packed_;  ///< of each group that is kept; the far points while they are packed
  AlignedBuffer<std::uint8_t> codes_;
  AlignedBuffer<std::int32_t> start_;
  AlignedBuffer<Index> points_;
};

/// Sums of the lattice stay below this in magnitude; thresholds that let everything or nothing pass lie at it.
inline constexpr std::int32_t lattice_limit = std::int32_t{1} << 30;

}  // namespace crowfly
