// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/descent_newton.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linear_model/model_descent.hpp"

namespace crowfly {
namespace {

constexpr int max_products = 500;

/// Of one model: turns of coordinate descent and conjugate gradients, and sweeps of a turn.
constexpr int max_turns = 8, max_sweeps = 10;
/// A turn's sweeps end when coefficients move by less than this of what they moved by in the first.
constexpr double enough_descent = 0.02;

/// Square of the violation of the optimality conditions, relative to the objective, below which a model is the last.
constexpr double last_square = 1e-9;
/// Violation, relative to the root of the objective, that rounding leaves.
constexpr double rounding_size = 1e-15;

class DescentNewton : public ModelDescent {
 public:
  DescentNewton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
      : ModelDescent(penalty, reach, std::move(start)), loss_(loss) {}

 private:
  [[nodiscard]] LossValue loss_at(const Vector& parameters) override { return loss_.evaluate_gradient(parameters); }

  void minimise_model() override {
    curvature_ = loss_.hessian_diagonal();
    const double size = violation();
    if (fit_.n_steps == 0) first_size_ = size;
    // The bound is linear in what the gradient is off by: the last model is solved to rounding.
    const bool near = size * size <= last_square * fit_.objective;
    const double reduction = near ? std::clamp(rounding_size * std::sqrt(fit_.objective) / size, 1e-10, 1e-3)
                                  : std::clamp(size / std::max(first_size_, size), 1e-6, 0.1);
    for (int turn = 0; turn < max_turns; ++turn) {
      const bool settled = sweep();
      if (!settled && turn + 1 < max_turns && turn < 2) continue;
      if (solve_on_support(reduction)) return;
    }
  }

  /// Of the optimality conditions at the parameters, in columns of unit curvature.
  [[nodiscard]] double violation() const {
    double squares = 0;
    for (std::size_t i = 0; i < target_.size(); ++i) {
      if (!(curvature_[i] > 0)) continue;
      const auto [l1, l2] = penalty(i);
      const double x = target_[i], slope = fit_.value.gradient[i] + l2 * x;
      const double off = x == 0 ? std::max(0.0, std::fabs(slope) - l1) : slope + std::copysign(l1, x);
      squares += off * off / (curvature_[i] + l2);
    }
    return std::sqrt(squares);
  }

  [[nodiscard]] Vector displacement() const {
    Vector step(target_);
    for (std::size_t i = 0; i < step.size(); ++i) step[i] -= fit_.parameters[i];
    return step;
  }

  /// One turn of coordinate descent. True when its last sweep left all signs as they were.
  bool sweep() {
    const auto image = loss_.image_of(displacement());
    std::vector<Index> active;
    double first = 0;
    for (Index i = 0; i < loss_.size(); ++i) {
      const Change change = update(*image, i);
      first = std::max(first, change.size);
      if (target_[as_size(i)] != 0) active.push_back(i);
    }
    bool same_signs = true;
    for (int k = 1; k < max_sweeps; ++k) {
      checkpoint();
      double largest = 0;
      same_signs = true;
      for (const Index i : active) {
        const Change change = update(*image, i);
        largest = std::max(largest, change.size);
        same_signs = same_signs && !change.of_sign;
      }
      if (largest <= enough_descent * first) break;
    }
    return same_signs;
  }

  struct Change {
    double size = 0;
    bool of_sign = false;
  };

  /// Minimises the model along one coefficient.
  Change update(HessianImage& image, Index i) {
    const std::size_t k = as_size(i);
    const auto [l1, l2] = penalty(k);
    if (!(curvature_[k] > 0) || std::isinf(l1)) return {};
    double& x = target_[k];
    const double slope = fit_.value.gradient[k] + image.at(i);
    const double pull = curvature_[k] * x - slope, shrunk = std::fabs(pull) - l1;
    const double next = shrunk > 0 ? std::copysign(shrunk, pull) / (curvature_[k] + l2) : 0.0;
    const double step = next - x;
    if (step == 0) return {};
    const bool of_sign = (next > 0) != (x > 0) || (next < 0) != (x < 0);
    x = next;
    image.move(i, step);
    return {std::fabs(step) * std::sqrt(curvature_[k]), of_sign && l1 > 0};
  }

  /// To the minimum on the support with its signs, or as far as these stay. True when the whole way was gone and no zero should enter.
  bool solve_on_support(double reduction) {
    const Vector bent = loss_.hessian_times(displacement());
    Vector downhill(target_.size(), 0.0);
    std::vector<char> moves(target_.size(), 0);
    for (std::size_t i = 0; i < target_.size(); ++i) {
      const auto [l1, l2] = penalty(i);
      if (!(curvature_[i] > 0) || (target_[i] == 0 && l1 > 0)) continue;
      moves[i] = 1;
      const double sign = l1 == 0 ? 0.0 : std::copysign(l1, target_[i]);
      downhill[i] = -(fit_.value.gradient[i] + bent[i] + sign + l2 * target_[i]);
    }
    const auto precondition = [&](const Vector& r) {
      Vector z(r.size(), 0.0);
      for (std::size_t i = 0; i < r.size(); ++i) {
        if (moves[i] != 0) z[i] = r[i] / (curvature_[i] + penalty(i).l2);
      }
      return z;
    };
    const auto hessian = [&](const Vector& direction) {
      Vector image = loss_.hessian_times(direction);
      for (std::size_t i = 0; i < image.size(); ++i)
        image[i] = moves[i] != 0 ? image[i] + penalty(i).l2 * direction[i] : 0.0;
      ++fit_.n_evaluations;
      return image;
    };
    const Vector step = conjugate_gradient(hessian, precondition, downhill, reduction, max_products);
    return move_within_orthant(step);
  }

  bool move_within_orthant(const Vector& step) {
    double fraction = 1;
    std::size_t first = step.size();
    for (std::size_t i = 0; i < step.size(); ++i) {
      if (!leaves_orthant(i, step[i]) || -target_[i] / step[i] > fraction) continue;
      fraction = -target_[i] / step[i];
      first = i;
    }
    for (std::size_t i = 0; i < step.size(); ++i) target_[i] += fraction * step[i];
    if (first == step.size()) return true;
    target_[first] = 0;
    return false;
  }

  [[nodiscard]] bool leaves_orthant(std::size_t i, double step) const {
    const double x = target_[i];
    return penalty(i).l1 > 0 && x != 0 && (x > 0 ? x + step <= 0 : x + step >= 0);
  }

  LossWithProducts& loss_;
  Vector curvature_;
  double first_size_ = 0;
};

}  // namespace

ProximalFit descent_newton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach,
                           Vector start, double precision, int max_steps) {
  check(static_cast<Index>(penalty.size()) == loss.cols() && static_cast<Index>(start.size()) == loss.size());
  return DescentNewton(loss, penalty, reach, std::move(start)).run(precision, max_steps);
}

}  // namespace crowfly
