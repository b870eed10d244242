// SPDX-License-Identifier: BSD-3-Clause
// A basis in which the columns of a design are orthonormal: a factor of (X'WX)^-1 with an error of condition * eps.
#pragma once

#include "linear_model/exact_residuals.hpp"
#include "linear_model/row_transform.hpp"

namespace crowfly {

/// Columns: the constant (with an intercept), then z = (x - shift) * scale, scale a power of two. `basis` has a row for each of them, and
/// [1, z] basis is orthonormal under the weights: (Z'WZ)^-1 = basis basis'.
struct Whitening {
  Vector shift, scale;  ///< per feature
  bool intercept = true;
  Matrix basis;          ///< k x k, upper triangular
  double condition = 1;  ///< estimate for the centred features scaled to unit length

  [[nodiscard]] Index n_features() const noexcept { return static_cast<Index>(shift.size()); }
  [[nodiscard]] RowTransform transform() const;
  /// shift * scale: the mean of a column that is scaled only, about.
  [[nodiscard]] double offset(Index j) const noexcept { return shift[as_size(j)] * scale[as_size(j)]; }
  /// Solves the normal equations of the columns x * scale (not shifted), one right-hand side per target, to condition * eps.
  [[nodiscard]] PairCoefficients solve(const PairCoefficients& gradient) const;
};

/// The features of a design, shifted and scaled, without targets.
[[nodiscard]] Design feature_design(const MatrixView& features, const Vector& shift, const Vector& scale);

/// Two to three reads. Cholesky, or Householder QR where the condition asks for it, then once more of the result (CholeskyQR2: Yamamoto, Nakatsukasa, Yanagisawa and
/// Fukaya 2015, "Roundoff error analysis of the CholeskyQR2 algorithm"). Throws InvalidArgument where columns are dependent to rounding.
[[nodiscard]] Whitening whiten(const MatrixView& features, const double* weights, bool intercept);

}  // namespace crowfly
