// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 without VNNI (Skylake-X and its servers).
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_avx512bw.hpp"

namespace crowfly::kernels::avx512bw {
namespace {

/// As with AVX2: four products are summed in 16 bits first, hence codes of six bits and a sign, and eight features at a time.
struct ByteProducts {
  using Code = std::uint8_t;
  static constexpr int bytes = 8, levels = 63, offset = 64;
  struct Points {
    __m512i first, second;
  };
  struct Query {
    __m512i first, second;
  };
  static Points points(const void* p, std::ptrdiff_t stride) noexcept {
    return {_mm512_load_si512(p), _mm512_load_si512(static_cast<const char*>(p) + stride)};
  }
  static Query query(const void* p, std::ptrdiff_t stride) noexcept {
    const auto* fours = static_cast<const std::int32_t*>(p);
    return {_mm512_set1_epi32(*fours), _mm512_set1_epi32(fours[stride / 4])};
  }
  static Sums add(Sums sum, Points x, Query q) noexcept {
    const __m512i pairs =
        _mm512_add_epi16(_mm512_maddubs_epi16(x.first, q.first), _mm512_maddubs_epi16(x.second, q.second));
    return Sums::of(_mm512_add_epi32(sum.wide(), _mm512_madd_epi16(pairs, _mm512_set1_epi16(1))));
  }
};

/// Two products are summed in 32 bits: 2 * 32767^2 < 2^31.
struct WordProducts {
  using Code = std::int16_t;
  static constexpr int bytes = 4, levels = 32767, offset = 0;
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
  static Sums add(Sums sum, Points x, Query q) noexcept {
    return Sums::of(_mm512_add_epi32(sum.wide(), _mm512_madd_epi16(x.v, q.v)));
  }
};

/// 8 x 32 sums of bytes: 16 accumulators, and points and queries twice over. 8 x 24 doubles: 24 accumulators, three loads, one broadcast.
struct Isa {
  using f32 = F32;
  using f64 = F64;
  using sums = Sums;
  using byte_products = ByteProducts;
  using word_products = WordProducts;
  static constexpr int lattice_queries = 8, lattice_vectors = 2;
  static constexpr int gram_rows = 8, gram_vectors = 3;
};

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_table<Isa>("avx512bw");

}  // namespace crowfly::kernels::avx512bw
