// SPDX-License-Identifier: BSD-3-Clause
// Grids on which products are cut so that their upper parts add up exactly (kernels/grid_kernel.inl.hpp), and what is then lost.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/parallel.hpp"

namespace crowfly {

/// The power of two above `bound`, and above it with 2^-30 of itself added; zero for zero.
[[nodiscard]] inline double power_above(double bound) noexcept {
  return bound > 0 ? std::ldexp(1.0, std::ilogb(bound * (1 + 0x1p-30)) + 1) : 0.0;
}

/// The number of terms, at least two, rounded up to a power of two.
[[nodiscard]] inline double terms_above(Index terms) noexcept {
  return static_cast<double>(std::bit_ceil(static_cast<unsigned long long>(std::max<Index>(terms, 2))));
}

/// Times a power of two above the magnitudes of `terms` products, their roundings included: where their sums begin. That is 1.5 2^k, and no sum leaves the numbers between 2^k and
/// 2^(k + 1), multiples of 2^(k - 52). For up to 2^20 terms.
[[nodiscard]] inline double grid_factor(Index terms) noexcept { return 3 * terms_above(terms); }

/// Where sums of `terms` products below `bound` in magnitude begin; zero where there is nothing to add.
[[nodiscard]] inline double grid_of(Index terms, double bound) noexcept {
  return grid_factor(terms) * power_above(bound);
}

/// Bound on the error of such a sum, low parts of the factors (2^-52 of them) included. With c the number of terms rounded up to a power of two, each remainder is
/// below r = 2^-51 c bound; it is rounded, rounded again with the product of the low part, and the running sum of i of them is: 2^-53 r terms (2 + (terms + 1) / 2).
/// Adding the sum to a pair and normalising that rounds twice more, 2^-53 r terms each.
[[nodiscard]] inline double grid_error(Index terms, double bound) noexcept {
  const auto n = static_cast<double>(std::max<Index>(terms, 2));
  return 0x1p-105 * n * (n + 9) * (terms_above(terms) + 1) * bound;
}

/// Whether no remainder of such products falls out of the range of doubles.
[[nodiscard]] constexpr bool grid_is_safe(double bound) noexcept {
  return bound == 0 || (bound > 0x1p-800 && bound < 0x1p900);
}

}  // namespace crowfly
