// SPDX-License-Identifier: BSD-3-Clause
// Newton's method for logistic regression, with a certificate. docs/design/logistic.md derives the bound.
#pragma once

#include <cstdint>

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct LogisticProblem {
  MatrixView features;
  const std::int32_t* classes;  ///< n class numbers in [0, n_classes), each occurring with positive weight
  const double* weights;        ///< n values >= 0, or null for ones
  Index n_classes = 2;
  bool intercept = true;
  double penalty = 1;        ///< alpha of alpha/2 sum f_j |coef_j|^2
  Vector penalty_factor;     ///< f: p finite values >= 0; empty: ones
  double tolerance = 1e-12;  ///< on gap / objective
  int max_iterations = 100;
};

enum class LogisticStatus { converged, iteration_limit, separated, no_descent };

struct LogisticFit {
  Matrix coef;       ///< p x n_vectors
  Vector intercept;  ///< n_vectors
  double objective = 0;
  double gradient_norm = 0;
  double gap = 0;  ///< upper bound on objective - minimum; infinity where the bound does not apply
  int n_iterations = 0;
  int n_reads = 0;
  bool may_be_separated = false;  ///< converged, but there may be no finite minimiser: to be checked
  LogisticStatus status = LogisticStatus::converged;
};

[[nodiscard]] LogisticFit logistic_newton(const LogisticProblem& problem);

}  // namespace crowfly
