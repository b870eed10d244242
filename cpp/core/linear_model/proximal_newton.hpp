// SPDX-License-Identifier: BSD-3-Clause
// Minimum of a logistic loss with an l1 and l2 penalty per column: Newton's method whose steps are minima of the quadratic model with the penalty.
// (J. Lee, Y. Sun and M. Saunders 2014, SIAM Journal on Optimization 24.) docs/design/logistic-l1.md.
#pragma once

#include "linear_model/logistic_features.hpp"
#include "linear_model/newton.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

struct ProximalFit {
  Vector parameters;
  LossValue value;       ///< at the parameters, without penalty
  double objective = 0;  ///< with penalty
  double moved = 0;      ///< bound on what the last step moved the predictors of unpenalised columns by
  int n_steps = 0, n_evaluations = 0;
  LogisticStatus status = LogisticStatus::converged;
};

/// `penalty` has one entry per column of the loss, the same for all vectors; `reach` a bound on the column's magnitudes. Ends with the step that the model
/// expects to lower the objective by less than `precision` of it. Throws InvalidArgument where sums overflow.
[[nodiscard]] ProximalFit proximal_newton(LossFunction& loss, const std::vector<FeaturePenalty>& penalty,
                                          const Vector& reach, Vector start, double precision, int max_steps);

}  // namespace crowfly
