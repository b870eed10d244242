// SPDX-License-Identifier: BSD-3-Clause
// What inference needs beyond the coefficients of a least-squares fit of full rank. docs/design/inference.md has the data flow and the error considerations.
#pragma once

#include <cstdint>

#include "linear_model/whitening.hpp"

namespace crowfly {

struct RegressionProblem {
  MatrixView features;              ///< n x p, independent columns
  MatrixView target;                ///< n x 1
  const double* weights = nullptr;  ///< n positive values, or null for ones
  bool intercept = true;
};

/// (Z'WZ)^-1 for Z = [1 (with an intercept), x * scale], symmetric. Every entry is right to rounding where `refined`, to a few condition * eps where not.
struct InverseGram {
  Matrix values;
  bool refined = false;
};
[[nodiscard]] InverseGram inverse_gram(const RegressionProblem& problem, const Whitening& whitening);

/// Sums are weighted and of y * target_scale, a power of two; they are about the exact solution, not about the rounded coefficients.
struct FitStatistics {
  double target_scale = 1;
  double residual_sum = 0;   ///< of squares
  double total_sum = 0;      ///< of squares, about the mean with an intercept
  double explained_sum = 0;  ///< of squares of the fitted values, about the mean with an intercept
  double durbin_watson = 0;  ///< of residuals times the roots of their weights
  Vector residuals;          ///< n, not scaled
};
[[nodiscard]] FitStatistics fit_statistics(const RegressionProblem& problem, const Whitening& whitening,
                                           const double* coef, double intercept);

/// n values: the diagonal of the hat matrix of the weighted rows.
[[nodiscard]] Vector leverage(const RegressionProblem& problem, const Whitening& whitening);

/// V' diag(w_i^2 r_i^2 / (1 - h_i)^power) V for orthonormal columns V = [1, z] basis, residuals times `scale`. `leverage` is read where power > 0.
[[nodiscard]] Matrix sandwich_filling(const RegressionProblem& problem, const Whitening& whitening,
                                      const Vector& residuals, double scale, const double* leverage, int power);

/// The same for the sums of w_i r_i v_i over each group.
[[nodiscard]] Matrix cluster_filling(const RegressionProblem& problem, const Whitening& whitening,
                                     const Vector& residuals, double scale, const std::int32_t* groups, Index n_groups);

}  // namespace crowfly
