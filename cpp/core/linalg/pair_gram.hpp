// SPDX-License-Identifier: BSD-3-Clause
// X'WX in twice the precision: what the normal equations need to be as good as the data.
#pragma once

#include "linalg/pair.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// Symmetric, upper panels stored, entries as sums high + low. An entry's error is about 2^-104 times the sum of its terms' magnitudes.
class PairGram {
 public:
  explicit PairGram(Index cols);

  /// Adds rows [first, first + count) of a packed block; `weights` has one entry per row of the block, or is null for ones.
  void add_rows(const RowBlock& block, Index first, Index count, const double* weights);
  void add(const PairGram& other);
  void subtract(const PairGram& other);
  void clear() noexcept;
  void assign(const PairGram& other);

  [[nodiscard]] Index cols() const noexcept { return cols_; }
  /// Any order of i and j.
  [[nodiscard]] Pair at(Index i, Index j) const noexcept;
  void set(Index i, Index j, Pair value) noexcept;
  /// Entry (i, j) times factor[i] factor[j], powers of two.
  void scale(const Vector& factor) noexcept;

 private:
  [[nodiscard]] Index position(Index i, Index j) const noexcept { return i <= j ? i * stride_ + j : j * stride_ + i; }
  void add_column(const RowBlock& block, Index first, Index count, const double* weights, Index i);

  Index cols_, width_, stride_;
  AlignedBuffer<double> high_, low_;
};

/// Of all columns of a design, in one read.
[[nodiscard]] PairGram pair_gram(const Design& design, const double* weights);

}  // namespace crowfly
