// SPDX-License-Identifier: BSD-3-Clause
// Products of small dense matrices by the Gram kernel, each entry one chain of additions in order: the same bits for any number of threads.
#pragma once

#include "linalg/matrix.hpp"

namespace crowfly {

[[nodiscard]] Matrix transposed(const Matrix& a);
/// a b.
[[nodiscard]] Matrix product(const Matrix& a, const Matrix& b);
/// a'b.
[[nodiscard]] Matrix transposed_product(const Matrix& a, const Matrix& b);
/// a a', exactly symmetric, with half the work.
[[nodiscard]] Matrix product_with_transpose(const Matrix& a);

/// target -= sum over k of factors[k] times column columns[k]; of each column the first `n_rows` entries. In the order of columns, four at a time.
void subtract_columns(const Matrix& a, const std::vector<Index>& columns, const Vector& factors, Index n_rows,
                      double* target);

}  // namespace crowfly
