// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/truncated_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "linalg/conjugate_gradient.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50, max_products = 2000;

/// Square of the gradient's size, relative to the objective, below which a step is the last but one or the last.
constexpr double last_square = 1e-9;

class TruncatedNewton {
 public:
  TruncatedNewton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
      : loss_(loss), penalty_(penalty), reach_(reach) {
    fit_.parameters = std::move(start);
  }

  ProximalFit run(double precision, int max_steps) {
    evaluate();
    if (!std::isfinite(fit_.objective))
      throw InvalidArgument(
          "X, alpha, sample_weight: magnitudes so far apart that sums of their products overflow float64; rescale "
          "them");
    while (fit_.n_steps < max_steps) {
      const Vector step = newton_step();
      const double slope = std::min(0.0, dot(gradient_, step));
      note_movement(step);
      ++fit_.n_steps;
      const bool last = -slope <= precision * fit_.objective;
      if (!descend(step, slope)) {
        if (!last) fit_.status = LogisticStatus::no_descent;
        return std::move(fit_);
      }
      if (last) return std::move(fit_);
    }
    fit_.status = LogisticStatus::iteration_limit;
    return std::move(fit_);
  }

 private:
  [[nodiscard]] double l2(std::size_t i) const { return penalty_[i % penalty_.size()].l2; }

  void evaluate() {
    const Vector& x = fit_.parameters;
    fit_.value = loss_.evaluate_gradient(x);
    fit_.objective = fit_.value.loss;
    gradient_ = fit_.value.gradient;
    for (std::size_t i = 0; i < x.size(); ++i) {
      fit_.objective += 0.5 * l2(i) * x[i] * x[i];
      gradient_[i] += l2(i) * x[i];
    }
    ++fit_.n_evaluations;
  }

  /// To an accuracy that follows the gradient down (Dembo, Eisenstat and Steihaug 1982, SIAM Journal on Numerical Analysis 19).
  [[nodiscard]] Vector newton_step() {
    Vector diagonal = loss_.hessian_diagonal();
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      diagonal[i] += l2(i);
      if (!(diagonal[i] > 0)) diagonal[i] = 1;
    }
    const auto precondition = [&](const Vector& r) {
      Vector z(r.size());
      for (std::size_t i = 0; i < r.size(); ++i) z[i] = r[i] / diagonal[i];
      return z;
    };
    const auto hessian = [&](const Vector& direction) {
      Vector image = loss_.hessian_times(direction);
      for (std::size_t i = 0; i < image.size(); ++i) image[i] += l2(i) * direction[i];
      ++fit_.n_evaluations;
      return image;
    };
    Vector downhill(gradient_);
    for (double& value : downhill) value = -value;
    const double size = std::sqrt(std::max(0.0, dot(downhill, precondition(downhill))));
    if (fit_.n_steps == 0) first_size_ = size;
    // Near the minimum, where a warm start may be at once, a step is worth its full accuracy.
    const bool near = size * size <= last_square * fit_.objective;
    const double reduction = near ? 1e-6 : std::clamp(size / std::max(first_size_, size), 1e-6, 0.1);
    return conjugate_gradient(hessian, precondition, downhill, reduction, max_products);
  }

  void note_movement(const Vector& step) {
    fit_.moved = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
      if (l2(i) == 0) fit_.moved += std::fabs(step[i]) * reach_[i % reach_.size()];
    }
  }

  /// Moves along the step until the objective falls sufficiently. False when no length makes it fall.
  bool descend(const Vector& step, double slope) {
    const Vector start = fit_.parameters;
    const double largest = std::max(std::fabs(fit_.value.smallest_margin), std::fabs(fit_.value.largest_margin));
    const double before = fit_.objective, rounding = (16 + 8 * largest) * eps * std::fabs(before);
    double length = 1;
    for (int i = 0; i < max_halvings; ++i, length /= 2) {
      for (std::size_t j = 0; j < start.size(); ++j) fit_.parameters[j] = start[j] + length * step[j];
      evaluate();
      if (fit_.objective <= before + sufficient_decrease * length * slope + rounding) return true;
    }
    fit_.parameters = start;
    evaluate();
    return false;
  }

  LossWithProducts& loss_;
  const std::vector<FeaturePenalty>& penalty_;
  const Vector& reach_;
  Vector gradient_;  ///< with penalty
  double first_size_ = 0;
  ProximalFit fit_;
};

}  // namespace

ProximalFit truncated_newton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach,
                             Vector start, double precision, int max_steps) {
  check(static_cast<Index>(penalty.size()) == loss.cols() && static_cast<Index>(start.size()) == loss.size());
  return TruncatedNewton(loss, penalty, reach, std::move(start)).run(precision, max_steps);
}

Matrix hessian_of(const LossWithProducts& loss, const std::vector<Index>& parameters) {
  const auto count = static_cast<Index>(parameters.size());
  Matrix hessian(count, count);
  for (Index b = 0; b < count; ++b) {
    Vector unit(as_size(loss.size()), 0.0);
    unit[as_size(parameters[as_size(b)])] = 1;
    const Vector column = loss.hessian_times(unit);
    for (Index a = 0; a < count; ++a) hessian(a, b) = column[as_size(parameters[as_size(a)])];
  }
  return hessian;
}

}  // namespace crowfly
