// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/tall_qr.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"

namespace crowfly {
namespace {

/// Appends the rows of a block, times the roots of their weights, to `target` from row `first` on.
void append_rows(const RowBlock& block, const double* weights, Index cols, Matrix& target, Index first) {
  for (Index j = 0; j < cols; ++j) {
    double* column = target.col(j) + first;
    for (Index k = 0; k < block.rows(); ++k) {
      column[k] = weights == nullptr ? block.at(k, j) : std::sqrt(weights[k]) * block.at(k, j);
    }
  }
}

}  // namespace

Matrix reduced_rows(const Design& design, const double* weights) {
  const Index n = design.rows(), m = design.cols();
  const Index chunk = std::max<Index>(256, 4 * m);
  RowBlock block(std::min<Index>(chunk, 256), m);
  Matrix reduced;
  for (Index begin = 0; begin < n; begin += chunk) {
    checkpoint();
    const Index count = std::min(chunk, n - begin), kept = reduced.rows();
    Matrix stacked(kept + count, m);
    for (Index j = 0; j < m; ++j) std::copy_n(reduced.col(j), kept, stacked.col(j));
    for (Index k = 0; k < count; k += 256) {
      block.load(design, begin + k, std::min<Index>(256, count - k));
      append_rows(block, weights == nullptr ? nullptr : weights + begin + k, m, stacked, kept + k);
    }
    reduced = n > chunk && stacked.rows() > m ? qr_triangle(std::move(stacked)) : std::move(stacked);
  }
  return reduced;
}

LeastSquaresSolution ridge_of_few_rows(const Matrix& a, const Matrix& b, double alpha, const Vector& unit) {
  const Index n = a.rows(), p = a.cols();
  Matrix transposed(p, n);
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < n; ++i) transposed(j, i) = a(i, j) / unit[static_cast<std::size_t>(j)];
  }
  const QrFactors qr = qr_factors(std::move(transposed));
  // With a' = Q R and x = Q z: |a x - b|^2 + alpha |x|^2 = |R' z - b|^2 + alpha |z|^2.
  Matrix stacked(2 * n, n), rhs(2 * n, b.cols());
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) stacked(i, j) = qr.r(j, i);
    stacked(n + j, j) = std::sqrt(alpha);
  }
  for (Index t = 0; t < b.cols(); ++t) std::copy_n(b.col(t), n, rhs.col(t));
  LeastSquaresSolution small =
      solve_pivoted(std::move(stacked), std::move(rhs), Vector(static_cast<std::size_t>(n), 1.0));
  LeastSquaresSolution result;
  result.coef = qr.times(small.coef);
  for (Index t = 0; t < b.cols(); ++t) {
    for (Index j = 0; j < p; ++j) result.coef(j, t) /= unit[static_cast<std::size_t>(j)];
  }
  result.rank = p;
  result.condition = small.condition;
  return result;
}

}  // namespace crowfly
