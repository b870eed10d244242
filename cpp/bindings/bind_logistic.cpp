// SPDX-License-Identifier: BSD-3-Clause

#include "linear_model/firth.hpp"
#include "linear_model/logistic_dual.hpp"
#include "linear_model/logistic_features.hpp"
#include "linear_model/logistic_information.hpp"
#include "linear_model/logistic_path.hpp"
#include "logistic_arguments.hpp"

namespace crowfly::bindings {
namespace {

py::dict fit_logistic(const py::array& x, const Labels& classes, Index n_classes, const OptionalDoubles& weights,
                      bool intercept, double penalty, const Vector& penalty_factor, double tolerance,
                      int max_iterations, int num_threads) {
  LogisticProblem problem = logistic_problem(x, classes, n_classes, weights, intercept);
  require(penalty_factor.empty() || static_cast<Index>(penalty_factor.size()) == problem.features.cols,
          "penalty_factor: none or one value per feature expected");
  problem.penalty = penalty;
  problem.penalty_factor = penalty_factor;
  problem.tolerance = tolerance;
  problem.max_iterations = max_iterations;
  LogisticFit fit;
  {
    const LongCall call(num_threads);
    fit = logistic_newton(problem);
  }
  return logistic_dict(std::move(fit));
}

py::tuple path_tuple(LogisticPath path) {
  py::list fits;
  for (LogisticFit& fit : path.fits) fits.append(logistic_dict(std::move(fit)));
  return py::make_tuple(owned_array(std::move(path.alphas)), fits);
}

void check_path(const LogisticProblem& problem, const LogisticPathSettings& settings) {
  require(static_cast<Index>(settings.penalty_factor.size()) == problem.cols(),
          "penalty_factor: one value per feature of X expected");
  require(!settings.alphas.empty() || settings.n_alphas >= 1, "n_alphas: at least one expected");
}

/// (alphas, one result per alpha).
py::tuple solved_path(const LogisticProblem& problem, const LogisticPathSettings& settings, int num_threads) {
  check_path(problem, settings);
  LogisticPath path;
  {
    const LongCall call(num_threads);
    path = logistic_path(problem, settings);
  }
  return path_tuple(std::move(path));
}

/// What the bound of a sparse fit is made of, so that tests can hold it against exact sums: for columns as rows and n residuals, X'r in each column's own scale, and how
/// wrong each may be.
py::tuple sparse_correlations(const py::tuple& columns, const OptionalDoubles& residual) {
  const SparseArrays arrays = sparse_arrays(columns, "X");
  const SparseView view = arrays.view("X");
  const double* values = doubles(residual, view.cols, "residual");
  require(values != nullptr, "residual: an array expected");
  std::vector<std::int32_t> classes(as_size(view.cols));
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int32_t>(i % 2);
  LogisticProblem problem;
  problem.columns = &view;
  problem.classes = classes.data();
  DualPoint point;
  point.residual = AlignedBuffer<double>(view.cols);
  std::copy_n(values, view.cols, point.residual.data());
  TransposedProducts products = LogisticFeatures::of(problem)->transposed_products(point);
  return py::make_tuple(owned_array(std::move(products.values)), owned_array(std::move(products.errors)));
}

py::tuple fit_path(const py::array& x, const Labels& classes, Index n_classes, const OptionalDoubles& weights,
                   bool intercept, double l1_ratio, const Vector& penalty_factor, const Vector& alphas, Index n_alphas,
                   double ratio, double tolerance, int max_iterations, int num_threads) {
  LogisticProblem problem = logistic_problem(x, classes, n_classes, weights, intercept);
  problem.tolerance = tolerance;
  problem.max_iterations = max_iterations;
  return solved_path(problem, {l1_ratio, penalty_factor, alphas, n_alphas, ratio}, num_threads);
}

/// The same for sparse X, given by its rows or, `transposed`, by its columns.
py::tuple fit_sparse_path(const py::tuple& x, bool transposed, const Labels& classes, Index n_classes,
                          const OptionalDoubles& weights, bool intercept, double l1_ratio, const Vector& penalty_factor,
                          const Vector& alphas, Index n_alphas, double ratio, double tolerance, int max_iterations,
                          int num_threads) {
  const SparseArrays arrays = sparse_arrays(x, "X");
  const SparseView given = arrays.view("X");
  std::optional<SparseMatrix> columns;
  if (!transposed) {
    const LongCall call(num_threads);
    columns = SparseMatrix::transpose_of(given);
  }
  const SparseView view = transposed ? given : columns->view();
  LogisticProblem problem;
  problem.columns = &view;
  add_labels(problem, classes, n_classes, weights, intercept);
  problem.tolerance = tolerance;
  problem.max_iterations = max_iterations;
  return solved_path(problem, {l1_ratio, penalty_factor, alphas, n_alphas, ratio}, num_threads);
}

py::dict fit_firth(const py::array& x, const Labels& classes, Index n_classes, const OptionalDoubles& weights,
                   bool intercept, int max_iterations, int num_threads, bool two_vectors) {
  LogisticProblem problem = logistic_problem(x, classes, n_classes, weights, intercept);
  problem.two_vectors = two_vectors && n_classes == 2;
  problem.max_iterations = max_iterations;
  LogisticFit fit;
  {
    const LongCall call(num_threads);
    fit = firth_logistic(problem);
  }
  return logistic_dict(std::move(fit));
}

/// (loss, covariance with the intercept first or None, condition).
py::tuple information(const py::array& x, const Labels& classes, const OptionalDoubles& weights, bool intercept,
                      const py::array_t<double, py::array::c_style>& coef, double constant, int num_threads) {
  const LogisticProblem problem = logistic_problem(x, classes, 2, weights, intercept);
  require(coef.ndim() == 1 && coef.shape(0) == problem.features.cols, "coef: one value per feature expected");
  LogisticInformation result;
  {
    const LongCall call(num_threads);
    result = logistic_information(problem, coef.data(), constant);
  }
  py::object covariance = py::none();
  if (result.covariance.rows() > 0) covariance = rows_from_columns(result.covariance);
  return py::make_tuple(result.loss, covariance, result.condition);
}

}  // namespace

void bind_logistic(py::module_& m) {
  m.def("logistic", &fit_logistic, py::arg("X"), py::arg("classes"), py::arg("n_classes"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("alpha"), py::arg("penalty_factor"),
        py::arg("tol"), py::arg("max_iter"), py::arg("num_threads"));
  m.def("logistic_path", &fit_path, py::arg("X"), py::arg("classes"), py::arg("n_classes"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("l1_ratio"), py::arg("penalty_factor"),
        py::arg("alphas"), py::arg("n_alphas"), py::arg("eps"), py::arg("tol"), py::arg("max_iter"),
        py::arg("num_threads"));
  m.def("sparse_logistic_path", &fit_sparse_path, py::arg("X"), py::arg("transposed"), py::arg("classes"),
        py::arg("n_classes"), py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("l1_ratio"),
        py::arg("penalty_factor"), py::arg("alphas"), py::arg("n_alphas"), py::arg("eps"), py::arg("tol"),
        py::arg("max_iter"), py::arg("num_threads"));
  m.def("sparse_correlations", &sparse_correlations, py::arg("columns"), py::arg("residual"));
  m.def("firth_logistic", &fit_firth, py::arg("X"), py::arg("classes"), py::arg("n_classes"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("max_iter"), py::arg("num_threads"),
        py::arg("two_vectors") = false);
  m.def("logistic_information", &information, py::arg("X"), py::arg("classes"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("coef"), py::arg("constant"), py::arg("num_threads"));
}

}  // namespace crowfly::bindings
