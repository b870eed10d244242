// SPDX-License-Identifier: BSD-3-Clause
// Columns of a sparse matrix and, if wanted, one of ones, by rows and by columns.
#pragma once

#include <vector>

#include "base/parallel.hpp"
#include "linalg/matrix.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {

class SparseDesign {
 public:
  /// These of `columns`, the rows of which are the columns of X, each multiplied by its scale.
  SparseDesign(const SparseView& columns, const std::vector<Index>& features, const Vector& scale, bool ones);

  [[nodiscard]] Index rows() const noexcept { return by_row_.view().rows; }
  [[nodiscard]] Index n_features() const noexcept { return by_row_.view().cols; }
  [[nodiscard]] Index cols() const noexcept { return n_features() + (ones_ ? 1 : 0); }
  [[nodiscard]] Index n_entries() const noexcept { return by_row_.view().n_entries(); }
  /// The most entries of a row.
  [[nodiscard]] Index longest_row() const noexcept { return longest_row_; }

  /// target[k] = row begin + k times coef, of cols() entries.
  void predict(Index begin, Index count, const double* coef, double* target) const noexcept;
  /// Column j < n_features().
  [[nodiscard]] SparseRow column(Index j) const noexcept { return by_column_.view().row(j); }
  /// The largest sum of magnitudes of the terms of a row times coef.
  [[nodiscard]] double largest_size(const double* coef) const;
  /// target = X' values, cols() entries; each a sum in the order of the rows.
  void transposed_times(const double* values, double* target) const;
  /// target[j] = sum of weight x_ij^2.
  void weighted_squares(const double* weight, double* target) const;
  /// The block of `target` at (row, col) becomes X' diag(weight) X, both triangles of it where `both`, else the lower one.
  void weighted_gram(const double* weight, Matrix& target, Index row, Index col, bool both) const;

 private:
  template <class PerColumn>
  void for_each_column(double operations, PerColumn per_column) const;
  /// weighted_gram's lower triangle in these columns, which hold zeros.
  void gram_by_columns(const double* weight, Matrix& target, Index row, Index col, Range columns) const;
  void gram_by_rows(const double* weight, Matrix& target, Index row, Index col, Range columns) const;

  SparseMatrix by_column_, by_row_;
  bool ones_;
  Index longest_row_ = 0;
};

/// Sum of values in blocks of 256.
[[nodiscard]] double blocked_sum(const double* values, Index n) noexcept;

}  // namespace crowfly
