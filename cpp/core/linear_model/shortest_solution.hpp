// SPDX-License-Identifier: BSD-3-Clause
// The shortest coefficients that fit fewer rows than columns exactly, from the products of the rows, refined in twice the precision. docs/design/least-squares.md.
#pragma once

#include <optional>

#include "linear_model/least_squares.hpp"
#include "linear_model/row_system.hpp"

namespace crowfly {

/// Of a problem without weights and penalties, dependent columns left open, and `reduced` where products of rows are too inexact for it. Empty where rows may depend on each other by the rule for the rank of the pivoted QR
/// factorisation, or are so near to that that refinement doesn't end at rounding; where there are as many of them, less one for the constant, as columns; or where
/// numbers are not finite.
[[nodiscard]] std::optional<LeastSquaresFit> shortest_solution(const LeastSquaresProblem& problem);

/// The same of a sparse matrix, in memory of its entries and the products of its rows.
[[nodiscard]] std::optional<LeastSquaresFit> shortest_solution(const SparseView& features, const MatrixView& targets,
                                                               bool intercept);

}  // namespace crowfly
