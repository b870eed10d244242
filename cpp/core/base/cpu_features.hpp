// SPDX-License-Identifier: BSD-3-Clause
// What this CPU and this operating system can run. A feature counts only if CPUID has it *and* XCR0 says that the operating
// system saves its registers.
#pragma once

#include <cstdint>

namespace crowfly {

enum class CpuFeature : unsigned {
  avx,
  avx2,
  fma,
  avx512f,
  avx512dq,
  avx512bw,
  avx512vl,
  avx512vnni,
  avx512bf16,
  amx_tile,
  amx_int8,
  amx_bf16
};

using FeatureMask = std::uint32_t;

[[nodiscard]] constexpr FeatureMask feature_bit(CpuFeature feature) noexcept {
  return FeatureMask{1} << static_cast<unsigned>(feature);
}

[[nodiscard]] FeatureMask cpu_features() noexcept;

/// Whether this process may use the registers of these features. Linux saves the state of tiles, 8 KiB per thread, only for processes that have asked, and from then on
/// refuses signal stacks without room for it. That can't be taken back: to be called for what is going to run.
[[nodiscard]] bool request_registers(FeatureMask features) noexcept;

}  // namespace crowfly
