// SPDX-License-Identifier: BSD-3-Clause
// Shifts and scales under which a design is solved: columns centred at their weighted means (with an intercept) and multiplied by powers of two, so that no
// square overflows and scaling itself never rounds.
#pragma once

#include "linalg/gram.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// Fills design.shift and design.scale for all its feature and target columns from one read of the data; of constant features nothing is left. Returns the statistics of that read.
/// Throws InvalidArgument when all weights are zero, NotFinite when a column's sum or extent is not finite.
ColumnStatistics standardise(Design& design, const double* weights, bool centre, double largest_scale);

/// The same from statistics at hand.
void standardise(Design& design, const ColumnStatistics& statistics, bool centre, double largest_scale);

/// Shifts about medians of some rows in place of means, where a few rows may have moved these far from all others; scales likewise.
void shift_to_medians(Design& design, const Vector& max_abs);

/// The largest scale that is safe for these penalties. Where all are positive the scale brings none far above one: coefficients of tiny columns are then within range where the caller's are.
[[nodiscard]] double largest_safe_scale(const Vector& penalties) noexcept;

/// The largest scale that is safe: with a penalty, which is multiplied by the scale's square, far less than the reciprocal of the smallest number.
[[nodiscard]] constexpr double largest_safe_scale(bool penalised) noexcept { return penalised ? 0x1p300 : 0x1p1000; }

}  // namespace crowfly
