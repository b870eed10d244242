// SPDX-License-Identifier: BSD-3-Clause
// Packing for ColumnSums, and its tile: bfloat16, fifteen times the speed of float64's Gram tile. For the amx object alone.
#pragma once

#include "kernels/vec_amx.hpp"
#include "kernels/vec_avx512.hpp"

namespace crowfly::kernels::amx {

/// 16 x 16 words, words[i] becoming column i.
inline void transpose_words(__m512i (&words)[16]) noexcept {
  __m512i half[16];
  for (int i = 0; i < 16; i += 2) {
    half[i] = _mm512_unpacklo_epi32(words[i], words[i + 1]);
    half[i + 1] = _mm512_unpackhi_epi32(words[i], words[i + 1]);
  }
  // Of rows 4i to 4i + 3, within lanes of 128 bits: columns c, c + 4, c + 8, c + 12.
  for (int i = 0; i < 16; i += 4) {
    words[i] = _mm512_unpacklo_epi64(half[i], half[i + 2]);
    words[i + 1] = _mm512_unpackhi_epi64(half[i], half[i + 2]);
    words[i + 2] = _mm512_unpacklo_epi64(half[i + 1], half[i + 3]);
    words[i + 3] = _mm512_unpackhi_epi64(half[i + 1], half[i + 3]);
  }
  for (int c = 0; c < 4; ++c) {
    const __m512i low = _mm512_shuffle_i32x4(words[c], words[c + 4], 0x88);
    const __m512i high = _mm512_shuffle_i32x4(words[c], words[c + 4], 0xdd);
    const __m512i low_after = _mm512_shuffle_i32x4(words[c + 8], words[c + 12], 0x88);
    const __m512i high_after = _mm512_shuffle_i32x4(words[c + 8], words[c + 12], 0xdd);
    half[c] = _mm512_shuffle_i32x4(low, low_after, 0x88);
    half[c + 4] = _mm512_shuffle_i32x4(high, high_after, 0x88);
    half[c + 8] = _mm512_shuffle_i32x4(low, low_after, 0xdd);
    half[c + 12] = _mm512_shuffle_i32x4(high, high_after, 0xdd);
  }
  for (int i = 0; i < 16; ++i) words[i] = half[i];
}

/// Two rows of 16 floats as pairs of bfloat16, rounded to nearest, ties away from zero.
inline __m512i pairs_of(F32 first, F32 second) noexcept {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i low = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(first.v), half), 16);
  const __m512i high = _mm512_add_epi32(_mm512_castps_si512(second.v), half);
  return _mm512_mask_blend_epi16(0xaaaaaaaa, low, high);
}

inline void pack_columns(const double* panels, Index stride, Index n_panels, Index first, const double* weight,
                         Index n_rows, void* out) {
  constexpr Index source_width = Isa::gram_vectors * F64::lanes;
  alignas(64) static constexpr double zeros[F64::lanes] = {};
  for (Index half = 0; half < 2; ++half) {
    const double* source[2];
    Index step[2];
    for (Index i = 0; i < 2; ++i) {
      const Index at = first + (2 * half + i) * F64::lanes, panel = at / source_width;
      source[i] = panel < n_panels ? panels + panel * stride + at % source_width : zeros;
      step[i] = panel < n_panels ? source_width : 0;
    }
    const auto row = [&](Index k) {
      if (k >= n_rows) return F32::zero();
      const F64 w = F64::set1(weight[k]);
      return narrow(w * F64::load(source[0] + k * step[0]), w * F64::load(source[1] + k * step[1]));
    };
    auto* target = static_cast<char*>(out) + half * 64;
    auto* left = static_cast<char*>(out) + half * (ColumnSums::left_bytes / 2);
    for (Index k = 0; k < n_rows; k += ColumnSums::rows) {
      __m512i words[16];
      for (Index pair = 0; pair < 16; ++pair) {
        words[pair] = pairs_of(row(k + 2 * pair), row(k + 2 * pair + 1));
        _mm512_store_si512(target + ColumnSums::left_bytes + pair * 128, words[pair]);
      }
      transpose_words(words);
      for (Index col = 0; col < 16; ++col) _mm512_store_si512(left + col * 64, words[col]);
      target += ColumnSums::step_bytes;
      left += ColumnSums::step_bytes;
    }
  }
}

inline void column_tile(const void* left, const void* right, Index n_rows, Index /*cols*/, float* c, Index c_stride) {
  const auto* a = static_cast<const char*>(left);
  const auto* b = static_cast<const char*>(right);
  ColumnSums::load(c, c_stride);
  for (Index k = 0; k < n_rows; k += ColumnSums::rows) {
    ColumnSums::add_products(a, b);
    a += ColumnSums::step_bytes;
    b += ColumnSums::step_bytes;
  }
  ColumnSums::store(c, c_stride);
}

constexpr CoarseGram make_column_sums() {
  return {.cols = ColumnSums::cols,
          .rows = ColumnSums::rows,
          .row_bytes = ColumnSums::step_bytes / ColumnSums::rows,
          .unit = 0x1p-9,
          .speed = 900,
          .coarse_pack = pack_columns,
          .coarse_tile = column_tile,
          .coarse_diagonal = column_tile,
          .enter = TileSums::configure,
          .leave = TileSums::release};
}

}  // namespace crowfly::kernels::amx
