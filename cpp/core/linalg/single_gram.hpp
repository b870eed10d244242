// SPDX-License-Identifier: BSD-3-Clause
// X'WX with products of float32 numbers, added up in float64: half the time of float64's, for solutions that are refined.
#pragma once

#include "linalg/coarse_gram.hpp"
#include "linalg/gram.hpp"

namespace crowfly {

/// Entries are known to about 2^-22 of the lengths of both columns, for numbers and factors whose products are in float32's range.
class SingleGram {
 public:
  explicit SingleGram(Index cols);

  /// Adds the products of a block's rows, row k times factor[k], padded like the block; `finish` is to be called after the last.
  void add(const RowBlock& block, const double* factor);
  void finish();
  void add(const SingleGram& other);

  /// Entry (i, j) of the sum, any order of i and j.
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    return sum_[i <= j ? layout_.position(i, j) : layout_.position(j, i)];
  }

  static constexpr double unit = 0x1p-24;

 private:
  void multiply();

  TileSquare layout_;
  CoarseRows rows_;
  CoarseGramSum recent_;  ///< of a few multiplications, in float32
  Index n_recent_ = 0;
  AlignedBuffer<double> sum_;  ///< in the order of `recent_`
};

/// Of all columns of a design whose entries are of order one, in one read.
[[nodiscard]] GramAndReach<SingleGram> single_gram(const Design& design, const double* weights);

/// Whether the weights' roots times entries of order one are in float32's range.
[[nodiscard]] bool fit_single_gram(const double* weights, Index n) noexcept;

}  // namespace crowfly
