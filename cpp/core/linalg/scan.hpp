// SPDX-License-Identifier: BSD-3-Clause
// One read of a matrix for what has to be known before anything is computed: is every entry finite, and how large is the largest.
#pragma once

#include <optional>

#include "base/matrix_view.hpp"

namespace crowfly {

struct Position {
  Index row, col;
};

struct Scan {
  double max_abs = 0;                  ///< over finite entries
  std::optional<Position> not_finite;  ///< the first NaN or infinity in row-major order
};

[[nodiscard]] Scan scan(const MatrixView& x);

}  // namespace crowfly
