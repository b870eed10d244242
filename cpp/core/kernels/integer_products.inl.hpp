// SPDX-License-Identifier: BSD-3-Clause
// Products of bytes and of words where none are summed in 32 bits by the instruction that multiplies them (AVX2, AVX-512 without VNNI). Sums: lanes of 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crowfly::kernels {

/// Products are summed in 16 bits first: four of them, at most 4 * 127 * 63 < 2^15, hence six bits and a sign, and eight features at a time.
template <class Sums>
struct ByteProducts {
  using Code = std::uint8_t;
  using Wide = typename Sums::Wide;
  static constexpr int bytes = 8, levels = 63, offset = 64;
  struct Points {
    Wide first, second;
  };
  struct Query {
    Wide first, second;
  };
  static Points points(const void* p, std::ptrdiff_t stride) noexcept {
    return {Sums::load_wide(p), Sums::load_wide(static_cast<const char*>(p) + stride)};
  }
  static Query query(const void* p, std::ptrdiff_t stride) noexcept {
    const auto* fours = static_cast<const std::int32_t*>(p);
    return {Sums::repeat(*fours), Sums::repeat(fours[stride / 4])};
  }
  static Sums add(Sums sum, Points x, Query q) noexcept {
    const Wide pairs =
        Sums::add_words(Sums::pairs_of_bytes(x.first, q.first), Sums::pairs_of_bytes(x.second, q.second));
    constexpr std::int32_t ones = 0x00010001;
    return Sums::of(Sums::add(sum.wide(), Sums::pairs_of_words(pairs, Sums::repeat(ones))));
  }
};

/// Two products are summed in 32 bits: 2 * 32767^2 < 2^31.
template <class Sums>
struct WordProducts {
  using Code = std::int16_t;
  using Wide = typename Sums::Wide;
  static constexpr int bytes = 4, levels = 32767, offset = 0;
  struct Points {
    Wide v;
  };
  struct Query {
    Wide v;
  };
  static Points points(const void* p, std::ptrdiff_t /*stride*/) noexcept { return {Sums::load_wide(p)}; }
  static Query query(const void* p, std::ptrdiff_t /*stride*/) noexcept {
    return {Sums::repeat(*static_cast<const std::int32_t*>(p))};
  }
  static Sums add(Sums sum, Points x, Query q) noexcept {
    return Sums::of(Sums::add(sum.wide(), Sums::pairs_of_words(x.v, q.v)));
  }
};

}  // namespace crowfly::kernels
