// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 without VNNI (Skylake-X and its servers).
#include "kernels/fill_table.inl.hpp"
#include "kernels/integer_products.inl.hpp"
#include "kernels/vec_avx512bw.hpp"

namespace crowfly::kernels::avx512bw {
namespace {

/// 8 x 32 sums of bytes: 16 accumulators, and points and queries twice over. 8 x 24 doubles: 24 accumulators, three loads, one broadcast.
struct Isa {
  using f32 = F32;
  using f64 = F64;
  using sums = Sums;
  using byte_products = ByteProducts<Sums>;
  using word_products = WordProducts<Sums>;
  static constexpr int lattice_queries = 8, lattice_vectors = 2;
  static constexpr int gram_rows = 8, gram_vectors = 3;
};

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_table<Isa>("avx512bw");

}  // namespace crowfly::kernels::avx512bw
