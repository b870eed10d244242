// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/model_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "linear_model/logistic_rows.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50;

}  // namespace

ModelDescent::ModelDescent(const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
    : penalty_(penalty), reach_(reach) {
  fit_.parameters = std::move(start);
}

ProximalFit ModelDescent::run(double precision, int max_steps) {
  evaluate();
  if (!std::isfinite(fit_.objective))
    throw InvalidArgument(
        "X, alpha, sample_weight: magnitudes so far apart that sums of their products overflow float64; rescale "
        "them");
  const bool is_free = std::all_of(penalty_.begin(), penalty_.end(),
                                   [](const FeaturePenalty& own) { return own.l1 == 0 && own.l2 == 0; });
  while (fit_.n_steps < max_steps) {
    if (is_free && separates(fit_.value.smallest_margin, fit_.value.largest_margin)) {
      fit_.status = LogisticStatus::separated;
      return std::move(fit_);
    }
    target_ = fit_.parameters;
    minimise_model();
    const double expected = expected_change();
    note_movement();
    ++fit_.n_steps;
    const bool last = -expected <= precision * fit_.objective;
    if (!descend(expected)) {
      if (!last) fit_.status = LogisticStatus::no_descent;
      return std::move(fit_);
    }
    if (last) return std::move(fit_);
  }
  fit_.status = LogisticStatus::iteration_limit;
  return std::move(fit_);
}

void ModelDescent::evaluate() {
  fit_.value = loss_at(fit_.parameters);
  fit_.objective = fit_.value.loss + penalty_at(fit_.parameters);
  ++fit_.n_evaluations;
}

double ModelDescent::penalty_at(const Vector& x) const {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != 0) sum += (penalty(i).l1 + 0.5 * penalty(i).l2 * std::fabs(x[i])) * std::fabs(x[i]);
  }
  return sum;
}

/// Of the objective along the step, to first order in the loss.
double ModelDescent::expected_change() const {
  double change = 0;
  for (std::size_t i = 0; i < target_.size(); ++i) {
    const double from = fit_.parameters[i], to = target_[i];
    if (from == to) continue;
    const auto [l1, l2] = penalty(i);
    change += (fit_.value.gradient[i] + 0.5 * l2 * (to + from)) * (to - from) +
              (l1 == 0 ? 0.0 : l1 * (std::fabs(to) - std::fabs(from)));
  }
  return std::min(0.0, change);
}

void ModelDescent::note_movement() {
  fit_.moved = 0;
  for (std::size_t i = 0; i < target_.size(); ++i) {
    if (penalty(i).l1 == 0 && penalty(i).l2 == 0)
      fit_.moved += std::fabs(target_[i] - fit_.parameters[i]) * reach_[i % reach_.size()];
  }
}

/// Moves towards the target until the objective falls sufficiently. False when no length makes it fall.
bool ModelDescent::descend(double expected) {
  const Vector start = fit_.parameters;
  const double largest = std::max(std::fabs(fit_.value.smallest_margin), std::fabs(fit_.value.largest_margin));
  const double before = fit_.objective, rounding = (16 + 8 * largest) * eps * std::fabs(before);
  double length = 1;
  for (int i = 0; i < max_halvings; ++i, length /= 2) {
    fit_.parameters = target_;
    for (std::size_t j = 0; i > 0 && j < start.size(); ++j)
      fit_.parameters[j] = start[j] + length * (target_[j] - start[j]);
    evaluate();
    if (fit_.objective <= before + sufficient_decrease * length * expected + rounding) return true;
  }
  fit_.parameters = start;
  evaluate();
  return false;
}

}  // namespace crowfly
