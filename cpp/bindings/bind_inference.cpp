// SPDX-License-Identifier: BSD-3-Clause

#include "arrays.hpp"
#include "linear_model/inference.hpp"
#include "linear_model/polynomial.hpp"

namespace crowfly::bindings {
namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Groups = py::array_t<std::int32_t, py::array::c_style>;

py::array_t<double> array_of(const Matrix& matrix) {
  py::array_t<double> out({matrix.rows(), matrix.cols()});
  double* data = out.mutable_data();
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.cols(); ++j) data[i * matrix.cols() + j] = matrix(i, j);
  }
  return out;
}

MatrixView column_view(const py::array& array, Index n_rows, const char* name) {
  const MatrixView view = matrix_view(array, name);
  if (view.cols != 1 || view.rows != n_rows)
    throw py::value_error(std::string(name) + ": one column with as many rows as X expected");
  return view;
}

/// All that is computed from the rows.
struct Inference {
  Whitening whitening;
  InverseGram inverse;
  FitStatistics fit;
  Vector leverages;
  Matrix filling;
};

/// What a robust covariance is filled with: sums over groups, or squared residuals over a power of 1 - leverage.
enum class Filling { none, clusters, squares };

Inference infer(const RegressionProblem& problem, const double* coef, double intercept, Filling filling, int power,
                const std::int32_t* groups, Index n_groups) {
  Inference result{whiten(problem.features, problem.weights, problem.intercept), {}, {}, {}, {}};
  result.inverse = inverse_gram(problem, result.whitening);
  result.fit = fit_statistics(problem, result.whitening, coef, intercept);
  result.leverages = leverage(problem, result.whitening);
  if (filling == Filling::squares) {
    result.filling = sandwich_filling(problem, result.whitening, result.fit.residuals, result.fit.target_scale,
                                      result.leverages.data(), power);
  } else if (filling == Filling::clusters) {
    result.filling =
        cluster_filling(problem, result.whitening, result.fit.residuals, result.fit.target_scale, groups, n_groups);
  }
  return result;
}

py::dict regression_inference(const py::array& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                              const Doubles& coef, double constant, const std::optional<int>& power,
                              const std::optional<Groups>& groups, Index n_groups, int num_threads) {
  RegressionProblem problem;
  problem.features = matrix_view(x, "X");
  const Index n = problem.features.rows, p = problem.features.cols;
  problem.target = column_view(y, n, "y");
  problem.weights = doubles(weights, n, "sample_weight");
  problem.intercept = intercept;
  require(n >= p + (intercept ? 1 : 0), "X: at least as many rows as coefficients expected");
  require(coef.ndim() == 1 && coef.shape(0) == p, "coef: one value per feature expected");
  require(!power || (*power >= 0 && *power <= 2), "power: 0, 1 or 2 expected");
  const std::int32_t* group = nullptr;
  if (groups) {
    require(groups->ndim() == 1 && groups->shape(0) == n, "groups: one per row expected");
    group = groups->data();
    for (Index i = 0; i < n; ++i) require(group[i] >= 0 && group[i] < n_groups, "groups: number out of range");
  }
  const Filling filling = groups ? Filling::clusters : power ? Filling::squares : Filling::none;
  Inference done;
  {
    const LongCall call(num_threads);
    done = infer(problem, coef.data(), constant, filling, power.value_or(0), group, n_groups);
  }
  py::dict result;
  result["inverse"] = array_of(done.inverse.values);
  result["refined"] = done.inverse.refined;
  result["basis"] = array_of(done.whitening.basis);
  result["condition"] = done.whitening.condition;
  result["shift"] = owned_array(std::move(done.whitening.shift));
  result["scale"] = owned_array(std::move(done.whitening.scale));
  result["target_scale"] = done.fit.target_scale;
  result["residual_sum"] = done.fit.residual_sum;
  result["total_sum"] = done.fit.total_sum;
  result["explained_sum"] = done.fit.explained_sum;
  result["durbin_watson"] = done.fit.durbin_watson;
  result["residuals"] = owned_array(std::move(done.fit.residuals));
  result["leverage"] = owned_array(std::move(done.leverages));
  if (filling != Filling::none) result["filling"] = array_of(done.filling);
  return result;
}

py::array_t<double> row_lengths(const py::array& x, const Vector& shift, const Vector& scale, const Doubles& factor,
                                const Vector& start, int num_threads) {
  const MatrixView view = matrix_view(x, "X");
  require(as_size(view.cols) == shift.size() && shift.size() == scale.size(), "X: as many features as shifts expected");
  require(factor.ndim() == 2 && factor.shape(0) == view.cols && as_size(factor.shape(1)) == start.size(),
          "factor: one row per feature, one column per entry of start expected");
  Matrix matrix(factor.shape(0), factor.shape(1));
  for (Index i = 0; i < matrix.rows(); ++i) {
    for (Index j = 0; j < matrix.cols(); ++j) matrix(i, j) = factor.data()[i * matrix.cols() + j];
  }
  Vector lengths;
  {
    const LongCall call(num_threads);
    lengths = transformed_lengths(feature_design(view, shift, scale), RowTransform(matrix, start), nullptr);
  }
  return owned_array(std::move(lengths));
}

/// High and low parts side by side.
py::array_t<double> pair_array(const std::vector<Pair>& values) {
  py::array_t<double> out({static_cast<Index>(values.size()), Index{2}});
  for (std::size_t k = 0; k < values.size(); ++k) {
    out.mutable_at(k, 0) = values[k].high;
    out.mutable_at(k, 1) = values[k].low;
  }
  return out;
}

py::dict polynomial(const py::array& x, const py::array& y, const OptionalDoubles& weights, Index degree,
                    int num_threads) {
  PolynomialProblem problem;
  problem.x = matrix_view(x, "x");
  require(problem.x.cols == 1 && problem.x.rows >= 1 && degree >= 0, "x: one column with a row expected");
  problem.y = column_view(y, problem.x.rows, "y");
  problem.weights = doubles(weights, problem.x.rows, "sample_weight");
  problem.degree = degree;
  PolynomialFit fit;
  {
    const LongCall call(num_threads);
    fit = fit_polynomial(problem);
  }
  py::dict result;
  result["coef"] = owned_array(std::move(fit.coef));
  result["chebyshev"] = pair_array(fit.chebyshev);
  result["lengths"] = owned_array(std::move(fit.lengths));
  result["centre"] = fit.centre;
  result["inverse_range"] = fit.inverse_range;
  result["residual_sum"] = fit.residual_sum;
  result["total_sum"] = fit.total_sum;
  result["condition"] = fit.condition;
  return result;
}

py::array_t<double> evaluate(const py::array& x, const Doubles& chebyshev, double centre, double inverse_range,
                             int num_threads) {
  const MatrixView view = matrix_view(x, "x");
  require(view.cols == 1, "x: one column expected");
  require(chebyshev.ndim() == 2 && chebyshev.shape(0) > 0 && chebyshev.shape(1) == 2,
          "chebyshev: two columns expected");
  std::vector<Pair> series;
  for (Index k = 0; k < chebyshev.shape(0); ++k) series.push_back(Pair::sum(chebyshev.at(k, 0), chebyshev.at(k, 1)));
  py::array_t<double> out(view.rows);
  double* data = out.mutable_data();
  {
    const LongCall call(num_threads);
    evaluate_polynomial(view, series, centre, inverse_range, data);
  }
  return out;
}

}  // namespace

void bind_inference(py::module_& m) {
  m.def("regression_inference", &regression_inference, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("coef"), py::arg("constant"), py::arg("power").none(true),
        py::arg("groups").none(true), py::arg("n_groups"), py::arg("num_threads"));
  m.def("row_lengths", &row_lengths, py::arg("X"), py::arg("shift"), py::arg("scale"), py::arg("factor"),
        py::arg("start"), py::arg("num_threads"));
  m.def("fit_polynomial", &polynomial, py::arg("x"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("degree"), py::arg("num_threads"));
  m.def("evaluate_polynomial", &evaluate, py::arg("x"), py::arg("chebyshev"), py::arg("centre"),
        py::arg("inverse_range"), py::arg("num_threads"));
}

}  // namespace crowfly::bindings
