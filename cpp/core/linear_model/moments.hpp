// SPDX-License-Identifier: BSD-3-Clause
// What regressions need of data that have been read: sums and cross products in twice the precision, which can be merged and taken away again.
#pragma once

#include "linalg/pair_gram.hpp"
#include "linear_model/least_squares.hpp"

namespace crowfly {

/// The power of two that brings `max_abs` to [1, 2), at most `largest`; 1 for zero.
[[nodiscard]] double unit_scale(double max_abs, double largest) noexcept;

/// The diagonal of a Gram matrix.
[[nodiscard]] Vector diagonal(const PairGram& gram);

class Moments {
 public:
  Moments(Index n_features, Index n_targets);

  [[nodiscard]] Index n_features() const noexcept { return p_; }
  [[nodiscard]] Index n_targets() const noexcept { return t_; }
  [[nodiscard]] Index n_rows() const noexcept { return n_rows_; }
  [[nodiscard]] double total_weight() const noexcept { return gram_.at(p_, p_).high; }

  /// Each changes the object after all data were read, or not at all. `weights` may be null.
  void update(const MatrixView& features, const MatrixView& targets, const double* weights);
  void downdate(const MatrixView& features, const MatrixView& targets, const double* weights);
  void merge(const Moments& other);

  /// `penalty`: one per target. Throws InvalidArgument without rows.
  [[nodiscard]] LeastSquaresFit solve(const Vector& penalty, bool intercept) const;

  /// All that an object is: cross products of [X, 1, y] times `scale`, and the largest diagonal so far.
  [[nodiscard]] const PairGram& gram() const noexcept { return gram_; }
  [[nodiscard]] const Vector& scale() const noexcept { return scale_; }
  [[nodiscard]] const Vector& peak() const noexcept { return peak_; }
  void restore(PairGram gram, Vector scale, Vector peak, Index n_rows);

 private:
  [[nodiscard]] PairGram read(const MatrixView& features, const MatrixView& targets, const double* weights);
  void rescale(const Vector& scale);
  void add(const PairGram& gram);

  Index p_, t_, n_rows_ = 0;
  PairGram gram_;
  Vector scale_, peak_;
};

}  // namespace crowfly
