// SPDX-License-Identifier: BSD-3-Clause
// A small dense matrix of doubles in column-major order, as LAPACK wants it. For p-by-p work; never for data.
#pragma once

#include <algorithm>
#include <vector>

#include "base/aligned_buffer.hpp"

namespace crowfly {

class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), data_(AlignedBuffer<double>::zeros(rows * cols)) {}

  [[nodiscard]] Index rows() const noexcept { return rows_; }
  [[nodiscard]] Index cols() const noexcept { return cols_; }
  [[nodiscard]] double* data() noexcept { return data_.data(); }
  [[nodiscard]] const double* data() const noexcept { return data_.data(); }
  [[nodiscard]] double* col(Index j) noexcept { return data_.data() + j * rows_; }
  [[nodiscard]] const double* col(Index j) const noexcept { return data_.data() + j * rows_; }
  [[nodiscard]] double& operator()(Index i, Index j) noexcept { return data_[i + j * rows_]; }
  [[nodiscard]] double operator()(Index i, Index j) const noexcept { return data_[i + j * rows_]; }

  /// Rows [r0, r0 + n) and columns [c0, c0 + m) as a matrix of its own.
  [[nodiscard]] Matrix block(Index r0, Index n, Index c0, Index m) const {
    Matrix part(n, m);
    for (Index j = 0; j < m; ++j) std::copy_n(col(c0 + j) + r0, n, part.col(j));
    return part;
  }
  [[nodiscard]] Matrix copy() const { return block(0, rows_, 0, cols_); }

 private:
  Index rows_ = 0;
  Index cols_ = 0;
  AlignedBuffer<double> data_;
};

using Vector = std::vector<double>;

}  // namespace crowfly
