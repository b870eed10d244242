// SPDX-License-Identifier: BSD-3-Clause
// AMX (TILE, INT8, BF16): 32 x 32 sums in 2 x 2 of the eight tile registers, 64 features of 32 queries and of 32 points in the other four, or 32 rows of 32 columns and 32.
// The instructions want tile numbers that are written out.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels::amx {

/// What LDTILECFG reads: of each tile the bytes per row, and the rows.
struct TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

struct TileSums {
  static constexpr Index queries = 32, points = 32, features = 64;

  static void configure() noexcept {
    // Not on the stack: GCC 12 takes it that the instruction reads the first 8 bytes only.
    alignas(64) static constexpr TileConfig config{};
    _tile_loadconfig(&config);
  }
  static void release() noexcept { _tile_release(); }

  /// q: [32][64].
  static void load_queries(const std::int8_t* q) noexcept {
    _tile_loadd(4, q, 64);
    _tile_loadd(5, q + 16 * 64, 64);
  }

  /// The first 16 of the points. x: [16][32][4]; values: [32][32].
  struct Left {
    static void set_zero() noexcept {
      _tile_zero(0);
      _tile_zero(1);
    }
    static void add_products(const std::uint8_t* x) noexcept {
      _tile_loadd(6, x, 128);
      _tile_dpbsud(0, 4, 6);
      _tile_dpbsud(1, 5, 6);
    }
    static void store(std::int32_t* values) noexcept {
      _tile_stored(0, values, 128);
      _tile_stored(1, values + 16 * 32, 128);
    }
  };

  /// The other 16.
  struct Right {
    static void set_zero() noexcept {
      _tile_zero(2);
      _tile_zero(3);
    }
    static void add_products(const std::uint8_t* x) noexcept {
      _tile_loadd(7, x + 64, 128);
      _tile_dpbsud(2, 4, 7);
      _tile_dpbsud(3, 5, 7);
    }
    static void store(std::int32_t* values) noexcept {
      _tile_stored(2, values + 16, 128);
      _tile_stored(3, values + 16 * 32 + 16, 128);
    }
  };
};

/// Sums of products of bfloat16 in float32. Of 32 rows of a panel there are two copies, one after the other: by columns, [32 columns][32 rows], for the left side, and by
/// pairs of rows, [16 pairs][32 columns][2 rows], for the right one.
struct ColumnSums {
  static constexpr Index cols = 32, rows = 32, left_bytes = 2 * cols * rows, step_bytes = 2 * left_bytes;

  static void load(const float* c, Index stride) noexcept {
    _tile_loadd(0, c, 4 * stride);
    _tile_loadd(1, c + 16, 4 * stride);
    _tile_loadd(2, c + 16 * stride, 4 * stride);
    _tile_loadd(3, c + 16 * stride + 16, 4 * stride);
  }
  static void store(float* c, Index stride) noexcept {
    _tile_stored(0, c, 4 * stride);
    _tile_stored(1, c + 16, 4 * stride);
    _tile_stored(2, c + 16 * stride, 4 * stride);
    _tile_stored(3, c + 16 * stride + 16, 4 * stride);
  }
  static void add_products(const char* left, const char* right) noexcept {
    const char* pairs = right + left_bytes;
    _tile_loadd(4, left, 64);
    _tile_loadd(6, pairs, 128);
    _tile_loadd(7, pairs + 64, 128);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + 16 * 64, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
};

/// Products without memory: six sums in a row, since one takes 52 cycles and the next can start after 16.
struct TileChain {
  static constexpr Index products = 6 * 16 * 16 * 64;

  static void set_zero() noexcept {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
  }
  static void add_products() noexcept {
    _tile_dpbsud(0, 6, 7);
    _tile_dpbsud(1, 6, 7);
    _tile_dpbsud(2, 6, 7);
    _tile_dpbsud(3, 6, 7);
    _tile_dpbsud(4, 6, 7);
    _tile_dpbsud(5, 6, 7);
  }
};

}  // namespace crowfly::kernels::amx
