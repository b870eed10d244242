// SPDX-License-Identifier: BSD-3-Clause
#include "base/radix_sort.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace crowfly {
namespace {

constexpr int bits = 11, passes = 3, buckets = 1 << bits, shortest = 2048;

constexpr std::size_t digit(KeyedIndex x, int pass) noexcept {
  return static_cast<std::size_t>(x >> (32 + pass * bits)) & (buckets - 1);
}

}  // namespace

void sort_by_key(std::vector<KeyedIndex>& values) {
  if (values.size() < shortest) {
    std::stable_sort(values.begin(), values.end(), [](KeyedIndex a, KeyedIndex b) { return key_of(a) < key_of(b); });
    return;
  }
  std::array<std::vector<std::size_t>, passes> counts;
  for (auto& count : counts) count.assign(buckets, 0);
  for (const KeyedIndex x : values) {
    for (int pass = 0; pass < passes; ++pass) ++counts[static_cast<std::size_t>(pass)][digit(x, pass)];
  }
  std::vector<KeyedIndex> other(values.size());
  for (int pass = 0; pass < passes; ++pass) {
    auto& position = counts[static_cast<std::size_t>(pass)];
    std::size_t sum = 0;
    for (std::size_t& count : position) sum += std::exchange(count, sum);
    for (const KeyedIndex x : values) other[position[digit(x, pass)]++] = x;
    values.swap(other);
  }
}

}  // namespace crowfly
