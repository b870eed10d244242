// SPDX-License-Identifier: BSD-3-Clause
// What `exact_residuals` tells, from cross products in twice the precision in place of a read of the data.
#pragma once

#include "linalg/grid_gram.hpp"
#include "linear_model/exact_residuals.hpp"

namespace crowfly {

/// `gram` is that of features, ones where there is an intercept, and targets.
[[nodiscard]] ExactResiduals gram_residuals(const GridGram& gram, const PairCoefficients& coefficients, bool intercept);

}  // namespace crowfly
