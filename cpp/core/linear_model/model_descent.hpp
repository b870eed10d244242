// SPDX-License-Identifier: BSD-3-Clause
// Newton's outer loop for a logistic loss with an l1 and l2 penalty per column: how each model is minimised is left to those who derive.
#pragma once

#include "linear_model/proximal_newton.hpp"

namespace crowfly {

class ModelDescent {
 public:
  ModelDescent(const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start);
  ModelDescent(const ModelDescent&) = delete;
  ModelDescent& operator=(const ModelDescent&) = delete;
  virtual ~ModelDescent() = default;

  /// As proximal_newton has it.
  ProximalFit run(double precision, int max_steps);

 protected:
  [[nodiscard]] virtual LossValue loss_at(const Vector& parameters) = 0;
  /// Moves target_, which begins at the parameters, towards the minimum of the quadratic model with the penalty.
  virtual void minimise_model() = 0;

  [[nodiscard]] const FeaturePenalty& penalty(std::size_t i) const { return penalty_[i % penalty_.size()]; }

  ProximalFit fit_;
  Vector target_;

 private:
  void evaluate();
  [[nodiscard]] double penalty_at(const Vector& x) const;
  [[nodiscard]] double expected_change() const;
  void note_movement();
  [[nodiscard]] bool descend(double expected);

  const std::vector<FeaturePenalty>& penalty_;
  const Vector& reach_;
};

}  // namespace crowfly
