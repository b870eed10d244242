// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/lattice_trial.hpp"

#include <algorithm>

#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly::kernels {
namespace {

/// `PointCode` and `QueryCode` are the lattice's codes.
template <class PointCode, class QueryCode>
class LatticeTrial {
 public:
  explicit LatticeTrial(const Lattice& lattice) : lattice_(lattice) {
    // No sum may leave 32 bits.
    constexpr Index most = 2047;
    const Index top = std::min(lattice.levels, most);
    const auto level = [&] { return random(-top, top); };
    std::generate_n(queries_.data(), queries_.size(), [&] { return static_cast<QueryCode>(level()); });
    std::generate_n(points_.data(), points_.size(), [&] { return static_cast<PointCode>(lattice.offset + level()); });
    std::generate_n(start_.data(), start_.size(), [&] { return static_cast<std::int32_t>(random(-1000000, 0)); });
    for (Index i = 0; i < lattice.queries; ++i) std::copy_n(start_.data(), cols_, sums_.data() + i * cols_);
    for (Index k = 0; k < features_; ++k) add_products(k);
  }

  /// A row's threshold is the sum of one of its columns, which is a hit and barely so.
  bool hits_are_right() {
    for (Index i = 0; i < lattice_.queries; ++i) thresholds_[i] = sums_[i * cols_ + random(0, cols_ - 1)];
    if (!run()) return false;
    for (Index i = 0; i < lattice_.queries; ++i) {
      for (Index j = 0; j < cols_; ++j) {
        const std::int32_t value = sums_[i * cols_ + j] - thresholds_[i];
        if (values_[i * cols_ + j] != value || ((hits_[i] >> j) & 1U) != (value >= 0 ? 1U : 0U)) return false;
      }
    }
    return true;
  }

  /// None, and the last column of the last row.
  bool few_hits_are_right() {
    std::fill_n(thresholds_.data(), thresholds_.size(), std::int32_t{1} << 30);
    if (run()) return false;
    const Index last_row = lattice_.queries - 1, last_col = cols_ - 1;
    thresholds_[last_row] = sums_[last_row * cols_ + last_col];
    return run() && ((hits_[last_row] >> last_col) & 1U) == 1;
  }

 private:
  [[nodiscard]] Index random(Index least, Index most) noexcept {
    state_ = state_ * 1664525 + 1013904223;
    return least + static_cast<Index>(state_ >> 8) % (most - least + 1);
  }
  void add_products(Index feature) noexcept {
    constexpr Index size = sizeof(PointCode), four = 4 / size;
    const Index group = lattice_.group / size;
    const QueryCode* q = queries_.data() + feature / group * lattice_.queries * group + feature % group;
    const PointCode* x = points_.data() + feature / four * cols_ * four + feature % four;
    for (Index i = 0; i < lattice_.queries; ++i) {
      for (Index j = 0; j < cols_; ++j) sums_[i * cols_ + j] += q[i * group] * x[j * four];
    }
  }
  bool run() {
    const LatticeScope scope(lattice_);
    return lattice_.tile(queries_.data(), points_.data(), start_.data(), thresholds_.data(), row_bytes_, hits_.data(),
                         values_.data());
  }

  const Lattice& lattice_;
  Index cols_ = lattice_.points, row_bytes_ = 2 * lattice_.row_multiple;
  Index features_ = row_bytes_ / static_cast<Index>(sizeof(PointCode));
  std::uint32_t state_ = 1;
  AlignedBuffer<QueryCode> queries_{features_ * lattice_.queries};
  AlignedBuffer<PointCode> points_{features_ * cols_};
  AlignedBuffer<std::int32_t> start_{cols_}, thresholds_{lattice_.queries};
  AlignedBuffer<std::int32_t> sums_{lattice_.queries * cols_}, values_{lattice_.queries * cols_};
  AlignedBuffer<std::uint64_t> hits_{lattice_.queries};
};

template <class Trial>
bool passes(Trial trial) {
  return trial.hits_are_right() && trial.few_hits_are_right();
}

}  // namespace

bool lattice_tile_is_exact(const Lattice& lattice) {
  return lattice.code_bytes == 1 ? passes(LatticeTrial<std::uint8_t, std::int8_t>(lattice))
                                 : passes(LatticeTrial<std::int16_t, std::int16_t>(lattice));
}

}  // namespace crowfly::kernels
