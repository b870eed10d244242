// SPDX-License-Identifier: BSD-3-Clause
// Numbers of twice the precision for p-by-p work: unevaluated sums of two doubles, the low one below half an ulp of the high one. The kernels on data have
// their own (kernels/pair_kernel.inl.hpp).
#pragma once

#include <cmath>

namespace crowfly {

struct Pair {
  double high = 0, low = 0;

  Pair() = default;
  Pair(double x) : high(x) {}  // NOLINT(google-explicit-constructor): every double is one
  /// Two numbers of any size.
  [[nodiscard]] static Pair sum(double a, double b) noexcept {
    Pair result(a + b);
    const double part = result.high - a;
    result.low = (a - (result.high - part)) + (b - part);
    return result;
  }
  [[nodiscard]] static Pair product(double a, double b) noexcept {
    Pair result(a * b);
    result.low = std::fma(a, b, -result.high);
    return result;
  }

  friend Pair operator+(Pair a, Pair b) noexcept {
    const Pair high = sum(a.high, b.high), low = sum(a.low, b.low);
    const Pair carried = sum(high.high, high.low + low.high);
    return sum(carried.high, carried.low + low.low);
  }
  friend Pair operator-(Pair a) noexcept {
    a.high = -a.high;
    a.low = -a.low;
    return a;
  }
  friend Pair operator-(Pair a, Pair b) noexcept { return a + -b; }
  friend Pair operator*(Pair a, double b) noexcept {
    const Pair high = product(a.high, b);
    return sum(high.high, std::fma(a.low, b, high.low));
  }
  Pair& operator+=(Pair b) noexcept { return *this = *this + b; }
  Pair& operator-=(Pair b) noexcept { return *this = *this - b; }
};

}  // namespace crowfly
