// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/duality_gap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// g(x) + g*(u) - u x for g(x) = l1 |x| + l2 x^2 / 2; where l2 is zero u must lie within l1.
double fenchel(double u, double x, FeaturePenalty penalty, bool positive) {
  const auto [l1, l2] = penalty;
  const double size = std::fabs(x);
  const double along = positive || x > 0 ? u : (x < 0 ? -u : std::fabs(u));
  double term = (l1 - along) * size + 0.5 * l2 * size * size;
  if (l2 > 0 && along > l1) {
    const double off = along - l1 - l2 * size;
    term = off * off / (2 * l2);
  } else if (l2 > 0 && !positive && along < -l1) {
    term += (along + l1) * (along + l1) / (2 * l2);
  }
  return std::max(0.0, term);
}

/// The term is convex in the correlation, hence largest at an end of the interval in which that lies.
double largest_term(const DualCoordinate& feature, double scale, bool positive) {
  const auto [x, r, error, penalty] = feature;
  double low = scale * (r - error), high = scale * (r + error);
  if (penalty.l2 == 0) {
    high = std::min(high, penalty.l1);
    low = std::min(positive ? low : std::max(low, -penalty.l1), high);
    // Nothing but rounding may be left of a free feature's correlation, and that counts in full.
    if (penalty.l1 == 0) return std::fabs(x) * (positive ? error + std::max(0.0, -r) : 2 * error);
  }
  return std::max(fenchel(low, x, penalty, positive), fenchel(high, x, penalty, positive));
}

double gap_at(const std::vector<DualCoordinate>& features, double residual_square, double scale, bool positive) {
  return 0.5 * (1 - scale) * (1 - scale) * residual_square + penalty_gap(features, scale, positive);
}

/// The correlation that counts against the penalty.
double pull_of(const DualCoordinate& feature, bool positive) {
  return positive ? feature.correlation : std::fabs(feature.correlation);
}

}  // namespace

double feasible_scale(const std::vector<DualCoordinate>& features, bool positive) {
  double within = 1;
  for (const DualCoordinate& feature : features) {
    const double reach = pull_of(feature, positive) + feature.error, l1 = feature.penalty.l1;
    if (l1 > 0 && reach > l1) within = std::min(within, l1 / reach);
  }
  return within;
}

double penalty_gap(const std::vector<DualCoordinate>& features, double scale, bool positive) {
  double sum = 0;
  for (const DualCoordinate& feature : features) sum += largest_term(feature, scale, positive);
  return sum;
}

Certificate certify(const Correlations& correlations, const Vector& length, const Vector& coef,
                    const std::vector<FeaturePenalty>& penalty, bool positive) {
  Certificate result;
  std::vector<DualCoordinate> features;
  bool bounded = false, feasible = true;
  double sum = 0;
  for (std::size_t j = 0; j < coef.size(); ++j) {
    const auto [l1, l2] = penalty[j];
    if (!std::isfinite(l1)) continue;
    const DualCoordinate feature{coef[j], correlations.values[j], correlations.error * length[j], penalty[j]};
    features.push_back(feature);
    sum += l1 * std::fabs(coef[j]) + 0.5 * l2 * coef[j] * coef[j];
    bounded = bounded || (l2 == 0 && l1 > 0);
    feasible = feasible && (l1 > 0 || l2 > 0 || pull_of(feature, positive) <= feature.error);
  }
  result.objective = 0.5 * correlations.residual_square + sum;
  result.mean_error = correlations.error;
  result.objective_error = 0.5 * correlations.square_error;
  if (!feasible) {
    result.gap = infinity;
    return result;
  }
  result.gap = gap_at(features, correlations.residual_square, feasible_scale(features, positive), positive);
  if (!bounded) result.gap = std::min(result.gap, gap_at(features, correlations.residual_square, 1, positive));
  return result;
}

}  // namespace crowfly
