// SPDX-License-Identifier: BSD-3-Clause
// Upper bound on objective - minimum of a lasso or elastic net, rounding included. docs/design/lasso.md has the formula.
#pragma once

#include <vector>

#include "linear_model/correlation_source.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

struct Certificate {
  double objective = 0;
  double gap = 0;              ///< infinite where nothing could be certified
  double objective_error = 0;  ///< how wrong the objective may be
  double mean_error = 0;       ///< and the mean of the residuals
};

/// One coefficient with the correlation that its penalty holds in balance, and how wrong that may be.
struct DualCoordinate {
  double coef, correlation, error;
  FeaturePenalty penalty;
};

/// The largest factor <= 1 that brings all correlations within their l1 penalties, errors included; features without one are not looked at.
[[nodiscard]] double feasible_scale(const std::vector<DualCoordinate>& features, bool positive);

/// sum of g_j(x_j) + g_j*(s r_j) - s r_j x_j for g_j(x) = l1 |x| + l2 x^2 / 2, each at the worse end of the interval in which r_j lies.
[[nodiscard]] double penalty_gap(const std::vector<DualCoordinate>& features, double scale, bool positive);

/// All vectors have one entry per feature; those of infinite l1 are left out. `length` is what errors of correlations are relative to.
[[nodiscard]] Certificate certify(const Correlations& correlations, const Vector& length, const Vector& coef,
                                  const std::vector<FeaturePenalty>& penalty, bool positive);

}  // namespace crowfly
