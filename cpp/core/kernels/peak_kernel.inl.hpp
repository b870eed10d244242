// SPDX-License-Identifier: BSD-3-Clause
// What this machine can do at most: multiply-adds without memory, loads and stores with as little arithmetic as possible. The limits that the other kernels
// are measured against (bench/kernels.py); no algorithm calls them.
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// Chains of dependent operations: more than latency (4 or 5 cycles) times ports (2), and few enough for 16 registers.
inline constexpr Index fma_chains = 12;
static_assert(fma_multiple % (fma_chains * 16) == 0);

template <class V, class T>
double fma_chain(Index n) {
  V value[fma_chains];
  for (Index c = 0; c < fma_chains; ++c) value[c] = V::set1(static_cast<T>(c));
  // Converges to 2: never a denormal, never an overflow.
  const V half = V::set1(T{0.5}), one = V::set1(T{1});
  for (Index k = 0; k < n; k += fma_chains * V::lanes) {
    for (Index c = 0; c < fma_chains; ++c) value[c] = mul_add(value[c], half, one);
  }
  for (Index c = 1; c < fma_chains; ++c) value[0] = mul_add(value[c], one, value[0]);
  alignas(64) T lane[V::lanes];
  value[0].store(lane);
  double sum = 0;
  for (int i = 0; i < V::lanes; ++i) sum += static_cast<double>(lane[i]);
  return sum;
}

/// n products of bytes on registers, zeros all: no instruction is faster for that. The points alternate between two places, or the compiler would take the
/// products out of the loop where they are an instruction of their own.
template <class Isa>
std::int32_t byte_chain(Index n) {
  using Sum = typename Isa::sums;
  using Products = typename Isa::byte_products;
  constexpr Index bytes_per_load = 4 * Sum::lanes, bytes = 2 * (Products::bytes / 4) * bytes_per_load;
  alignas(64) const std::uint8_t zeros[bytes] = {};
  alignas(64) const std::int32_t start[Sum::lanes] = {};
  Sum value[fma_chains];
  for (Index c = 0; c < fma_chains; ++c) value[c] = Sum::difference(start, static_cast<std::int32_t>(c));
  const auto q = Products::query(zeros, 4);
  Index place = 0;
  for (Index k = 0; k < n; k += fma_chains * Sum::lanes * Products::bytes) {
    place = bytes / 2 - place;
    const auto x = Products::points(zeros + place, bytes_per_load);
    for (Index c = 0; c < fma_chains; ++c) value[c] = Products::add(value[c], x, q);
  }
  alignas(64) std::int32_t lane[Sum::lanes];
  for (Index c = 1; c < fma_chains; ++c) value[0] = value[0] & value[c];
  value[0].store(lane);
  return lane[0];
}

template <class Isa>
double read_stream(const double* values, Index n) {
  using V = typename Isa::f64;
  // An addition every half cycle, 4 cycles of latency.
  constexpr Index sums = 8;
  static_assert(stream_multiple % (sums * V::lanes) == 0);
  V sum[sums];
  for (Index c = 0; c < sums; ++c) sum[c] = V::zero();
  for (Index k = 0; k < n; k += sums * V::lanes) {
    for (Index c = 0; c < sums; ++c) sum[c] = sum[c] + V::load(values + k + c * V::lanes);
  }
  for (Index c = 1; c < sums; ++c) sum[0] = sum[0] + sum[c];
  return upper_plus_lower(sum[0]);
}

template <class Isa>
void write_stream(double value, Index n, double* target) {
  using V = typename Isa::f64;
  constexpr Index stores = 8;
  static_assert(stream_multiple % (stores * V::lanes) == 0);
  const V v = V::set1(value);
  for (Index k = 0; k < n; k += stores * V::lanes) {
    for (Index c = 0; c < stores; ++c) v.store(target + k + c * V::lanes);
  }
}

}  // namespace crowfly::kernels
