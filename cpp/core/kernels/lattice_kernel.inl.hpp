// SPDX-License-Identifier: BSD-3-Clause
// The lattice filter: rows rounded to small integers, and the tile that multiplies them in 8 bits and sums in 32, exactly (docs/design/numerics.md).
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

template <class Isa>
bool lattice_tile(const std::int8_t* queries, const std::uint8_t* points, const std::int32_t* start,
                  const std::int32_t* thresholds, Index depth, std::uint64_t* hits, std::int32_t* values) {
  using Sum = typename Isa::byte_sum;
  using Points = typename Sum::Points;
  using Query = typename Sum::Query;
  constexpr Index rows = Isa::lattice_queries, vectors = Isa::lattice_vectors, cols = vectors * Sum::lanes;
  constexpr Index step = Sum::features;
  static_assert(cols <= 64);

  Sum sum[rows][vectors];
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < vectors; ++c) sum[i][c] = Sum::difference(start + c * Sum::lanes, thresholds[i]);
  }
  for (Index j = 0; j < depth; j += step) {
    Points x[vectors];
    for (Index c = 0; c < vectors; ++c) x[c] = Points::load(points + j * cols + c * 4 * Sum::lanes, 4 * cols);
    for (Index i = 0; i < rows; ++i) {
      const Query q = Query::broadcast(queries + j * rows + 4 * i, 4 * rows);
      for (Index c = 0; c < vectors; ++c) sum[i][c] = add_products(sum[i][c], x[c], q);
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
  for (Index i = 0; i < rows; ++i) {
    hits[i] = 0;
    for (Index c = 0; c < vectors; ++c) {
      hits[i] |= Sum::load(values + i * cols + c * Sum::lanes).nonnegative() << (c * Sum::lanes);
    }
  }
  return true;
}

/// Where threads need no preparation.
template <class Isa>
void as_it_is() {}

template <class Isa, class T>
void lattice_round(const void* row, const double* centre, double inverse_step, double largest, double offset,
                   Index n_features, std::uint8_t* codes, LatticeSums* sums) {
  using V = typename Isa::f64;
  const auto* source = static_cast<const T*>(row);
  // Adding and taking away 1.5 * 2^52 rounds to an integer.
  const V scale = V::set1(inverse_step), high = V::set1(largest), low = V::set1(-largest), shift = V::set1(offset),
          magic = V::set1(0x1.8p52);
  V squares = V::zero(), moved = V::zero(), wide = V::zero();
  for (Index j = 0; j < n_features; j += V::lanes) {
    const Index left = n_features - j;
    const V x = left >= V::lanes ? V::widen(source + j) : V::load_widen(source + j, static_cast<int>(left));
    const V w = (x - V::load(centre + j)) * scale;
    const V code = (max(min(w, high), low) + magic) - magic;
    const V difference = code - w;
    squares = mul_add(code, code, squares);
    moved = mul_add(difference, difference, moved);
    wide = mul_add(w, w, wide);
    (code + shift).store_bytes(codes + j);
  }
  sums->squares = upper_plus_lower(squares);
  sums->moved = upper_plus_lower(moved);
  sums->wide = upper_plus_lower(wide);
}

}  // namespace crowfly::kernels
