// SPDX-License-Identifier: BSD-3-Clause
// Non-negative ridge regression on fewer rows than features, in the space of the rows: Newton steps on the dual. docs/design/ridge.md.
#pragma once

#include <vector>

#include "linalg/cholesky.hpp"
#include "linear_model/correlation_source.hpp"

namespace crowfly {

/// minimise |y - Z g|^2 / 2 + sum_j l2_j g_j^2 / 2 over g >= 0. With a_j = z_j / sqrt(l2_j) its dual is to minimise
///     |theta|^2 / 2 - y'theta + sum_j max(0, a_j'theta)^2 / 2,
/// smooth, strongly convex and piecewise quadratic in as many unknowns as there are rows; theta is the residual, g_j = max(0, a_j'theta) / sqrt(l2_j).
class DualNewton {
 public:
  /// `inverse_root`: 1 / sqrt(l2) per feature, 0 for one that is left out.
  DualNewton(const PackedColumns& columns, Index target, Vector inverse_root);

  /// Newton steps with exact line searches, which end after finitely many (D. Bertsekas 1982, L. Qi and J. Sun 1993): whether
  /// rounding kept them from it is for a certificate to tell. False where there was no factor.
  bool minimise();

  [[nodiscard]] Vector coef() const;
  [[nodiscard]] int steps() const noexcept { return steps_; }

 private:
  using Active = std::vector<char>;

  [[nodiscard]] AlignedBuffer<double> pulls(const AlignedBuffer<double>& along) const;
  [[nodiscard]] Active active() const;
  [[nodiscard]] Matrix columns_of(const std::vector<Index>& features) const;
  bool factor(const Active& now);
  [[nodiscard]] Vector gradient();
  [[nodiscard]] double best_step(const AlignedBuffer<double>& direction, double slope) const;

  const PackedColumns& columns_;
  const AlignedBuffer<double>& target_;
  Vector inverse_root_;
  AlignedBuffer<double> theta_, pull_;  ///< padded; pull_ is a_j'theta
  Matrix hessian_;                      ///< 1 + sum of a_j a_j' over the features of active_
  Active active_;
  std::optional<Cholesky> factor_;
  double reach_ = 0;  ///< what rounding errors of the gradient are relative to
  int steps_ = 0;
};

}  // namespace crowfly
