// SPDX-License-Identifier: BSD-3-Clause
// exp and log(1 + x) over vectors, and the logistic and softmax losses made of them.
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// exp(x) = 2^n exp(r), |r| <= ln(2)/2, Taylor to degree 13 (truncation 4e-18 relative). ln 2 is split so that n * ln2_high is exact for |n| < 2^11,
/// with or without fused multiply-add. 2^n is applied in two halves: results underflow gradually.
template <class V>
V exp(V x) {
  const V lowest = V::set1(-746.0), highest = V::set1(709.78);
  x = select_nonnegative(x - lowest, x, lowest);
  x = select_nonnegative(highest - x, x, highest);
  const V magic = V::set1(0x1.8p52), minus_one = V::set1(-1.0);
  const V n = mul_add(x, V::set1(0x1.71547652b82fep+0), magic) - magic;
  V r = mul_add(n * minus_one, V::set1(0x1.62e42fefa0000p-1), x);
  r = mul_add(n * minus_one, V::set1(0x1.cf79abc9e3b3ap-40), r);
  constexpr double inverse_factorial[] = {1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                                          1.0 / 362880.0,     1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,
                                          1.0 / 120.0,        1.0 / 24.0,        1.0 / 6.0,        0.5};
  V tail = V::set1(inverse_factorial[0]);
  for (int i = 1; i < 12; ++i) tail = mul_add(tail, r, V::set1(inverse_factorial[i]));
  const V value = mul_add(r * r, tail, r) + V::set1(1.0);
  // n + bias as an integer in the low bits of the significand, shifted into the exponent field.
  const V bias = V::set1(0x1.8p52 + 1023.0);
  const V half = mul_add(n, V::set1(0.5), magic) - magic;
  return value * shift_into_exponent(half + bias) * shift_into_exponent((n - half) + bias);
}

/// log(1 + x) for x in [0, 1]: 2 atanh(x / (2 + x)), odd series in s^2 <= 1/9 to degree 35 (truncation 2e-19 relative).
template <class V>
V log_one_plus(V x) {
  const V s = x / (x + V::set1(2.0));
  const V square = s * s;
  constexpr int terms = 17;
  V tail = V::set1(2.0 / (2 * terms + 1));
  for (int i = terms - 1; i >= 1; --i) tail = mul_add(tail, square, V::set1(2.0 / (2 * i + 1)));
  return mul_add(s * square, tail, s + s);
}

template <class Isa>
double logistic_terms(const double* eta, const double* sign, const double* weight, Index n, double* residual,
                      double* curvature) {
  using V = typename Isa::f64;
  const V zero = V::zero(), one = V::set1(1.0);
  V total = V::zero();
  for (Index k = 0; k < n; k += V::lanes) {
    const V s = V::load(sign + k), w = V::load(weight + k);
    const V margin = s * V::load(eta + k);
    const V e = exp(zero - abs(margin));
    const V inverse = one / (one + e);
    const V loss = max(zero - margin, zero) + log_one_plus(e);
    const V wrong = select_nonnegative(margin, e * inverse, inverse);
    total = mul_add(w, loss, total);
    (zero - w * s * wrong).store(residual + k);
    (w * (e * inverse) * inverse).store(curvature + k);
  }
  return upper_plus_lower(total);
}

template <class Isa>
void softmax(double* eta, Index n_classes, Index n, double* log_sum) {
  using V = typename Isa::f64;
  for (Index k = 0; k < n; k += V::lanes) {
    V largest = V::load(eta + k);
    for (Index c = 1; c < n_classes; ++c) largest = max(largest, V::load(eta + c * n + k));
    V sum = V::zero();
    for (Index c = 0; c < n_classes; ++c) {
      const V e = exp(V::load(eta + c * n + k) - largest);
      e.store(eta + c * n + k);
      sum = sum + e;
    }
    const V inverse = V::set1(1.0) / sum;
    for (Index c = 0; c < n_classes; ++c) (V::load(eta + c * n + k) * inverse).store(eta + c * n + k);
    alignas(64) double value[V::lanes];
    sum.store(value);
    for (int i = 0; i < V::lanes; ++i) value[i] = ::log(value[i]);
    (largest + V::load(value)).store(log_sum + k);
  }
}

template <class Isa>
void exponential(double* values, Index n) {
  using V = typename Isa::f64;
  for (Index k = 0; k < n; k += V::lanes) exp(V::load(values + k)).store(values + k);
}

template <class Isa>
void log_one_plus_array(double* values, Index n) {
  using V = typename Isa::f64;
  for (Index k = 0; k < n; k += V::lanes) log_one_plus(V::load(values + k)).store(values + k);
}

}  // namespace crowfly::kernels
