// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/proximal_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50;

class ProximalNewton {
 public:
  ProximalNewton(LossFunction& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
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
      const Vector target = minimum_of_model();
      const double expected = expected_change(target);
      note_movement(target);
      ++fit_.n_steps;
      const bool last = -expected <= precision * fit_.objective;
      if (!descend(target, expected)) {
        if (!last) fit_.status = LogisticStatus::no_descent;
        return std::move(fit_);
      }
      if (last) return std::move(fit_);
    }
    fit_.status = LogisticStatus::iteration_limit;
    return std::move(fit_);
  }

 private:
  [[nodiscard]] const FeaturePenalty& penalty(std::size_t i) const { return penalty_[i % penalty_.size()]; }

  [[nodiscard]] double penalty_at(const Vector& x) const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i] != 0) sum += (penalty(i).l1 + 0.5 * penalty(i).l2 * std::fabs(x[i])) * std::fabs(x[i]);
    }
    return sum;
  }

  void evaluate() {
    fit_.value = loss_.evaluate(fit_.parameters);
    fit_.objective = fit_.value.loss + penalty_at(fit_.parameters);
    ++fit_.n_evaluations;
  }

  /// The Hessian with both triangles. Several classes: along "the same vector for all" the loss is flat; where nothing is penalised either, the outer product
  /// of these directions is added, which changes no step (newton.cpp).
  [[nodiscard]] Matrix model_hessian() const {
    Matrix hessian = fit_.value.hessian.copy();
    const Index m = loss_.cols(), vectors = loss_.n_vectors();
    for (Index j = 0; j < m && vectors > 1; ++j) {
      if (penalty_[as_size(j)].l1 != 0 || penalty_[as_size(j)].l2 != 0) continue;
      double size = 0;
      for (Index v = 0; v < vectors; ++v) size = std::max(size, hessian(v * m + j, v * m + j));
      for (Index v = 0; v < vectors; ++v) {
        for (Index u = v; u < vectors; ++u) hessian(u * m + j, v * m + j) += size;
      }
    }
    for (Index j = 0; j < hessian.cols(); ++j) {
      for (Index i = 0; i < j; ++i) hessian(i, j) = hessian(j, i);
    }
    return hessian;
  }

  [[nodiscard]] Vector minimum_of_model() const {
    const Vector& x = fit_.parameters;
    Matrix hessian = model_hessian();
    Vector cross(x.size());
    double size = 0, force = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double root = std::sqrt(hessian(static_cast<Index>(i), static_cast<Index>(i)));
      cross[i] = -fit_.value.gradient[i];
      size += std::fabs(x[i]) * root;
      if (root > 0) force = std::max(force, std::fabs(cross[i]) / root);
    }
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (x[j] == 0) continue;
      const double* column = hessian.col(static_cast<Index>(j));
      for (std::size_t i = 0; i < x.size(); ++i) cross[i] += column[i] * x[j];
    }
    std::vector<FeaturePenalty> penalties(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) penalties[i] = penalty(i);
    SparseQuadratic model(std::move(hessian), std::move(cross), std::move(penalties), x, size + force);
    model.solve();
    return model.coef();
  }

  /// Of the objective along the step, to first order in the loss.
  [[nodiscard]] double expected_change(const Vector& target) const {
    double change = 0;
    for (std::size_t i = 0; i < target.size(); ++i) {
      const double from = fit_.parameters[i], to = target[i];
      if (from == to) continue;
      const auto [l1, l2] = penalty(i);
      change += (fit_.value.gradient[i] + 0.5 * l2 * (to + from)) * (to - from) +
                (l1 == 0 ? 0.0 : l1 * (std::fabs(to) - std::fabs(from)));
    }
    return std::min(0.0, change);
  }

  void note_movement(const Vector& target) {
    fit_.moved = 0;
    for (std::size_t i = 0; i < target.size(); ++i) {
      if (penalty(i).l1 == 0 && penalty(i).l2 == 0)
        fit_.moved += std::fabs(target[i] - fit_.parameters[i]) * reach_[i % reach_.size()];
    }
  }

  /// Moves towards the target until the objective falls sufficiently. False when no length makes it fall.
  bool descend(const Vector& target, double expected) {
    const Vector start = fit_.parameters;
    const double largest = std::max(std::fabs(fit_.value.smallest_margin), std::fabs(fit_.value.largest_margin));
    const double before = fit_.objective, rounding = (16 + 8 * largest) * eps * std::fabs(before);
    double length = 1;
    for (int i = 0; i < max_halvings; ++i, length /= 2) {
      fit_.parameters = target;
      for (std::size_t j = 0; i > 0 && j < start.size(); ++j)
        fit_.parameters[j] = start[j] + length * (target[j] - start[j]);
      evaluate();
      if (fit_.objective <= before + sufficient_decrease * length * expected + rounding) return true;
    }
    fit_.parameters = start;
    evaluate();
    return false;
  }

  LossFunction& loss_;
  const std::vector<FeaturePenalty>& penalty_;
  const Vector& reach_;
  ProximalFit fit_;
};

}  // namespace

ProximalFit proximal_newton(LossFunction& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach,
                            Vector start, double precision, int max_steps) {
  check(static_cast<Index>(penalty.size()) == loss.cols() && static_cast<Index>(start.size()) == loss.size());
  return ProximalNewton(loss, penalty, reach, std::move(start)).run(precision, max_steps);
}

}  // namespace crowfly
