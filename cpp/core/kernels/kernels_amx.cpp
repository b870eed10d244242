// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_amx.hpp"
#include "kernels/vec_avx512.hpp"

namespace crowfly::kernels::amx {
namespace {

/// The generic tile on tile registers. They can't be compared: the sums go to `values` first, and the thresholds are taken off there.
bool tile(const std::int8_t* queries, const std::uint8_t* points, const std::int32_t* start,
          const std::int32_t* thresholds, Index depth, std::uint64_t* hits, std::int32_t* values) {
  constexpr Index rows = TileSums::queries, cols = TileSums::points, lanes = ByteSum::lanes;
  static_assert(cols == 2 * lanes);
  TileSums::set_rows(start);
  for (Index j = 0; j < depth; j += TileSums::features) {
    TileSums::add_products(queries + j * rows, points + j * cols);
  }
  TileSums::store(values);

  ByteSum signs = ByteSum::difference(values, thresholds[0]);
  for (Index i = 0; i < rows; ++i) {
    signs = signs & ByteSum::difference(values + i * cols, thresholds[i]);
    signs = signs & ByteSum::difference(values + i * cols + lanes, thresholds[i]);
  }
  if (signs.nonnegative() == 0) return false;
  for (Index i = 0; i < rows; ++i) {
    hits[i] = 0;
    for (Index c = 0; c < cols; c += lanes) {
      const ByteSum sum = ByteSum::difference(values + i * cols + c, thresholds[i]);
      sum.store(values + i * cols + c);
      hits[i] |= sum.nonnegative() << c;
    }
  }
  return true;
}

std::int32_t tile_chain(Index n) {
  static_assert(byte_multiple % TileChain::products == 0);
  TileChain::set_zero();
  for (Index k = 0; k < n; k += TileChain::products) TileChain::add_products();
  return 0;
}

constexpr KernelTable make_amx_table() {
  KernelTable t = make_table<Isa>("amx");
  t.lattice_queries = TileSums::queries;
  t.lattice_points = TileSums::points;
  t.lattice_depth = TileSums::features;
  t.lattice_group = TileSums::features;
  t.lattice_tile = tile;
  t.lattice_enter = TileSums::configure;
  t.lattice_leave = TileSums::release;
  t.byte_chain = tile_chain;
  return t;
}

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_amx_table();

}  // namespace crowfly::kernels::amx
