// SPDX-License-Identifier: BSD-3-Clause

#include "arrays.hpp"
#include "fit_results.hpp"
#include "linear_model/least_squares.hpp"
#include "linear_model/logistic_loss.hpp"
#include "linear_model/newton.hpp"

namespace crowfly::bindings {
namespace {

using Labels = py::array_t<std::int32_t, py::array::c_style>;
using Doubles = py::array_t<double, py::array::c_style>;

py::dict fit_least_squares(const py::array& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                           const Vector& penalty, int num_threads) {
  LeastSquaresProblem problem;
  problem.features = matrix_view(x, "X");
  problem.targets = matrix_view(y, "y");
  require(problem.targets.rows == problem.features.rows, "y: as many rows as X expected");
  require(static_cast<Index>(penalty.size()) == problem.targets.cols, "alpha: one value per target expected");
  problem.weights = doubles(weights, problem.features.rows, "sample_weight");
  problem.intercept = intercept;
  problem.penalty = penalty;
  LeastSquaresFit fit;
  {
    const LongCall call(num_threads);
    fit = least_squares(problem);
  }
  return least_squares_dict(std::move(fit));
}

const char* status_name(LogisticStatus status) {
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

py::dict fit_logistic(const py::array& x, const Labels& classes, Index n_classes, const OptionalDoubles& weights,
                      bool intercept, double penalty, double tolerance, int max_iterations, int num_threads) {
  LogisticProblem problem;
  problem.features = matrix_view(x, "X");
  require(classes.ndim() == 1 && classes.shape(0) == problem.features.rows, "y: as many labels as rows of X expected");
  require(n_classes >= 2, "y: at least two classes expected");
  require(n_classes <= classes.shape(0), "y: no more classes than rows expected");
  for (Index i = 0; i < classes.shape(0); ++i) {
    require(classes.data()[i] >= 0 && classes.data()[i] < n_classes, "y: class number out of range");
  }
  problem.classes = classes.data();
  problem.n_classes = n_classes;
  problem.weights = doubles(weights, problem.features.rows, "sample_weight");
  problem.intercept = intercept;
  problem.penalty = penalty;
  problem.tolerance = tolerance;
  problem.max_iterations = max_iterations;
  LogisticFit fit;
  {
    const LongCall call(num_threads);
    fit = logistic_newton(problem);
  }
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

py::array_t<double> predict_linear(const py::array& x, const Doubles& coef, const Doubles& intercept, int num_threads) {
  const MatrixView view = matrix_view(x, "X");
  require(coef.ndim() == 2 && coef.shape(1) == view.cols, "X: as many features as coefficients expected");
  require(intercept.ndim() == 1 && intercept.shape(0) == coef.shape(0),
          "intercept: one value per row of coef expected");
  py::array_t<double> out({view.rows, coef.shape(0)});
  double* data = out.mutable_data();
  {
    const LongCall call(num_threads);
    linear_predictor(view, coef.data(), intercept.data(), coef.shape(0), data);
  }
  return out;
}

py::array_t<double> probabilities(const Doubles& predictors, Index n_classes, bool logarithm, int num_threads) {
  require(n_classes >= 2 && predictors.ndim() == 2 && predictors.shape(1) == (n_classes == 2 ? 1 : n_classes),
          "predictors: (n, 1) for two classes, (n, n_classes) for more expected");
  py::array_t<double> out({predictors.shape(0), n_classes});
  double* data = out.mutable_data();
  {
    const LongCall call(num_threads);
    class_probabilities(predictors.data(), predictors.shape(0), n_classes, logarithm, data);
  }
  return out;
}

}  // namespace

void bind_linear_model(py::module_& m) {
  m.def("least_squares", &fit_least_squares, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("alpha"), py::arg("num_threads"));
  m.def("logistic", &fit_logistic, py::arg("X"), py::arg("classes"), py::arg("n_classes"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("alpha"), py::arg("tol"),
        py::arg("max_iter"), py::arg("num_threads"));
  m.def("linear_predictor", &predict_linear, py::arg("X"), py::arg("coef"), py::arg("intercept"),
        py::arg("num_threads"));
  m.def("class_probabilities", &probabilities, py::arg("predictors"), py::arg("n_classes"), py::arg("logarithm"),
        py::arg("num_threads"));
}

}  // namespace crowfly::bindings
