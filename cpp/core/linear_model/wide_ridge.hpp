// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression on fewer rows than columns, by the products of the rows: no QR factorisation, nor independent rows, as long as the penalty is not too small beside them.
#pragma once

#include <memory>
#include <optional>

#include "linalg/cholesky.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

/// a D^-1 and its product with its transpose, shared by penalties; D is the diagonal of `unit`.
struct RowProducts {
  RowProducts(const Matrix& a, const Vector& unit);

  Matrix rows, products;
  Vector unit;
  double trace = 0;
};

class WideRidge {
 public:
  /// a'a + alpha D^2. Empty where what rounding leaves beyond the rows' space, times |a D^-1|^2 / alpha, is no longer small.
  [[nodiscard]] static std::optional<WideRidge> factor(std::shared_ptr<const RowProducts> rows, double alpha);

  /// The minimisers of |a x - b|^2 + alpha |D x|^2 for each column of `b`.
  [[nodiscard]] Matrix minimise(Matrix b) const;
  /// Solves for each column of `gradient`, in place.
  void solve(Matrix& gradient) const;
  /// Of the scaled rows beside their penalty.
  [[nodiscard]] double condition() const noexcept;
  /// |a D^-1|^2 / alpha: how much rounding grows.
  [[nodiscard]] double rows_to_penalty() const noexcept { return rows_->trace / alpha_; }

 private:
  WideRidge(std::shared_ptr<const RowProducts> rows, double alpha, Cholesky factor);
  void divide_by_unit(Matrix& x) const;

  std::shared_ptr<const RowProducts> rows_;
  double alpha_;
  Cholesky factor_;  ///< of the products, alpha added to their diagonal
};

}  // namespace crowfly
