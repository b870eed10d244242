// SPDX-License-Identifier: BSD-3-Clause
// Rows of a design without the constant: the intercept eliminated by one reflection, so that means are no less exact than the rows.
#pragma once

#include "linalg/row_block.hpp"

namespace crowfly {

struct CentredRows {
  Matrix rows;  ///< features, then targets
  Vector mean;  ///< of each column, as the design shifts and scales it; zeros without an intercept
};

/// The rows of `design` (without a column of ones), reduced as by reduced_rows. With an intercept one row goes into the means, and the others have the normal equations of
/// the centred columns. Rows come in the order of their size: Householder transformations then keep the digits of light ones (Cox and Higham, 1998).
[[nodiscard]] CentredRows centred_rows(const Design& design, const double* weights, bool intercept);

}  // namespace crowfly
