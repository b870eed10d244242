// SPDX-License-Identifier: BSD-3-Clause
// X'X and X'WX of packed rows, upper panels only, summed block by block in a fixed order.
#pragma once

#include <vector>

#include "linalg/row_block.hpp"

namespace crowfly {

/// Accumulates a'b for blocks a and b of the same rows and columns; b is a itself or a with scaled rows, so the sum is symmetric.
/// The rows of one panel of columns, down to the diagonal, lie one after the other: a tile is contiguous, and tiles above each other are.
class GramSum {
 public:
  explicit GramSum(Index cols) : GramSum(cols, cols) {}
  /// Rows of the sum past `rows` may be left out.
  GramSum(Index cols, Index rows);

  void add(const RowBlock& a, const RowBlock& b);
  void add(const GramSum& other);
  /// Entry (i, j) of the sum, any order of i and j.
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    return i <= j ? sum_[column_[as_size(j)] + i * width_] : sum_[column_[as_size(i)] + j * width_];
  }

 private:
  [[nodiscard]] Index start(Index panel) const noexcept { return panel * (panel + 1) / 2 * width_ * width_; }

  Index cols_, width_, n_panels_, left_panels_;
  std::vector<Index> column_;  ///< where columns start
  AlignedBuffer<double> sum_;
};

/// Total weight of the rows and largest magnitude of each column, as the design shifts and scales it.
class ColumnReach {
 public:
  explicit ColumnReach(Index padded_cols) : max_abs_(AlignedBuffer<double>::zeros(padded_cols)) {}

  /// `weights` has an entry per row of the block, or is null for ones.
  void add(const RowBlock& block, const double* weights);
  /// Rows of that weight in all, with these largest magnitudes.
  void add(const double* max_abs, double weight);
  void add(const ColumnReach& other);

  [[nodiscard]] double total_weight() const noexcept { return total_weight_; }
  [[nodiscard]] double max_abs(Index j) const noexcept { return max_abs_[j]; }

 private:
  double total_weight_ = 0;
  AlignedBuffer<double> max_abs_;
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

/// A Gram matrix whose rows of targets may be left out, and what else is seen on the way.
template <class Gram>
struct GramAndReach {
  Gram gram;
  ColumnReach reach;
};
[[nodiscard]] GramAndReach<GramSum> gram_and_reach(const Design& design, const double* weights);

}  // namespace crowfly
