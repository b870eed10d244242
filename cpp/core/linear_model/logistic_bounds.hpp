// SPDX-License-Identifier: BSD-3-Clause
// Upper bounds on objective - minimum of a logistic loss with an l2 penalty per column, and what goes into them. docs/design/logistic.md derives them.
#pragma once

#include <optional>

#include "linalg/cholesky.hpp"
#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// Columns of the scaled design, the intercept's last: penalties, and bounds on their magnitudes.
struct ColumnBounds {
  Vector penalty, reach;

  [[nodiscard]] Index cols() const noexcept { return static_cast<Index>(reach.size()); }
  /// Of a parameter of any vector.
  [[nodiscard]] double penalty_of(Index i) const noexcept { return penalty[as_size(i % cols())]; }
  /// Bound on |x_i . parameters of a vector| over rows, term by term: of vector v, and the largest of all.
  [[nodiscard]] double predictor_size(const Vector& parameters, Index v) const noexcept;
  [[nodiscard]] double predictor_size(const Vector& parameters) const noexcept;
};

/// Along "the same vector for all classes" the softmax does not change, so only the penalty, or nothing, gives the Hessian curvature there. Iterates sum to zero over
/// classes (the minimiser does), so gradients are orthogonal to these directions: adding their outer product, here that of column j, changes neither steps nor decrement,
/// and the condition no longer depends on how small the penalty is. Only the lower triangle is looked at. Returns what was added to each entry.
double fix_gauge(Matrix& hessian, Index j, Index cols, Index vectors);
/// Of all columns; nothing for two classes.
void fix_gauge(Matrix& hessian, Index cols, Index vectors);

/// The factor of a Hessian if it has one with enough right digits for a bound.
[[nodiscard]] bool can_certify(const std::optional<Cholesky>& factor);

/// By the decrement and the factor of the Hessian (or of a smaller one, in the order of matrices), rounding of the factor included. Infinity where that bounds nothing.
[[nodiscard]] double bound_by_factor(const ColumnBounds& columns, Index vectors, const Cholesky& factor,
                                     double decrement);

}  // namespace crowfly
