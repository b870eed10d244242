// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_amx.hpp"
#include "kernels/vec_avx512.hpp"

namespace crowfly::kernels::amx {
namespace {

/// The generic tile on tile registers. They can't be compared: the sums go to `values` first, and the thresholds are taken off there.
bool tile(const void* queries, const void* points, const std::int32_t* start, const std::int32_t* thresholds,
          Index row_bytes, std::uint64_t* hits, std::int32_t* values) {
  constexpr Index rows = TileSums::queries, cols = TileSums::points, lanes = Sums::lanes;
  static_assert(cols == 2 * lanes);
  TileSums::set_rows(start);
  const auto* query = static_cast<const std::int8_t*>(queries);
  const auto* point = static_cast<const std::uint8_t*>(points);
  for (Index j = 0; j < row_bytes; j += TileSums::features) {
    TileSums::add_products(query + j * rows, point + j * cols);
  }
  TileSums::store(values);

  Sums signs = Sums::difference(values, thresholds[0]);
  for (Index i = 0; i < rows; ++i) {
    signs = signs & Sums::difference(values + i * cols, thresholds[i]);
    signs = signs & Sums::difference(values + i * cols + lanes, thresholds[i]);
  }
  if (signs.nonnegative() == 0) return false;
  for (Index i = 0; i < rows; ++i) {
    hits[i] = 0;
    for (Index c = 0; c < cols; c += lanes) {
      const Sums sum = Sums::difference(values + i * cols + c, thresholds[i]);
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
  Lattice& bytes = t.byte_lattice;
  bytes.queries = TileSums::queries;
  bytes.points = TileSums::points;
  bytes.row_multiple = TileSums::features;
  bytes.group = TileSums::features;
  bytes.tile = tile;
  bytes.enter = TileSums::configure;
  bytes.leave = TileSums::release;
  t.byte_chain = tile_chain;
  return t;
}

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_amx_table();

}  // namespace crowfly::kernels::amx
