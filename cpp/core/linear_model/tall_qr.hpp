// SPDX-License-Identifier: BSD-3-Clause
// Many rows reduced to few by orthogonal transformations.
#pragma once

#include <vector>

#include "linalg/factor.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {

/// Rows by falling weight; empty where weights don't differ so much that the order matters.
[[nodiscard]] std::vector<Index> order_by_weight(const double* weights, Index n);

/// The rows of the design (features, then targets), each times the root of its weight. More than about four times as many rows as columns are
/// reduced, block after block in a fixed order, to the triangle of their QR factorisation, which has the same normal equations. Rows
/// come in the order of order_by_weight: transformations then spare the light ones (Cox and Higham 1998).
[[nodiscard]] Matrix reduced_rows(const Design& design, const double* weights);

}  // namespace crowfly
