// SPDX-License-Identifier: BSD-3-Clause
// One factorisation for every strength of a ridge penalty: vectors that diagonalise the Gram matrix G and the penalty F at once.
#pragma once

#include <optional>

#include "linalg/matrix.hpp"

namespace crowfly {

struct RidgeBasis {
  Matrix vectors;        ///< p x r: v_k' G v_l = lambda_k and v_k' F v_l = pi_k where k = l, else 0
  Vector lambda, pi;     ///< pi is 0 or 1
  Matrix projection;     ///< r x t: v_k' X'y
  Matrix left;           ///< n x r: X v_k / sqrt(lambda_k), where the basis is that of the rows themselves; else empty
  double error = 0;      ///< relative error that leverages may carry
  bool of_gram = false;  ///< of products of columns or rows, whose condition is the square

  [[nodiscard]] Index rank() const noexcept { return vectors.cols(); }
  [[nodiscard]] double denominator(Index k, double alpha) const noexcept {
    return lambda[as_size(k)] + alpha * pi[as_size(k)];
  }
  /// The minimisers, p x t.
  [[nodiscard]] Matrix solve(double alpha) const { return apply(projection, alpha); }
  /// (G + alpha F)^-1 of `gradient`, p x t, within the span of the vectors.
  [[nodiscard]] Matrix correct(const Matrix& gradient, double alpha) const;
  /// The inverse of F, within the span of the vectors, of `gradient`.
  [[nodiscard]] Matrix correct_penalty(const Matrix& gradient) const;
  /// Trace of the hat matrix.
  [[nodiscard]] double degrees(double alpha) const;
  /// Rank less that trace, without cancellation.
  [[nodiscard]] double lost_degrees(double alpha) const;

 private:
  [[nodiscard]] Matrix apply(const Matrix& projected, double alpha) const;
};

/// From the centred Gram matrix and cross products. `metric` is F's diagonal; columns where it is zero are not penalised. Empty when the condition, with the smallest penalty
/// added, leaves too few digits.
[[nodiscard]] std::optional<RidgeBasis> basis_of_gram(const Matrix& gram, const Matrix& cross, const Vector& metric,
                                                      double smallest_alpha);

/// What a basis has to be good for.
struct PenaltyUse {
  double smallest_alpha = 0;
  bool refine = true;  ///< coefficients, and not scores alone
};

/// From the rows or their triangle. `constant` is a unit vector to which all columns are orthogonal (or empty); with `keep_left` the left singular vectors are kept.
[[nodiscard]] RidgeBasis basis_of_rows(const Matrix& a, const Matrix& b, const Vector& metric, const Vector& constant,
                                       const PenaltyUse& use, bool keep_left);

}  // namespace crowfly
