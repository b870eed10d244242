// SPDX-License-Identifier: BSD-3-Clause
// Cholesky factorisation of p-by-p matrices on our own kernels and threads. (Through LAPACK it was slower inside a fit: OpenBLAS' threads go on spinning for
// milliseconds after each call and take the cores from ours, and their number changed the last bits. docs/design/0002-cholesky.md has the figures.)
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "base/parallel.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

/// A square matrix in panels of `panel_width` columns, [panel][row][column]: what the Gram kernels read. Padded with an identity.
class PanelMatrix {
 public:
  PanelMatrix() = default;
  explicit PanelMatrix(Index n);

  [[nodiscard]] Index width() const noexcept { return width_; }
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] Index padded() const noexcept { return n_panels_ * width_; }
  /// Rows of panel `j` from `row` on.
  [[nodiscard]] double* at(Index j, Index row) noexcept { return data_.data() + (j * padded() + row) * width_; }
  [[nodiscard]] const double* at(Index j, Index row) const noexcept {
    return data_.data() + (j * padded() + row) * width_;
  }
  /// The first of a column's entries, which are `width` apart.
  [[nodiscard]] double* column(Index j) noexcept { return at(j / width_, 0) + j % width_; }
  [[nodiscard]] const double* column(Index j) const noexcept { return at(j / width_, 0) + j % width_; }
  [[nodiscard]] double& operator()(Index i, Index j) noexcept { return at(j / width_, i)[j % width_]; }
  [[nodiscard]] double operator()(Index i, Index j) const noexcept { return at(j / width_, i)[j % width_]; }

 private:
  Index width_ = 1, n_panels_ = 0;
  AlignedBuffer<double> data_;
};

/// A symmetric positive definite matrix, scaled to unit diagonal and factored as R'R.
class Cholesky {
 public:
  /// Takes the lower triangle of `a`. Empty when `a` is not numerically positive definite.
  [[nodiscard]] static std::optional<Cholesky> factor(const Matrix& a);

  /// The same of a = r'r, from an upper triangle without zeros on its diagonal: much closer to r's columns than their Gram matrix is.
  [[nodiscard]] static std::optional<Cholesky> from_triangle(const Matrix& r);

  /// The same of a matrix whose rows `copy_row(i, first, last, out)` writes, entries [first, last) with first >= i; for steps: the condition is not estimated.
  template <class CopyRow>
  [[nodiscard]] static std::optional<Cholesky> of_rows(Index n, CopyRow copy_row);

  /// Solves a x = b in place, column by column.
  void solve(Matrix& b) const;
  /// The upper triangle r with a = r'r, in the scale of `a`.
  [[nodiscard]] Matrix triangle() const;
  /// The inverse of that triangle, s with s s' the inverse of a.
  [[nodiscard]] Matrix inverse_root() const;
  /// Logarithm of a's determinant.
  [[nodiscard]] double log_determinant() const;
  /// Estimate of the scaled matrix' condition in the 1-norm (Hager 1984, Higham 1988: a lower bound that is rarely off by more than a factor of three).
  [[nodiscard]] double condition() const noexcept { return condition_; }
  /// Whether the scaled matrix' condition in the 1-norm is below `limit`: by a bound that costs less than a solution where it suffices, else by the estimate.
  [[nodiscard]] bool has_condition_below(double limit) const;
  /// Trace of the inverse of the scaled matrix: an upper bound on its largest eigenvalue.
  [[nodiscard]] double inverse_trace() const;
  /// The scale: the matrix factored is a(i, j) * scale[i] * scale[j].
  [[nodiscard]] const Vector& scale() const noexcept { return scale_; }

 private:
  [[nodiscard]] bool factor_panels();
  void solve_scaled(AlignedBuffer<double>& x) const;
  [[nodiscard]] double inverse_norm_estimate() const;
  [[nodiscard]] double inverse_norm_bound() const;

  Index n_ = 0;
  PanelMatrix r_;
  Vector scale_;
  double condition_ = 1;
};

template <class CopyRow>
std::optional<Cholesky> Cholesky::of_rows(Index n, CopyRow copy_row) {
  Cholesky result;
  result.n_ = n;
  result.condition_ = std::numeric_limits<double>::infinity();
  result.scale_.assign(as_size(n), 1.0);
  for (Index j = 0; j < n; ++j) {
    double diagonal = 0;
    copy_row(j, j, j + 1, &diagonal);
    if (!(diagonal > 0) || !std::isfinite(diagonal)) return std::nullopt;
    result.scale_[as_size(j)] = 1.0 / std::sqrt(diagonal);
  }
  result.r_ = PanelMatrix(n);
  const Index width = result.r_.width();
  parallel_for_work(result.r_.n_panels(), static_cast<double>(n) * static_cast<double>(n), [&](Index panel) {
    const Index first = panel * width, last = std::min(first + width, n);
    for (Index i = 0; i < last; ++i) {
      const Index begin = std::max(i, first);
      double* row = result.r_.at(panel, i) - first;
      copy_row(i, begin, last, row + begin);
      for (Index j = begin; j < last; ++j) row[j] *= result.scale_[as_size(i)] * result.scale_[as_size(j)];
      if (i >= first) row[i] = 1;
    }
  });
  if (!result.factor_panels()) return std::nullopt;
  return result;
}

}  // namespace crowfly
