// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/coarse_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linear_model/coarse_iterate.hpp"
#include "linear_model/secant_descent.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
/// Where half the squared decrement is that part x of the objective, curvatures move by about sqrt(8 x) on the way to the minimum, and so much of the decrement is left after
/// a step with the Hessian at hand. Below the first limit that is worth more than a new one; below the second a step that does less shows that precision is too low.
constexpr double settled = 1e-5, surely_settled = 1e-4;
/// A step with an old Hessian is expected to shorten the decrement by that at least, one with a new one near the minimum likewise.
constexpr double slow = 0.3;
/// A Hessian of so many rows per parameter is off by some 15 %, which far from the minimum costs no step; one row out of so many is enough for that where there are more.
constexpr Index hessian_rows_per_parameter = 50, most_stride = 8;
/// Half the squared decrement, relative to the objective, below which the Hessian of all rows saves a read; of several classes it costs several reads, and saves none.
constexpr double nearly_there = 0.03, nearly_there_of_several = 1e-3;

class Descent {
 public:
  Descent(const LogisticData& data, const Vector& penalty, Vector start, const CoarseTarget& target)
      : data_(data), target_(target), at_(data, penalty, std::move(start)), state_(at_.state) {
    stride_ = std::clamp<Index>(data.design.rows() / (hessian_rows_per_parameter * data.size()), 1, most_stride);
  }

  CoarseDescent run() {
    evaluate(true);
    while (std::isfinite(state_.objective) && take_step()) {
    }
    return std::move(state_);
  }

 private:
  void evaluate(bool hessian) {
    at_.evaluate({.hessian_stride = hessian ? stride_ : 0});
    has_hessian_ = hessian;
  }

  /// False when there is nothing left to do.
  bool take_step() {
    const bool fresh = has_hessian_;
    if (fresh) {
      factor_ = at_.factor();
      has_hessian_ = false;
    }
    if (!factor_) return false;
    const Vector step = newton_step();
    const double slope = dot(state_.value.gradient, step), before = state_.decrement;
    state_.decrement = std::sqrt(std::max(0.0, -slope));
    const bool contracts = before == 0 || state_.decrement < slow * before;
    const double left = 0.5 * state_.decrement * state_.decrement;
    const bool was_near = state_.near;
    state_.near = left <= target_.tolerance * state_.objective || left <= target_.absolute;
    if (state_.near && target_.polishing < 0) {
      for (std::size_t j = 0; j < step.size(); ++j) state_.parameters[j] += step[j];
      return false;
    }
    if (state_.near) {
      const bool at_the_end = (was_near && !contracts) || left <= eps * eps * state_.objective;
      if (at_the_end || polished_ >= target_.polishing) {
        state_.accepted = !target_.accept || target_.accept(state_);
        if (state_.accepted || at_the_end) return false;
      }
      ++polished_;
    } else if (!contracts && (!fresh || stride_ > 1)) {
      if (left < surely_settled * state_.objective) stride_ = 1;
      if (!fresh || left < surely_settled * state_.objective) {
        evaluate(true);
        state_.decrement = 0;
        return true;
      }
    } else if (!contracts && left < surely_settled * state_.objective) {
      return false;
    }
    if (state_.n_steps >= target_.max_steps) return false;
    ++state_.n_steps;
    const double relative = left / state_.objective;
    if (relative < (data_.n_vectors() == 1 ? nearly_there : nearly_there_of_several)) stride_ = 1;
    const bool next_is_last = 8 * relative * relative <= target_.tolerance && target_.polishing == 0;
    has_hessian_ = relative > settled && !next_is_last;
    const double length = at_.move(step, slope, {.hessian_stride = has_hessian_ ? stride_ : 0});
    if (length < 1) state_.decrement = 0;
    return length > 0;
  }

  Vector newton_step() const {
    Matrix step(data_.size(), 1);
    for (Index i = 0; i < data_.size(); ++i) step(i, 0) = -state_.value.gradient[as_size(i)];
    factor_->solve(step);
    Vector result(step.col(0), step.col(0) + data_.size());
    at_.leave_out_gauge(result);
    return result;
  }

  const LogisticData& data_;
  CoarseTarget target_;
  CoarseIterate at_;
  CoarseDescent& state_;
  std::optional<Cholesky> factor_;
  Index stride_;
  bool has_hessian_ = false;
  int polished_ = 0;
};

}  // namespace

double add_penalty(const Vector& penalty, const Vector& parameters, LossValue& value) {
  double objective = value.loss;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double pull = penalty[i % penalty.size()] * parameters[i];
    objective += 0.5 * pull * parameters[i];
    value.gradient[i] += pull;
  }
  return objective;
}

CoarseDescent coarse_descent(const LogisticData& data, const Vector& penalty, Vector start,
                             const CoarseTarget& target) {
  if (SecantDescent::pays(data)) return SecantDescent(data, penalty, std::move(start), target).run();
  return Descent(data, penalty, std::move(start), target).run();
}

RowSample::RowSample(const LogisticData& data, Index blocks_apart) : data_(data) {
  const MatrixView& x = data.design.features;
  check(x.rows_are_arrays() && blocks_apart >= 1);
  const Index n_blocks = ceil_div(x.rows / block_rows, blocks_apart), row_bytes = x.cols * x.item_size();
  const Index n = n_blocks * block_rows;
  rows_ = AlignedBuffer<char>(n * row_bytes);
  classes_.resize(as_size(n));
  weights_.resize(data.weights == nullptr ? 0 : as_size(n));
  parallel_for_work(n_blocks, static_cast<double>(n * row_bytes), [&](Index block) {
    const Index from = block * blocks_apart * block_rows, to = block * block_rows;
    for (Index k = 0; k < block_rows; ++k) {
      std::copy_n(x.row(from + k), row_bytes, rows_.data() + (to + k) * row_bytes);
    }
    std::copy_n(data.classes + from, block_rows, classes_.data() + to);
    if (data.weights != nullptr) std::copy_n(data.weights + from, block_rows, weights_.data() + to);
  });
  share_ = static_cast<double>(n) / static_cast<double>(x.rows);
  MatrixView& mine = data_.design.features;
  mine.data = rows_.data();
  mine.rows = n;
  mine.row_stride = row_bytes;
  mine.col_stride = x.item_size();
  data_.classes = classes_.data();
  data_.weights = data.weights == nullptr ? nullptr : weights_.data();
}

bool RowSample::has_all_classes() const {
  std::vector<bool> seen(as_size(data_.n_classes), false);
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    if (weights_.empty() || weights_[i] > 0) seen[as_size(classes_[i])] = true;
  }
  return std::all_of(seen.begin(), seen.end(), [](bool was) { return was; });
}

}  // namespace crowfly
