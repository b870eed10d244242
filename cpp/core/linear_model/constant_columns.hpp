// SPDX-License-Identifier: BSD-3-Clause
// Features with the same number in every row. Beside an intercept their coefficients are zero, exactly; means, once rounded, would leave of such a column what looks like another one.
#pragma once

#include <vector>

#include "linalg/row_block.hpp"

namespace crowfly {

struct ConstantColumn {
  Index column;
  double value;
};

/// In increasing order. Looks at rows until no column is left that may be one.
[[nodiscard]] std::vector<ConstantColumn> constant_columns(const MatrixView& features);

/// Whether column j is one of them.
[[nodiscard]] bool is_constant(const std::vector<ConstantColumn>& constants, Index j) noexcept;

/// Shifts these features of a design by their numbers, so that nothing is left of them.
void shift_to_constants(Design& design, const std::vector<ConstantColumn>& constants);

}  // namespace crowfly
