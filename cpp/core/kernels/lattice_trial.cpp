// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/lattice_trial.hpp"

#include <algorithm>

#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly::kernels {
namespace {

class LatticeTrial {
 public:
  explicit LatticeTrial(const KernelTable& table) : t_(table) {
    const auto levels = [&] { return random(-t_.lattice_levels, t_.lattice_levels); };
    std::generate_n(queries_.data(), queries_.size(), [&] { return static_cast<std::int8_t>(levels()); });
    std::generate_n(points_.data(), points_.size(),
                    [&] { return static_cast<std::uint8_t>(t_.lattice_offset + levels()); });
    std::generate_n(start_.data(), start_.size(), [&] { return static_cast<std::int32_t>(random(-1000000, 0)); });
    for (Index i = 0; i < t_.lattice_queries; ++i) {
      std::copy_n(start_.data(), t_.lattice_points, sums_.data() + i * t_.lattice_points);
    }
    for (Index k = 0; k < depth_; ++k) add_products(k);
  }

  /// A row's threshold is the sum of one of its columns, which is a hit and barely so.
  bool hits_are_right() {
    const Index cols = t_.lattice_points;
    for (Index i = 0; i < t_.lattice_queries; ++i) thresholds_[i] = sums_[i * cols + random(0, cols - 1)];
    if (!run()) return false;
    for (Index i = 0; i < t_.lattice_queries; ++i) {
      for (Index j = 0; j < cols; ++j) {
        const std::int32_t value = sums_[i * cols + j] - thresholds_[i];
        if (values_[i * cols + j] != value || ((hits_[i] >> j) & 1U) != (value >= 0 ? 1U : 0U)) return false;
      }
    }
    return true;
  }

  /// None, and the last column of the last row.
  bool few_hits_are_right() {
    std::fill_n(thresholds_.data(), thresholds_.size(), std::int32_t{1} << 30);
    if (run()) return false;
    const Index last_row = t_.lattice_queries - 1, last_col = t_.lattice_points - 1;
    thresholds_[last_row] = sums_[last_row * t_.lattice_points + last_col];
    return run() && ((hits_[last_row] >> last_col) & 1U) == 1;
  }

 private:
  [[nodiscard]] Index random(Index least, Index most) noexcept {
    state_ = state_ * 1664525 + 1013904223;
    return least + static_cast<Index>(state_ >> 8) % (most - least + 1);
  }
  void add_products(Index feature) noexcept {
    const Index group = t_.lattice_group;
    const std::int8_t* q = queries_.data() + feature / group * t_.lattice_queries * group + feature % group;
    const std::uint8_t* x = points_.data() + feature / 4 * t_.lattice_points * 4 + feature % 4;
    for (Index i = 0; i < t_.lattice_queries; ++i) {
      for (Index j = 0; j < t_.lattice_points; ++j) sums_[i * t_.lattice_points + j] += q[i * group] * x[j * 4];
    }
  }
  bool run() {
    const LatticeScope scope(t_);
    return t_.lattice_tile(queries_.data(), points_.data(), start_.data(), thresholds_.data(), depth_, hits_.data(),
                           values_.data());
  }

  const KernelTable& t_;
  Index depth_ = 2 * t_.lattice_depth;
  std::uint32_t state_ = 1;
  AlignedBuffer<std::int8_t> queries_{depth_ * t_.lattice_queries};
  AlignedBuffer<std::uint8_t> points_{depth_ * t_.lattice_points};
  AlignedBuffer<std::int32_t> start_{t_.lattice_points}, thresholds_{t_.lattice_queries};
  AlignedBuffer<std::int32_t> sums_{t_.lattice_queries * t_.lattice_points},
      values_{t_.lattice_queries * t_.lattice_points};
  AlignedBuffer<std::uint64_t> hits_{t_.lattice_queries};
};

}  // namespace

bool lattice_tile_is_exact(const KernelTable& table) {
  LatticeTrial trial(table);
  return trial.hits_are_right() && trial.few_hits_are_right();
}

}  // namespace crowfly::kernels
