// SPDX-License-Identifier: BSD-3-Clause
// Shifts and scales from a sample of the rows, which saves a read, and their adjustment by what the first read of all rows shows.
#pragma once

#include <optional>

#include "linear_model/centred_gram.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {

/// `standardise` by about a thousand rows, spread evenly, of which the statistics are returned. None, and nothing done, where that is no saving or they don't suffice.
[[nodiscard]] std::optional<ColumnStatistics> standardise_by_sample(Design& design, const double* weights, bool centre,
                                                                    double largest_scale);

/// Whether no column has the same number in all these rows, as far as sums tell.
[[nodiscard]] bool all_vary(const ColumnStatistics& statistics) noexcept;

/// Scales columns, powers of two, so that the largest entries are of order one, those beyond the sample included; `centred` and `reach` are of the design with a column of ones where
/// there is an intercept. False where a number was out of range, or means are so far from the shifts, `most_variances` of squares, that taking them out cancelled: `standardise` is needed then.
[[nodiscard]] bool adjust_frame(Design& design, CentredGram& centred, const ColumnReach& reach, bool intercept,
                                double largest_scale, double most_variances);

}  // namespace crowfly
