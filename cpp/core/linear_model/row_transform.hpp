// SPDX-License-Identifier: BSD-3-Clause
// Rows of a design times a small matrix, block by block on the Gram kernels: what leverage, robust covariances and intervals are made of.
#pragma once

#include "linalg/gram.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// z -> start + z factor, with z the features of a design, shifted and scaled.
class RowTransform {
 public:
  /// `factor` has a row per feature and a column per entry of `start`.
  RowTransform(const Matrix& factor, const Vector& start);

  [[nodiscard]] Index features() const noexcept { return features_; }
  [[nodiscard]] Index cols() const noexcept { return cols_; }

 private:
  friend class TransformedBlock;
  Index features_, cols_, width_, n_panels_;
  AlignedBuffer<double> factor_;     ///< [panel][feature][panel_width]
  AlignedBuffer<double> start_;      ///< [panel][panel_width]
  std::vector<Index> leading_rows_;  ///< per panel, rows of the factor up to the last that is not zero
};

/// A block of transformed rows. The design has features only.
class TransformedBlock {
 public:
  TransformedBlock(const RowTransform& transform, Index block_rows);
  void load(const Design& design, Index begin, Index count);
  [[nodiscard]] const RowBlock& rows() const noexcept { return result_; }
  /// Squared length of row k.
  [[nodiscard]] double squared_length(Index k) const noexcept;

 private:
  void transpose();
  void multiply();

  const RowTransform& transform_;
  RowBlock source_, result_;
  AlignedBuffer<double> transposed_;  ///< [group of panel_width rows][feature][row]
};

/// V'DV of the transformed rows V, with D the diagonal of `row_factors` (null for ones).
[[nodiscard]] Matrix transformed_gram(const Design& design, const RowTransform& transform, const double* row_factors);

/// Squared lengths of the transformed rows, times `row_factors` (null for ones).
[[nodiscard]] Vector transformed_lengths(const Design& design, const RowTransform& transform,
                                         const double* row_factors);

/// S'S for the sums S, one row per group, of transformed rows times `row_factors`. One thread adds them up, so that a group's rows come in their order.
[[nodiscard]] Matrix grouped_gram(const Design& design, const RowTransform& transform, const double* row_factors,
                                  const std::int32_t* groups, Index n_groups);

}  // namespace crowfly
