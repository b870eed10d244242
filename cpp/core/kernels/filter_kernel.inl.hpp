// SPDX-License-Identifier: BSD-3-Clause
// The filter's tile: a block of the product of queries and points in registers, compared with each query's limit before it leaves them.
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

template <class Isa>
bool filter_tile(const float* queries, const float* points, const float* norms, const float* limits, Index depth,
                 std::uint64_t* hits, float* values) {
  using V = typename Isa::f32;
  constexpr Index rows = Isa::filter_queries, vectors = Isa::filter_vectors, cols = vectors * V::lanes;
  static_assert(cols <= 64);

  V product[rows][vectors];
  for (Index i = 0; i < rows; ++i) {
    for (Index c = 0; c < vectors; ++c) product[i][c] = V::zero();
  }
  for (Index k = 0; k < depth; ++k) {
    V x[vectors];
    for (Index c = 0; c < vectors; ++c) x[c] = V::load(points + k * cols + c * V::lanes);
    for (Index i = 0; i < rows; ++i) {
      const V q = V::set1(queries[k * rows + i]);
      for (Index c = 0; c < vectors; ++c) product[i][c] = mul_add(q, x[c], product[i][c]);
    }
  }

  const V minus_two = V::set1(-2.0F);
  V norm[vectors];
  for (Index c = 0; c < vectors; ++c) norm[c] = V::load(norms + c * V::lanes);
  std::uint64_t any = 0;
  for (Index i = 0; i < rows; ++i) {
    const V limit = V::set1(limits[i]);
    std::uint64_t row_hits = 0;
    for (Index c = 0; c < vectors; ++c) {
      product[i][c] = mul_add(minus_two, product[i][c], norm[c]);
      row_hits |= mask_le(product[i][c], limit) << (c * V::lanes);
    }
    hits[i] = row_hits;
    any |= row_hits;
    if (row_hits != 0) {
      for (Index c = 0; c < vectors; ++c) product[i][c].store(values + i * cols + c * V::lanes);
    }
  }
  return any != 0;
}

}  // namespace crowfly::kernels
