// SPDX-License-Identifier: BSD-3-Clause
// Refinement of ridge coefficients for many penalties, with residuals of the data in twice the precision and one basis as the preconditioner of all.
#pragma once

#include "linalg/row_block.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/ridge_basis.hpp"

namespace crowfly {

struct RefinementProblem {
  const Design& design;  ///< shifts are the means where there is an intercept; no column of ones
  const double* weights;
  bool intercept;
  double total_weight;
  const Vector& alphas;  ///< positive
  const Vector& metric;  ///< the penalty's diagonal for alpha = 1, in scaled columns
  const RidgeBasis& basis;
  const std::vector<ConstantColumn>& constants;  ///< features whose coefficients stay zero
};

struct RefinedPath {
  Matrix coef;      ///< p x (penalties * targets), of scaled columns, rounded once
  Vector constant;  ///< of the scaled targets
  Vector squares;   ///< weighted sums of squared residuals
  Vector
      correction;  ///< per penalty: how far the next correction would move coefficients, relative to the largest of their target's
  int n_reads = 0;
};

[[nodiscard]] RefinedPath refine_path(const RefinementProblem& problem, const Matrix& start);

}  // namespace crowfly
