// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/curve_tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/cancel.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/within_radius.hpp"
#include "neighbors/z_order.hpp"

namespace crowfly {
namespace {

using kernels::column_block;

constexpr Index rows_per_task = 8192;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A node that may hold neighbours: `level` 0 is a leaf.
struct Visit {
  double bound;
  Index node;
  int level;
};

/// Nodes set aside: at most 15 per level, and sixteen-fold levels are few.
constexpr std::size_t max_stack = 16 * 17;

}  // namespace

/// Leaves around the query's place on the curve that hold at least k points: a good first guess, from which most of the tree is out of reach.
Range CurveTree::home_of(std::uint32_t key, Index k) const noexcept {
  const auto& first = levels_.front().first;
  const auto after = std::upper_bound(leaf_keys_.begin(), leaf_keys_.end(), key) - leaf_keys_.begin();
  Range home{std::max<Index>(after - 1, 0), std::max<Index>(after, 1)};
  while (first[as_size(home.end)] - first[as_size(home.begin)] < k && home.size() < levels_.front().size()) {
    if (home.end < levels_.front().size()) ++home.end;
    if (home.begin > 0) --home.begin;
  }
  return home;
}

std::uint64_t CurveTree::measure_boxes(const double* query, const double* boxes, double limit,
                                       double* out) const noexcept {
  const auto& table = kernels::active();
  const auto at = static_cast<int>(metric_.reduction());
  return metric_.period() != nullptr ? table.periodic_boxes[at](query, boxes, metric_.period(), features_, limit, out)
                                     : table.box_columns[at](query, boxes, features_, limit, out);
}

std::uint64_t CurveTree::measure_leaf(const double* query, Index leaf, double limit, double* out) const noexcept {
  const auto& table = kernels::active();
  const auto at = static_cast<int>(metric_.reduction());
  const Index first = leaf * features_ * column_block;
  if (narrow_) return table.distance_columns_f32[at](query, narrow_columns_.data() + first, features_, limit, out);
  const double* columns = wide_columns_.data() + first;
  return metric_.period() != nullptr
             ? table.periodic_columns[at](query, columns, metric_.period(), features_, limit, out)
             : table.distance_columns_f64[at](query, columns, features_, limit, out);
}

template <class Kept>
void CurveTree::search(const Request& request, PointDistance& distance, Kept& kept) const {
  std::array<Visit, max_stack> stack;
  std::size_t n_stacked = 0;
  checkpoint();
  alignas(64) double bounds[column_block];
  // Nothing prunes beside distances with an exponent of their own.
  const auto limit = [&] {
    const RawDistance furthest = kept.limit();
    return furthest.exponent == 0 ? furthest.raw : infinity;
  };
  const Range home = home_of(request.key, kept.wanted());
  for (Index leaf = home.begin; leaf < home.end; ++leaf) search_leaf(request, leaf, limit(), distance, kept);
  stack[n_stacked++] = {0, 0, static_cast<int>(levels_.size()) - 1};
  while (n_stacked > 0) {
    const Visit visit = stack[--n_stacked];
    const double furthest = limit();
    if (visit.bound > furthest) continue;
    if (visit.level == 0) {
      if (visit.node >= home.begin && visit.node < home.end) continue;
      search_leaf(request, visit.node, furthest, distance, kept);
      continue;
    }
    const Level& level = levels_[as_size(visit.level)];
    std::uint64_t near =
        measure_boxes(request.row, level.boxes.data() + visit.node * 2 * features_ * column_block, furthest, bounds) &
        level.lanes(visit.node);
    const Index first = level.first[as_size(visit.node)];
    // Kept in descending order, so that the nearest child is on top.
    const std::size_t base = n_stacked;
    for (; near != 0; near &= near - 1) {
      const Index lane = std::countr_zero(near);
      std::size_t at = n_stacked++;
      for (; at > base && stack[at - 1].bound < bounds[lane]; --at) stack[at] = stack[at - 1];
      stack[at] = {bounds[lane], first + lane, visit.level - 1};
    }
  }
}

template <class Kept>
void CurveTree::search_leaf(const Request& request, Index leaf, double limit, PointDistance& distance,
                            Kept& kept) const {
  alignas(64) double raw[column_block];
  std::uint64_t near = measure_leaf(request.row, leaf, limit, raw);
  near &= levels_.front().lanes(leaf);
  const Index first = levels_.front().first[as_size(leaf)];
  for (; near != 0; near &= near - 1) {
    const Index lane = std::countr_zero(near), point = points_[as_size(first + lane)];
    if (!request.admission.admits(request.query, point)) continue;
    distance.offer(kept, raw[lane], request.row, point);
  }
}

template void CurveTree::search(const Request&, PointDistance&, TopK&) const;
template void CurveTree::search(const Request&, PointDistance&, WithinRadius&) const;
template void CurveTree::search(const Request&, PointDistance&, CountWithin&) const;

std::vector<KeyedIndex> CurveTree::order_of(const MatrixView& queries) const {
  std::vector<KeyedIndex> order(as_size(queries.rows));
  const ZOrder curve(low_, high_);
  const double operations = 8.0 * static_cast<double>(queries.rows) * static_cast<double>(features_);
  parallel_for_ranges(queries.rows, rows_per_task, operations, [&](Range range) {
    AlignedBuffer<double> row(padded_depth(features_));
    for (Index i = range.begin; i < range.end; ++i) {
      load_row(queries, i, metric_, row.data());
      order[as_size(i)] = keyed_index(curve.key(row.data()), static_cast<std::uint32_t>(i));
    }
  });
  sort_by_key(order);
  return order;
}

Index CurveTree::bytes() const noexcept {
  Index total = narrow_columns_.size() * 4 + wide_columns_.size() * 8 + static_cast<Index>(points_.size()) * 4;
  for (const Level& level : levels_) total += level.boxes.size() * 8 + static_cast<Index>(level.first.size()) * 4;
  return total;
}

}  // namespace crowfly
