// SPDX-License-Identifier: BSD-3-Clause
// Newton's method for logistic regression, with a certificate. docs/design/logistic.md derives the bound.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/matrix_view.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/matrix.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {

struct LogisticProblem {
  MatrixView features;
  /// Instead of `features`: the columns of sparse ones, as rows. For logistic_path alone.
  const SparseView* columns = nullptr;
  const std::int32_t* classes = nullptr;  ///< n class numbers in [0, n_classes), each occurring with positive weight
  const double* weights = nullptr;        ///< n values >= 0, or null for ones
  Index n_classes = 2;
  bool two_vectors = false;  ///< for Jeffreys' prior: two classes are fitted as more are, with a vector for each
  bool intercept = true;
  double penalty = 1;        ///< alpha of alpha/2 sum f_j |coef_j|^2
  Vector penalty_factor;     ///< f: p finite values >= 0; empty: ones
  double tolerance = 1e-12;  ///< on gap / objective
  int max_iterations = 100;

  [[nodiscard]] Index rows() const noexcept { return columns == nullptr ? features.rows : columns->cols; }
  [[nodiscard]] Index cols() const noexcept { return columns == nullptr ? features.cols : columns->rows; }
};

enum class LogisticStatus { converged, iteration_limit, separated, no_descent };

struct LogisticFit {
  Matrix coef;       ///< p x n_vectors
  Vector intercept;  ///< n_vectors
  double objective = 0;
  double gradient_norm = 0;
  double gap = 0;       ///< upper bound on objective - minimum; infinity where the bound does not apply
  double rounding = 0;  ///< what of the gap float64 accounts for
  int n_iterations = 0;
  int n_reads = 0;
  bool may_be_separated = false;  ///< converged, but there may be no finite minimiser: to be checked
  LogisticStatus status = LogisticStatus::converged;
};

/// Roundings behind a predictor of so many columns, relative to the sum of the magnitudes in it: panels are added one after another, a row of a panel in a few steps.
[[nodiscard]] inline double predictor_chain(Index cols) {
  return static_cast<double>(ceil_div(cols, kernels::active().panel_width)) + 8;
}

/// What rounding of predictors, each by up to `off`, does to a sum of losses: a loss changes by at most that times itself (of several classes twice), and by no more than
/// that times its row's weight. Errors of rows are independent of each other in the sense of Higham and Mary (2019, SIAM J. Sci. Comput. 41): eight standard deviations are
/// exceeded with a probability of 3e-14.
[[nodiscard]] inline double loss_rounding(double off, double loss, double largest_weight, Index vectors) {
  constexpr double deviations = 8;
  return (vectors == 1 ? 1 : 2) * off * std::min(loss, deviations * std::sqrt(largest_weight * loss));
}
[[nodiscard]] inline double largest_weight(const LogisticProblem& problem) {
  return problem.weights == nullptr ? 1.0 : *std::max_element(problem.weights, problem.weights + problem.rows());
}

[[nodiscard]] LogisticFit logistic_newton(const LogisticProblem& problem);

}  // namespace crowfly
