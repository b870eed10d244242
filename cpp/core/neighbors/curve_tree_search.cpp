// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/curve_tree_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

using kernels::column_block;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float single_infinity = std::numeric_limits<float>::infinity();

/// Nodes between two looks at the clock: some 10 microseconds.
constexpr Index nodes_per_checkpoint = 256;

}  // namespace

CurveTreeSearch::CurveTreeSearch(const CurveTree& tree, const MatrixView& queries, const Admission& admission)
    : tree_(tree),
      queries_(queries),
      admission_(admission),
      kernels_(kernels::active()),
      admits_all_(admission.everything()),
      reduction_(static_cast<int>(tree.metric_.reduction())),
      distance_(tree.source_, tree.metric_),
      row_(padded_depth(tree.features_)),
      single_error_(kernels::single_error(tree.features_)),
      single_underflow_(kernels::single_underflow(tree.features_)),
      single_low_(tree.features_),
      single_high_(tree.features_) {}

void CurveTreeSearch::load(Index query) {
  query_ = query;
  load_row(queries_, query, tree_.metric_, row_.data());
  if (!tree_.single_) return;
  single_row_ = true;
  for (Index j = 0; j < tree_.features_; ++j) {
    // What float32 has no number for is beside the largest one, and infinity.
    constexpr double largest = std::numeric_limits<float>::max();
    const auto nearest = static_cast<float>(std::clamp(row_[j], -largest, largest));
    const double value = nearest;
    single_low_[j] = value <= row_[j] ? nearest : std::nextafter(nearest, -single_infinity);
    single_high_[j] = value >= row_[j] ? nearest : std::nextafter(nearest, single_infinity);
    single_row_ &= value == row_[j];
  }
}

/// Leaves around the query's place on the curve that hold at least so many points: a good first guess, from which most of the tree is out of reach.
Range CurveTreeSearch::home_of(std::uint32_t key, Index wanted) noexcept {
  const auto& keys = tree_.leaf_keys_;
  const auto& first = tree_.levels_.front().first;
  const auto n = static_cast<Index>(keys.size());
  // The query before was close: a few steps from its home are quicker than a search from both ends.
  constexpr Index steps = 8;
  const Index near = std::min(home_ + steps, n - 1);
  if (keys[as_size(home_)] <= key && (near == n - 1 || key < keys[as_size(near)])) {
    while (home_ < near && keys[as_size(home_ + 1)] <= key) ++home_;
  } else {
    home_ = std::max<Index>(std::upper_bound(keys.begin(), keys.end(), key) - keys.begin() - 1, 0);
  }
  Range home{home_, home_ + 1};
  while (first[as_size(home.end)] - first[as_size(home.begin)] < wanted && home.size() < n) {
    if (home.end < n) ++home.end;
    if (home.begin > 0) --home.begin;
  }
  return home;
}

/// Nothing prunes beside distances with an exponent of their own.
template <class Kept>
void CurveTreeSearch::update_reach(const Kept& kept) noexcept {
  const RawDistance furthest = kept.limit();
  reach_ = furthest.exponent == 0 ? furthest.raw : infinity;
  if (!tree_.single_) return;
  // Rounding to float32 is covered by the slack's factor of two. Below and above these, squares that vanish or overflow would let everything pass.
  constexpr double smallest = 0x1p-110, largest = 0x1p120;
  reach_fits_single_ = reach_ == infinity || (reach_ > smallest && reach_ < largest);
  single_reach_ = reach_ == infinity
                      ? single_infinity
                      : static_cast<float>(std::min(reach_, largest) * (1 + single_error_) + single_underflow_);
}

template <class Kept>
void CurveTreeSearch::search(KeyedIndex query, Kept& kept) {
  load(payload_of(query));
  update_reach(kept);
  const Range home = home_of(key_of(query), kept.wanted());
  for (Index leaf = home.begin; leaf < home.end; ++leaf) {
    if ((leaf - home.begin + 1) % nodes_per_checkpoint == 0) checkpoint();
    search_leaf(leaf, kept);
  }
  n_stacked_ = 0;
  stack_[n_stacked_++] = {0, 0, static_cast<std::int32_t>(tree_.levels_.size()) - 1};
  for (Index n_visited = 1; n_stacked_ > 0; ++n_visited) {
    if (n_visited % nodes_per_checkpoint == 0) checkpoint();
    const Visit visit = stack_[--n_stacked_];
    if (visit.bound > reach_) continue;
    if (visit.level > 0) {
      set_children_aside(visit);
    } else if (visit.node < home.begin || visit.node >= home.end) {
      search_leaf(visit.node, kept);
    }
  }
}

/// In descending order, so that the nearest child is on top.
void CurveTreeSearch::set_children_aside(const Visit& visit) noexcept {
  alignas(64) double bounds[column_block];
  const CurveTree::Level& level = tree_.levels_[as_size(visit.level)];
  std::uint64_t near = measure_boxes(level, visit.node, bounds) & level.lanes(visit.node);
  const std::uint32_t first = level.first[as_size(visit.node)];
  const std::size_t base = n_stacked_;
  for (; near != 0; near &= near - 1) {
    const int lane = std::countr_zero(near);
    std::size_t at = n_stacked_++;
    for (; at > base && stack_[at - 1].bound < bounds[lane]; --at) stack_[at] = stack_[at - 1];
    stack_[at] = {bounds[lane], first + static_cast<std::uint32_t>(lane), visit.level - 1};
  }
}

std::uint64_t CurveTreeSearch::measure_boxes(const CurveTree::Level& level, Index node, double* bounds) const noexcept {
  const Index features = tree_.features_, at = node * 2 * features * column_block;
  if (tree_.single_ && reach_fits_single_) {
    alignas(64) float single[column_block];
    const std::uint64_t near = kernels_.single_boxes[reduction_](
        {single_low_.data(), single_high_.data()}, level.single_boxes.data() + at, features, single_reach_, single);
    // Bounds of what is computed in float64, as all are that wait for their turn. What overflowed is beyond the largest number.
    constexpr float largest = std::numeric_limits<float>::max();
    for (Index i = 0; i < column_block; ++i) {
      bounds[i] = (std::min(single[i], largest) - single_underflow_) * (1 - single_error_);
    }
    return near;
  }
  alignas(64) double widened[2 * CurveTree::max_features * column_block];
  const double* boxes = level.boxes.data() + at;
  if (tree_.single_) {
    std::copy_n(level.single_boxes.data() + at, 2 * features * column_block, widened);
    boxes = widened;
  }
  const double* period = tree_.metric_.period();
  return period != nullptr ? kernels_.periodic_boxes[reduction_](row_.data(), boxes, period, features, reach_, bounds)
                           : kernels_.box_columns[reduction_](row_.data(), boxes, features, reach_, bounds);
}

std::uint64_t CurveTreeSearch::measure_leaf(Index leaf, double* raw) const noexcept {
  const Index features = tree_.features_, at = leaf * features * column_block;
  const double* period = tree_.metric_.period();
  if (tree_.narrow_) {
    const float* columns = tree_.narrow_columns_.data() + at;
    // Most leaves that a box has let pass have no point within reach.
    if (single_row_ && reach_fits_single_ &&
        kernels_.single_columns[reduction_](single_low_.data(), columns, features, single_reach_) == 0) {
      return 0;
    }
    return kernels_.distance_columns_f32[reduction_](row_.data(), columns, features, reach_, raw);
  }
  const double* columns = tree_.wide_columns_.data() + at;
  return period != nullptr ? kernels_.periodic_columns[reduction_](row_.data(), columns, period, features, reach_, raw)
                           : kernels_.distance_columns_f64[reduction_](row_.data(), columns, features, reach_, raw);
}

template <class Kept>
void CurveTreeSearch::search_leaf(Index leaf, Kept& kept) {
  alignas(64) double raw[column_block];
  const CurveTree::Level& leaves = tree_.levels_.front();
  std::uint64_t near = measure_leaf(leaf, raw) & leaves.lanes(leaf);
  if (near == 0) return;
  const std::uint32_t* points = tree_.points_.data() + leaves.first[as_size(leaf)];
  for (; near != 0; near &= near - 1) {
    const int lane = std::countr_zero(near);
    const Index point = points[lane];
    if (!admits_all_ && !admission_.admits(query_, point)) continue;
    distance_.offer(kept, raw[lane], row_.data(), point);
  }
  update_reach(kept);
}

template void CurveTreeSearch::search(KeyedIndex, TopK&);
template void CurveTreeSearch::search(KeyedIndex, WithinRadius&);
template void CurveTreeSearch::search(KeyedIndex, CountWithin&);

}  // namespace crowfly
