// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/sparse_rows.hpp"

#include <algorithm>
#include <array>

#include "neighbors/exact_rows.hpp"

namespace crowfly {
namespace {

constexpr Index lanes = kernels::distance_lanes;

[[nodiscard]] constexpr std::size_t lane_of(std::int32_t column) noexcept {
  return static_cast<std::size_t>(column) % static_cast<std::size_t>(lanes);
}

/// Where the next entry of each accumulator goes.
class Places {
 public:
  [[nodiscard]] Index next(std::int32_t column) noexcept {
    const std::size_t lane = lane_of(column);
    return used_[lane]++ * lanes + static_cast<Index>(lane);
  }
  [[nodiscard]] Index deepest() const noexcept { return *std::max_element(used_.begin(), used_.end()); }
  [[nodiscard]] Index used(Index lane) const noexcept { return used_[as_size(lane)]; }

 private:
  std::array<Index, static_cast<std::size_t>(lanes)> used_{};
};

}  // namespace

/// At most the entries of both rows in each accumulator; counted where a bound by their number alone would be large.
void RowPair::make_room(const SparseRow& left, const SparseRow& right) {
  constexpr std::size_t small = 4096;
  const std::size_t n = left.columns.size() + right.columns.size();
  Index deepest = static_cast<Index>(n);
  if (n > small) {
    Places places;
    for (const std::int32_t j : left.columns) (void)places.next(j);
    for (const std::int32_t j : right.columns) (void)places.next(j);
    deepest = places.deepest();
  }
  const Index needed = std::max<Index>(1, deepest) * lanes;
  if (needed <= left_.size()) return;
  left_ = AlignedBuffer<double>(2 * needed);
  right_ = AlignedBuffer<double>(2 * needed);
}

void RowPair::load(const SparseRow& left, const SparseRow& right) {
  make_room(left, right);
  Places places;
  const std::size_t n_left = left.columns.size(), n_right = right.columns.size();
  const auto put = [&](std::int32_t column, double l, double r) {
    const Index at = places.next(column);
    left_[at] = l;
    right_[at] = r;
  };
  std::size_t i = 0, j = 0;
  while (i < n_left && j < n_right) {
    const std::int32_t a = left.columns[i], b = right.columns[j];
    // Without branches on which comes first, which nothing predicts.
    const std::int32_t column = std::min(a, b);
    put(column, a == column ? left.values[i] : 0.0, b == column ? right.values[j] : 0.0);
    i += a == column ? 1 : 0;
    j += b == column ? 1 : 0;
  }
  for (; i < n_left; ++i) put(left.columns[i], left.values[i], 0.0);
  for (; j < n_right; ++j) put(right.columns[j], 0.0, right.values[j]);
  const Index deepest = std::max<Index>(1, places.deepest());
  for (Index lane = 0; lane < lanes; ++lane) {
    for (Index at = places.used(lane); at < deepest; ++at) left_[at * lanes + lane] = right_[at * lanes + lane] = 0.0;
  }
  depth_ = deepest * lanes;
}

void load_values(const SparseRow& row, const Metric& metric, RowPair& scratch, double* values) {
  if (!metric.normalises()) {
    std::copy(row.values.begin(), row.values.end(), values);
    return;
  }
  scratch.load(row, {});
  make_unit_length(scratch.left(), scratch.depth());
  Places places;
  for (std::size_t e = 0; e < row.columns.size(); ++e) values[e] = scratch.left()[places.next(row.columns[e])];
}

}  // namespace crowfly
