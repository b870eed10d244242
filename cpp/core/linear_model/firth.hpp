// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression with Jeffreys' prior (D. Firth 1993, Biometrika 80), two classes and more. docs/design/firth.md.
#pragma once

#include "linear_model/newton.hpp"

namespace crowfly {

/// Minimises loss - log det(I) / 2, I the information matrix (of contrasts with one class); `problem.penalty` and `tolerance` are not looked at: iterates until no predictor moves beyond
/// rounding. The gap is infinite: the objective isn't convex. Throws InvalidArgument for dependent columns.
[[nodiscard]] LogisticFit firth_logistic(const LogisticProblem& problem);

}  // namespace crowfly
