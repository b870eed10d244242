// SPDX-License-Identifier: BSD-3-Clause
// Minimum of a logistic loss with an l1 and l2 penalty per column, without a Hessian: the quadratic model is minimised by coordinate descent to find the support,
// and by conjugate gradients on it. docs/design/logistic-l1.md.
#pragma once

#include "linear_model/proximal_newton.hpp"

namespace crowfly {

/// As proximal_newton; `value` in the result is without Hessian.
[[nodiscard]] ProximalFit descent_newton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty,
                                         const Vector& reach, Vector start, double precision, int max_steps);

}  // namespace crowfly
