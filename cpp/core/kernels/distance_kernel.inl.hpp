// SPDX-License-Identifier: BSD-3-Clause
// Distances as they are defined (docs/design/neighbors.md): float64, direct differences, eight accumulators, one fixed tree. No fused
// multiply-add, since not every instruction set has one and the bits must be the same on all.
#pragma once

#include <cmath>

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// The eight accumulators as however many registers the instruction set needs for them.
template <class V>
struct Lanes {
  static constexpr int registers = static_cast<int>(distance_lanes) / V::lanes;
  V part[registers];

  static Lanes zero() noexcept {
    Lanes r;
    for (int i = 0; i < registers; ++i) r.part[i] = V::zero();
    return r;
  }
  /// ((a0+a4)+(a2+a6))+((a1+a5)+(a3+a7))
  double sum() noexcept {
    for (int half = registers / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) part[i] = part[i] + part[i + half];
    }
    return upper_plus_lower(part[0]);
  }
  double maximum() noexcept {
    for (int i = 1; i < registers; ++i) part[0] = max(part[0], part[i]);
    return horizontal_max(part[0]);
  }
};

template <class V>
struct SquaredDifference {
  explicit SquaredDifference(double /*power*/) noexcept {}
  V operator()(V sum, V difference) const noexcept { return sum + difference * difference; }
  static V combine(V a, V b) noexcept { return a + b; }
  static double finish(Lanes<V>& lanes) noexcept { return lanes.sum(); }
};

template <class V>
struct AbsoluteDifference {
  explicit AbsoluteDifference(double /*power*/) noexcept {}
  V operator()(V sum, V difference) const noexcept { return sum + abs(difference); }
  static V combine(V a, V b) noexcept { return a + b; }
  static double finish(Lanes<V>& lanes) noexcept { return lanes.sum(); }
};

template <class V>
struct MaximumDifference {
  explicit MaximumDifference(double /*power*/) noexcept {}
  V operator()(V sum, V difference) const noexcept { return max(sum, abs(difference)); }
  static V combine(V a, V b) noexcept { return max(a, b); }
  static double finish(Lanes<V>& lanes) noexcept { return lanes.maximum(); }
};

/// |difference|^p. Small integers by repeated squaring, others through the C library lane by lane (the slow, general case).
template <class V>
struct PowerDifference {
  explicit PowerDifference(double p) noexcept
      : power(p), integer(p <= 16 && p == std::floor(p) ? static_cast<int>(p) : 0) {}
  V operator()(V sum, V difference) const noexcept {
    V base = abs(difference);
    if (integer == 0) return sum + lanewise_pow(base);
    V result = V::set1(1.0);
    for (int p = integer; p > 0; p >>= 1) {
      if (p & 1) result = result * base;
      base = base * base;
    }
    return sum + result;
  }
  static double finish(Lanes<V>& lanes) noexcept { return lanes.sum(); }

 private:
  V lanewise_pow(V base) const noexcept {
    alignas(64) double value[V::lanes];
    base.store(value);
    for (int i = 0; i < V::lanes; ++i) value[i] = ::pow(value[i], power);
    return V::load(value);
  }
  double power;
  int integer;
};

/// Differences in open space.
template <class V>
struct Open {
  V operator()(V difference, Index /*feature*/) const noexcept { return difference; }
};

/// The shorter way round in a box that repeats.
template <class V>
struct Periodic {
  const double* period;
  V operator()(V difference, Index feature) const noexcept { return shorter(difference, V::load(period + feature)); }
  static V shorter(V difference, V length) noexcept {
    const V straight = abs(difference);
    // In this order: where both are infinite their difference is no number, and the second operand counts.
    return min(length - straight, straight);
  }
};

/// `n` rows at a time, so that a load of the query serves them all.
template <class V, class Step, int n, class Way>
void distance_group(const Step& step, const Way& way, const double* query, const double* rows, Index depth,
                    double* out) {
  Lanes<V> lanes[n];
  for (int r = 0; r < n; ++r) lanes[r] = Lanes<V>::zero();
  for (Index j = 0; j < depth; j += distance_lanes) {
    for (int part = 0; part < Lanes<V>::registers; ++part) {
      const V q = V::load(query + j + part * V::lanes);
      for (int r = 0; r < n; ++r) {
        const V difference = q - V::load(rows + r * depth + j + part * V::lanes);
        lanes[r].part[part] = step(lanes[r].part[part], way(difference, j + part * V::lanes));
      }
    }
  }
  for (int r = 0; r < n; ++r) out[r] = Step::finish(lanes[r]);
}

/// Calls group(Constant<rows>, first row) until all rows are done.
template <class Group>
void in_groups(Index n_rows, const Group& group) {
  constexpr int many = 4;
  Index r = 0;
  for (; r + many <= n_rows; r += many) group(Constant<many>{}, r);
  for (; r < n_rows; ++r) group(Constant<1>{}, r);
}

template <class Isa, template <class> class Reduce>
void distance_rows(const double* query, const double* rows, Index n_rows, Index depth, double power, double* out) {
  using V = typename Isa::f64;
  using Step = Reduce<V>;
  const Step step(power);
  in_groups(n_rows, [&](auto n, Index r) {
    distance_group<V, Step, n.value>(step, Open<V>{}, query, rows + r * depth, depth, out + r);
  });
}

template <class Isa, template <class> class Reduce>
void periodic_rows(const double* query, const double* rows, const double* period, Index n_rows, Index depth,
                   double* out) {
  using V = typename Isa::f64;
  using Step = Reduce<V>;
  const Step step(0);
  in_groups(n_rows, [&](auto n, Index r) {
    distance_group<V, Step, n.value>(step, Periodic<V>{period}, query, rows + r * depth, depth, out + r);
  });
}

/// Rows `stride` bytes apart. Several side by side are a pattern that the hardware doesn't see: 10^6 x 128 float32 took 42 ms on one thread without asking ahead,
/// 15.5 with it.
template <class V, int n>
struct StridedRows {
  static constexpr Index bytes_ahead = 8192;

  StridedRows(const void* rows, Index first, Index stride) noexcept
      : first_(static_cast<const char*>(rows) + first * stride), stride_(stride) {
    const Index group = n * (stride < 0 ? -stride : stride);
    ahead_ = n * stride * (group < bytes_ahead ? bytes_ahead / (group > 0 ? group : 1) : 1);
  }
  [[nodiscard]] const void* row(int r) const noexcept { return first_ + r * stride_; }
  void ask(const void* address) const noexcept {
    if constexpr (n > 1) __builtin_prefetch(static_cast<const char*>(address) + ahead_);
  }

 private:
  const char* first_;
  Index stride_, ahead_;
};

/// Rows from anywhere; whoever picks them asks ahead.
template <class V>
struct PickedRows {
  const void* const* rows;
  [[nodiscard]] const void* row(int r) const noexcept { return rows[r]; }
  void ask(const void* /*address*/) const noexcept {}
};

/// The same of rows of another type, not padded.
template <class V, class Step, int n, class T, class Rows>
void stored_group(const Step& step, const double* query, const Rows& rows, Index n_features, double* out) {
  const T* x[n];
  Lanes<V> lanes[n];
  for (int r = 0; r < n; ++r) {
    x[r] = static_cast<const T*>(rows.row(r));
    lanes[r] = Lanes<V>::zero();
  }
  Index j = 0;
  for (; j + distance_lanes <= n_features; j += distance_lanes) {
    for (int part = 0; part < Lanes<V>::registers; ++part) {
      const Index at = j + part * V::lanes;
      const V q = V::load(query + at);
      for (int r = 0; r < n; ++r) {
        rows.ask(x[r] + at);
        lanes[r].part[part] = step(lanes[r].part[part], q - V::widen(x[r] + at));
      }
    }
  }
  for (int part = 0; part < Lanes<V>::registers && j + part * V::lanes < n_features; ++part) {
    const Index at = j + part * V::lanes, left = n_features - at;
    const int count = left < V::lanes ? static_cast<int>(left) : V::lanes;
    const V q = V::load(query + at);
    for (int r = 0; r < n; ++r) lanes[r].part[part] = step(lanes[r].part[part], q - V::load_widen(x[r] + at, count));
  }
  for (int r = 0; r < n; ++r) out[r] = Step::finish(lanes[r]);
}

template <class Isa, template <class> class Reduce, class T>
void stored_distance(const double* query, const void* rows, Index row_stride, Index n_rows, Index n_features,
                     double power, double* out) {
  using V = typename Isa::f64;
  using Step = Reduce<V>;
  const Step step(power);
  in_groups(n_rows, [&](auto n, Index r) {
    const StridedRows<V, n.value> group(rows, r, row_stride);
    stored_group<V, Step, n.value, T>(step, query, group, n_features, out + r);
  });
}

template <class Isa, class T>
void picked_squares(const double* query, const void* const* rows, Index n_rows, Index n_features, double* out) {
  using V = typename Isa::f64;
  using Step = SquaredDifference<V>;
  const Step step(0);
  in_groups(n_rows, [&](auto n, Index r) {
    stored_group<V, Step, n.value, T>(step, query, PickedRows<V>{rows + r}, n_features, out + r);
  });
}

}  // namespace crowfly::kernels
