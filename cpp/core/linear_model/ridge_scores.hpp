// SPDX-License-Identifier: BSD-3-Clause
// Residuals, leverages and exact leave-one-out errors of ridge fits, for many penalties in one read of the data.
#pragma once

#include "linalg/row_block.hpp"
#include "linear_model/ridge_basis.hpp"

namespace crowfly {

/// Entry a * n_targets + t belongs to penalty a and target t.
struct RidgeScores {
  Vector squares;  ///< sum of w e^2, e the residuals of the fit to all rows
  Vector
      left_out;  ///< sum of w d^2, d = e / (1 - h) the errors of fits that leave the row out; infinite where one row has leverage 1
};

/// What leverages and residuals are computed from.
struct ScoreProblem {
  const Vector& alphas;
  const RidgeBasis& basis;
  double inverse_weight = 0;   ///< one over the total weight where there is an intercept, else 0
  const Vector& target_scale;  ///< errors are divided by it
  double* errors = nullptr;    ///< null, or n errors d per (penalty, target)
  const double* weights = nullptr;
  const std::vector<Index>& row_order;      ///< which of the data each raw row is; empty: in their order
  const std::vector<Index>& penalty_index;  ///< place of each penalty among those of `errors`
};

/// `design` is centred, without a column of ones; `coef` is p x (penalties x targets).
[[nodiscard]] RidgeScores scores_of_data(const Design& design, const ScoreProblem& problem, const Matrix& coef);

/// The same from a basis with left singular vectors, for as many features as rows or more: without cancellation in residuals and 1 - h. `targets` are the centred targets times the root of
/// the weights, `constant` as in basis_of_rows.
[[nodiscard]] RidgeScores scores_of_rows(const Matrix& targets, const Vector& constant, const ScoreProblem& problem);

}  // namespace crowfly
