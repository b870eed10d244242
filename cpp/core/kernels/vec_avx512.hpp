// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 with VNNI: the vectors of AVX-512, and products of bytes and of words that are summed in the same instruction.
#pragma once

#include "kernels/vec_avx512bw.hpp"

namespace crowfly::kernels::CROWFLY_ISA_NAME {

/// Four bytes of every point and of one query at a time.
struct Fours {
  static constexpr int bytes = 4;
  struct Points {
    __m512i v;
  };
  struct Query {
    __m512i v;
  };
  static Points points(const void* p, std::ptrdiff_t /*stride*/) noexcept { return {_mm512_load_si512(p)}; }
  static Query query(const void* p, std::ptrdiff_t /*stride*/) noexcept {
    return {_mm512_set1_epi32(*static_cast<const std::int32_t*>(p))};
  }
};
struct ByteProducts : Fours {
  using Code = std::uint8_t;
  static constexpr int levels = 127, offset = 128;
  static Sums add(Sums sum, Points x, Query q) noexcept { return Sums::of(_mm512_dpbusd_epi32(sum.wide(), x.v, q.v)); }
};
struct WordProducts : Fours {
  using Code = std::int16_t;
  static constexpr int levels = 32767, offset = 0;
  static Sums add(Sums sum, Points x, Query q) noexcept { return Sums::of(_mm512_dpwssd_epi32(sum.wide(), x.v, q.v)); }
};

/// 14 x 32 sums of bytes: 28 accumulators, two loads of points, one broadcast. 8 x 24 doubles likewise.
struct Isa {
  using f32 = F32;
  using f64 = F64;
  using sums = Sums;
  using byte_products = ByteProducts;
  using word_products = WordProducts;
  static constexpr int lattice_queries = 14, lattice_vectors = 2;
  static constexpr int gram_rows = 8, gram_vectors = 3;
};

}  // namespace crowfly::kernels::CROWFLY_ISA_NAME
