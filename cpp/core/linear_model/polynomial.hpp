// SPDX-License-Identifier: BSD-3-Clause
// Polynomials of one variable fitted to the exact powers of the data. docs/design/inference.md has the idea and the error considerations.
#pragma once

#include <vector>

#include "base/matrix_view.hpp"
#include "linalg/matrix.hpp"
#include "linalg/pair.hpp"

namespace crowfly {

struct PolynomialProblem {
  MatrixView x, y;                  ///< n x 1
  const double* weights = nullptr;  ///< n positive values, or null for ones
  Index degree = 0;
};

/// z = (x - centre) * inverse_range lies in [-1, 1] for the data.
struct PolynomialFit {
  Vector coef;                  ///< degree + 1, of ascending powers of x, rounded once
  std::vector<Pair> chebyshev;  ///< degree + 1, of Chebyshev polynomials in z
  double centre = 0, inverse_range = 1;
  Vector lengths;           ///< degree + 1: standard errors divided by the residual standard deviation
  double residual_sum = 0;  ///< weighted sum of squares
  double total_sum = 0;     ///< about the mean
  double condition = 1;     ///< of the Chebyshev columns scaled to unit length
};

/// Throws InvalidArgument when x has too few distinct values for the degree, NotFinite when sums overflow.
[[nodiscard]] PolynomialFit fit_polynomial(const PolynomialProblem& problem);

/// out[i] = the Chebyshev series at x[i], by Clenshaw's recurrence in twice the precision: near a root, and where x spans many magnitudes, its terms cancel.
void evaluate_polynomial(const MatrixView& x, const std::vector<Pair>& chebyshev, double centre, double inverse_range,
                         double* out);

}  // namespace crowfly
