// SPDX-License-Identifier: BSD-3-Clause
// Products of packed row blocks with numbers of twice the precision: unevaluated sums high + low. Each product is split exactly by a fused multiply-add, each
// sum by Knuth's two-sum; what is left over is added up in `low` (Ogita, Rump and Oishi 2005, "Accurate sum and dot product", Dot2).
#pragma once

#include "kernels/panel_kernel.inl.hpp"

namespace crowfly::kernels {

template <class V>
struct PairSum {
  V high, low;

  static PairSum zero() noexcept { return {V::zero(), V::zero()}; }
  static PairSum load(const double* high, const double* low) noexcept { return {V::load(high), V::load(low)}; }
  void store(double* to_high, double* to_low) const noexcept {
    high.store(to_high);
    low.store(to_low);
  }
  /// Adds x exactly.
  void add(V x) noexcept {
    const V sum = high + x, part = sum - high;
    low = low + ((high - (sum - part)) + (x - part));
    high = sum;
  }
  /// Adds x (y + y_low); the product of the two small numbers is rounded.
  void add_product(V x, V y, V y_low) noexcept {
    const V product = x * y;
    add(product);
    low = low + fused(x, y, V::zero() - product);
    low = fused(x, y_low, low);
  }
};

template <class Isa>
void panel_times_pair(const double* panel, const double* high, const double* low, Index n_rows, double* out_high,
                      double* out_low) {
  using P = Panel<Isa>;
  using V = typename P::V;
  for (Index k = 0; k < n_rows; ++k) {
    auto sum = PairSum<V>::zero();
    for (int j = 0; j < P::vectors; ++j) {
      const Index at = j * V::lanes;
      sum.add_product(V::load(panel + k * P::width + at), V::load(high + at), V::load(low + at));
    }
    alignas(64) double lane_high[V::lanes], lane_low[V::lanes];
    sum.store(lane_high, lane_low);
    double total = out_high[k], rest = out_low[k];
    for (int i = 0; i < V::lanes; ++i) {
      const double next = total + lane_high[i], part = next - total;
      rest += ((total - (next - part)) + (lane_high[i] - part)) + lane_low[i];
      total = next;
    }
    out_high[k] = total;
    out_low[k] = rest;
  }
}

template <class Isa>
void panel_transposed_times_pair(const double* panel, const double* high, const double* low, Index n_rows,
                                 double* out_high, double* out_low) {
  using P = Panel<Isa>;
  using V = typename P::V;
  PairSum<V> sum[P::vectors];
  for (int j = 0; j < P::vectors; ++j) sum[j] = PairSum<V>::load(out_high + j * V::lanes, out_low + j * V::lanes);
  for (Index k = 0; k < n_rows; ++k) {
    const V w = V::set1(high[k]), w_low = V::set1(low[k]);
    for (int j = 0; j < P::vectors; ++j) sum[j].add_product(V::load(panel + k * P::width + j * V::lanes), w, w_low);
  }
  for (int j = 0; j < P::vectors; ++j) sum[j].store(out_high + j * V::lanes, out_low + j * V::lanes);
}

}  // namespace crowfly::kernels
