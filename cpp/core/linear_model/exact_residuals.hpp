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
};

/// One read. There may be several vectors of coefficients per target: vector t belongs to target t modulo the number of targets. The columns of the design enter times their scale; it has no shift, which would round, and a column of ones for the constant.
[[nodiscard]] ExactResiduals exact_residuals(const Design& design, const double* weights,
                                             const PairCoefficients& coefficients);

}  // namespace crowfly
