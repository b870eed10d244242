// SPDX-License-Identifier: BSD-3-Clause

#include <algorithm>

#include "arrays.hpp"
#include "linear_model/ridge_folds.hpp"
#include "linear_model/ridge_path.hpp"
#include "linear_model/sparse_ridge.hpp"

namespace crowfly::bindings {
namespace {

/// Entry a * n_targets + t becomes entry [a, t].
py::array_t<double> by_penalty(const Vector& values, Index n_targets) {
  py::array_t<double> out({static_cast<Index>(values.size()) / n_targets, n_targets});
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

py::dict fit_ridge_path(const py::object& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                        const Vector& alphas, const Vector& penalty_factor, bool refine, bool with_errors,
                        int num_threads) {
  const Features features(x, "X");
  RidgePathProblem problem;
  problem.features = features.view();
  problem.targets = matrix_view(y, "y");
  const Index n = problem.features.rows, p = problem.features.cols, n_targets = problem.targets.cols;
  require(problem.targets.rows == n && n > 0, "y: as many rows as X expected");
  require(n_targets > 0, "y: at least one target expected");
  require(!alphas.empty(), "alphas: at least one value expected");
  for (const double alpha : alphas) require(alpha >= 0, "alphas: non-negative numbers expected");
  require(static_cast<Index>(penalty_factor.size()) == p, "penalty_factor: one value per feature expected");
  for (const double factor : penalty_factor) require(factor >= 0, "penalty_factor: non-negative numbers expected");
  problem.weights = doubles(weights, n, "sample_weight");
  problem.intercept = intercept;
  problem.alphas = alphas;
  problem.penalty_factor = penalty_factor;
  problem.refine = refine;
  const auto n_alphas = static_cast<Index>(alphas.size());
  py::array_t<double> errors({with_errors ? n_alphas : 0, n_targets, n});
  problem.errors = with_errors ? errors.mutable_data() : nullptr;
  RidgePathFit fit;
  {
    const LongCall call(num_threads);
    fit = ridge_path(problem);
  }
  py::array_t<double> coef({n_alphas, n_targets, p});
  std::copy_n(fit.coef.data(), n_alphas * n_targets * p, coef.mutable_data());
  py::dict result;
  result["coef"] = coef;
  result["intercept"] = by_penalty(fit.intercept, n_targets);
  result["rss"] = by_penalty(fit.rss, n_targets);
  result["left_out"] = by_penalty(fit.left_out, n_targets);
  result["degrees"] = owned_array(std::move(fit.degrees));
  result["correction"] = owned_array(std::move(fit.correction));
  result["lost_degrees"] = owned_array(std::move(fit.lost_degrees));
  result["total_weight"] = fit.total_weight;
  result["n_reads"] = fit.n_reads;
  if (with_errors) result["errors"] = errors;
  return result;
}

py::dict fit_sparse_ridge(const py::tuple& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                          const Vector& alphas, int num_threads) {
  const SparseArrays parts = sparse_arrays(x, "X");
  const SparseView features = parts.view("X");
  const Index n = features.rows;
  const SparseProblem problem{features, matrix_view(y, "y"), doubles(weights, n, "sample_weight")};
  require(problem.targets.rows == n && n > 0, "y: as many rows as X expected");
  require(static_cast<Index>(alphas.size()) == problem.targets.cols, "alphas: one per target expected");
  for (const double alpha : alphas) require(alpha > 0, "alphas: positive numbers expected");
  SparseRidgeFit fit;
  {
    const LongCall call(num_threads);
    fit = sparse_ridge(problem, alphas, intercept);
  }
  py::array_t<double> coef({problem.targets.cols, problem.features.cols});
  std::copy_n(fit.coef.data(), coef.size(), coef.mutable_data());
  py::dict result;
  result["coef"] = coef;
  result["intercept"] = owned_array(std::move(fit.intercept));
  result["rss"] = owned_array(std::move(fit.rss));
  result["error_bound"] = owned_array(std::move(fit.error));
  result["correction"] = owned_array(std::move(fit.correction));
  result["n_products"] = owned_array(std::move(fit.n_products));
  return result;
}

py::object fold_errors(const py::object& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                       const Vector& alphas, const std::vector<Index>& offsets, int num_threads) {
  const Features features(x, "X");
  RidgeFoldsProblem problem;
  problem.features = features.view();
  problem.targets = matrix_view(y, "y");
  const Index n = problem.features.rows;
  require(problem.targets.rows == n && problem.targets.cols > 0, "y: as many rows as X expected");
  require(!alphas.empty(), "alphas: at least one value expected");
  for (const double alpha : alphas) require(alpha > 0, "alphas: positive numbers expected");
  require(offsets.size() >= 3 && offsets.front() == 0 && offsets.back() == n &&
              std::is_sorted(offsets.begin(), offsets.end()),
          "offsets: ascending from 0 to the number of rows expected");
  problem.weights = doubles(weights, n, "sample_weight");
  problem.intercept = intercept;
  problem.alphas = alphas;
  problem.offsets = offsets;
  std::optional<Vector> squares;
  {
    const LongCall call(num_threads);
    squares = ridge_fold_errors(problem);
  }
  if (!squares) return py::none();
  py::array_t<double> out(
      {static_cast<Index>(offsets.size()) - 1, static_cast<Index>(alphas.size()), problem.targets.cols});
  std::copy(squares->begin(), squares->end(), out.mutable_data());
  return out;
}

}  // namespace

void bind_ridge(py::module_& m) {
  m.def("ridge_path", &fit_ridge_path, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("alphas"), py::arg("penalty_factor"), py::arg("refine"), py::arg("errors"),
        py::arg("num_threads"));
  m.def("sparse_ridge", &fit_sparse_ridge, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("alphas"), py::arg("num_threads"));
  m.def("ridge_fold_errors", &fold_errors, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true),
        py::arg("intercept"), py::arg("alphas"), py::arg("offsets"), py::arg("num_threads"));
}

}  // namespace crowfly::bindings
