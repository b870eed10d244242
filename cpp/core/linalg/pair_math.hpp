// SPDX-License-Identifier: BSD-3-Clause
// What factoring a matrix of pairs needs beyond sums: products, quotients and roots, relative errors of a few 2^-104 (Dekker 1971; Hida, Li and Bailey 2001).
#pragma once

#include <cmath>

#include "linalg/pair.hpp"

namespace crowfly {

/// high + low, where low is small enough beside high already.
[[nodiscard]] inline Pair pair_of(double high, double low) noexcept {
  Pair result(high);
  result.low = low;
  return result;
}

[[nodiscard]] inline Pair operator*(Pair a, Pair b) noexcept {
  const Pair high = Pair::product(a.high, b.high);
  return Pair::sum(high.high, high.low + (a.high * b.low + a.low * b.high));
}

[[nodiscard]] inline Pair operator/(Pair a, Pair b) noexcept {
  const double first = a.high / b.high;
  const Pair rest = a - b * first;
  const double second = rest.high / b.high;
  const double third = (rest - b * second).high / b.high;
  return Pair::sum(first, second) + Pair(third);
}

/// Of a positive number.
[[nodiscard]] inline Pair square_root(Pair a) noexcept {
  const double root = std::sqrt(a.high);
  return Pair::sum(root, (a - Pair::product(root, root)).high / (2 * root));
}

/// Times a power of two.
[[nodiscard]] inline Pair scaled(Pair a, double power) noexcept { return pair_of(a.high * power, a.low * power); }

}  // namespace crowfly
