// SPDX-License-Identifier: BSD-3-Clause
// Grids on which products are cut so that their upper parts add up exactly (kernels/grid_kernel.inl.hpp), and what is then lost.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/parallel.hpp"

namespace crowfly {

/// For sums of `terms` products below `bound` in magnitude: 1.5 2^k with 2^k >= 2 bound, so that a product leaves the binade alone, and 2^(k + 1) >= terms * bound, so that
/// multiples of its last place, 2^(k - 52), add up exactly. Zero where there is nothing to add.
[[nodiscard]] inline double grid_of(Index terms, double bound) noexcept {
  if (!(bound > 0)) return 0.0;
  const int terms_exponent = std::bit_width(static_cast<unsigned long long>(std::max<Index>(terms, 2)) - 1);
  return std::ldexp(1.5, std::ilogb(bound) + 1 + terms_exponent);
}

/// Bound on the error of such a sum, low parts of the factors (2^-52 of them) included. With c the number of terms rounded up to a power of two, each remainder is
/// below r = 2^-52 c bound; it is rounded, rounded again with the product of the low part, and the running sum of i of them is: 2^-53 r terms (2 + (terms + 1) / 2).
/// Adding the sum to a pair and normalising that rounds twice more, 2^-53 r terms each.
[[nodiscard]] inline double grid_error(Index terms, double bound) noexcept {
  const auto n = static_cast<double>(std::max<Index>(terms, 2));
  const auto c = static_cast<double>(std::bit_ceil(static_cast<unsigned long long>(std::max<Index>(terms, 2))));
  return 0x1p-106 * n * (n + 9) * (c + 1) * bound;
}

/// Whether no remainder of such products falls out of the range of doubles.
[[nodiscard]] constexpr bool grid_is_safe(double bound) noexcept {
  return bound == 0 || (bound > 0x1p-800 && bound < 0x1p900);
}

}  // namespace crowfly
