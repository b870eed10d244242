// SPDX-License-Identifier: BSD-3-Clause
// The Hessian of the softmax loss times a direction, in one read of the data and without the matrix.
#pragma once

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// H(parameters) * direction, without penalty, for three classes or more.
[[nodiscard]] Vector hessian_product(const LogisticData& data, const Vector& parameters, const Vector& direction);

}  // namespace crowfly
