// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// target (width x width) -= sum over rows [first, last) of left' right, for rows of two panels.
void subtract_product(const double* left, const double* right, Index n_rows, Index width, double* scratch,
                      double* target) {
  const auto& table = kernels::active();
  std::fill_n(scratch, width * width, 0.0);
  for (Index i = 0; i < width; i += table.gram_rows)
    table.gram_tile(left + i, right, n_rows, scratch + i * width, width);
  for (Index i = 0; i < width * width; ++i) target[i] -= scratch[i];
}

/// In-place factor of one diagonal block; false where a pivot is lost to rounding.
bool factor_block(double* block, Index width) {
  for (Index i = 0; i < width; ++i) {
    for (Index t = 0; t < i; ++t) {
      const double factor = block[t * width + i];
      for (Index c = i; c < width; ++c) block[i * width + c] -= factor * block[t * width + c];
    }
    const double pivot = block[i * width + i];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    const double root = std::sqrt(pivot);
    for (Index c = i; c < width; ++c) block[i * width + c] /= root;
    for (Index c = 0; c < i; ++c) block[i * width + c] = 0;
  }
  return true;
}

/// Largest column sum of absolute values of the symmetric matrix whose upper triangle is in `a`.
double one_norm(const PanelMatrix& a, Index n) {
  Vector sums(as_size(n), 0.0);
  for (Index j = 0; j < n; ++j) {
    const double* column = a.column(j);
    for (Index i = 0; i <= j; ++i) {
      const double value = std::fabs(column[i * a.width()]);
      sums[as_size(j)] += value;
      if (i != j) sums[as_size(i)] += value;
    }
  }
  return n == 0 ? 0.0 : *std::max_element(sums.begin(), sums.end());
}

}  // namespace

PanelMatrix::PanelMatrix(Index n)
    : width_(kernels::active().panel_width),
      n_panels_(ceil_div(n, width_)),
      data_(AlignedBuffer<double>::zeros(n_panels_ * width_ * n_panels_ * width_)) {
  for (Index i = n; i < padded(); ++i) (*this)(i, i) = 1;
}

std::optional<Cholesky> Cholesky::factor(const Matrix& a) {
  Cholesky result;
  result.n_ = a.rows();
  result.scale_.assign(as_size(result.n_), 1.0);
  for (Index j = 0; j < result.n_; ++j) {
    if (!(a(j, j) > 0) || !std::isfinite(a(j, j))) return std::nullopt;
    result.scale_[as_size(j)] = 1.0 / std::sqrt(a(j, j));
  }
  result.r_ = PanelMatrix(result.n_);
  for (Index j = 0; j < result.n_; ++j) {
    double* column = result.r_.column(j);
    for (Index i = 0; i < j; ++i) {
      column[i * result.r_.width()] = a(j, i) * result.scale_[as_size(i)] * result.scale_[as_size(j)];
    }
    column[j * result.r_.width()] = 1;
  }
  const double norm = one_norm(result.r_, result.n_);
  if (!std::isfinite(norm) || !result.factor_panels()) return std::nullopt;
  result.condition_ = norm * result.inverse_norm_estimate();
  if (!std::isfinite(result.condition_)) return std::nullopt;
  return result;
}

std::optional<Cholesky> Cholesky::from_triangle(const Matrix& r) {
  Cholesky result;
  result.n_ = r.cols();
  result.scale_.assign(as_size(result.n_), 1.0);
  result.r_ = PanelMatrix(result.n_);
  for (Index j = 0; j < result.n_; ++j) {
    double square = 0;
    for (Index i = 0; i <= j; ++i) square += r(i, j) * r(i, j);
    if (!(square > 0) || !std::isfinite(square) || r(j, j) == 0) return std::nullopt;
    result.scale_[as_size(j)] = 1.0 / std::sqrt(square);
    for (Index i = 0; i <= j; ++i) result.r_(i, j) = r(i, j) * result.scale_[as_size(j)];
  }
  // Of r'r in the 1-norm: that of a matrix of unit columns is at most their number.
  result.condition_ = static_cast<double>(result.n_) * result.inverse_norm_estimate();
  if (!std::isfinite(result.condition_)) return std::nullopt;
  return result;
}

/// Block row after block row; all that lies to its right depends on rows above only and is shared out.
bool Cholesky::factor_panels() {
  const Index width = r_.width(), n_panels = r_.n_panels();
  for (Index i = 0; i < n_panels; ++i) {
    checkpoint();
    const Index row = i * width;
    AlignedBuffer<double> scratch(width * width);
    subtract_product(r_.at(i, 0), r_.at(i, 0), row, width, scratch.data(), r_.at(i, row));
    if (!factor_block(r_.at(i, row), width)) return false;
    const Index right = n_panels - i - 1;
    const double operations = static_cast<double>(right * width) * static_cast<double>((row + width) * width);
    parallel_for_work(right, operations, [&](Index task) {
      const Index j = i + 1 + task;
      AlignedBuffer<double> own(width * width);
      subtract_product(r_.at(i, 0), r_.at(j, 0), row, width, own.data(), r_.at(j, row));
      kernels::active().solve_block(r_.at(i, row), r_.at(j, row));
    });
  }
  return true;
}

/// x := (R'R)^-1 x, x padded.
void Cholesky::solve_scaled(AlignedBuffer<double>& x) const {
  const auto& table = kernels::active();
  const Index width = r_.width(), n_panels = r_.n_panels();
  AlignedBuffer<double> sum(round_up(width, kernels::row_padding));
  for (Index i = 0; i < n_panels; ++i) {
    const double* block = r_.at(i, i * width);
    sum.fill_zero();
    table.panel_transposed_times_vector(r_.at(i, 0), x.data(), i * width, sum.data());
    for (Index c = 0; c < width; ++c) {
      double value = x[i * width + c] - sum[c];
      for (Index t = 0; t < c; ++t) value -= block[t * width + c] * x[i * width + t];
      x[i * width + c] = value / block[c * width + c];
    }
  }
  for (Index i = n_panels - 1; i >= 0; --i) {
    const double* block = r_.at(i, i * width);
    sum.fill_zero();
    for (Index j = i + 1; j < n_panels; ++j) {
      table.panel_times_vector(r_.at(j, i * width), x.data() + j * width, width, sum.data());
    }
    for (Index c = width - 1; c >= 0; --c) {
      double value = x[i * width + c] - sum[c];
      for (Index t = c + 1; t < width; ++t) value -= block[c * width + t] * x[i * width + t];
      x[i * width + c] = value / block[c * width + c];
    }
  }
}

void Cholesky::solve(Matrix& b) const {
  auto x = AlignedBuffer<double>::zeros(r_.padded());
  for (Index t = 0; t < b.cols(); ++t) {
    for (Index i = 0; i < n_; ++i) x[i] = b(i, t) * scale_[as_size(i)];
    std::fill_n(x.data() + n_, r_.padded() - n_, 0.0);
    solve_scaled(x);
    for (Index i = 0; i < n_; ++i) b(i, t) = x[i] * scale_[as_size(i)];
  }
}

Matrix Cholesky::triangle() const {
  Matrix r(n_, n_);
  for (Index j = 0; j < n_; ++j) {
    for (Index i = 0; i <= j; ++i) r(i, j) = r_(i, j) / scale_[as_size(j)];
  }
  return r;
}

Matrix Cholesky::inverse_root() const {
  const Matrix r = triangle();
  Matrix inverse(n_, n_);
  const auto size = static_cast<double>(n_);
  parallel_for_work(n_, size * size * size / 3, [&](Index task) {
    const Index j = n_ - 1 - task;  // the longest first
    double* column = inverse.col(j);
    column[j] = 1;
    for (Index k = j; k >= 0; --k) {
      column[k] /= r(k, k);
      for (Index i = 0; i < k; ++i) column[i] -= r(i, k) * column[k];
    }
  });
  return inverse;
}

double Cholesky::log_determinant() const {
  double sum = 0;
  for (Index j = 0; j < n_; ++j) sum += std::log(r_(j, j) / scale_[as_size(j)]);
  return 2 * sum;
}

/// Hager's method for the 1-norm of the inverse, with Higham's alternating vector against unlucky starts.
double Cholesky::inverse_norm_estimate() const {
  if (n_ == 0) return 0;
  auto x = AlignedBuffer<double>::zeros(r_.padded());
  const auto sum_of_magnitudes = [&] {
    double sum = 0;
    for (Index i = 0; i < n_; ++i) sum += std::fabs(x[i]);
    return sum;
  };
  std::fill_n(x.data(), n_, 1.0 / static_cast<double>(n_));
  double estimate = 0;
  constexpr int max_steps = 5;
  for (int step = 0; step < max_steps; ++step) {
    solve_scaled(x);
    const double found = sum_of_magnitudes();
    if (!(found > estimate)) break;
    estimate = found;
    for (Index i = 0; i < n_; ++i) x[i] = x[i] >= 0 ? 1.0 : -1.0;
    solve_scaled(x);
    Index largest = 0;
    for (Index i = 1; i < n_; ++i) {
      if (std::fabs(x[i]) > std::fabs(x[largest])) largest = i;
    }
    x.fill_zero();
    x[largest] = 1;
  }
  x.fill_zero();
  for (Index i = 0; i < n_; ++i) {
    const double size = 1 + static_cast<double>(i) / static_cast<double>(std::max<Index>(1, n_ - 1));
    x[i] = i % 2 == 0 ? size : -size;
  }
  solve_scaled(x);
  return std::max(estimate, 2 * sum_of_magnitudes() / (3 * static_cast<double>(n_)));
}

/// |R^-1| is at most the inverse of R with its diagonal as it is and all else made negative (Higham 2002, section 8.2): largest row sum times largest column sum.
double Cholesky::inverse_norm_bound() const {
  Vector rows(as_size(n_), 1.0), columns(as_size(n_), 1.0);
  const Index width = r_.width();
  for (Index j = 0; j < n_; ++j) {
    const double* column = r_.column(j);
    double sum = 1;
    for (Index i = 0; i < j; ++i) sum += std::fabs(column[i * width]) * columns[as_size(i)];
    columns[as_size(j)] = sum / column[j * width];
  }
  for (Index j = n_ - 1; j >= 0; --j) {
    const double* column = r_.column(j);
    rows[as_size(j)] /= column[j * width];
    for (Index i = 0; i < j; ++i) rows[as_size(i)] += std::fabs(column[i * width]) * rows[as_size(j)];
  }
  const auto largest = [](const Vector& values) { return *std::max_element(values.begin(), values.end()); };
  return n_ == 0 ? 0 : largest(rows) * largest(columns);
}

bool Cholesky::has_condition_below(double limit) const {
  // Entries of the scaled matrix are at most one.
  const auto norm = static_cast<double>(n_);
  return norm * inverse_norm_bound() < limit || norm * inverse_norm_estimate() < limit;
}

/// |R^-T|_F^2, column panel by column panel of the inverse.
double Cholesky::inverse_trace() const {
  const Index width = r_.width(), n_panels = r_.n_panels();
  Vector parts(as_size(n_panels), 0.0);
  const double operations = std::pow(static_cast<double>(r_.padded()), 3) / 6;
  parallel_for_work(n_panels, operations, [&](Index j) {
    checkpoint();
    AlignedBuffer<double> scratch(width * width),
        inverse = AlignedBuffer<double>::zeros((n_panels - j) * width * width);
    for (Index c = 0; c < width; ++c) inverse[c * width + c] = 1;
    for (Index i = j; i < n_panels; ++i) {
      double* block = inverse.data() + (i - j) * width * width;
      subtract_product(r_.at(i, j * width), inverse.data(), (i - j) * width, width, scratch.data(), block);
      kernels::active().solve_block(r_.at(i, i * width), block);
    }
    // The padding's identity is its own inverse.
    const Index filled = std::min(width, n_ - j * width);
    for (Index k = 0; k < (n_panels - j) * width; ++k) {
      for (Index c = 0; c < filled; ++c) parts[as_size(j)] += inverse[k * width + c] * inverse[k * width + c];
    }
  });
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

}  // namespace crowfly
