// SPDX-License-Identifier: BSD-3-Clause
#include "base/cpu_features.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#define CROWFLY_X86 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace crowfly {

#ifdef CROWFLY_X86
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) noexcept {
  Registers r;
#if defined(_MSC_VER)
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]), static_cast<std::uint32_t>(out[2]),
       static_cast<std::uint32_t>(out[3])};
#else
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

std::uint64_t xcr0() noexcept {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  std::uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

#if defined(CROWFLY_EMULATE_AMX)
constexpr bool emulated_tiles = true;  // cpp/emulation
#else
constexpr bool emulated_tiles = false;
#endif

bool request_tiles() noexcept {
#if defined(__linux__)
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return emulated_tiles || syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

FeatureMask detect() noexcept {
  const Registers leaf1 = cpuid(1, 0);
  const auto bit = [](std::uint32_t word, int position) { return ((word >> position) & 1U) != 0; };
  if (!bit(leaf1.ecx, 27)) return 0;  // OSXSAVE: without it XCR0 can't be read and no wide register is usable
  const std::uint64_t saved = xcr0();
  const bool ymm = (saved & 0x06) == 0x06;
  const bool zmm = (saved & 0xE6) == 0xE6;
  const Registers leaf7 = cpuid(7, 0);
  FeatureMask mask = 0;
  const auto add = [&](CpuFeature feature, bool present) {
    if (present) mask |= feature_bit(feature);
  };
  add(CpuFeature::avx, ymm && bit(leaf1.ecx, 28));
  add(CpuFeature::fma, ymm && bit(leaf1.ecx, 12));
  add(CpuFeature::avx2, ymm && bit(leaf7.ebx, 5));
  add(CpuFeature::avx512f, zmm && bit(leaf7.ebx, 16));
  add(CpuFeature::avx512dq, zmm && bit(leaf7.ebx, 17));
  add(CpuFeature::avx512bw, zmm && bit(leaf7.ebx, 30));
  add(CpuFeature::avx512vl, zmm && bit(leaf7.ebx, 31));
  add(CpuFeature::avx512vnni, zmm && bit(leaf7.ecx, 11));
  // Leaf 7 says how many subleaves it has: beyond, other leaves' bits may be returned.
  add(CpuFeature::avx512bf16, zmm && leaf7.eax >= 1 && bit(cpuid(7, 1).eax, 5));
  const bool tiles = emulated_tiles || ((saved & 0x60000) == 0x60000 && bit(leaf7.edx, 24));
  add(CpuFeature::amx_tile, tiles);
  add(CpuFeature::amx_int8, tiles && (emulated_tiles || bit(leaf7.edx, 25)));
  add(CpuFeature::amx_bf16, tiles && (emulated_tiles || bit(leaf7.edx, 22)));
  return mask;
}

}  // namespace
#endif

FeatureMask cpu_features() noexcept {
#ifdef CROWFLY_X86
  static const FeatureMask mask = detect();
  return mask;
#else
  return 0;
#endif
}

bool request_registers(FeatureMask features) noexcept {
#ifdef CROWFLY_X86
  return (features & feature_bit(CpuFeature::amx_tile)) == 0 || request_tiles();
#else
  return features == 0;
#endif
}

}  // namespace crowfly
