// SPDX-License-Identifier: BSD-3-Clause
// AVX2 with FMA: 8 floats or 4 doubles. The same operations under the same names as in vec_reference.hpp, which documents them.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/integer_products.inl.hpp"
#include "kernels/kernel_table.hpp"

namespace crowfly::kernels::avx2 {

/// A mask whose first `count` (0 to 4) lanes are set, as 64-bit or 32-bit lanes.
struct FirstLanes {
  static __m256i wide(int count) noexcept {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static __m128i narrow(int count) noexcept {
    return _mm_cmpgt_epi32(_mm_set1_epi32(count), _mm_setr_epi32(0, 1, 2, 3));
  }
};

struct F32 {
  static constexpr int lanes = 8;
  __m256 v;

  static F32 set1(float x) noexcept { return {_mm256_set1_ps(x)}; }
  static F32 zero() noexcept { return {_mm256_setzero_ps()}; }
  static F32 load(const float* p) noexcept { return {_mm256_load_ps(p)}; }
  static F32 widen(const float* p) noexcept { return {_mm256_loadu_ps(p)}; }
  static F32 load_widen(const float* p, int count) noexcept {
    const __m256i lanes_of = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes_of))};
  }
  void store(float* p) const noexcept { _mm256_store_ps(p, v); }
  void store_codes(std::uint8_t* p) const noexcept {
    const __m256i integers = _mm256_cvtps_epi32(v);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
    const __m128i lowest = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, -1, -1, -1, -1, -1, -1, -1, -1);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_shuffle_epi8(words, lowest));
  }
  friend F32 operator+(F32 a, F32 b) noexcept { return {_mm256_add_ps(a.v, b.v)}; }
  friend F32 operator-(F32 a, F32 b) noexcept { return {_mm256_sub_ps(a.v, b.v)}; }
  friend F32 operator*(F32 a, F32 b) noexcept { return {_mm256_mul_ps(a.v, b.v)}; }
  friend F32 abs(F32 a) noexcept { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0F), a.v)}; }
  friend F32 max(F32 a, F32 b) noexcept { return {_mm256_max_ps(a.v, b.v)}; }
  friend F32 min(F32 a, F32 b) noexcept { return {_mm256_min_ps(a.v, b.v)}; }
  friend F32 mul_add(F32 a, F32 b, F32 c) noexcept { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
  friend std::uint64_t mask_le(F32 a, F32 b) noexcept {
    return static_cast<std::uint64_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)));
  }
};

struct F64 {
  static constexpr int lanes = 4;
  __m256d v;

  static F64 set1(double x) noexcept { return {_mm256_set1_pd(x)}; }
  static F64 zero() noexcept { return {_mm256_setzero_pd()}; }
  static F64 load(const double* p) noexcept { return {_mm256_load_pd(p)}; }
  static F64 load_widen(const double* p, int count) noexcept {
    return {_mm256_maskload_pd(p, FirstLanes::wide(count))};
  }
  static F64 load_widen(const float* p, int count) noexcept {
    return {_mm256_cvtps_pd(_mm_maskload_ps(p, FirstLanes::narrow(count)))};
  }
  static F64 widen(const double* p) noexcept { return {_mm256_loadu_pd(p)}; }
  static F64 widen(const float* p) noexcept { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
  /// a's lanes in pairs.
  static F64 sum_of_halves(F32 a) noexcept {
    return {
        _mm256_add_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(a.v)), _mm256_cvtps_pd(_mm256_extractf128_ps(a.v, 1)))};
  }
  void store(double* p) const noexcept { _mm256_store_pd(p, v); }
  friend F32 narrow(F64 a, F64 b) noexcept {
    return {_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(a.v)), _mm256_cvtpd_ps(b.v), 1)};
  }
  void store_codes(std::uint8_t* p) const noexcept {
    const __m128i lowest = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    _mm_storeu_si32(p, _mm_shuffle_epi8(_mm256_cvtpd_epi32(v), lowest));
  }
  void store_codes(std::int16_t* p) const noexcept {
    const __m128i integers = _mm256_cvtpd_epi32(v);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi32(integers, integers));
  }

  friend F64 operator+(F64 a, F64 b) noexcept { return {_mm256_add_pd(a.v, b.v)}; }
  friend F64 operator-(F64 a, F64 b) noexcept { return {_mm256_sub_pd(a.v, b.v)}; }
  friend F64 operator*(F64 a, F64 b) noexcept { return {_mm256_mul_pd(a.v, b.v)}; }
  friend F64 operator/(F64 a, F64 b) noexcept { return {_mm256_div_pd(a.v, b.v)}; }
  friend F64 abs(F64 a) noexcept { return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v)}; }
  friend F64 max(F64 a, F64 b) noexcept { return {_mm256_max_pd(a.v, b.v)}; }
  friend F64 min(F64 a, F64 b) noexcept { return {_mm256_min_pd(a.v, b.v)}; }
  friend F64 mul_add(F64 a, F64 b, F64 c) noexcept { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }
  friend F64 fused(F64 a, F64 b, F64 c) noexcept { return mul_add(a, b, c); }
  friend F64 select_nonnegative(F64 a, F64 yes, F64 no) noexcept {
    return {_mm256_blendv_pd(no.v, yes.v, _mm256_cmp_pd(a.v, _mm256_setzero_pd(), _CMP_GE_OQ))};
  }
  friend F64 shift_into_exponent(F64 a) noexcept {
    return {_mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(a.v), 52))};
  }
  friend std::uint64_t mask_le(F64 a, F64 b) noexcept {
    return static_cast<std::uint64_t>(_mm256_movemask_pd(_mm256_cmp_pd(a.v, b.v, _CMP_LE_OQ)));
  }
  friend double upper_plus_lower(F64 a) noexcept {
    const __m128d c = _mm_add_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
  }
  friend double horizontal_max(F64 a) noexcept {
    const __m128d c = _mm_max_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
    return _mm_cvtsd_f64(_mm_max_sd(c, _mm_unpackhi_pd(c, c)));
  }
};

inline void transpose(F64 (&rows)[4]) noexcept {
  const __m256d even[2] = {_mm256_unpacklo_pd(rows[0].v, rows[1].v), _mm256_unpacklo_pd(rows[2].v, rows[3].v)};
  const __m256d odd[2] = {_mm256_unpackhi_pd(rows[0].v, rows[1].v), _mm256_unpackhi_pd(rows[2].v, rows[3].v)};
  rows[0].v = _mm256_permute2f128_pd(even[0], even[1], 0x20);
  rows[1].v = _mm256_permute2f128_pd(odd[0], odd[1], 0x20);
  rows[2].v = _mm256_permute2f128_pd(even[0], even[1], 0x31);
  rows[3].v = _mm256_permute2f128_pd(odd[0], odd[1], 0x31);
}

/// Sums in 32 bits.
struct Sums {
  static constexpr int lanes = 8;
  // As in vec_avx512.hpp: lanes of 32 bits, or GCC 12 keeps copies in memory.
#if defined(__GNUC__)
  using Lanes = std::int32_t __attribute__((vector_size(32)));
#else
  using Lanes = __m256i;
#endif
  Lanes v;

  using Wide = __m256i;
  static Wide load_wide(const void* p) noexcept { return _mm256_load_si256(static_cast<const __m256i*>(p)); }
  static Wide repeat(std::int32_t x) noexcept { return _mm256_set1_epi32(x); }
  static Wide add_words(Wide a, Wide b) noexcept { return _mm256_add_epi16(a, b); }
  static Wide pairs_of_bytes(Wide a, Wide b) noexcept { return _mm256_maddubs_epi16(a, b); }
  static Wide pairs_of_words(Wide a, Wide b) noexcept { return _mm256_madd_epi16(a, b); }
  static Wide add(Wide a, Wide b) noexcept { return _mm256_add_epi32(a, b); }
  static Sums of(Wide v) noexcept { return {(Lanes)v}; }
  [[nodiscard]] __m256i wide() const noexcept { return (__m256i)v; }
  static Sums load(const std::int32_t* p) noexcept { return of(load_wide(p)); }
  static Sums difference(const std::int32_t* p, std::int32_t x) noexcept {
    return of(_mm256_sub_epi32(load_wide(p), _mm256_set1_epi32(x)));
  }
  friend Sums operator&(Sums a, Sums b) noexcept { return of(_mm256_and_si256(a.wide(), b.wide())); }
  [[nodiscard]] std::uint64_t nonnegative() const noexcept {
    return static_cast<std::uint8_t>(~_mm256_movemask_ps(_mm256_castsi256_ps(wide())));
  }
  void store(std::int32_t* p) const noexcept { _mm256_store_si256(reinterpret_cast<__m256i*>(p), wide()); }
};

/// 4 x 16 sums of bytes: 8 accumulators, and points and queries twice over. 4 x 12 doubles: 12 accumulators, three loads, one broadcast.
struct Isa {
  using f32 = F32;
  using f64 = F64;
  using sums = Sums;
  using byte_products = ByteProducts<Sums>;
  using word_products = WordProducts<Sums>;
  static constexpr int lattice_queries = 4, lattice_vectors = 2;
  static constexpr int gram_rows = 4, gram_vectors = 3;
};

}  // namespace crowfly::kernels::avx2
