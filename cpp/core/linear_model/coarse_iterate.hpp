// SPDX-License-Identifier: BSD-3-Clause
// Where a descent with Hessians in low precision stands, and how it moves: what its two ways of choosing steps have in common.
#pragma once

#include "linear_model/coarse_loss.hpp"
#include "linear_model/coarse_newton.hpp"

namespace crowfly {

class CoarseIterate {
 public:
  CoarseIterate(const LogisticData& data, const Vector& penalty, Vector start);

  /// Loss, gradient and what is asked for at the parameters.
  void evaluate(Curvatures wanted);
  /// Moves along a step, whose slope is known, halved until the objective falls sufficiently; returns the length, 0 (and nothing has moved) where none does.
  [[nodiscard]] double move(const Vector& step, double slope, Curvatures wanted);
  /// The part that is the same for all classes has no curvature but the penalty's; low precision puts some of it into every step, and nothing would take it away.
  void leave_out_gauge(Vector& step) const;

  [[nodiscard]] std::optional<Cholesky> factor() { return loss_.factor(penalty_); }
  /// Of the Hessian, penalty included.
  [[nodiscard]] Vector diagonal() const;

  CoarseDescent state;

 private:
  const LogisticData& data_;
  const Vector& penalty_;
  CoarseLoss loss_;
  Vector reach_;  ///< by the first evaluation
};

}  // namespace crowfly
