// SPDX-License-Identifier: BSD-3-Clause
// From predictors of a block of rows to their losses, residuals and curvatures: what dense and sparse data have in common.
#pragma once

#include <cstdint>
#include <limits>

#include "base/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"

namespace crowfly {

/// Sums of losses and extreme margins over the rows of positive weight seen so far.
struct LossSummary {
  double loss = 0;
  double curvature = 0;  ///< of two classes: their sum
  double smallest_margin = std::numeric_limits<double>::infinity(), largest_margin = -smallest_margin;

  void merge(const LossSummary& other) noexcept;
};

/// Whether all rows are on their class' side by more than rounding: parameters that do this, made longer, lower the loss to zero.
[[nodiscard]] inline bool separates(double smallest_margin, double largest_margin) {
  constexpr double rounding = 1e-9;
  return smallest_margin > rounding * largest_margin;
}

/// Arrays of one block of rows, [vector][row], padded to whole vectors; padding has weight zero.
class LogisticRows {
 public:
  LogisticRows(Index capacity, Index n_vectors);

  /// Makes this a block of `count` rows, at most the capacity.
  void resize(Index count) noexcept { padded_ = round_up(count, kernels::row_padding); }
  /// To be filled in before `evaluate`, which leaves probabilities here where there are several vectors.
  [[nodiscard]] double* eta(Index v) noexcept { return eta_.data() + v * padded_; }
  [[nodiscard]] double* residual(Index v) noexcept { return residual_.data() + v * padded_; }
  [[nodiscard]] Index padded() const noexcept { return padded_; }

  /// Rows [begin, begin + count) of `classes` and `weights` (null for ones). Any finite number may be in the padding of eta.
  void evaluate(const std::int32_t* classes, const double* weights, Index begin, Index count, LossSummary& sum);

  /// Weight times the second derivative with respect to the predictors of vectors u and v, padded() values.
  [[nodiscard]] const double* curvature(Index u, Index v) noexcept;

 private:
  void evaluate_binary(const std::int32_t* classes, Index count, LossSummary& sum);
  void note_extremes(LossSummary& sum) const;
  void evaluate_multinomial(const std::int32_t* classes, Index count, LossSummary& sum);

  Index vectors_, padded_;
  AlignedBuffer<double> eta_, residual_, curvature_, weight_, sign_, log_sum_;
};

}  // namespace crowfly
