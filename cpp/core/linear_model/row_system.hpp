// SPDX-License-Identifier: BSD-3-Clause
// A design with fewer rows than columns as a system of equations between its rows: their products, and products with vectors in twice the precision.
#pragma once

#include <algorithm>

#include "base/aligned_buffer.hpp"
#include "linalg/matrix.hpp"
#include "linalg/pair.hpp"
#include "linalg/row_block.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {

/// Numbers high + low.
struct PairVector {
  AlignedBuffer<double> high, low;

  explicit PairVector(Index size) : high(AlignedBuffer<double>::zeros(size)), low(AlignedBuffer<double>::zeros(size)) {}
  [[nodiscard]] Pair at(Index i) const noexcept {
    Pair value = high[i];
    value.low = low[i];
    return value;
  }
  void set(Index i, Pair value) noexcept {
    high[i] = value.high;
    low[i] = value.low;
  }
};

class RowSystem {
 public:
  virtual ~RowSystem() = default;
  [[nodiscard]] virtual Index rows() const noexcept = 0;
  [[nodiscard]] virtual Index cols() const noexcept = 0;
  /// Entries of vectors of rows and of columns: those past the last are zero.
  [[nodiscard]] virtual Index padded_rows() const noexcept { return rows(); }
  [[nodiscard]] virtual Index padded_cols() const noexcept { return cols(); }
  /// X x and X'v for the columns as they are. The error is below `roundoff` times the sums of the magnitudes of the terms.
  [[nodiscard]] virtual PairVector times(const PairVector& x) const = 0;
  [[nodiscard]] virtual PairVector transposed_times(const PairVector& v) const = 0;
  [[nodiscard]] double roundoff() const noexcept {
    return 0x1p-105 * static_cast<double>(std::max(rows(), cols()) + 16);
  }

  /// rows x rows, in float64. Means of columns may be left out of it, if they were asked to: a reflection of the vector of ones shows whether they are.
  [[nodiscard]] const Matrix& products() const noexcept { return products_; }
  /// Of column j, centred if that was asked for.
  [[nodiscard]] double length(Index j) const noexcept { return length_[as_size(j)]; }
  [[nodiscard]] double max_abs(Index j) const noexcept { return max_abs_[as_size(j)]; }

 protected:
  explicit RowSystem(Index cols) : length_(as_size(cols), 0.0), max_abs_(as_size(cols), 0.0) {}

  Matrix products_;
  Vector length_, max_abs_;
};

/// One packed copy of the data, in the caller's units.
class DenseRows final : public RowSystem {
 public:
  DenseRows(const MatrixView& features, bool centre);

  [[nodiscard]] Index rows() const noexcept override { return block_.rows(); }
  [[nodiscard]] Index cols() const noexcept override { return p_; }
  [[nodiscard]] Index padded_rows() const noexcept override { return block_.padded_rows(); }
  [[nodiscard]] Index padded_cols() const noexcept override { return block_.padded_cols(); }
  [[nodiscard]] PairVector times(const PairVector& x) const override;
  [[nodiscard]] PairVector transposed_times(const PairVector& v) const override;

 private:
  Index p_;
  RowBlock block_;
};

/// The entries, which outlive this, and those of the transpose. Products are of the rows as they are.
class SparseRows final : public RowSystem {
 public:
  SparseRows(const SparseView& features, bool centre);

  [[nodiscard]] Index rows() const noexcept override { return features_.rows; }
  [[nodiscard]] Index cols() const noexcept override { return features_.cols; }
  [[nodiscard]] PairVector times(const PairVector& x) const override;
  [[nodiscard]] PairVector transposed_times(const PairVector& v) const override;

 private:
  void measure_columns(bool centre);
  void multiply_rows();

  SparseView features_;
  SparseMatrix columns_;
};

}  // namespace crowfly
