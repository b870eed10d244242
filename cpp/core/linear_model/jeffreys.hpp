// SPDX-License-Identifier: BSD-3-Clause
// Gradient and curvature of Jeffreys' prior, log det(X'WX) / 2, in one read of the data.
#pragma once

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

struct JeffreysTerms {
  Vector gradient;  ///< sum over rows of h_i (1/2 - p_i) x_i
  Matrix
      curvature;  ///< sum over rows of h_i p_i (1 - p_i) x_i x_i', lower triangle: the gradient's rate of change while leverages are held
};

/// For two classes; h_i the leverage of row i: w_i p_i (1 - p_i) |x_i S|^2 for S S' the inverse of X'WX.
[[nodiscard]] JeffreysTerms jeffreys_terms(const LogisticData& data, const Vector& parameters, const Matrix& root);

}  // namespace crowfly
