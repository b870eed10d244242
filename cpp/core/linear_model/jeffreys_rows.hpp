// SPDX-License-Identifier: BSD-3-Clause
// What Jeffreys' prior needs of a block of rows: from predictors and images under a root of the inverse information to slopes, and how these change along a direction of the parameters.
#pragma once

#include "base/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"

namespace crowfly {

/// Arrays of one block of rows, [vector][row], padded to whole vectors; padding has weight zero.
///
/// With root S, S S' the inverse of the information, z_c(k) is the image of a row in vector k's place under column c of S. A class' spread is d_k = sum_c (z_c(k) - mean_c)^2,
/// means over classes by the probabilities; the slope of log det / 2 with respect to predictor k is w p_k (d_k - mean d) / 2. Two classes with one vector: the spread is
/// sum_c z_c^2, the slope w p q (q - p) spread / 2 with p the second class' probability. docs/design/firth.md derives both.
class JeffreysRows {
 public:
  JeffreysRows(Index capacity, Index n_vectors);

  /// Makes this a block of `count` rows, at most the capacity.
  void resize(Index count) noexcept { padded_ = round_up(count, kernels::row_padding); }
  [[nodiscard]] Index padded() const noexcept { return padded_; }

  /// To be filled in before `evaluate`.
  [[nodiscard]] double* eta(Index v) noexcept { return eta_.data() + v * padded_; }
  /// The direction's predictors, to be filled in before `evaluate_change`.
  [[nodiscard]] double* change(Index v) noexcept { return change_.data() + v * padded_; }
  /// Of one column of the root, to be filled in before `add_image` or `add_images`.
  [[nodiscard]] double* image(Index v) noexcept { return image_.data() + v * padded_; }
  /// Of the same column of the root's image under inverse information times change of information, to be filled in before `add_images`.
  [[nodiscard]] double* changed_image(Index v) noexcept { return changed_image_.data() + v * padded_; }

  /// Probabilities, and no spread yet. `weights` may be null for ones.
  void evaluate(const double* weights, Index begin, Index count);
  /// After `evaluate`: how probabilities change.
  void evaluate_change();
  void add_image();
  void add_images();
  /// Turns the spreads, all columns' images having been added, into slopes.
  void finish();
  /// The same for `add_images`: into the slopes' changes.
  void finish_change();

  /// After `finish` or `finish_change`.
  [[nodiscard]] const double* slope(Index v) const noexcept { return slope_.data() + v * padded_; }
  /// After `finish`: the row's leverage times its second derivative with respect to the predictors of vectors u and v; of K classes times K / (2 (K - 1)).
  [[nodiscard]] const double* held_curvature(Index u, Index v) noexcept;
  /// After `evaluate_change`: how the weighted second derivative changes.
  [[nodiscard]] const double* curvature_change(Index u, Index v) noexcept;

 private:
  void centre(AlignedBuffer<double>& images);
  void sum_over_classes(const AlignedBuffer<double>& a, const AlignedBuffer<double>& b);

  Index vectors_, padded_;
  /// Probabilities take the place of predictors, their changes that of the direction's. For one vector `eta_` stays, `change_` too.
  AlignedBuffer<double> eta_, change_, image_, changed_image_;
  AlignedBuffer<double> spread_, spread_change_, slope_;
  AlignedBuffer<double> weight_, entry_;
  AlignedBuffer<double> mean_;             ///< over classes; after `finish` the rows' leverages by their weights
  AlignedBuffer<double> variance_, skew_;  ///< of one vector: p q and q - p
};

}  // namespace crowfly
