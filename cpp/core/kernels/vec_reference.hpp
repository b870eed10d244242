// SPDX-License-Identifier: BSD-3-Clause
// The vector type of the reference table: plain C++ arrays. Slow, complete, and the yardstick for the others.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels::reference {

template <class T, int N>
struct Vec {
  static constexpr int lanes = N;
  T v[N];

  static Vec set1(T x) noexcept {
    Vec r;
    for (int i = 0; i < N; ++i) r.v[i] = x;
    return r;
  }
  static Vec zero() noexcept { return set1(T{0}); }
  static Vec load(const T* p) noexcept {
    Vec r;
    for (int i = 0; i < N; ++i) r.v[i] = p[i];
    return r;
  }
  template <class S>
  static Vec load_widen(const S* p, int count) noexcept {
    Vec r = zero();
    for (int i = 0; i < count; ++i) r.v[i] = static_cast<T>(p[i]);
    return r;
  }
  template <class S>
  static Vec widen(const S* p) noexcept {
    return load_widen(p, N);
  }
  /// a's lanes in pairs.
  static Vec sum_of_halves(const Vec<float, 2 * N>& a) noexcept {
    return map([&](int i) { return static_cast<T>(a.v[i]) + static_cast<T>(a.v[i + N]); });
  }
  void store(T* p) const noexcept {
    for (int i = 0; i < N; ++i) p[i] = v[i];
  }
  /// Integers as the lowest bits that the code has room for.
  template <class Code>
  void store_codes(Code* p) const noexcept {
    for (int i = 0; i < N; ++i) p[i] = static_cast<Code>(static_cast<int>(v[i]));
  }

  template <class F>
  static Vec map(F f) noexcept {
    Vec r;
    for (int i = 0; i < N; ++i) r.v[i] = f(i);
    return r;
  }
  friend Vec operator+(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] + b.v[i]; });
  }
  friend Vec operator-(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] - b.v[i]; });
  }
  friend Vec operator*(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] * b.v[i]; });
  }
  friend Vec operator/(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] / b.v[i]; });
  }
  friend Vec abs(Vec a) noexcept {
    return map([&](int i) { return std::fabs(a.v[i]); });
  }
  friend Vec max(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  friend Vec min(Vec a, Vec b) noexcept {
    return map([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  /// a * b + c, fused where the hardware does it in one instruction.
  friend Vec mul_add(Vec a, Vec b, Vec c) noexcept {
    return map([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
  }
  /// a * b + c, rounded once on every machine.
  friend Vec fused(Vec a, Vec b, Vec c) noexcept {
    return map([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
  }
  /// Bit i set where a[i] <= b[i].
  friend std::uint64_t mask_le(Vec a, Vec b) noexcept {
    std::uint64_t mask = 0;
    for (int i = 0; i < N; ++i) mask |= static_cast<std::uint64_t>(a.v[i] <= b.v[i]) << i;
    return mask;
  }
  /// a[i] >= 0 ? yes[i] : no[i].
  friend Vec select_nonnegative(Vec a, Vec yes, Vec no) noexcept {
    return map([&](int i) { return a.v[i] >= T{0} ? yes.v[i] : no.v[i]; });
  }
  /// The low bits of each lane, moved into the exponent: x = 1.5 * 2^52 + n gives 2^n up to the bias added by the caller.
  friend Vec shift_into_exponent(Vec a) noexcept {
    return map([&](int i) { return std::bit_cast<T>(std::bit_cast<std::uint64_t>(a.v[i]) << 52); });
  }
  friend T upper_plus_lower(Vec a) noexcept {
    for (int half = N / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) a.v[i] += a.v[i + half];
    }
    return a.v[0];
  }
  friend T horizontal_max(Vec a) noexcept {
    T r = a.v[0];
    for (int i = 1; i < N; ++i) r = a.v[i] > r ? a.v[i] : r;
    return r;
  }
};

/// rows[i] becomes what was lane i of each.
template <class T, int N>
void transpose(Vec<T, N> (&rows)[N]) noexcept {
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < i; ++j) std::swap(rows[i].v[j], rows[j].v[i]);
  }
}

/// a's lanes, then b's, rounded.
template <int N>
Vec<float, 2 * N> narrow(const Vec<double, N>& a, const Vec<double, N>& b) noexcept {
  return Vec<float, 2 * N>::map([&](int i) { return static_cast<float>(i < N ? a.v[i] : b.v[i - N]); });
}

/// Sums in 32 bits.
struct Sums {
  static constexpr int lanes = 4;
  std::int32_t v[lanes];

  static Sums load(const std::int32_t* p) noexcept { return difference(p, 0); }
  static Sums difference(const std::int32_t* p, std::int32_t x) noexcept {
    Sums r;
    for (int i = 0; i < lanes; ++i) r.v[i] = p[i] - x;
    return r;
  }
  friend Sums operator&(Sums a, const Sums& b) noexcept {
    for (int i = 0; i < lanes; ++i) a.v[i] &= b.v[i];
    return a;
  }
  /// Bit i set where v[i] >= 0.
  [[nodiscard]] std::uint64_t nonnegative() const noexcept {
    std::uint64_t mask = 0;
    for (int i = 0; i < lanes; ++i) mask |= static_cast<std::uint64_t>(v[i] >= 0) << i;
    return mask;
  }
  void store(std::int32_t* p) const noexcept {
    for (int i = 0; i < lanes; ++i) p[i] = v[i];
  }
};

/// Products of four bytes of each point with four of a query, or of two 16-bit integers: what lies in `bytes` bytes of a row. Further groups of four bytes, where an
/// instruction set takes more at a time, are `stride` bytes on.
template <class PointCode, class QueryCode>
struct ProductsOf {
  using Code = PointCode;
  static constexpr int bytes = 4, features = bytes / static_cast<int>(sizeof(Code));
  struct Points {
    PointCode v[features * Sums::lanes];
  };
  struct Query {
    QueryCode v[features];
  };
  static Points points(const void* p, std::ptrdiff_t /*stride*/) noexcept {
    Points r;
    for (int i = 0; i < features * Sums::lanes; ++i) r.v[i] = static_cast<const PointCode*>(p)[i];
    return r;
  }
  static Query query(const void* p, std::ptrdiff_t /*stride*/) noexcept {
    Query r;
    for (int i = 0; i < features; ++i) r.v[i] = static_cast<const QueryCode*>(p)[i];
    return r;
  }
  static Sums add(Sums sum, const Points& x, const Query& q) noexcept {
    for (int i = 0; i < Sums::lanes; ++i) {
      for (int j = 0; j < features; ++j) {
        sum.v[i] += static_cast<int>(x.v[features * i + j]) * static_cast<int>(q.v[j]);
      }
    }
    return sum;
  }
};
struct ByteProducts : ProductsOf<std::uint8_t, std::int8_t> {
  static constexpr int levels = 127, offset = 128;
};
struct WordProducts : ProductsOf<std::int16_t, std::int16_t> {
  static constexpr int levels = 32767, offset = 0;
};

/// What the bodies are instantiated with: vectors and tile sizes.
struct Isa {
  using f32 = Vec<float, 4>;
  using f64 = Vec<double, 2>;
  using sums = Sums;
  using byte_products = ByteProducts;
  using word_products = WordProducts;
  static constexpr int lattice_queries = 4, lattice_vectors = 2;
  static constexpr int gram_rows = 4, gram_vectors = 2;
};

}  // namespace crowfly::kernels::reference
