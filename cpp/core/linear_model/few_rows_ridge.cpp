// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/few_rows_ridge.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace crowfly {

namespace {

/// Of D^-1 a'.
QrFactors row_space(const Matrix& a, const Vector& unit) {
  Matrix transposed(a.cols(), a.rows());
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) transposed(j, i) = a(i, j) / unit[as_size(j)];
  }
  return qr_factors(std::move(transposed));
}

/// With D^-1 a' = Q R and D x = Q z: |a x|^2 + alpha |D x|^2 = |R' z|^2 + alpha |z|^2.
Matrix triangle_within(const QrFactors& basis, double alpha) {
  const auto n = static_cast<Index>(basis.tau.size());
  Matrix stacked(2 * n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) stacked(i, j) = basis.r(j, i);
    stacked(n + j, j) = std::sqrt(alpha);
  }
  return qr_triangle(std::move(stacked));
}

}  // namespace

std::optional<FewRowsRidge> FewRowsRidge::factor(const Matrix& a, double alpha, const Vector& unit) {
  FewRowsRidge result;
  result.basis_ = row_space(a, unit);
  const Matrix triangle = triangle_within(result.basis_, alpha);
  auto within = Cholesky::from_triangle(triangle);
  if (!within) return std::nullopt;
  result.within_ = std::move(*within);
  result.alpha_ = alpha;
  double squares = 0;
  for (Index j = 0; j < a.rows(); ++j) {
    for (Index i = 0; i <= j; ++i) squares += result.basis_.r(i, j) * result.basis_.r(i, j);
  }
  result.rows_to_penalty_ = squares / alpha;
  result.unit_ = unit;
  result.condition_ = triangle_condition(triangle.copy());
  return result;
}

void FewRowsRidge::solve(Matrix& b, bool within_rows) const {
  const Index p = b.rows(), n = static_cast<Index>(basis_.tau.size());
  const auto divide_by_unit = [&](Matrix& x) {
    for (Index t = 0; t < x.cols(); ++t) {
      for (Index j = 0; j < p; ++j) x(j, t) /= unit_[as_size(j)];
    }
  };
  divide_by_unit(b);
  const Matrix projected = basis_.transposed_times(b);
  Matrix inside = projected.block(0, n, 0, b.cols());
  within_.solve(inside);
  // In the basis completed to a square one: the matrix beyond the first n vectors is alpha.
  Matrix whole(p, b.cols());
  for (Index t = 0; t < b.cols(); ++t) {
    std::copy_n(inside.col(t), n, whole.col(t));
    for (Index j = n; j < p && !within_rows; ++j) whole(j, t) = projected(j, t) / alpha_;
  }
  b = basis_.times(whole);
  divide_by_unit(b);
}

}  // namespace crowfly
