// SPDX-License-Identifier: BSD-3-Clause
// Least squares and ridge for data with many rows: Gram matrix and Cholesky while the condition allows, QR otherwise, refined with residuals
// of the data. docs/design/least-squares.md has the data flow and the error considerations.
#pragma once

#include <vector>

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct LeastSquaresProblem {
  MatrixView features;              ///< n x p
  MatrixView targets;               ///< n x t
  const double* weights = nullptr;  ///< n non-negative values, or null for ones
  bool intercept = true;
  Vector penalty;             ///< t values >= 0
  bool keep_reduced = false;  ///< only without a penalty
  /// Only without a penalty: where columns may depend on others, no solution is looked for and the fit has nothing but `suspects`.
  bool name_suspects = false;
};

enum class LeastSquaresMethod { cholesky, qr };

/// Refinement that stops at a larger relative correction has failed.
inline constexpr double max_unfinished = 0x1p-48;

struct LeastSquaresFit {
  Matrix coef;       ///< p x t
  Vector intercept;  ///< t
  Vector rss;        ///< t, weighted, without penalty
  Index rank = 0;
  double condition = 1;
  LeastSquaresMethod method = LeastSquaresMethod::cholesky;
  std::vector<Index> dependent_columns;
  std::vector<Index> suspects;  ///< columns without which the others are far from dependent
  int n_reads = 0;
  /// How far, at most, the last correction says that coefficients are from the exact solution, relative to the largest of their target's in columns of unit length; what rounds
  /// them once is not counted. Not set below full rank, where nothing is refined.
  double correction = 0;
  /// If asked for: square, with as many rows as the rank, and the singular values of the weighted, centred features but those that the rank leaves out.
  Matrix reduced;
};

/// Throws InvalidArgument when all weights are zero.
[[nodiscard]] LeastSquaresFit least_squares(const LeastSquaresProblem& problem);

}  // namespace crowfly
