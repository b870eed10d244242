// SPDX-License-Identifier: BSD-3-Clause
// Loss less Jeffreys' prior, log det(I) / 2, at points of the parameters, with what minimising it asks for. docs/design/firth.md.
#pragma once

#include <optional>

#include "linalg/cholesky.hpp"
#include "linear_model/jeffreys.hpp"
#include "linear_model/scaled_logistic.hpp"

namespace crowfly {

/// Of several classes there are as many vectors, which sum to zero; I is that of contrasts with one class, whichever.
class FirthObjective {
 public:
  explicit FirthObjective(const LogisticProblem& problem);

  [[nodiscard]] const LogisticData& data() const noexcept { return scaled_.data; }
  /// Predictors at the classes' shares where there is an intercept, else at zero.
  [[nodiscard]] Vector start() const;

  /// Value at the parameters. False where the information matrix is singular to working precision.
  [[nodiscard]] bool evaluate(const Vector& parameters);
  /// Gradient and preconditioner, where the last `evaluate` was.
  void differentiate();

  [[nodiscard]] double loss() const noexcept { return loss_.loss; }
  [[nodiscard]] double value() const noexcept { return value_; }
  /// The value with the determinant in the caller's units.
  [[nodiscard]] double value_in_own_units() const;
  [[nodiscard]] const Vector& gradient() const noexcept { return gradient_; }
  /// Of the scaled information matrix.
  [[nodiscard]] double condition() const noexcept { return factor_->condition(); }
  [[nodiscard]] int n_reads() const noexcept { return n_reads_; }
  /// Bound on the predictors of a vector of parameters.
  [[nodiscard]] double movement(const Vector& step) const;

  /// By the information of the data with h_i / (2 (K - 1)) more observations of each class in every row, h_i the leverage: what the gradient changes by while leverages are held
  /// (two classes: Firth 1993, section 5). Without them steps are too long by a factor of up to two.
  [[nodiscard]] Vector precondition(const Vector& vector) const;
  /// The true Hessian, of a direction that sums to zero over classes. Two reads.
  [[nodiscard]] Vector hessian_times(const Vector& direction);

 private:
  void take_out_mean(Vector& vector) const;

  ScaledLogistic scaled_;
  bool intercept_;
  Vector parameters_, gradient_;
  LossValue loss_;
  double value_ = 0;
  std::optional<Cholesky> factor_, held_;
  std::optional<RootColumns> root_columns_;
  Matrix root_;
  int n_reads_ = 0;
};

}  // namespace crowfly
