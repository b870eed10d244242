// SPDX-License-Identifier: BSD-3-Clause
// AVX-512 (F, DQ, BW, VL): 16 floats or 8 doubles. The same operations under the same names as in vec_reference.hpp, which documents them.
// All instruction sets from here on have these vectors, each as types of its own: CROWFLY_ISA_NAME is that of the object (isa.cmake).
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels::CROWFLY_ISA_NAME {

struct F32 {
  static constexpr int lanes = 16;
  __m512 v;

  static F32 set1(float x) noexcept { return {_mm512_set1_ps(x)}; }
  static F32 zero() noexcept { return {_mm512_setzero_ps()}; }
  static F32 load(const float* p) noexcept { return {_mm512_load_ps(p)}; }
  static F32 widen(const float* p) noexcept { return {_mm512_loadu_ps(p)}; }
  static F32 load_widen(const float* p, int count) noexcept {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1U), p)};
  }
  void store(float* p) const noexcept { _mm512_store_ps(p, v); }
  void store_codes(std::uint8_t* p) const noexcept {
    _mm_store_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
  }
  friend F32 operator+(F32 a, F32 b) noexcept { return {_mm512_add_ps(a.v, b.v)}; }
  friend F32 operator-(F32 a, F32 b) noexcept { return {_mm512_sub_ps(a.v, b.v)}; }
  friend F32 operator*(F32 a, F32 b) noexcept { return {_mm512_mul_ps(a.v, b.v)}; }
  friend F32 abs(F32 a) noexcept { return {_mm512_abs_ps(a.v)}; }
  friend F32 max(F32 a, F32 b) noexcept { return {_mm512_max_ps(a.v, b.v)}; }
  friend F32 min(F32 a, F32 b) noexcept { return {_mm512_min_ps(a.v, b.v)}; }
  friend F32 mul_add(F32 a, F32 b, F32 c) noexcept { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  friend std::uint64_t mask_le(F32 a, F32 b) noexcept { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ); }
};

struct F64 {
  static constexpr int lanes = 8;
  __m512d v;

  static F64 set1(double x) noexcept { return {_mm512_set1_pd(x)}; }
  static F64 zero() noexcept { return {_mm512_setzero_pd()}; }
  static F64 load(const double* p) noexcept { return {_mm512_load_pd(p)}; }
  static F64 load_widen(const double* p, int count) noexcept { return {_mm512_maskz_loadu_pd(first(count), p)}; }
  static F64 load_widen(const float* p, int count) noexcept {
    return {_mm512_cvtps_pd(_mm256_maskz_loadu_ps(first(count), p))};
  }
  static F64 widen(const double* p) noexcept { return {_mm512_loadu_pd(p)}; }
  static F64 widen(const float* p) noexcept { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
  /// a's lanes in pairs.
  static F64 sum_of_halves(F32 a) noexcept {
    return {
        _mm512_add_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(a.v)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(a.v, 1)))};
  }
  void store(double* p) const noexcept { _mm512_store_pd(p, v); }
  friend F32 narrow(F64 a, F64 b) noexcept {
    return {_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a.v)), _mm512_cvtpd_ps(b.v), 1)};
  }
  void store_codes(std::uint8_t* p) const noexcept {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(v)));
  }
  void store_codes(std::int16_t* p) const noexcept {
    _mm_store_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtepi32_epi16(_mm512_cvtpd_epi32(v)));
  }

  friend F64 operator+(F64 a, F64 b) noexcept { return {_mm512_add_pd(a.v, b.v)}; }
  friend F64 operator-(F64 a, F64 b) noexcept { return {_mm512_sub_pd(a.v, b.v)}; }
  friend F64 operator*(F64 a, F64 b) noexcept { return {_mm512_mul_pd(a.v, b.v)}; }
  friend F64 operator/(F64 a, F64 b) noexcept { return {_mm512_div_pd(a.v, b.v)}; }
  friend F64 abs(F64 a) noexcept { return {_mm512_abs_pd(a.v)}; }
  friend F64 max(F64 a, F64 b) noexcept { return {_mm512_max_pd(a.v, b.v)}; }
  friend F64 min(F64 a, F64 b) noexcept { return {_mm512_min_pd(a.v, b.v)}; }
  friend F64 mul_add(F64 a, F64 b, F64 c) noexcept { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
  friend F64 fused(F64 a, F64 b, F64 c) noexcept { return mul_add(a, b, c); }
  friend F64 select_nonnegative(F64 a, F64 yes, F64 no) noexcept {
    return {_mm512_mask_blend_pd(_mm512_cmp_pd_mask(a.v, _mm512_setzero_pd(), _CMP_GE_OQ), no.v, yes.v)};
  }
  friend F64 shift_into_exponent(F64 a) noexcept {
    return {_mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(a.v), 52))};
  }
  friend std::uint64_t mask_le(F64 a, F64 b) noexcept { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ); }
  friend double upper_plus_lower(F64 a) noexcept {
    const __m256d b = _mm256_add_pd(_mm512_castpd512_pd256(a.v), _mm512_extractf64x4_pd(a.v, 1));
    const __m128d c = _mm_add_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
    return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
  }
  friend double horizontal_max(F64 a) noexcept { return _mm512_reduce_max_pd(a.v); }

 private:
  static __mmask8 first(int count) noexcept { return static_cast<__mmask8>((1U << count) - 1U); }
};

inline void transpose(F64 (&rows)[8]) noexcept {
  __m512d pairs[8], fours[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm512_unpacklo_pd(rows[i].v, rows[i + 1].v);
    pairs[i + 1] = _mm512_unpackhi_pd(rows[i].v, rows[i + 1].v);
  }
  // Pieces of 128 bits, two rows of each column: the even ones of four rows, and the odd ones.
  for (int i = 0; i < 8; i += 4) {
    for (int odd = 0; odd < 2; ++odd) {
      fours[i + odd] = _mm512_shuffle_f64x2(pairs[i + odd], pairs[i + 2 + odd], 0x88);
      fours[i + 2 + odd] = _mm512_shuffle_f64x2(pairs[i + odd], pairs[i + 2 + odd], 0xdd);
    }
  }
  for (int odd = 0; odd < 2; ++odd) {
    rows[odd].v = _mm512_shuffle_f64x2(fours[odd], fours[4 + odd], 0x88);
    rows[4 + odd].v = _mm512_shuffle_f64x2(fours[odd], fours[4 + odd], 0xdd);
    rows[2 + odd].v = _mm512_shuffle_f64x2(fours[2 + odd], fours[6 + odd], 0x88);
    rows[6 + odd].v = _mm512_shuffle_f64x2(fours[2 + odd], fours[6 + odd], 0xdd);
  }
}

/// Sums in 32 bits.
struct Sums {
  static constexpr int lanes = 16;
  // GCC 12 keeps a second copy of every accumulator in memory where it has to see 64-bit lanes (__m512i) as 32-bit ones: the tile then takes three times as
  // long.
#if defined(__GNUC__)
  using Lanes = std::int32_t __attribute__((vector_size(64)));
#else
  using Lanes = __m512i;
#endif
  Lanes v;

  using Wide = __m512i;
  static Wide load_wide(const void* p) noexcept { return _mm512_load_si512(p); }
  static Wide repeat(std::int32_t x) noexcept { return _mm512_set1_epi32(x); }
  static Wide add_words(Wide a, Wide b) noexcept { return _mm512_add_epi16(a, b); }
  static Wide pairs_of_bytes(Wide a, Wide b) noexcept { return _mm512_maddubs_epi16(a, b); }
  static Wide pairs_of_words(Wide a, Wide b) noexcept { return _mm512_madd_epi16(a, b); }
  static Wide add(Wide a, Wide b) noexcept { return _mm512_add_epi32(a, b); }
  static Sums of(Wide v) noexcept { return {(Lanes)v}; }
  [[nodiscard]] __m512i wide() const noexcept { return (__m512i)v; }
  static Sums load(const std::int32_t* p) noexcept { return of(_mm512_load_si512(p)); }
  static Sums difference(const std::int32_t* p, std::int32_t x) noexcept {
    return of(_mm512_sub_epi32(_mm512_load_si512(p), _mm512_set1_epi32(x)));
  }
  friend Sums operator&(Sums a, Sums b) noexcept { return of(_mm512_and_si512(a.wide(), b.wide())); }
  friend Sums max(Sums a, Sums b) noexcept { return of(_mm512_max_epi32(a.wide(), b.wide())); }
  /// Bit i set where a[i] + start[i] >= 0, start[i] not positive; the sum needn't fit.
  friend std::uint32_t reaching(Sums a, const std::int32_t* start) noexcept {
    const __m512i least = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_load_si512(start));
    return _mm512_cmpge_epi32_mask(a.wide(), least);
  }
  [[nodiscard]] std::uint64_t nonnegative() const noexcept {
    return static_cast<std::uint16_t>(~_mm512_movepi32_mask(wide()));
  }
  void store(std::int32_t* p) const noexcept { _mm512_store_si512(p, wide()); }
};

}  // namespace crowfly::kernels::CROWFLY_ISA_NAME
