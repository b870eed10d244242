// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/products.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Entry (k, i) of a factor at data[k * row_stride + i * col_stride]: a matrix or its transpose.
struct Factor {
  const double* data;
  Index row_stride, col_stride;
  Index rows, cols;
};

Factor as_it_is(const Matrix& a) { return {a.data(), 1, a.rows(), a.rows(), a.cols()}; }
Factor turned(const Matrix& a) { return {a.data(), a.rows(), 1, a.cols(), a.rows()}; }

/// Rows [first, first + count) of a factor as panels [panel][row][panel_width], zero beyond its columns.
class PackedRows {
 public:
  PackedRows(const Factor& factor, Index capacity)
      : factor_(factor),
        width_(kernels::active().panel_width),
        capacity_(capacity),
        n_panels_(ceil_div(factor.cols, width_)),
        data_(AlignedBuffer<double>::zeros(capacity * width_ * n_panels_)) {}

  void load(Index first, Index count) {
    parallel_for_work(n_panels_, static_cast<double>(count * factor_.cols), [&](Index i) {
      double* target = data_.data() + i * capacity_ * width_;
      const Index cols = std::min(width_, factor_.cols - i * width_);
      const double* source = factor_.data + first * factor_.row_stride + i * width_ * factor_.col_stride;
      for (Index k = 0; k < count; ++k) {
        for (Index j = 0; j < cols; ++j) {
          target[k * width_ + j] = source[k * factor_.row_stride + j * factor_.col_stride];
        }
      }
    });
  }

  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] const double* panel(Index i) const noexcept { return data_.data() + i * capacity_ * width_; }

 private:
  Factor factor_;
  Index width_, capacity_, n_panels_;
  AlignedBuffer<double> data_;
};

/// Rows that are multiplied at a time: a panel of them stays in the first-level cache.
constexpr Index rows_at_once = 256;

/// a'b; with `symmetric`, where they are the same, only panels on and above the diagonal, and the others as their mirror.
Matrix multiply(const Factor& a, const Factor& b, bool symmetric) {
  check(a.rows == b.rows);
  const auto& table = kernels::active();
  const Index width = table.panel_width, chunk = std::min(a.rows, rows_at_once);
  PackedRows left(a, chunk), right(b, symmetric ? 0 : chunk);
  const PackedRows& other = symmetric ? left : right;
  const Index stride = width * other.n_panels();
  AlignedBuffer<double> sums = AlignedBuffer<double>::zeros(left.n_panels() * width * stride);
  for (Index first = 0; first < a.rows; first += chunk) {
    checkpoint();
    const Index count = std::min(chunk, a.rows - first);
    left.load(first, count);
    if (!symmetric) right.load(first, count);
    parallel_for_work(left.n_panels(), 2.0 * static_cast<double>(count * a.cols * b.cols), [&](Index i) {
      for (Index j = symmetric ? i : 0; j < other.n_panels(); ++j) {
        const auto add = symmetric && i == j ? table.gram_diagonal : table.gram_panel;
        add(left.panel(i), other.panel(j), count, b.cols - j * width, sums.data() + i * width * stride + j * width,
            stride);
      }
    });
  }
  Matrix result(a.cols, b.cols);
  for (Index j = 0; j < b.cols; ++j) {
    double* column = result.col(j);
    const Index above = symmetric ? j + 1 : a.cols;
    for (Index i = 0; i < above; ++i) column[i] = sums[i * stride + j];
    for (Index i = above; i < a.cols; ++i) column[i] = sums[j * stride + i];
  }
  return result;
}

/// The same without packing, which costs as much as a product with few columns.
Matrix multiply_few(const Factor& a, const Factor& b) {
  check(a.rows == b.rows);
  Matrix result(a.cols, b.cols);
  for (Index j = 0; j < b.cols; ++j) {
    const double* factor = b.data + j * b.col_stride;
    double* column = result.col(j);
    if (a.row_stride == 1) {
      for (Index i = 0; i < a.cols; ++i) {
        const double* own = a.data + i * a.col_stride;
        for (Index k = 0; k < a.rows; ++k) column[i] += factor[k * b.row_stride] * own[k];
      }
    } else {
      for (Index k = 0; k < a.rows; ++k) {
        const double* own = a.data + k * a.row_stride;
        for (Index i = 0; i < a.cols; ++i) column[i] += factor[k * b.row_stride] * own[i];
      }
    }
  }
  return result;
}

Matrix multiply(const Factor& a, const Factor& b) {
  constexpr double few_products = 4096;
  constexpr Index few_columns = 2;
  const double products = static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(b.cols);
  return products <= few_products || b.cols <= few_columns ? multiply_few(a, b) : multiply(a, b, false);
}

}  // namespace

Matrix transposed(const Matrix& a) {
  Matrix result(a.cols(), a.rows());
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) result(j, i) = a(i, j);
  }
  return result;
}

Matrix product(const Matrix& a, const Matrix& b) { return multiply(turned(a), as_it_is(b)); }

Matrix transposed_product(const Matrix& a, const Matrix& b) { return multiply(as_it_is(a), as_it_is(b)); }

Matrix product_with_transpose(const Matrix& a) {
  const Factor factor = turned(a);
  return multiply(factor, factor, true);
}

void subtract_columns(const Matrix& a, const std::vector<Index>& columns, const Vector& factors, Index n_rows,
                      double* target) {
  std::size_t k = 0;
  for (; k + 4 <= columns.size(); k += 4) {
    const double *c0 = a.col(columns[k]), *c1 = a.col(columns[k + 1]), *c2 = a.col(columns[k + 2]),
                 *c3 = a.col(columns[k + 3]);
    const double f0 = factors[k], f1 = factors[k + 1], f2 = factors[k + 2], f3 = factors[k + 3];
    for (Index i = 0; i < n_rows; ++i) target[i] = (((target[i] - c0[i] * f0) - c1[i] * f1) - c2[i] * f2) - c3[i] * f3;
  }
  for (; k < columns.size(); ++k) {
    const double* column = a.col(columns[k]);
    for (Index i = 0; i < n_rows; ++i) target[i] -= column[i] * factors[k];
  }
}

}  // namespace crowfly
