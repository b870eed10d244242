// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/truncated_newton.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linear_model/model_descent.hpp"

namespace crowfly {
namespace {

constexpr int max_products = 2000;

/// Square of the gradient's size, relative to the objective, below which a step is the last but one or the last.
constexpr double last_square = 1e-9;

class TruncatedNewton : public ModelDescent {
 public:
  TruncatedNewton(LossWithProducts& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
      : ModelDescent(penalty, reach, std::move(start)), loss_(loss) {}

 private:
  [[nodiscard]] LossValue loss_at(const Vector& parameters) override { return loss_.evaluate_gradient(parameters); }

  /// To an accuracy that follows the gradient down (Dembo, Eisenstat and Steihaug 1982, SIAM Journal on Numerical Analysis 19).
  void minimise_model() override {
    Vector diagonal = loss_.hessian_diagonal(), downhill(target_.size());
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      diagonal[i] += penalty(i).l2;
      if (!(diagonal[i] > 0)) diagonal[i] = 1;
      downhill[i] = -(fit_.value.gradient[i] + penalty(i).l2 * target_[i]);
    }
    const auto precondition = [&](const Vector& r) {
      Vector z(r.size());
      for (std::size_t i = 0; i < r.size(); ++i) z[i] = r[i] / diagonal[i];
      return z;
    };
    const auto hessian = [&](const Vector& direction) {
      Vector image = loss_.hessian_times(direction);
      for (std::size_t i = 0; i < image.size(); ++i) image[i] += penalty(i).l2 * direction[i];
      ++fit_.n_evaluations;
      return image;
    };
    const double size = std::sqrt(std::max(0.0, dot(downhill, precondition(downhill))));
    if (fit_.n_steps == 0) first_size_ = size;
    // Near the minimum, where a warm start may be at once, a step is worth its full accuracy.
    const bool near = size * size <= last_square * fit_.objective;
    const double reduction = near ? 1e-6 : std::clamp(size / std::max(first_size_, size), 1e-6, 0.1);
    const Vector step = conjugate_gradient(hessian, precondition, downhill, reduction, max_products);
    for (std::size_t i = 0; i < step.size(); ++i) target_[i] += step[i];
  }

  LossWithProducts& loss_;
  double first_size_ = 0;
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
