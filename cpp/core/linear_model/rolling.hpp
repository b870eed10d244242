// SPDX-License-Identifier: BSD-3-Clause
// Many regressions in one call: on every window of consecutive rows, and on every group of rows.
#pragma once

#include <cstdint>

#include "linear_model/least_squares.hpp"

namespace crowfly {

/// Results one after the other, coefficients as [problem][target][feature]. Problems without weight have rank 0, NaN for the rest.
struct ManyFits {
  double *coef, *intercept, *rss, *condition;
  std::int64_t* rank;
};

/// One fit for each of the rows - window + 1 windows, 1 <= window <= rows. Each is a sum over its own rows alone.
void rolling_least_squares(const LeastSquaresProblem& problem, Index window, const ManyFits& fits);

/// Rows of groups: those of group g are rows[offsets[g]] to rows[offsets[g + 1] - 1].
struct Grouping {
  const std::int64_t* rows;
  const std::int64_t* offsets;
  Index n_groups;
};

/// `least_squares` of each group's rows, in their order. All weights must be positive.
void grouped_least_squares(const LeastSquaresProblem& problem, const Grouping& groups, const ManyFits& fits);

}  // namespace crowfly
