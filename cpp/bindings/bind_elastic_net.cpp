// SPDX-License-Identifier: BSD-3-Clause

#include <algorithm>

#include "arrays.hpp"
#include "linear_model/elastic_net.hpp"

namespace crowfly::bindings {
namespace {

ElasticNetSettings settings_of(Index n_features, bool intercept, bool positive, double l1_ratio,
                               const Vector& penalty_factor, const Vector& alphas, Index n_alphas, double ratio) {
  require(static_cast<Index>(penalty_factor.size()) == n_features,
          "penalty_factor: one value per feature of X expected");
  require(!alphas.empty() || n_alphas >= 1, "n_alphas: at least one expected");
  return {intercept, positive, l1_ratio, penalty_factor, alphas, n_alphas, ratio};
}

ElasticNetProblem problem_of(const py::array& x, const py::array& y, const OptionalDoubles& weights) {
  ElasticNetProblem problem;
  problem.features = matrix_view(x, "X");
  problem.targets = matrix_view(y, "y");
  require(problem.targets.rows == problem.features.rows, "y: as many rows as X expected");
  require(problem.features.rows > 0 && problem.features.cols > 0, "X: at least one row and one feature expected");
  problem.weights = doubles(weights, problem.features.rows, "sample_weight");
  return problem;
}

/// [target][alpha] from what the core returns.
template <class T>
py::array_t<T> by_target(const std::vector<T>& values, Index n_alphas) {
  py::array_t<T> out({static_cast<py::ssize_t>(values.size()) / n_alphas, n_alphas});
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

/// For either kind of problem.
template <class Problem>
py::dict fit_path(const Problem& problem, const ElasticNetSettings& settings, int num_threads) {
  ElasticNetPath path;
  {
    const LongCall call(num_threads);
    path = elastic_net_path(problem, settings);
  }
  const auto count = static_cast<Index>(path.alphas.size());
  py::array_t<double> coef({problem.targets.cols, count, problem.features.cols});
  std::copy_n(path.coef.data(), coef.size(), coef.mutable_data());
  py::dict result;
  result["coefs"] = coef;
  result["intercepts"] = by_target(path.intercept, count);
  result["objectives"] = by_target(path.objective, count);
  result["dual_gaps"] = by_target(path.gap, count);
  result["relative_gaps"] = by_target(path.relative_gap, count);
  result["n_iter"] = by_target(path.rounds, count);
  result["converged"] = std::all_of(path.converged.begin(), path.converged.end(), [](char ok) { return ok != 0; });
  result["alphas"] = owned_array(std::move(path.alphas));
  result["method"] = path.on_rows ? "rows" : path.on_gram ? "gram" : "columns";
  result["n_reads"] = path.n_reads;
  return result;
}

py::dict fit_dense_path(const py::array& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                        bool positive, double l1_ratio, const Vector& penalty_factor, const Vector& alphas,
                        Index n_alphas, double ratio, int num_threads) {
  const ElasticNetProblem problem = problem_of(x, y, weights);
  return fit_path(
      problem,
      settings_of(problem.features.cols, intercept, positive, l1_ratio, penalty_factor, alphas, n_alphas, ratio),
      num_threads);
}

py::dict fit_sparse_path(const py::tuple& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                         bool positive, double l1_ratio, const Vector& penalty_factor, const Vector& alphas,
                         Index n_alphas, double ratio, int num_threads) {
  const SparseArrays parts = sparse_arrays(x, "X");
  const SparseView features = parts.view("X");
  const SparseProblem problem{features, matrix_view(y, "y"), doubles(weights, features.rows, "sample_weight")};
  require(problem.targets.rows == problem.features.rows, "y: as many rows as X expected");
  require(problem.features.rows > 0 && problem.features.cols > 0, "X: at least one row and one feature expected");
  return fit_path(
      problem,
      settings_of(problem.features.cols, intercept, positive, l1_ratio, penalty_factor, alphas, n_alphas, ratio),
      num_threads);
}

/// Folds as three lists of the same length; returns (alphas per l1_ratio, errors [l1_ratio][alpha][fold]).
py::tuple cross_validate_path(const std::vector<py::array>& xs, const std::vector<py::array>& ys,
                              const std::vector<OptionalDoubles>& weights, bool intercept, bool positive,
                              const Vector& l1_ratios, const Vector& alphas, Index n_alphas, double ratio,
                              int num_threads) {
  require(xs.size() >= 2 && xs.size() == ys.size() && xs.size() == weights.size() && !l1_ratios.empty(),
          "folds: at least two, each of X, y and sample_weight, expected");
  std::vector<ElasticNetProblem> folds;
  for (std::size_t k = 0; k < xs.size(); ++k) {
    folds.push_back(problem_of(xs[k], ys[k], weights[k]));
    require(folds[k].features.cols == folds[0].features.cols && folds[k].targets.cols == 1,
            "folds: the same features and one target expected");
  }
  const Index p = folds[0].features.cols;
  std::vector<ElasticNetSettings> settings;
  for (const double l1_ratio : l1_ratios) {
    settings.push_back(settings_of(p, intercept, positive, l1_ratio, Vector(as_size(p), 1.0), alphas, n_alphas, ratio));
  }
  CrossValidation found;
  {
    const LongCall call(num_threads);
    found = cross_validate(folds, settings);
  }
  const Index count = found.square_error[0].rows(), n_folds = found.square_error[0].cols();
  py::array_t<double> errors({static_cast<Index>(l1_ratios.size()), count, n_folds});
  py::array_t<double> grids({static_cast<Index>(l1_ratios.size()), count});
  for (std::size_t s = 0; s < settings.size(); ++s) {
    std::copy(found.alphas[s].begin(), found.alphas[s].end(), grids.mutable_data(static_cast<Index>(s), 0));
    for (Index a = 0; a < count; ++a) {
      for (Index k = 0; k < n_folds; ++k)
        *errors.mutable_data(static_cast<Index>(s), a, k) = found.square_error[s](a, k);
    }
  }
  return py::make_tuple(grids, errors);
}

}  // namespace

void bind_elastic_net(py::module_& m) {
  const auto def_path = [&m](const char* name, auto fit) {
    m.def(name, fit, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true), py::arg("intercept"),
          py::arg("positive"), py::arg("l1_ratio"), py::arg("penalty_factor"), py::arg("alphas"), py::arg("n_alphas"),
          py::arg("eps"), py::arg("num_threads"));
  };
  def_path("elastic_net_path", &fit_dense_path);
  def_path("sparse_elastic_net_path", &fit_sparse_path);
  m.def("elastic_net_cv", &cross_validate_path, py::arg("X"), py::arg("y"), py::arg("sample_weight"),
        py::arg("intercept"), py::arg("positive"), py::arg("l1_ratio"), py::arg("alphas"), py::arg("n_alphas"),
        py::arg("eps"), py::arg("num_threads"));
  m.def("gram_pays", &gram_pays, py::arg("n"), py::arg("p"), py::arg("n_alphas"));
}

}  // namespace crowfly::bindings
