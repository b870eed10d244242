// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/wide_ridge.hpp"

#include <cmath>
#include <utility>

#include "linalg/products.hpp"

namespace crowfly {

RowProducts::RowProducts(const Matrix& a, const Vector& unit_of_columns)
    : rows(a.rows(), a.cols()), unit(unit_of_columns) {
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) rows(i, j) = a(i, j) / unit[as_size(j)];
  }
  products = product_with_transpose(rows);
  for (Index i = 0; i < a.rows(); ++i) trace += products(i, i);
}

std::optional<WideRidge> WideRidge::factor(std::shared_ptr<const RowProducts> rows, double alpha) {
  // A step of refinement then contracts by 1e-6.
  constexpr double largest_growth = 1e9;
  if (!(rows->trace <= largest_growth * alpha)) return std::nullopt;
  Matrix penalised = rows->products.copy();
  for (Index i = 0; i < penalised.rows(); ++i) penalised(i, i) += alpha;
  auto factor = Cholesky::factor(penalised);
  if (!factor) return std::nullopt;
  return WideRidge(std::move(rows), alpha, std::move(*factor));
}

WideRidge::WideRidge(std::shared_ptr<const RowProducts> rows, double alpha, Cholesky factor)
    : rows_(std::move(rows)), alpha_(alpha), factor_(std::move(factor)) {}

double WideRidge::condition() const noexcept { return std::sqrt(factor_.condition()); }

void WideRidge::divide_by_unit(Matrix& x) const {
  for (Index t = 0; t < x.cols(); ++t) {
    for (Index j = 0; j < x.rows(); ++j) x(j, t) /= rows_->unit[as_size(j)];
  }
}

Matrix WideRidge::minimise(Matrix b) const {
  factor_.solve(b);
  Matrix x = transposed_product(rows_->rows, b);
  divide_by_unit(x);
  return x;
}

/// (a'a + alpha)^-1 = (1 - a' (a a' + alpha)^-1 a) / alpha (Woodbury).
void WideRidge::solve(Matrix& gradient) const {
  divide_by_unit(gradient);
  Matrix inside = product(rows_->rows, gradient);
  factor_.solve(inside);
  const Matrix along = transposed_product(rows_->rows, inside);
  for (Index t = 0; t < gradient.cols(); ++t) {
    for (Index j = 0; j < gradient.rows(); ++j) gradient(j, t) = (gradient(j, t) - along(j, t)) / alpha_;
  }
  divide_by_unit(gradient);
}

}  // namespace crowfly
