// SPDX-License-Identifier: BSD-3-Clause
// Coefficients corrected with residuals of the data in twice the precision until they are the exact solution, rounded once. docs/design/least-squares.md says when it stops.
#pragma once

#include "linalg/grid_gram.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/exact_residuals.hpp"
#include "linear_model/least_squares.hpp"
#include "linear_model/penalised_factors.hpp"

namespace crowfly {

/// A problem in the frame of a design (shifts, and scales that are powers of two), and factors of its normal equations.
struct FactoredProblem {
  const LeastSquaresProblem& problem;
  const Design& design;                          ///< features and targets, no ones
  const std::vector<ConstantColumn>& constants;  ///< features whose coefficients stay zero
  const Vector& mean;                            ///< of its columns, about its shifts
  double total_weight;
  const PenaltyGroups& groups;
  const PenalisedFactors& factors;
  const Vector& column_length;  ///< of the centred features
  LeastSquaresMethod method;
  double condition;
  double gram_unit;                          ///< to which the Gram matrix was known, where that was factored
  const GridGram* cross_products = nullptr;  ///< of the design, where there are such
};

struct RefinedSolution {
  PairCoefficients coefficients;  ///< in the design's scales
  Vector squares;                 ///< weighted sum of squared residuals per target
  double correction = 0;          ///< as in LeastSquaresFit
  int n_reads = 0;
  bool contracted = false;  ///< else corrections ceased to shrink before they were beneath rounding
};

/// `gamma` (features x targets) and `constant` are the start, about the exact means.
[[nodiscard]] RefinedSolution refine_solution(const FactoredProblem& factored, const Matrix& gamma,
                                              const Vector& constant);

}  // namespace crowfly
