// SPDX-License-Identifier: BSD-3-Clause
// Shifts and scales under which a design is solved: columns centred at their weighted means (with an intercept) and multiplied by powers of two, so that no
// square overflows and scaling itself never rounds.
#pragma once

#include "linalg/gram.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// Fills design.shift and design.scale for all its feature and target columns from one read of the data. Returns the statistics of that read.
/// Throws InvalidArgument when all weights are zero, NotFinite when a column's sum is not finite.
ColumnStatistics standardise(Design& design, const double* weights, bool centre);

}  // namespace crowfly
