// SPDX-License-Identifier: BSD-3-Clause
// A design with fewer rows than columns as a system of equations between its rows: their products, and products with vectors in twice the precision.
#pragma once

#include "base/aligned_buffer.hpp"
#include "linalg/matrix.hpp"
#include "linalg/pair.hpp"
#include "linalg/row_block.hpp"

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
  /// In the caller's units. `centre`: the means of columns are left out of the products of rows, and of nothing else.
  RowSystem(const MatrixView& features, bool centre);

  [[nodiscard]] Index rows() const noexcept { return block_.rows(); }
  [[nodiscard]] Index cols() const noexcept { return p_; }
  /// Entries of vectors of rows and of columns: those past the last are zero.
  [[nodiscard]] Index padded_rows() const noexcept { return block_.padded_rows(); }
  [[nodiscard]] Index padded_cols() const noexcept { return block_.padded_cols(); }
  /// rows x rows, in float64.
  [[nodiscard]] const Matrix& products() const noexcept { return products_; }
  /// Of column j, centred.
  [[nodiscard]] double length(Index j) const noexcept { return length_[as_size(j)]; }
  [[nodiscard]] double max_abs(Index j) const noexcept { return max_abs_[as_size(j)]; }

  /// X x and X'v for the columns as they are. The error is below 2^-100 of the sums of the magnitudes of the terms.
  [[nodiscard]] PairVector times(const PairVector& x) const;
  [[nodiscard]] PairVector transposed_times(const PairVector& v) const;

 private:
  Index p_;
  RowBlock block_;
  Matrix products_;
  Vector length_, max_abs_;
};

}  // namespace crowfly
