// SPDX-License-Identifier: BSD-3-Clause
// The lattice filter: rows rounded to small integers, and the tile that multiplies them in 8 or 16 bits and sums in 32, exactly (docs/design/numerics.md).
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// Writes a hit for every bit of `lanes`.
inline LatticeHit* append_hits(LatticeHit* next, std::uint64_t lanes, const std::int32_t* values, std::int32_t base,
                               Index query, Index first_place) {
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = __builtin_ctzll(lanes);
    *next++ = {values[lane] + base, static_cast<std::int32_t>(query), static_cast<std::int32_t>(first_place + lane)};
  }
  return next;
}

/// The sums less their thresholds, [queries][points]; left open where none is a hit.
/// Returns whether the tile has a hit.
template <class Isa, class Products>
bool lattice_tile(const void* queries, const void* points, const std::int32_t* start, const std::int32_t* thresholds,
                  Index row_bytes, std::int32_t* values) {
  using Sum = typename Isa::sums;
  constexpr Index rows = Isa::lattice_queries, vectors = Isa::lattice_vectors, cols = vectors * Sum::lanes;
  static_assert(cols <= 64);
  const auto* query = static_cast<const char*>(queries);
  const auto* point = static_cast<const char*>(points);

  Sum sum[rows][vectors];
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < vectors; ++c) sum[i][c] = Sum::difference(start + c * Sum::lanes, thresholds[i]);
  }
  for (Index j = 0; j < row_bytes; j += Products::bytes) {
    typename Products::Points x[vectors];
    for (Index c = 0; c < vectors; ++c) x[c] = Products::points(point + j * cols + c * 4 * Sum::lanes, 4 * cols);
    for (Index i = 0; i < rows; ++i) {
      const typename Products::Query q = Products::query(query + j * rows + 4 * i, 4 * rows);
      for (Index c = 0; c < vectors; ++c) sum[i][c] = Products::add(sum[i][c], x[c], q);
    }
  }

  // A sum of differences is a hit unless its sign bit is set; the tile has none if all sign bits are.
  Sum signs = sum[0][0];
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < vectors; ++c) signs = signs & sum[i][c];
  }
  if (signs.nonnegative() == 0) return false;
  // All sums leave their registers before any is looked at: a loop that picks rows would keep them in memory from the start.
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < vectors; ++c) sum[i][c].store(values + i * cols + c * Sum::lanes);
  }
  return true;
}

template <class Isa, class Products>
LatticeFound lattice_scan(const LatticeScan& scan) {
  using Sum = typename Isa::sums;
  constexpr Index rows = Isa::lattice_queries, vectors = Isa::lattice_vectors, cols = vectors * Sum::lanes;
  alignas(64) std::int32_t values[rows * cols];
  LatticeHit *next = scan.hits, *const end = scan.hits + scan.capacity;
  Index p = 0;
  for (; p < scan.n_panels && end - next >= rows * cols; p += scan.step) {
    if (!lattice_tile<Isa, Products>(scan.queries, static_cast<const char*>(scan.points) + p * cols * scan.row_bytes,
                                     scan.start + p * cols, scan.thresholds, scan.row_bytes, values)) {
      continue;
    }
    for (Index i = 0; i < rows; ++i) {
      for (Index c = 0; c < cols; c += Sum::lanes) {
        const std::int32_t* row = values + i * cols + c;
        next = append_hits(next, Sum::load(row).nonnegative(), row, scan.thresholds[i], i, p * cols + c);
      }
    }
  }
  return {p, next - scan.hits};
}

/// Where threads need no preparation.
template <class Isa>
void as_it_is() {}

template <class Isa, class Code, class T>
void lattice_round(const void* row, const double* centre, double inverse_step, double largest, double offset,
                   Index n_features, void* codes, LatticeSums* sums) {
  using V = typename Isa::f64;
  const auto* source = static_cast<const T*>(row);
  // Adding and taking away 1.5 * 2^52 rounds to an integer.
  const V scale = V::set1(inverse_step), high = V::set1(largest), low = V::set1(-largest), shift = V::set1(offset),
          magic = V::set1(0x1.8p52);
  V squares = V::zero(), moved = V::zero();
  for (Index j = 0; j < n_features; j += V::lanes) {
    const Index left = n_features - j;
    const V x = left >= V::lanes ? V::widen(source + j) : V::load_widen(source + j, static_cast<int>(left));
    const V w = (x - V::load(centre + j)) * scale;
    const V code = (max(min(w, high), low) + magic) - magic;
    const V difference = code - w;
    squares = mul_add(code, code, squares);
    moved = mul_add(difference, difference, moved);
    (code + shift).store_codes(static_cast<Code*>(codes) + j);
  }
  sums->squares = upper_plus_lower(squares);
  sums->moved = upper_plus_lower(moved);
}

template <class Isa>
void lattice_round_single(const float* row, const float* centre, float inverse_step, float largest, float offset,
                          Index n_features, void* codes, LatticeSums* sums) {
  using V = typename Isa::f32;
  using Wide = typename Isa::f64;
  // Sums of so many squares of up to 127 are whole numbers below 2^24.
  constexpr Index block = 1024 * V::lanes;
  const V scale = V::set1(inverse_step), high = V::set1(largest), low = V::set1(-largest), shift = V::set1(offset),
          magic = V::set1(0x1.8p23F);
  Wide all_squares = Wide::zero(), all_moved = Wide::zero();
  for (Index begin = 0; begin < n_features; begin += block) {
    const Index end = begin + block < n_features ? begin + block : n_features;
    V squares = V::zero(), moved = V::zero();
    for (Index j = begin; j < end; j += V::lanes) {
      const Index left = n_features - j;
      const V x = left >= V::lanes ? V::widen(row + j) : V::load_widen(row + j, static_cast<int>(left));
      const V w = (x - V::load(centre + j)) * scale;
      const V code = (max(min(w, high), low) + magic) - magic;
      const V difference = code - w;
      squares = mul_add(code, code, squares);
      moved = mul_add(difference, difference, moved);
      (code + shift).store_codes(static_cast<std::uint8_t*>(codes) + j);
    }
    all_squares = all_squares + Wide::sum_of_halves(squares);
    all_moved = all_moved + Wide::sum_of_halves(moved);
  }
  sums->squares = upper_plus_lower(all_squares);
  sums->moved = upper_plus_lower(all_moved);
}

template <class Isa, class Code>
constexpr Lattice::RoundSingle single_rounding() {
  if constexpr (sizeof(Code) == 1) {
    return lattice_round_single<Isa>;
  } else {
    return nullptr;
  }
}

template <class Isa, class Products>
constexpr Lattice make_lattice() {
  using Code = typename Products::Code;
  return {.queries = Isa::lattice_queries,
          .points = Isa::lattice_vectors * Isa::sums::lanes,
          .code_bytes = sizeof(Code),
          .row_multiple = Products::bytes,
          .group = 4,
          .levels = Products::levels,
          .offset = Products::offset,
          .speed = static_cast<Index>(2 / sizeof(Code)),
          .scan = lattice_scan<Isa, Products>,
          .enter = as_it_is<Isa>,
          .leave = as_it_is<Isa>,
          .round_f32 = lattice_round<Isa, Code, float>,
          .round_f64 = lattice_round<Isa, Code, double>,
          .round_single = single_rounding<Isa, Code>()};
}

}  // namespace crowfly::kernels
