// SPDX-License-Identifier: BSD-3-Clause
// Preconditioned conjugate gradients for symmetric positive semidefinite systems that are consistent.
#pragma once

#include <functional>

#include "linalg/matrix.hpp"

namespace crowfly {

using LinearMap = std::function<Vector(const Vector&)>;

[[nodiscard]] double dot(const Vector& a, const Vector& b) noexcept;

/// Approximate solution of a x = b, from zero, until the residual's norm in the preconditioner's metric has fallen by `reduction` or after
/// `max_steps` products. Every iterate is a descent direction of x'ax / 2 - b'x.
[[nodiscard]] Vector conjugate_gradient(const LinearMap& a, const LinearMap& preconditioner, const Vector& b,
                                        double reduction, int max_steps);

}  // namespace crowfly
