// SPDX-License-Identifier: BSD-3-Clause
// A start near the minimum of a two-class logistic loss with l1 and l2 penalties, by coordinate descent on the columns. docs/design/logistic-l1.md.
#pragma once

#include <limits>

#include "linear_model/feature_columns.hpp"
#include "linear_model/newton.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

/// In the units of the columns; the intercept stays zero where the problem has none.
struct ColumnFit {
  Vector coef;
  double intercept = 0;
  Vector gradient;                                             ///< of the loss, one value per column
  double violation = std::numeric_limits<double>::infinity();  ///< of the optimality conditions, as below
  bool separated = false;  ///< nothing is penalised, and classes are separated here: there is no minimum
  int n_steps = 0;         ///< quadratic models, each with its gradients of all columns
};

/// Improves `start`. `penalty` has one entry per column; those of infinite l1 are left as they are. Ends where the squared violation of the optimality conditions,
/// in columns of unit curvature and relative to the objective, is below `precision`, where it falls slowly, or after `max_steps`: nothing is certified.
/// (G.-X. Yuan, C.-H. Ho and C.-J. Lin 2012, Journal of Machine Learning Research 13.)
[[nodiscard]] ColumnFit descend_on_columns(const LogisticProblem& problem, const FeatureColumns& columns,
                                           const std::vector<FeaturePenalty>& penalty, ColumnFit start,
                                           double precision, int max_steps);

}  // namespace crowfly
