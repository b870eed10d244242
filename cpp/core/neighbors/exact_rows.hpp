// SPDX-License-Identifier: BSD-3-Clause
// Rows as the exact distance kernels want them: float64, padded with zeros to whole accumulators, optionally of unit length.
#pragma once

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"
#include "base/parallel.hpp"
#include "neighbors/metric.hpp"

namespace crowfly {

[[nodiscard]] constexpr Index padded_depth(Index features) noexcept {
  return features == 0 ? kernels::distance_lanes : round_up(features, kernels::distance_lanes);
}

/// Divides a row of `depth` numbers, a multiple of the accumulators, by its Euclidean norm, a sum of squares in the order of the distances. A power of two is taken out
/// first where squares could overflow or vanish; it changes no bit otherwise.
void make_unit_length(double* row, Index depth);

/// Writes row `i` of `source` to `target` (padded_depth(source.cols) entries), of length one where the metric asks for it.
void load_row(const MatrixView& source, Index i, const Metric& metric, double* target);

/// Rows [begin, begin + count), one after the other.
void load_rows(const MatrixView& source, Index begin, Index count, const Metric& metric, double* target);

/// The same without padding: source.cols entries each.
void load_dense_rows(const MatrixView& source, Range rows, const Metric& metric, double* target);

}  // namespace crowfly
