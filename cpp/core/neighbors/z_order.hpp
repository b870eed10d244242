// SPDX-License-Identifier: BSD-3-Clause
// A space-filling curve: near places on it are near in space.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crowfly {

/// From coordinates to 32 bits: a Z-order curve over a cube about the points.
class ZOrder {
 public:
  /// `low` and `high` bound the coordinates that matter; others are moved to the border.
  ZOrder(std::span<const double> low, std::span<const double> high);
  [[nodiscard]] std::uint32_t key(const double* row) const noexcept;

 private:
  std::vector<double> low_;
  double scale_ = 0;
  int bits_;
  double top_;                         ///< the last cell along an axis
  std::vector<std::uint32_t> spread_;  ///< the bits of a byte, as many positions apart as there are features
};

}  // namespace crowfly
