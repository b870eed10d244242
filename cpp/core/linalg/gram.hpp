// SPDX-License-Identifier: BSD-3-Clause
// X'X and X'WX of packed rows, upper panels only, summed block by block in a fixed order.
#pragma once

#include "linalg/row_block.hpp"

namespace crowfly {

/// Accumulates a'b for blocks a and b of the same rows and columns; b is a itself or a with scaled rows, so the sum is symmetric.
class GramSum {
 public:
  explicit GramSum(Index cols);

  void add(const RowBlock& a, const RowBlock& b);
  void add(const GramSum& other);
  /// Entry (i, j) of the sum, any order of i and j.
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    return i <= j ? sum_[i * stride_ + j] : sum_[j * stride_ + i];
  }

 private:
  Index width_, stride_;
  AlignedBuffer<double> sum_;
};

/// Column sums and largest magnitudes of a design in one read.
struct ColumnStatistics {
  double total_weight = 0;
  Vector sum;      ///< weighted, per column of the design
  Vector max_abs;  ///< per column
};

/// `weights` may be null (all ones).
[[nodiscard]] ColumnStatistics column_statistics(const Design& design, const double* weights);

/// Weighted Gram matrix of all columns of the design, in one read.
[[nodiscard]] GramSum weighted_gram(const Design& design, const double* weights);

}  // namespace crowfly
