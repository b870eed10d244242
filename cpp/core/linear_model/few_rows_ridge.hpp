// SPDX-License-Identifier: BSD-3-Clause
// The matrix of ridge regression on fewer rows than columns, inverted with work linear in the columns.
#pragma once

#include <optional>

#include "linalg/cholesky.hpp"
#include "linalg/factor.hpp"

namespace crowfly {

class FewRowsRidge {
 public:
  /// a'a + alpha D^2, D the diagonal of `unit`, for a with independent rows, fewer than columns, and alpha > 0.
  /// Empty where their scales are so far apart that squares overflow.
  [[nodiscard]] static std::optional<FewRowsRidge> factor(const Matrix& a, double alpha, const Vector& unit);

  /// Solves for each column of `b`, in place. With `within_rows` these lie in the rows' space: what rounding leaves beyond it would be divided by alpha.
  void solve(Matrix& b, bool within_rows = false) const;
  /// Of the scaled rows stacked on their penalty.
  [[nodiscard]] double condition() const noexcept { return condition_; }
  /// |a D^-1|^2 / alpha: how much what rounding leaves beyond the rows' space grows.
  [[nodiscard]] double rows_to_penalty() const noexcept { return rows_to_penalty_; }

 private:
  QrFactors basis_;  ///< of the row space of a D^-1
  Cholesky within_;  ///< of the matrix there; it is alpha elsewhere
  double alpha_ = 1;
  Vector unit_;
  double condition_ = 1, rows_to_penalty_ = 0;
};

}  // namespace crowfly
