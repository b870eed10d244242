// SPDX-License-Identifier: BSD-3-Clause
// Boxes with sides along the axes around rows of coordinates.
#pragma once

#include <algorithm>
#include <limits>

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"

namespace crowfly {

/// Each as its low corner, then its high one; one that holds nothing yet has them the wrong way round.
class BoundingBoxes {
 public:
  BoundingBoxes() = default;
  BoundingBoxes(Index n, Index features) : features_(features), sides_(2 * n * features) {
    for (Index i = 0; i < n; ++i) clear(i);
  }
  [[nodiscard]] const double* low(Index i) const noexcept { return sides_.data() + 2 * i * features_; }
  [[nodiscard]] const double* high(Index i) const noexcept { return low(i) + features_; }
  void clear(Index i) noexcept {
    double* sides = sides_.data() + 2 * i * features_;
    std::fill_n(sides, features_, std::numeric_limits<double>::infinity());
    std::fill_n(sides + features_, features_, -std::numeric_limits<double>::infinity());
  }
  void add(Index i, const double* row) noexcept { add(i, row, row); }
  void add(Index i, const double* low, const double* high) noexcept {
    double* sides = sides_.data() + 2 * i * features_;
    for (Index j = 0; j < features_; ++j) {
      sides[j] = std::min(sides[j], low[j]);
      sides[features_ + j] = std::max(sides[features_ + j], high[j]);
    }
  }
  void set(Index i, Index j, double low, double high) noexcept {
    sides_[(2 * i) * features_ + j] = low;
    sides_[(2 * i + 1) * features_ + j] = high;
  }
  [[nodiscard]] double side(Index i, Index j) const noexcept { return high(i)[j] - low(i)[j]; }

 private:
  Index features_ = 0;
  AlignedBuffer<double> sides_;
};

}  // namespace crowfly
