// SPDX-License-Identifier: BSD-3-Clause
// The emulator on its own, without kernels (tests/test_amx_emulator.py): products of tiles of every shape against plain sums, with no argument; with one, something that
// faults on hardware.
#include <immintrin.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

struct alignas(64) Config {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  void load() const { asm volatile("ldtilecfg %0" : : "m"(*this)); }
};

Config all_tiles() {
  Config config;
  for (int t = 0; t < 8; ++t) {
    config.rows[t] = 16;
    config.row_bytes[t] = 64;
  }
  return config;
}

std::int8_t a[16][64];
std::uint8_t b[16][64];
std::int32_t sums[16][16], expected[16][16];

std::uint32_t random() {
  static std::uint32_t state = 1;
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

/// sums[rows][cols] += a[rows][4 depth] * b[depth][cols][4], the tiles read and written by different forms of address.
bool product_is_right(int rows, int depth, int cols) {
  Config config;
  config.rows[0] = config.rows[1] = static_cast<std::uint8_t>(rows);
  config.rows[2] = static_cast<std::uint8_t>(depth);
  config.row_bytes[0] = config.row_bytes[2] = static_cast<std::uint16_t>(4 * cols);
  config.row_bytes[1] = static_cast<std::uint16_t>(4 * depth);
  config.load();
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < 64; ++k) {
      a[i][k] = static_cast<std::int8_t>(random());
      b[i][k] = static_cast<std::uint8_t>(random());
    }
    for (int j = 0; j < 16; ++j) sums[i][j] = static_cast<std::int32_t>(random() << 8);
  }
  std::memset(expected, 0, sizeof expected);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) {
      auto sum = static_cast<std::uint32_t>(sums[i][j]);
      for (int k = 0; k < 4 * depth; ++k) sum += static_cast<std::uint32_t>(a[i][k] * b[k / 4][4 * j + k % 4]);
      expected[i][j] = static_cast<std::int32_t>(sum);
    }
  }
  const char *near = reinterpret_cast<const char*>(&a[0][0]) - 100,
             *far = reinterpret_cast<const char*>(&sums[0][0]) - 4096;
  asm volatile("tileloadd 100(%0,%1,1), %%tmm1" : : "r"(near), "r"(64L) : "memory");
  asm volatile("movq %0, %%r13\n\ttileloaddt1 (%%r13,%1,4), %%tmm2" : : "r"(&b[0][0]), "r"(16L) : "memory", "r13");
  asm volatile("tileloadd 4096(%0,%1,8), %%tmm0" : : "r"(far), "r"(8L) : "memory");
  _tile_dpbsud(0, 1, 2);
  std::memset(sums, 0, sizeof sums);
  asm volatile("tilestored %%tmm0, (%0,%1,2)" : : "r"(&sums[0][0]), "r"(32L) : "memory");
  _tile_release();
  return std::memcmp(sums, expected, sizeof sums) == 0;
}

std::uint16_t halves[2][16][32];
float float_sums[16][16];

/// The same of bfloat16: small whole numbers, whose sums are exact.
bool float_product_is_right(int rows, int depth, int cols) {
  Config config;
  config.rows[0] = config.rows[1] = static_cast<std::uint8_t>(rows);
  config.rows[2] = static_cast<std::uint8_t>(depth);
  config.row_bytes[0] = config.row_bytes[2] = static_cast<std::uint16_t>(4 * cols);
  config.row_bytes[1] = static_cast<std::uint16_t>(4 * depth);
  config.load();
  float numbers[2][16][32];
  for (int side = 0; side < 2; ++side) {
    for (int i = 0; i < 16; ++i) {
      for (int k = 0; k < 32; ++k) {
        numbers[side][i][k] = static_cast<float>(random() % 17) - 8;
        std::uint32_t bits;
        std::memcpy(&bits, &numbers[side][i][k], sizeof bits);
        halves[side][i][k] = static_cast<std::uint16_t>(bits >> 16);
      }
    }
  }
  for (auto& row : float_sums) {
    for (float& sum : row) sum = static_cast<float>(random() % 100);
  }
  float expected_sums[16][16] = {};
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < cols; ++j) {
      expected_sums[i][j] = float_sums[i][j];
      for (int k = 0; k < 2 * depth; ++k) expected_sums[i][j] += numbers[0][i][k] * numbers[1][k / 2][2 * j + k % 2];
    }
  }
  _tile_loadd(1, halves[0], 64);
  _tile_loadd(2, halves[1], 64);
  _tile_loadd(0, float_sums, 64);
  _tile_dpbf16ps(0, 1, 2);
  std::memset(float_sums, 0, sizeof float_sums);
  _tile_stored(0, float_sums, 64);
  _tile_release();
  return std::memcmp(float_sums, expected_sums, sizeof float_sums) == 0;
}

int wrong_products() {
  int wrong = 0;
  for (int rows = 1; rows <= 16; ++rows) {
    for (int depth = 1; depth <= 16; ++depth) {
      for (int cols = 1; cols <= 16; ++cols) {
        wrong += product_is_right(rows, depth, cols) ? 0 : 1;
        wrong += float_product_is_right(rows, depth, cols) ? 0 : 1;
      }
    }
  }
  // Another thread has tiles of its own.
  all_tiles().load();
  std::thread([&] { wrong += product_is_right(5, 6, 7) ? 0 : 1; }).join();
  _tile_zero(7);
  _tile_release();
  return wrong;
}

void do_wrong(std::string_view fault) {
  Config config = all_tiles();
  if (fault == "never configured") _tile_zero(0);
  if (fault == "palette") config.palette = 2;
  if (fault == "reserved byte") config.reserved[3] = 1;
  if (fault == "too many rows") config.rows[0] = 17;
  if (fault == "ninth tile") config.rows[8] = 1, config.row_bytes[8] = 4;
  if (fault == "unlike shapes") config.row_bytes[1] = 32;
  config.load();
  if (fault == "released") _tile_release();
  if (fault == "other thread") std::thread([] { _tile_zero(0); }).join();
  if (fault == "one tile twice") asm volatile(".byte 0xc4, 0xe2, 0x72, 0x5e, 0xc1");
  if (fault == "not of AMX") asm volatile("ud2");
  _tile_dpbsud(0, 1, 2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    do_wrong(argv[1]);
    return 0;
  }
  const int wrong = wrong_products();
  std::printf("%d wrong\n", wrong);
  return wrong == 0 ? 0 : 1;
}
