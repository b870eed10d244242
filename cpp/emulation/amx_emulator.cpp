// SPDX-License-Identifier: BSD-3-Clause
// Executes AMX instructions in software (Linux, x86-64), so that the kernels as compiled can be tested on a CPU without tile registers, where each of them raises
// SIGILL. Written from Intel's Software Developer's Manual: encodings, faults, and what happens to rows and columns beyond a tile's shape. What would
// fault on hardware ends the process with a message. For tests alone: a signal per instruction takes microseconds.
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int n_tiles = 8, max_rows = 16, max_row_bytes = 64;

/// The memory operand of LDTILECFG.
struct Config {
  std::uint8_t palette, start_row, reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(Config) == 64);

struct Tile {
  alignas(64) std::uint8_t bytes[max_rows][max_row_bytes];
};

/// All zeros: not configured.
thread_local Config config;
thread_local Tile tiles[n_tiles];

struct sigaction previous;

void fault_unless(bool holds, const char* what) {
  if (holds) return;
  for (const char* part : {"AMX emulator: ", what, "\n"}) {
    if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  signal(SIGABRT, SIG_DFL);
  std::abort();
}

// --- Registers and operands ---------------------------------------------------------------------------------------------

std::int64_t general_register(const ucontext_t& context, int number) {
  constexpr int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context.uc_mcontext.gregs[places[number]];
}

enum class Prefix { none, h66, hF3, hF2 };

/// An instruction of VEX.128.0F38.W0, which all of AMX belongs to, with its operands.
struct Instruction {
  Prefix prefix;
  std::uint8_t opcode;
  bool memory;               ///< else `rm` is a register
  int reg, rm, vvvv;         ///< with their upper bits
  bool sib = false;          ///< of a memory operand
  std::int64_t address = 0;  ///< of a memory operand, without the index where there is a SIB byte
  std::int64_t stride = 0;   ///< the index, scaled
  std::int64_t length;       ///< bytes
};

template <class T>
T read_at(const std::uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// Whether `code` starts with an instruction of that map; if so, its operands.
bool decode(const ucontext_t& context, const std::uint8_t* code, Instruction& found) {
  constexpr std::uint8_t vex3 = 0xC4, map_0f38 = 2;
  if (code[0] != vex3 || (code[1] & 0x1F) != map_0f38 || (code[2] & 0x84) != 0) return false;
  const int r = (~code[1] >> 7) & 1, x = (~code[1] >> 6) & 1, b = (~code[1] >> 5) & 1;
  found.prefix = static_cast<Prefix>(code[2] & 3);
  found.vvvv = (~code[2] >> 3) & 15;
  found.opcode = code[3];
  const int mod = code[4] >> 6, low = code[4] & 7;
  found.reg = ((code[4] >> 3) & 7) | (r << 3);
  found.rm = low | (b << 3);
  found.memory = mod != 3;
  const std::uint8_t* next = code + 5;
  bool relative = false;
  if (found.memory) {
    int base = found.rm;
    found.sib = low == 4;
    if (found.sib) {
      const int index = ((*next >> 3) & 7) | (x << 3);
      base = (*next & 7) | (b << 3);
      if (index != 4) found.stride = general_register(context, index) << (*next >> 6);
      ++next;
    }
    const bool no_base = mod == 0 && (base & 7) == 5;
    relative = no_base && !found.sib;
    if (!no_base) found.address = general_register(context, base);
    if (mod == 1) found.address += static_cast<std::int8_t>(*next++);
    if (mod == 2 || no_base) {
      found.address += read_at<std::int32_t>(next);
      next += 4;
    }
  }
  found.length = next - code;
  if (relative) found.address += reinterpret_cast<std::int64_t>(next);
  return true;
}

// --- What the instructions do -------------------------------------------------------------------------------------------

int rows_of(int tile) { return config.rows[tile]; }
int row_bytes_of(int tile) { return config.row_bytes[tile]; }

void check_tile(int tile) {
  fault_unless(config.palette != 0, "a tile is used on a thread without a configuration");
  fault_unless(tile < n_tiles && rows_of(tile) > 0 && row_bytes_of(tile) > 0, "the tile has no shape");
}

void release() {
  config = {};
  std::memset(tiles, 0, sizeof tiles);
}

void load_config(std::int64_t address) {
  const auto wanted = read_at<Config>(reinterpret_cast<const std::uint8_t*>(address));
  release();
  if (wanted.palette == 0) return;
  fault_unless(wanted.palette == 1, "LDTILECFG: unknown palette");
  fault_unless(wanted.start_row < max_rows, "LDTILECFG: first row");
  for (const std::uint8_t byte : wanted.reserved) fault_unless(byte == 0, "LDTILECFG: reserved byte");
  for (int t = 0; t < 16; ++t) {
    const int rows = wanted.rows[t], bytes = wanted.row_bytes[t];
    fault_unless(t < n_tiles || (rows == 0 && bytes == 0), "LDTILECFG: more than eight tiles");
    fault_unless(rows <= max_rows && bytes <= max_row_bytes && (rows == 0) == (bytes == 0), "LDTILECFG: shape");
  }
  config = wanted;
}

void zero(int tile) {
  check_tile(tile);
  tiles[tile] = {};
  config.start_row = 0;
}

void load(int tile, std::int64_t address, std::int64_t stride) {
  check_tile(tile);
  fault_unless(config.start_row == 0, "TILELOADD: begun before");
  tiles[tile] = {};
  for (int i = 0; i < rows_of(tile); ++i) {
    std::memcpy(tiles[tile].bytes[i], reinterpret_cast<const void*>(address + i * stride),
                static_cast<std::size_t>(row_bytes_of(tile)));
  }
}

void store(int tile, std::int64_t address, std::int64_t stride) {
  check_tile(tile);
  fault_unless(config.start_row == 0, "TILESTORED: begun before");
  for (int i = 0; i < rows_of(tile); ++i) {
    std::memcpy(reinterpret_cast<void*>(address + i * stride), tiles[tile].bytes[i],
                static_cast<std::size_t>(row_bytes_of(tile)));
  }
}

/// sums += signed bytes of `a` times unsigned bytes of `b`, in fours: TDPBSUD.
[[gnu::target("avx512f,avx512bw,prefer-vector-width=512")]] void signed_by_unsigned(int sums, int a, int b) {
  for (const int t : {sums, a, b}) check_tile(t);
  fault_unless(sums != a && sums != b && a != b, "TDPBSUD: one tile twice");
  fault_unless(row_bytes_of(sums) % 4 == 0 && row_bytes_of(a) % 4 == 0, "TDPBSUD: bytes of a row");
  fault_unless(rows_of(sums) == rows_of(a), "TDPBSUD: rows of the sums and of the first tile");
  fault_unless(row_bytes_of(sums) == row_bytes_of(b), "TDPBSUD: columns of the sums and of the second tile");
  fault_unless(row_bytes_of(a) == 4 * rows_of(b), "TDPBSUD: columns of the first tile and rows of the second");
  constexpr int cols = max_row_bytes / 4;
  // What lies beyond the shapes is zero and stays so.
  alignas(64) std::int32_t factor[max_row_bytes][cols];
  for (int k = 0; k < max_row_bytes; ++k) {
    for (int j = 0; j < cols; ++j) factor[k][j] = tiles[b].bytes[k / 4][4 * j + k % 4];
  }
  for (int i = 0; i < rows_of(sums); ++i) {
    // Sums wrap around, as the hardware's do.
    alignas(64) std::uint32_t sum[cols];
    std::memcpy(sum, tiles[sums].bytes[i], sizeof sum);
    for (int k = 0; k < row_bytes_of(a); ++k) {
      const std::int32_t q = static_cast<std::int8_t>(tiles[a].bytes[i][k]);
      for (int j = 0; j < cols; ++j) sum[j] += static_cast<std::uint32_t>(q * factor[k][j]);
    }
    std::memcpy(tiles[sums].bytes[i], sum, sizeof sum);
  }
  config.start_row = 0;
}

float from_bfloat16(const std::uint8_t* p) {
  const std::uint32_t bits = static_cast<std::uint32_t>(read_at<std::uint16_t>(p)) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// sums += bfloat16 of `a` times bfloat16 of `b`, in pairs, in float32: TDPBF16PS. The hardware takes denormal numbers for zeros, which this doesn't.
void bfloat16_products(int sums, int a, int b) {
  for (const int t : {sums, a, b}) check_tile(t);
  fault_unless(sums != a && sums != b && a != b, "TDPBF16PS: one tile twice");
  fault_unless(row_bytes_of(sums) % 4 == 0 && row_bytes_of(a) % 4 == 0, "TDPBF16PS: bytes of a row");
  fault_unless(rows_of(sums) == rows_of(a), "TDPBF16PS: rows of the sums and of the first tile");
  fault_unless(row_bytes_of(sums) == row_bytes_of(b), "TDPBF16PS: columns of the sums and of the second tile");
  fault_unless(row_bytes_of(a) == 4 * rows_of(b), "TDPBF16PS: columns of the first tile and rows of the second");
  for (int i = 0; i < rows_of(sums); ++i) {
    for (int j = 0; j < row_bytes_of(sums) / 4; ++j) {
      auto sum = read_at<float>(tiles[sums].bytes[i] + 4 * j);
      for (int k = 0; k < rows_of(b); ++k) {
        for (int odd = 0; odd < 2; ++odd) {
          sum +=
              from_bfloat16(tiles[a].bytes[i] + 4 * k + 2 * odd) * from_bfloat16(tiles[b].bytes[k] + 4 * j + 2 * odd);
        }
      }
      std::memcpy(tiles[sums].bytes[i] + 4 * j, &sum, sizeof sum);
    }
  }
  config.start_row = 0;
}

/// Whether it is an instruction that kernels use; others of AMX are not: they end the process as any illegal instruction does.
bool execute(const Instruction& i) {
  const bool no_vvvv = i.vvvv == 0;
  switch (i.opcode) {
    case 0x49:
      if (!no_vvvv) return false;
      if (i.prefix == Prefix::none && i.memory && i.reg == 0) {
        load_config(i.address + i.stride);
        return true;
      }
      if (i.prefix == Prefix::none && !i.memory && i.reg == 0 && i.rm == 0) {
        release();
        return true;
      }
      if (i.prefix == Prefix::hF2 && !i.memory && i.rm == 0) {
        zero(i.reg);
        return true;
      }
      return false;
    case 0x4B:
      if (!no_vvvv || !i.memory || !i.sib) return false;
      if (i.prefix == Prefix::hF2 || i.prefix == Prefix::h66) {
        load(i.reg, i.address, i.stride);
        return true;
      }
      if (i.prefix == Prefix::hF3) {
        store(i.reg, i.address, i.stride);
        return true;
      }
      return false;
    case 0x5C:
      if (i.prefix != Prefix::hF3 || i.memory) return false;
      bfloat16_products(i.reg, i.rm, i.vvvv);
      return true;
    case 0x5E:
      if (i.prefix != Prefix::hF3 || i.memory) return false;
      signed_by_unsigned(i.reg, i.rm, i.vvvv);
      return true;
    default:
      return false;
  }
}

// --- The signal ---------------------------------------------------------------------------------------------------------

void on_illegal_instruction(int, siginfo_t*, void* state) {
  auto& context = *static_cast<ucontext_t*>(state);
  greg_t& place = context.uc_mcontext.gregs[REG_RIP];
  Instruction instruction;
  // Instructions in a row cost one signal.
  bool any = false;
  while (decode(context, reinterpret_cast<const std::uint8_t*>(place), instruction) && execute(instruction)) {
    place += instruction.length;
    any = true;
  }
  // The next time it is whoever was asked before, or the default action, that sees it.
  if (!any) sigaction(SIGILL, &previous, nullptr);
}

[[gnu::constructor]] void install() {
  struct sigaction action = {};
  action.sa_sigaction = on_illegal_instruction;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, &previous);
}

}  // namespace
