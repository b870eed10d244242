// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/z_order.hpp"

#include <algorithm>
#include <cmath>

namespace crowfly {

ZOrder::ZOrder(std::span<const double> low, std::span<const double> high)
    : low_(low.begin(), low.end()),
      bits_(32 / static_cast<int>(low.size())),
      top_(std::ldexp(1.0, bits_) - 1),
      spread_(256) {
  double side = 0;
  for (std::size_t j = 0; j < low.size(); ++j) side = std::max(side, high[j] - low[j]);
  // Corners that are infinitely or hardly apart leave one key for all: any order is right.
  const double scale = std::ldexp(1.0, bits_) / side;
  scale_ = std::isfinite(scale) && std::isfinite(side) ? scale : 0.0;
  const std::size_t features = low.size();
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    for (std::size_t bit = 0; bit < 8 && bit * features < 32; ++bit) {
      spread_[byte] |= ((byte >> bit) & 1U) << (bit * features);
    }
  }
}

std::uint32_t ZOrder::key(const double* row) const noexcept {
  const std::size_t features = low_.size();
  std::uint32_t key = 0;
  for (std::size_t j = 0; j < features; ++j) {
    // Written so that the product of infinity and zero, for a row far outside, is zero too.
    const double place = (row[j] - low_[j]) * scale_;
    auto cell = static_cast<std::uint32_t>(place > 0 ? std::min(place, top_) : 0.0);
    // As many bytes in every row, so that the loop's end can be foreseen.
    key |= spread_[cell & 255U] << j;
    for (int bits = 8; bits < bits_; bits += 8) {
      cell >>= 8;
      key |= spread_[cell & 255U] << (j + static_cast<std::size_t>(bits) * features);
    }
  }
  return key;
}

}  // namespace crowfly
