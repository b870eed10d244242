// SPDX-License-Identifier: BSD-3-Clause
// The information matrix of logistic regression at given coefficients: what standard errors are made of.
#pragma once

#include "linear_model/newton.hpp"

namespace crowfly {

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
