// SPDX-License-Identifier: BSD-3-Clause
// Jeffreys' prior, log det(I) / 2 with I the information matrix: gradient, curvature, and how these change along a direction, each in one read of the data.
#pragma once

#include <algorithm>

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// A square matrix of the parameters' size, whose columns multiply rows of the data: padded once for all blocks.
class RootColumns {
 public:
  /// `triangular`: the root's entries below its diagonal are zero.
  RootColumns(const LogisticData& data, const Matrix& root, bool triangular);

  [[nodiscard]] Index count() const noexcept { return count_; }
  /// target(v) receives the rows' products with the part of column c that belongs to vector v.
  template <class Target>
  void multiply(const RowBlock& block, Index c, Target target) const {
    for (Index v = 0; v < vectors_; ++v) {
      if (triangular_ && v * cols_ > c) {
        std::fill_n(target(v), block.padded_rows(), 0.0);
      } else {
        block.times_vector(columns_.data() + (c * vectors_ + v) * padded_, target(v));
      }
    }
  }

 private:
  Index cols_, vectors_, padded_, count_;
  bool triangular_;
  AlignedBuffer<double> columns_;
};

struct JeffreysTerms {
  Vector gradient;  ///< of log det / 2
  /// Sum over rows of leverage, times K / (2 (K - 1)), times second derivative, lower triangle: what the gradient changes by while leverages are held.
  Matrix curvature;
};

/// S S' the inverse of the information matrix for root S; of several classes its inverse but for directions that are the same for all classes, any inverse there.
[[nodiscard]] JeffreysTerms jeffreys_terms(const LogisticData& data, const Vector& parameters, const RootColumns& root);

/// How the information matrix changes along a direction, lower triangle.
[[nodiscard]] Matrix information_change(const LogisticData& data, const Vector& parameters, const Vector& direction);

/// How the gradient of log det / 2 changes along a direction; `changed_root` is the inverse of the information matrix times its change times the root.
[[nodiscard]] Vector jeffreys_gradient_change(const LogisticData& data, const Vector& parameters,
                                              const Vector& direction, const RootColumns& root,
                                              const RootColumns& changed_root);

}  // namespace crowfly
