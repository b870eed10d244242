// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression of sparse matrices with too many features for a Gram matrix: conjugate gradients on the normal equations. docs/design/ridge.md.
#pragma once

#include <vector>

#include "linear_model/elastic_net.hpp"

namespace crowfly {

/// One entry or column per target.
struct SparseRidgeFit {
  Matrix coef;  ///< p x t
  Vector intercept;
  Vector rss;  ///< weighted, without penalty
  Vector
      error;  ///< upper bound on the Euclidean distance of the coefficients from the minimiser's, rounding of residuals included
  Vector
      correction;  ///< size of a correction that no longer helped, relative to the largest coefficient, in columns of unit length
  std::vector<int> n_products;  ///< with the matrix and its transpose
};

/// Minimises sum_i w_i (y_i - x_i.b - b0)^2 + alpha |b|^2, `alphas` positive and one per target.
[[nodiscard]] SparseRidgeFit sparse_ridge(const SparseProblem& problem, const Vector& alphas, bool intercept);

}  // namespace crowfly
