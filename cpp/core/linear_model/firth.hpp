// SPDX-License-Identifier: BSD-3-Clause
// Binary logistic regression with Jeffreys' prior (D. Firth 1993, Biometrika 80), and the information matrix at a fit. docs/design/firth.md.
#pragma once

#include "linear_model/logistic_loss.hpp"
#include "linear_model/newton.hpp"

namespace crowfly {

/// Minimises loss - log det(X'WX) / 2 for two classes; `problem.penalty` and `tolerance` are not looked at: iterates until no predictor moves beyond rounding.
/// The gap is infinite: the objective isn't convex. Throws InvalidArgument for dependent columns.
[[nodiscard]] LogisticFit firth_logistic(const LogisticProblem& problem);

struct LogisticInformation {
  double loss = 0;
  Matrix
      covariance;  ///< inverse of X'WX in the caller's units, the intercept (if any) first; empty where it is singular
  double condition = 1;  ///< of the scaled information matrix
};

/// For two classes at given coefficients, p and one.
[[nodiscard]] LogisticInformation logistic_information(const LogisticProblem& problem, const double* coef,
                                                       double intercept);

}  // namespace crowfly
