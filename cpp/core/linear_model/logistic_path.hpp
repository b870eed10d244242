// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression with l1 and elastic-net penalties, for one alpha or along a path. docs/design/logistic-l1.md.
#pragma once

#include <vector>

#include "linear_model/newton.hpp"

namespace crowfly {

struct LogisticPathSettings {
  double l1_ratio = 1;
  Vector penalty_factor;  ///< p values >= 0, infinity leaves a feature out
  Vector alphas;  ///< decreasing; empty: a geometric grid from the smallest alpha without a penalised coefficient down
  Index n_alphas = 100;  ///< of the grid
  double ratio = 1e-3;   ///< smallest of the grid over the largest
};

struct LogisticPath {
  Vector alphas;
  std::vector<LogisticFit> fits;  ///< one per alpha; the reads of X before the first are counted with it
};

/// `problem.penalty` is not looked at, `max_iterations` is per alpha. Throws InvalidArgument when more parameters than their Hessian is affordable for have to be
/// worked on at once.
[[nodiscard]] LogisticPath logistic_path(const LogisticProblem& problem, const LogisticPathSettings& settings);

}  // namespace crowfly
