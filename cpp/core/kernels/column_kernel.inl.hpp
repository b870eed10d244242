// SPDX-License-Identifier: BSD-3-Clause
// Distances of one query to a block of points stored by column, and to a block of boxes: one point per lane, each in the documented order of summation
// (docs/design/neighbors.md), so the bits are those of distance_kernel.inl.hpp.
#pragma once

#include "kernels/distance_kernel.inl.hpp"
#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// ((a0+a4)+(a2+a6))+((a1+a5)+(a3+a7)) of the first n accumulators; the others are zero, and adding zero changes no bit.
template <int n, class V, class Step>
V combined(const V (&a)[8]) noexcept {
  const auto join = [](V x, V y) { return Step::combine(x, y); };
  V even = a[0];
  if constexpr (n > 4) even = join(even, a[4]);
  if constexpr (n > 6) {
    even = join(even, join(a[2], a[6]));
  } else if constexpr (n > 2) {
    even = join(even, a[2]);
  }
  if constexpr (n > 1) {
    V odd = a[1];
    if constexpr (n > 5) odd = join(odd, a[5]);
    if constexpr (n > 7) {
      odd = join(odd, join(a[3], a[7]));
    } else if constexpr (n > 3) {
      odd = join(odd, a[3]);
    }
    even = join(even, odd);
  }
  return even;
}

/// Eight features at a time, then `tail` more. Without whole eights only as many accumulators are combined as there are features.
template <class V, class Step, int tail, bool eights, class Difference>
V reduced(const Step& step, const Difference& difference, Index n_features) noexcept {
  V a[8];
  for (int j = 0; j < 8; ++j) a[j] = V::zero();
  Index first = 0;
  if constexpr (eights) {
    for (; first + 8 <= n_features; first += 8) {
      for (int j = 0; j < 8; ++j) a[j] = step(a[j], difference(first + j));
    }
  }
  for (int j = 0; j < tail; ++j) a[j] = step(a[j], difference(first + j));
  return combined<eights ? 8 : tail, V, Step>(a);
}

/// Calls block(Constant<tail>, Constant<eights>) for a number of features: one branch per block of points.
template <class Block>
std::uint64_t by_features(Index n_features, const Block& block) {
  const auto with_tail = [&](auto tail) {
    return n_features < 8 ? block(tail, Constant<0>{}) : block(tail, Constant<1>{});
  };
  switch (n_features % 8) {
    case 1:
      return with_tail(Constant<1>{});
    case 2:
      return with_tail(Constant<2>{});
    case 3:
      return with_tail(Constant<3>{});
    case 4:
      return with_tail(Constant<4>{});
    case 5:
      return with_tail(Constant<5>{});
    case 6:
      return with_tail(Constant<6>{});
    case 7:
      return with_tail(Constant<7>{});
    default:
      return block(Constant<0>{}, Constant<1>{});
  }
}

/// Reduces difference_of(lane)(feature) over features for a block of lanes; bit i is set where out[i] <= limit.
template <class V, class Step, class DifferenceOf>
std::uint64_t in_lanes(Index n_features, double limit, double* out, const DifferenceOf& difference_of) {
  return by_features(n_features, [&](auto tail, auto eights) {
    const V top = V::set1(limit);
    std::uint64_t mask = 0;
    for (Index lane = 0; lane < column_block; lane += V::lanes) {
      const V distance = reduced<V, Step, tail.value, eights.value != 0>(Step(0), difference_of(lane), n_features);
      distance.store(out + lane);
      mask |= mask_le(distance, top) << lane;
    }
    return mask;
  });
}

template <class Isa, template <class> class Reduce, class T>
std::uint64_t distance_columns(const double* query, const void* columns, Index n_features, double limit, double* out) {
  using V = typename Isa::f64;
  return in_lanes<V, Reduce<V>>(n_features, limit, out, [=](Index lane) {
    const T* x = static_cast<const T*>(columns) + lane;
    return [=](Index j) { return V::set1(query[j]) - V::widen(x + j * column_block); };
  });
}

template <class Isa, template <class> class Reduce>
std::uint64_t periodic_columns(const double* query, const double* columns, const double* period, Index n_features,
                               double limit, double* out) {
  using V = typename Isa::f64;
  return in_lanes<V, Reduce<V>>(n_features, limit, out, [=](Index lane) {
    return [=](Index j) {
      const V difference = V::set1(query[j]) - V::load(columns + lane + j * column_block);
      return Periodic<V>::shorter(difference, V::set1(period[j]));
    };
  });
}

/// Distance to the nearest corner, edge or inside of each box. Every operation is monotone and in the order of distance_columns: as computed, it is
/// nowhere above the distance, as computed, of a point in the box.
template <class Isa, template <class> class Reduce>
std::uint64_t box_columns(const double* query, const double* boxes, Index n_features, double limit, double* out) {
  using V = typename Isa::f64;
  return in_lanes<V, Reduce<V>>(n_features, limit, out, [=](Index lane) {
    const double* low = boxes + lane;
    return [=](Index j) {
      const V q = V::set1(query[j]);
      const V below = V::load(low + 2 * j * column_block) - q, above = q - V::load(low + (2 * j + 1) * column_block);
      return max(max(below, above), V::zero());
    };
  });
}

/// The same in a box that repeats: straight to the nearer side, or round to the other one. |d| of a point lies between the differences to the two sides, so
/// neither it nor L - |d| is below the smaller of the two ways.
template <class Isa, template <class> class Reduce>
std::uint64_t periodic_boxes(const double* query, const double* boxes, const double* period, Index n_features,
                             double limit, double* out) {
  using V = typename Isa::f64;
  return in_lanes<V, Reduce<V>>(n_features, limit, out, [=](Index lane) {
    const double* low = boxes + lane;
    return [=](Index j) {
      const V q = V::set1(query[j]);
      const V below = V::load(low + 2 * j * column_block) - q, above = q - V::load(low + (2 * j + 1) * column_block);
      const V straight = max(max(below, above), V::zero());
      const V furthest = max(abs(below), abs(above));
      return min(max(V::set1(period[j]) - furthest, V::zero()), straight);
    };
  });
}

/// Reduces difference(feature, lane) over features in float32, in any order; bit i is set where the result is at most `limit`. `out` may be null.
template <class V, class Step, class Difference>
std::uint64_t in_single_lanes(Index n_features, float limit, float* out, const Difference& difference) {
  constexpr Index vectors = column_block / V::lanes;
  const Step step(0);
  V sums[vectors];
  for (Index v = 0; v < vectors; ++v) sums[v] = V::zero();
  for (Index j = 0; j < n_features; ++j) {
    for (Index v = 0; v < vectors; ++v) sums[v] = step(sums[v], difference(j, v * V::lanes));
  }
  const V top = V::set1(limit);
  std::uint64_t mask = 0;
  for (Index v = 0; v < vectors; ++v) {
    if (out != nullptr) sums[v].store(out + v * V::lanes);
    mask |= mask_le(sums[v], top) << (v * V::lanes);
  }
  return mask;
}

template <class Isa, template <class> class Reduce>
std::uint64_t single_columns(const float* query, const float* columns, Index n_features, float limit) {
  using V = typename Isa::f32;
  return in_single_lanes<V, Reduce<V>>(n_features, limit, nullptr, [=](Index j, Index lane) {
    return V::set1(query[j]) - V::load(columns + j * column_block + lane);
  });
}

template <class Isa, template <class> class Reduce>
std::uint64_t single_boxes(SingleQuery query, const float* boxes, Index n_features, float limit, float* out) {
  using V = typename Isa::f32;
  return in_single_lanes<V, Reduce<V>>(n_features, limit, out, [=](Index j, Index lane) {
    const float* low = boxes + 2 * j * column_block + lane;
    const V below = V::load(low) - V::set1(query.high[j]), above = V::set1(query.low[j]) - V::load(low + column_block);
    return max(max(below, above), V::zero());
  });
}

}  // namespace crowfly::kernels
