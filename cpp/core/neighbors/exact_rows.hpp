// SPDX-License-Identifier: BSD-3-Clause
// Rows as the exact distance kernels want them: float64, padded with zeros to whole accumulators, optionally of unit length, optionally multiplied
// by a power of two.
#pragma once

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"
#include "neighbors/metric.hpp"

namespace crowfly {

[[nodiscard]] constexpr Index padded_depth(Index features) noexcept {
  return features == 0 ? kernels::distance_lanes : round_up(features, kernels::distance_lanes);
}

/// How rows enter distances.
struct RowTransform {
  bool unit_length = false;
  int exponent = 0;  ///< rows are multiplied by 2^exponent
};

/// Writes row `i` of `source` to `target` (padded_depth(source.cols) entries).
void load_row(const MatrixView& source, Index i, RowTransform transform, double* target);

/// Rows [begin, begin + count), one after the other.
void load_rows(const MatrixView& source, Index begin, Index count, RowTransform transform, double* target);

/// The exponent that keeps raw distances of this degree between rows of magnitude up to `max_abs` from overflowing or vanishing: 0 for all ordinary data.
[[nodiscard]] int safe_exponent(double max_abs, double degree, Index features) noexcept;

}  // namespace crowfly
