// SPDX-License-Identifier: BSD-3-Clause

#include <optional>
#include <utility>

#include "arrays.hpp"
#include "fit_results.hpp"
#include "linear_model/least_squares.hpp"
#include "linear_model/logistic_loss.hpp"
#include "linear_model/shortest_solution.hpp"

namespace crowfly::bindings {
namespace {

using Doubles = py::array_t<double, py::array::c_style>;

py::dict fit_least_squares(const py::array& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                           const Vector& penalty, int num_threads, bool keep_reduced, bool name_suspects) {
  LeastSquaresProblem problem;
  problem.features = matrix_view(x, "X");
  problem.targets = matrix_view(y, "y");
  require(problem.targets.rows == problem.features.rows, "y: as many rows as X expected");
  require(static_cast<Index>(penalty.size()) == problem.targets.cols, "alpha: one value per target expected");
  problem.weights = doubles(weights, problem.features.rows, "sample_weight");
  problem.intercept = intercept;
  problem.penalty = penalty;
  problem.keep_reduced = keep_reduced;
  problem.name_suspects = name_suspects;
  LeastSquaresFit fit;
  {
    const LongCall call(num_threads);
    fit = least_squares(problem);
  }
  if (!fit.suspects.empty()) {
    py::dict unsolved;
    unsolved["n_reads"] = fit.n_reads;
    unsolved["suspects"] = owned_array(std::move(fit.suspects));
    return unsolved;
  }
  const Matrix reduced = std::move(fit.reduced);
  py::dict result = least_squares_dict(std::move(fit));
  if (keep_reduced) result["reduced"] = rows_from_columns(reduced);
  return result;
}

/// None where pivoting has to decide the rank.
py::object fit_sparse_shortest(const py::tuple& x, const py::array& y, bool intercept, int num_threads) {
  const SparseArrays parts = sparse_arrays(x, "X");
  const SparseView features = parts.view("X");
  const MatrixView targets = matrix_view(y, "y");
  require(targets.rows == features.rows, "y: as many rows as X expected");
  std::optional<LeastSquaresFit> fit;
  {
    const LongCall call(num_threads);
    fit = shortest_solution(features, targets, intercept);
  }
  if (!fit) return py::none();
  return least_squares_dict(std::move(*fit));
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
        py::arg("intercept"), py::arg("alpha"), py::arg("num_threads"), py::arg("keep_reduced") = false,
        py::arg("name_suspects") = false);
  m.def("sparse_shortest", &fit_sparse_shortest, py::arg("X"), py::arg("y"), py::arg("intercept"),
        py::arg("num_threads"));
  m.def("linear_predictor", &predict_linear, py::arg("X"), py::arg("coef"), py::arg("intercept"),
        py::arg("num_threads"));
  m.def("class_probabilities", &probabilities, py::arg("predictors"), py::arg("n_classes"), py::arg("logarithm"),
        py::arg("num_threads"));
}

}  // namespace crowfly::bindings
