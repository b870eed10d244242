// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression: arguments from Python, results to it.
#pragma once

#include <utility>

#include "arrays.hpp"
#include "fit_results.hpp"
#include "linear_model/newton.hpp"

namespace crowfly::bindings {

using Labels = py::array_t<std::int32_t, py::array::c_style>;

/// `problem` of features that are set, without penalty, tolerance and limit.
inline void add_labels(LogisticProblem& problem, const Labels& classes, Index n_classes, const OptionalDoubles& weights,
                       bool intercept) {
  require(classes.ndim() == 1 && classes.shape(0) == problem.rows(), "y: as many labels as rows of X expected");
  require(n_classes >= 2, "y: at least two classes expected");
  require(n_classes <= classes.shape(0), "y: no more classes than rows expected");
  require(problem.cols() > 0, "X: at least one feature expected");
  for (Index i = 0; i < classes.shape(0); ++i) {
    require(classes.data()[i] >= 0 && classes.data()[i] < n_classes, "y: class number out of range");
  }
  problem.classes = classes.data();
  problem.n_classes = n_classes;
  problem.weights = doubles(weights, problem.rows(), "sample_weight");
  problem.intercept = intercept;
}

inline LogisticProblem logistic_problem(const py::array& x, const Labels& classes, Index n_classes,
                                        const OptionalDoubles& weights, bool intercept) {
  LogisticProblem problem;
  problem.features = matrix_view(x, "X");
  add_labels(problem, classes, n_classes, weights, intercept);
  return problem;
}

inline const char* status_name(LogisticStatus status) {
  switch (status) {
    case LogisticStatus::converged:
      return "converged";
    case LogisticStatus::iteration_limit:
      return "iteration_limit";
    case LogisticStatus::separated:
      return "separated";
    default:
      return "no_descent";
  }
}

inline py::dict logistic_dict(LogisticFit fit) {
  py::dict result;
  result["coef"] = rows_from_columns(fit.coef);
  result["intercept"] = owned_array(std::move(fit.intercept));
  result["objective"] = fit.objective;
  result["gradient_norm"] = fit.gradient_norm;
  result["gap"] = fit.gap;
  result["n_iter"] = fit.n_iterations;
  result["n_reads"] = fit.n_reads;
  result["may_be_separated"] = fit.may_be_separated;
  result["status"] = status_name(fit.status);
  return result;
}

}  // namespace crowfly::bindings
