// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_information.hpp"

#include <limits>

#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linear_model/scaled_logistic.hpp"

namespace crowfly {

LogisticInformation logistic_information(const LogisticProblem& problem, const double* coef, double intercept) {
  check(problem.n_classes == 2);
  const ScaledLogistic scaled(problem);
  const Design& design = scaled.data.design;
  const Index p = problem.features.cols, first = problem.intercept ? 1 : 0, k = p + first;
  Vector parameters(as_size(k), 0.0);
  double constant = intercept;
  for (Index j = 0; j < p; ++j) {
    parameters[as_size(j)] = coef[j] / design.scale[as_size(j)];
    constant += coef[j] * design.shift[as_size(j)];
  }
  if (problem.intercept) parameters.back() = constant;
  const LossValue value = evaluate_loss(scaled.data, parameters, HessianPart::full);
  LogisticInformation result;
  result.loss = value.loss;
  result.condition = std::numeric_limits<double>::infinity();
  const auto factor = Cholesky::factor(value.hessian);
  if (!factor || !(factor->condition() < max_information_condition)) return result;
  result.condition = factor->condition();
  // Rows of the map from scaled parameters to the caller's, times the root of the inverse: variances become sums of squares.
  const Matrix root = factor->inverse_root();
  Matrix mapped(k, k);
  for (Index c = 0; c < k; ++c) {
    double own = problem.intercept ? root(p, c) : 0.0;
    for (Index j = 0; j < p; ++j) {
      mapped(j + first, c) = root(j, c) * design.scale[as_size(j)];
      own -= mapped(j + first, c) * design.shift[as_size(j)];
    }
    if (problem.intercept) mapped(0, c) = own;
  }
  result.covariance = Matrix(k, k);
  for (Index a = 0; a < k; ++a) {
    for (Index b = 0; b <= a; ++b) {
      double sum = 0;
      for (Index c = 0; c < k; ++c) sum += mapped(a, c) * mapped(b, c);
      result.covariance(a, b) = result.covariance(b, a) = sum;
    }
  }
  return result;
}

}  // namespace crowfly
