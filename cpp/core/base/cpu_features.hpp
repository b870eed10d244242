// SPDX-License-Identifier: BSD-3-Clause
// What this CPU and this operating system can run. A feature counts only if CPUID has it *and* XCR0 says that the operating
// system saves its registers; tile registers only if Linux also gives them to this process, which asks for them here.
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
  amx_tile,
  amx_int8
};

using FeatureMask = std::uint32_t;

[[nodiscard]] constexpr FeatureMask feature_bit(CpuFeature feature) noexcept {
  return FeatureMask{1} << static_cast<unsigned>(feature);
}

[[nodiscard]] FeatureMask cpu_features() noexcept;

}  // namespace crowfly
