// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/secant_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "linalg/conjugate_gradient.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
/// Reads that a Hessian of all rows must cost. Below that one per step is quicker.
constexpr double least_cost = 1.5;
constexpr std::size_t most_pairs = 40;
constexpr int most_steps_back = 6, most_hessians = 12;
/// Share of the objective: while it falls by that in the time of a Hessian, there is none.
constexpr double worth_waiting = 1;
/// Half the squared decrement, relative to the objective, from where a Hessian of all rows lasts.
constexpr double settled = 1e-5;
/// Beyond which curvatures are to be those ahead, likewise.
constexpr double nearly_there = 2e-3;
/// From where the minimum of a sample leaves to go, roughly.
constexpr double sampled = 0.05;
/// Shorter steps show that the curvatures say nothing about what steps meet: an outlier has a column to itself.
constexpr double least_length = 0x1p-8;
/// How many times the reads a new Hessian must be expected to save: rates of a few steps are uncertain.
constexpr double reluctance = 1.5;
/// Expected of a step, on the logarithm of half the squared decrement, however good a Hessian; below the second nothing moves.
constexpr double best_rate = 11, standstill = 0.2;
/// Rows per parameter for a Hessian far from the minimum.
constexpr Index rows_per_parameter = 16;
constexpr Index most_stride = 16;
/// Half the squared decrement below this share of the objective is rounding: a gradient is off by a few eps of the sum of its terms.
constexpr double resolution = 16 * eps * eps;
/// Certificates ask for more than the tolerance on half the squared decrement.
constexpr double beyond_tolerance = 1e-2;

}  // namespace

bool SecantDescent::pays(const LogisticData& data) { return CoarseLoss::product_cost(data) > least_cost; }

SecantDescent::SecantDescent(const LogisticData& data, const Vector& penalty, Vector start, const CoarseTarget& target)
    : data_(data),
      target_(target),
      at_(data, penalty, std::move(start)),
      state_(at_.state),
      cost_(CoarseLoss::hessian_cost(data)),
      pairs_(most_pairs) {}

CoarseDescent SecantDescent::run() {
  asked_ = {.diagonal = true};
  if (target_.from_sample) {
    state_.objective = std::log(2.0) * static_cast<double>(data_.design.rows());
    asked_ = {.hessian_stride = plan(sampled * state_.objective).stride};
  }
  at_.evaluate(asked_);
  while (std::isfinite(state_.objective) && take_step()) {
  }
  return std::move(state_);
}

bool SecantDescent::take_up_curvatures() {
  if (asked_.diagonal) {
    diagonal_ = at_.diagonal();
    for (const double value : diagonal_) {
      if (!(value > 0) || !std::isfinite(value)) return false;
    }
  } else if (asked_.hessian_stride > 0) {
    factor_ = at_.factor();
    if (!factor_) return false;
    ++n_hessians_;
  } else {
    return true;
  }
  pairs_.clear();
  left_.clear();
  objectives_.clear();
  return true;
}

Vector SecantDescent::downhill() const {
  const auto inverse = [&](const Vector& v) {
    Vector result(v);
    if (factor_) {
      Matrix x(data_.size(), 1);
      std::copy(v.begin(), v.end(), x.data());
      factor_->solve(x);
      std::copy_n(x.data(), data_.size(), result.begin());
    } else {
      for (std::size_t i = 0; i < v.size(); ++i) result[i] /= diagonal_[i];
    }
    at_.leave_out_gauge(result);
    return result;
  };
  Vector v(state_.value.gradient);
  for (double& value : v) value = -value;
  return pairs_.solve(std::move(v), inverse, !factor_);
}

bool SecantDescent::take_step() {
  if (!take_up_curvatures()) return false;
  Vector step = downhill();
  double slope = dot(state_.value.gradient, step);
  if (!(slope < 0) && !pairs_.empty()) {
    pairs_.clear();
    step = downhill();
    slope = dot(state_.value.gradient, step);
  }
  const double left = std::max(0.0, -0.5 * slope);
  state_.decrement = std::sqrt(2 * left);
  left_.push_back(left);
  objectives_.push_back(state_.objective);
  state_.near = left <= target_.tolerance * state_.objective || left <= target_.absolute;
  if (state_.near && target_.polishing < 0) {
    for (std::size_t j = 0; j < step.size(); ++j) state_.parameters[j] += step[j];
    return false;
  }
  const bool at_the_end = left <= resolution * state_.objective || is_exhausted();
  if (state_.near && (at_the_end || target_.polishing == 0)) {
    state_.accepted = !target_.accept || target_.accept(state_);
    if (state_.accepted) return false;
  }
  if (at_the_end || state_.n_steps >= target_.max_steps || n_hessians_ > most_hessians) return false;
  ++state_.n_steps;
  asked_ = {.hessian_stride = due(), .ahead = left > nearly_there * state_.objective};
  if (asked_.hessian_stride > 0) is_exact_ = asked_.hessian_stride == 1 && left <= settled * state_.objective;
  const Vector before(state_.value.gradient);
  const double length = at_.move(step, slope, asked_);
  if (length < least_length) return false;
  Vector change(state_.value.gradient);
  for (std::size_t j = 0; j < step.size(); ++j) {
    step[j] *= length;
    change[j] -= before[j];
  }
  pairs_.add(std::move(step), std::move(change));
  return true;
}

double SecantDescent::rate() const {
  const std::size_t steps = std::min<std::size_t>(left_.size() - 1, most_steps_back);
  const double before = left_[left_.size() - 1 - steps], now = left_.back();
  return std::log(before / std::max(now, std::numeric_limits<double>::min())) / static_cast<double>(steps);
}

bool SecantDescent::is_exhausted() const { return is_exact_ && left_.size() > 2 && rate() < standstill; }

double SecantDescent::way_left(double left) const {
  const double tolerated = target_.polishing > 0 ? resolution : beyond_tolerance * target_.tolerance;
  const double goal = std::max(target_.absolute, tolerated * state_.objective);
  return std::max(1.0, std::log(left / goal));
}

SecantDescent::Plan SecantDescent::plan(double left) const {
  const double n = static_cast<double>(data_.design.rows()), size = static_cast<double>(data_.size());
  Plan best{1, std::numeric_limits<double>::infinity()};
  for (Index stride = 1; stride <= most_stride; ++stride) {
    const double share = static_cast<double>(stride) * size / n;
    if (stride > 1 && share * static_cast<double>(rows_per_parameter) > 1) break;
    const double missed = std::max(stride == 1 ? 0.0 : share, std::min(0.1, 8 * left / state_.objective));
    const double gain = std::min(best_rate, -std::log(missed));
    const double reads = cost_ / static_cast<double>(stride) + way_left(left) / gain;
    if (reads < best.reads) best = {stride, reads};
  }
  return best;
}

Index SecantDescent::due() const {
  const double left = left_.back();
  if (left_.size() < 3 || is_exhausted()) return 0;
  // Far from the minimum half the squared decrement says little, but what the objective falls by in the time of a Hessian does.
  const std::size_t steps = std::min<std::size_t>(objectives_.size() - 1, most_steps_back);
  const double before = objectives_[objectives_.size() - 1 - steps];
  const double drop = (1 - state_.objective / before) / static_cast<double>(steps);
  if (drop * (cost_ + 1) > worth_waiting) return 0;
  const Plan next = plan(left);
  const double now = way_left(left) / std::max(rate(), 1e-3);
  return now > reluctance * next.reads ? next.stride : 0;
}

}  // namespace crowfly
