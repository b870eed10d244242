// SPDX-License-Identifier: BSD-3-Clause
// The dual side of a logistic path: what all features correlate with at a fit to some of them, and the bound on its gap. docs/design/logistic-l1.md.
#pragma once

#include <cmath>
#include <optional>
#include <utility>

#include "linear_model/logistic_features.hpp"
#include "linear_model/proximal_newton.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

[[nodiscard]] inline bool is_free(const FeaturePenalty& penalty) { return penalty.l1 == 0 && penalty.l2 == 0; }

/// Where a fit is, of the scaled design.
struct PathPoint {
  const Matrix& coef;                          ///< features x vectors
  const Vector& intercept;                     ///< per vector
  const std::vector<FeaturePenalty>& penalty;  ///< per feature; infinite l1: left out
};

struct GapBound {
  double gap = 0,
         rounding = 0;  ///< the former, which the latter is a part of, infinite where nothing could be certified
};

class PathDual {
 public:
  PathDual(const LogisticProblem& problem, const LogisticFeatures& set);

  [[nodiscard]] double gradient(Index j, Index v) const noexcept { return products_.values[as_size(v * p_ + j)]; }
  /// Largest magnitude of a feature's gradients.
  [[nodiscard]] double pull(Index j) const noexcept;
  /// Whether a feature's gradient exceeds `limit` by `margin` times its error.
  [[nodiscard]] bool exceeds(Index j, double limit, double margin) const noexcept;
  /// Gradients from elsewhere, one vector; no dual point belongs to them.
  void take_gradients(Vector gradients) { products_ = {std::move(gradients), Vector(as_size(p_), 0.0), 0.0}; }

  /// The dual point of a fit to the columns worked on, which have these penalties, and its correlations with all features. `products` is the loss, where it does without the
  /// Hessian. Where predictors are large, their rounding is left in the free parameters' correlations: a second correction takes it out.
  void correlate(const ProximalFit& inner, const std::vector<FeaturePenalty>& penalty_in_set,
                 const LossWithProducts* products);
  [[nodiscard]] GapBound bound(const ProximalFit& inner, const PathPoint& at);
  /// The smallest subgradient, in the caller's units.
  [[nodiscard]] double subgradient_norm(const PathPoint& at) const;
  /// Reads of X since the last call.
  [[nodiscard]] int take_reads() noexcept { return std::exchange(n_reads_, 0); }

 private:
  [[nodiscard]] double error(Index j, Index v) const noexcept { return products_.errors[as_size(v * p_ + j)]; }
  [[nodiscard]] std::optional<Vector> free_step(const ProximalFit& inner, const Vector& slope,
                                                const std::vector<FeaturePenalty>& penalty,
                                                const LossWithProducts* products) const;
  void fix_gauge(Matrix& hessian, Index n_free) const;
  [[nodiscard]] Vector slopes_in_set() const;
  [[nodiscard]] bool is_balanced(const Vector& slopes, const std::vector<FeaturePenalty>& penalty) const;
  [[nodiscard]] double sum_of_residuals(Index v) const;
  [[nodiscard]] double rounding_allowance(const ProximalFit& inner) const;

  const LogisticProblem& problem_;
  const LogisticFeatures& set_;
  Index p_, vectors_;
  Vector correction_;  ///< a step of the parameters, by which the point is off them
  DualPoint point_;
  TransposedProducts products_;
  int n_reads_ = 0;
};

}  // namespace crowfly
