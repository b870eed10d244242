// SPDX-License-Identifier: BSD-3-Clause
// Rows rounded to small integers about a centre, with all that the lattice filter's error bound needs (docs/design/numerics.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "base/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"
#include "neighbors/exact_rows.hpp"

namespace crowfly {

/// More than squares that underflow can take from a length: sqrt(d) 2^-537 for d features.
inline constexpr double tiny_length = 0x1p-520;

/// Sums of float64 terms carry a relative error far below this; lengths are inflated by it so that they are upper bounds.
inline constexpr double inflate = 1.0 + 0x1p-30;

/// Sums of the lattice stay below this in magnitude; thresholds that let everything or nothing pass lie at it.
inline constexpr std::int32_t lattice_limit = std::int32_t{1} << 30;

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

/// Mean of some of `rows` of the points (all points, where `rows` is empty), and a step for nearly all of them. About `sample` rows are looked at: any centre and step are right, these
/// make bounds tight.
[[nodiscard]] LatticeFrame frame_of(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                                    std::span<const Index> rows, Index sample);

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

}  // namespace crowfly
