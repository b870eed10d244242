// SPDX-License-Identifier: BSD-3-Clause
// Residuals of a linear model and their products with the columns in twice the precision: what refinement needs to end at the rounded exact solution.
#pragma once

#include <vector>

#include "linalg/pair.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// Coefficients of a design, target by target.
struct PairCoefficients {
  Index n_features, n_targets;
  std::vector<Pair> coef;      ///< [target][feature]
  std::vector<Pair> constant;  ///< [target]

  PairCoefficients(Index p, Index t) : n_features(p), n_targets(t), coef(as_size(p * t)), constant(as_size(t)) {}
  [[nodiscard]] Pair& operator()(Index j, Index t) noexcept { return coef[as_size(t * n_features + j)]; }
  [[nodiscard]] const Pair& operator()(Index j, Index t) const noexcept { return coef[as_size(t * n_features + j)]; }
};

struct ExactResiduals {
  PairCoefficients gradient;  ///< X' W r and 1' W r, with r = y - X coef - constant
  Vector squares;             ///< r' W r
  /// Of products on grids: what residuals of target t are off by at most, and entries of the gradient beyond what that makes them. Not set for those that are split,
  /// whose error is 2^-100 of the sum of the magnitudes.
  Vector residual_error, gradient_error;
  Vector squares_error;  ///< of squares, where these are not sums of squares

  ExactResiduals(Index p, Index t)
      : gradient(p, t),
        squares(as_size(t), 0.0),
        residual_error(as_size(t), 0.0),
        gradient_error(as_size(t), 0.0),
        squares_error(as_size(t), 0.0) {}
};

/// How products are formed: exactly split each, or cut at a grid common to a sum. The second takes half as long; its error is relative to the largest magnitudes.
enum class PairProducts { split, on_grid };

/// One read. There may be several vectors of coefficients per target: vector t belongs to target t modulo the number of targets. The columns of the design enter times their scale; it
/// has no shift, which would round, and a column of ones for the constant. On grids: no entry is above `largest_entry` in magnitude.
[[nodiscard]] ExactResiduals exact_residuals(const Design& design, const double* weights,
                                             const PairCoefficients& coefficients,
                                             PairProducts products = PairProducts::split);

/// What a standardised design's entries are below.
inline constexpr double largest_entry = 2;

}  // namespace crowfly
