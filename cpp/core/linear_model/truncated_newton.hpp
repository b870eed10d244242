// SPDX-License-Identifier: BSD-3-Clause
// Minimum of a logistic loss with an l2 penalty per column, without a Hessian: Newton steps by conjugate gradients. docs/design/logistic.md.
#pragma once

#include "linear_model/proximal_newton.hpp"

namespace crowfly {

/// As proximal_newton with penalties of which none has an l1 part; `value` in the result is without Hessian.
[[nodiscard]] ProximalFit truncated_newton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty,
                                           const Vector& reach, Vector start, double precision, int max_steps);

/// Rows and columns of the Hessian where the loss was evaluated last, one product for each.
[[nodiscard]] Matrix hessian_of(const LossWithProducts& loss, const std::vector<Index>& parameters);

}  // namespace crowfly
