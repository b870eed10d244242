// SPDX-License-Identifier: BSD-3-Clause
// Many rows reduced to few by orthogonal transformations.
#pragma once

#include "linalg/factor.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// The rows of the design (features, then targets), each times the root of its weight. More than about four times as many rows as columns are
/// reduced, block after block in a fixed order (the heaviest rows first where weights differ much: transformations then spare the light ones, Cox and Higham 1998), to the triangle of their QR factorisation, which has the same normal equations.
[[nodiscard]] Matrix reduced_rows(const Design& design, const double* weights);

}  // namespace crowfly
