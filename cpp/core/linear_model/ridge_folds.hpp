// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression fitted to all rows but one fold's, for every fold and many penalties: the folds' Gram matrices are computed once and summed.
#pragma once

#include <optional>
#include <vector>

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct RidgeFoldsProblem {
  MatrixView features, targets;     ///< rows sorted by fold
  const double* weights = nullptr;  ///< of fits and of held-out errors, not negative, or null for ones
  bool intercept = true;
  Vector alphas;               ///< positive
  std::vector<Index> offsets;  ///< fold f has the rows [offsets[f], offsets[f + 1])
};

/// Weighted sums of squared errors of the rows of each fold, entry (f * penalties + a) * targets + t. Empty where the Gram matrix of some fold's fit is too ill-conditioned, or has as few
/// rows as columns.
[[nodiscard]] std::optional<Vector> ridge_fold_errors(const RidgeFoldsProblem& problem);

}  // namespace crowfly
