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
    for (Index p = 0; p < n_panels; ++p) {
      for (Index i = 0; i < lattice.queries; ++i) std::copy_n(start_.data() + p * cols_, cols_, &sum(p, i, 0));
      for (Index k = 0; k < features_; ++k) add_products(p, k);
    }
  }

  /// A row's threshold is the sum of one of its columns, which is a hit and barely so. Hits that find no room are found by the next scan.
  bool hits_are_right() {
    for (Index i = 0; i < lattice_.queries; ++i) thresholds_[i] = sum(random(0, n_panels - 1), i, random(0, cols_ - 1));
    Index panel = 0;
    while (panel < n_panels) {
      const LatticeFound found = run(panel);
      const Index end = std::min(found.next_panel, n_panels - panel);
      if (end < 1 || !are_all_hits(panel, panel + end, found.n_hits)) return false;
      panel += end;
    }
    return true;
  }

  /// None, and the last column of the last row.
  bool few_hits_are_right() {
    std::fill_n(thresholds_.data(), thresholds_.size(), std::int32_t{1} << 30);
    if (run(0).n_hits != 0) return false;
    const Index last_row = lattice_.queries - 1;
    thresholds_[last_row] = sum(n_panels - 1, last_row, cols_ - 1);
    return are_all_hits(0, n_panels, run(0).n_hits);
  }

 private:
  [[nodiscard]] Index random(Index least, Index most) noexcept {
    state_ = state_ * 1664525 + 1013904223;
    return least + static_cast<Index>(state_ >> 8) % (most - least + 1);
  }
  [[nodiscard]] std::int32_t& sum(Index panel, Index query, Index col) noexcept {
    return sums_[(panel * lattice_.queries + query) * cols_ + col];
  }
  void add_products(Index panel, Index feature) noexcept {
    constexpr Index size = sizeof(PointCode), four = 4 / size;
    const Index group = lattice_.group / size;
    const QueryCode* q = queries_.data() + feature / group * lattice_.queries * group + feature % group;
    const PointCode* x = points_.data() + (panel * features_ + feature / four * four) * cols_ + feature % four;
    for (Index i = 0; i < lattice_.queries; ++i) {
      for (Index j = 0; j < cols_; ++j) sum(panel, i, j) += q[i * group] * x[j * four];
    }
  }
  LatticeFound run(Index panel) {
    const LatticeScope scope(lattice_);
    return lattice_.scan({.queries = queries_.data(),
                          .points = points_.data() + panel * features_ * cols_,
                          .start = start_.data() + panel * cols_,
                          .thresholds = thresholds_.data(),
                          .row_bytes = row_bytes_,
                          .n_panels = n_panels - panel,
                          .step = 1,
                          .hits = hits_.data(),
                          .capacity = hits_.size()});
  }
  /// Places count from panel `begin`.
  bool are_all_hits(Index begin, Index end, Index n_hits) noexcept {
    const LatticeHit* hit = hits_.data();
    for (Index p = begin; p < end; ++p) {
      for (Index i = 0; i < lattice_.queries; ++i) {
        for (Index j = 0; j < cols_; ++j) {
          if (sum(p, i, j) < thresholds_[i]) continue;
          if (hit == hits_.data() + n_hits || hit->value != sum(p, i, j) || hit->query != i ||
              hit->place != (p - begin) * cols_ + j) {
            return false;
          }
          ++hit;
        }
      }
    }
    return hit == hits_.data() + n_hits;
  }

  static constexpr Index n_panels = 5;
  const Lattice& lattice_;
  Index cols_ = lattice_.points, row_bytes_ = 2 * lattice_.row_multiple;
  Index features_ = row_bytes_ / static_cast<Index>(sizeof(PointCode));
  std::uint32_t state_ = 1;
  AlignedBuffer<QueryCode> queries_{features_ * lattice_.queries};
  AlignedBuffer<PointCode> points_{n_panels * features_ * cols_};
  AlignedBuffer<std::int32_t> start_{n_panels * cols_}, thresholds_{lattice_.queries};
  AlignedBuffer<std::int32_t> sums_{n_panels * lattice_.queries * cols_};
  /// A row of each panel finds room beside all that is asked for, half of all pairs doesn't.
  AlignedBuffer<LatticeHit> hits_{lattice_.max_hits() + n_panels * cols_};
};

template <class Trial>
bool passes(Trial trial) {
  return trial.hits_are_right() && trial.few_hits_are_right();
}

}  // namespace

bool lattice_scan_is_exact(const Lattice& lattice) {
  return lattice.code_bytes == 1 ? passes(LatticeTrial<std::uint8_t, std::int8_t>(lattice))
                                 : passes(LatticeTrial<std::int16_t, std::int16_t>(lattice));
}

}  // namespace crowfly::kernels
