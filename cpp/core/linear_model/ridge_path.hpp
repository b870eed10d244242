// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression for many penalties from one factorisation, with leave-one-out and generalised cross-validation scores. docs/design/ridge.md has the data flow.
#pragma once

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct RidgePathProblem {
  MatrixView features;              ///< n x p
  MatrixView targets;               ///< n x t
  const double* weights = nullptr;  ///< n positive values, or null for ones
  bool intercept = true;
  Vector alphas;             ///< values >= 0
  Vector penalty_factor;     ///< p values >= 0
  bool refine = true;        ///< whether coefficients are to be exact, or only good enough for scores
  double* errors = nullptr;  ///< null, or space for n leave-one-out errors per (penalty, target)
};

/// Entry a * t + target belongs to penalty a.
struct RidgePathFit {
  Matrix coef;  ///< p x (penalties * t)
  Vector intercept;
  Vector rss;           ///< weighted, without penalty
  Vector correction;    ///< per penalty, of refined coefficients: as in LeastSquaresFit
  Vector left_out;      ///< weighted sum of squared leave-one-out errors
  Vector degrees;       ///< per penalty: trace of the hat matrix, intercept included
  Vector lost_degrees;  ///< n less that
  double total_weight = 0;
  int n_reads = 0;
};

[[nodiscard]] RidgePathFit ridge_path(const RidgePathProblem& problem);

}  // namespace crowfly
