// SPDX-License-Identifier: BSD-3-Clause
// Paths of lasso and elastic-net fits, and non-negative least squares as the one without a penalty. docs/design/lasso.md.
#pragma once

#include <vector>

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {

/// What is asked of the data, whatever they are.
struct ElasticNetSettings {
  bool intercept = true;
  bool positive = false;
  double l1_ratio = 1;
  Vector penalty_factor;  ///< p values >= 0, infinity leaves a feature out
  Vector alphas;  ///< decreasing; empty: a geometric grid from the smallest alpha without a penalised coefficient down
  Index n_alphas = 100;  ///< of the grid
  double ratio = 1e-3;   ///< smallest of the grid over the largest
};

struct ElasticNetProblem {
  MatrixView features;              ///< n x p
  MatrixView targets;               ///< n x t
  const double* weights = nullptr;  ///< n non-negative values, or null for ones
};

struct SparseProblem {
  SparseView features;              ///< n x p by rows
  MatrixView targets;               ///< n x t
  const double* weights = nullptr;  ///< n positive values, or null for ones
};

struct ElasticNetPath {
  Vector alphas;
  // One column per alpha, for the first target, then for the next.
  Matrix coef;  ///< p rows
  Vector intercept, objective, gap, relative_gap;
  std::vector<int> rounds;
  std::vector<char> converged;  ///< the gap is below 1e-9 of the objective without features
  bool on_gram = true;          ///< solved on the Gram matrix rather than on columns
  bool on_rows = false;         ///< or in the space of the rows
  int n_reads = 0;
};

/// Throws InvalidArgument when all weights are zero, or when more features than a Gram matrix is affordable for have no l1 penalty.
[[nodiscard]] ElasticNetPath elastic_net_path(const ElasticNetProblem& problem, const ElasticNetSettings& settings);

/// The same of a sparse matrix, which never becomes dense.
[[nodiscard]] ElasticNetPath elastic_net_path(const SparseProblem& problem, const ElasticNetSettings& settings);

/// Whether the whole Gram matrix costs less than the passes over the columns that it saves.
[[nodiscard]] bool gram_pays(Index n, Index p, Index n_alphas) noexcept;

struct CrossValidation {
  std::vector<Vector> alphas;        ///< per setting
  std::vector<Matrix> square_error;  ///< per setting: alphas x folds, weighted mean over the rows of the fold
};

/// Paths on all rows but those of a fold, for each fold, and their errors on these; one target. Grids are those of all rows. `settings` differ in l1_ratio and
/// alphas alone. Throws InvalidArgument when a fold, or all others, have no weight.
[[nodiscard]] CrossValidation cross_validate(const std::vector<ElasticNetProblem>& folds,
                                             const std::vector<ElasticNetSettings>& settings);

}  // namespace crowfly
