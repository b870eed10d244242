// SPDX-License-Identifier: BSD-3-Clause
// The data of a logistic problem without penalty, centred and scaled.
#pragma once

#include <cmath>

#include "linear_model/logistic_loss.hpp"
#include "linear_model/newton.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {

struct ScaledLogistic {
  LogisticData data;
  Vector reach;  ///< bound on each column's magnitudes

  /// One read of the data.
  explicit ScaledLogistic(const LogisticProblem& problem)
      : data{Design(problem.features, false, {}), problem.classes, problem.weights, problem.n_classes,
             problem.two_vectors} {
    const ColumnStatistics statistics =
        standardise(data.design, problem.weights, problem.intercept, largest_safe_scale(true));
    for (std::size_t j = 0; j < statistics.max_abs.size(); ++j)
      reach.push_back((statistics.max_abs[j] + std::fabs(data.design.shift[j])) * data.design.scale[j]);
    if (!problem.intercept) return;
    data.design = data.design.with_ones();
    reach.push_back(1);
  }
};

/// Above this condition the inverse of an information matrix has no digit that is safely right.
constexpr double max_information_condition = 1e14;

}  // namespace crowfly
