// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "base/radix_sort.hpp"
#include "neighbors/bounding_boxes.hpp"
#include "neighbors/curve_tree.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/z_order.hpp"

namespace crowfly {
namespace {

using kernels::column_block;

constexpr Index rows_per_task = 8192;

/// Up to here the curve's own boxes are as good as those of medians, and cheaper.
constexpr Index max_curve_features = 4;
/// Points of a cube whose coordinates stay in the second-level cache while it is cut.
constexpr Index max_cube_points = 1024;
/// The curve's jumps are longer than all cuts inside of its cubes. The highest bit in which neighbours along the curve differ says how large the smallest
/// cube around both is.
constexpr int curve_jump = 40;

/// Ordered as the numbers are.
std::uint32_t ordered_bits(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// Beyond these, squares of differences in float32 overflow, or so many of them vanish that bounds say little.
constexpr double max_single_magnitude = 0x1p55, min_single_range = 0x1p-40;

/// The smallest and the largest of column_block numbers, by four lanes that compilers make vectors of.
template <class T>
std::pair<T, T> extremes(const T* column) noexcept {
  constexpr Index lanes = 4;
  std::array<T, lanes> low, high;
  std::copy_n(column, lanes, low.begin());
  high = low;
  for (Index i = lanes; i < column_block; i += lanes) {
    for (Index l = 0; l < lanes; ++l) {
      low[as_size(l)] = std::min(low[as_size(l)], column[i + l]);
      high[as_size(l)] = std::max(high[as_size(l)], column[i + l]);
    }
  }
  return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
}

}  // namespace

/// The steps of building: coordinates, order, columns, boxes.
class CurveTree::Build {
 public:
  Build(CurveTree& tree, const Metric& metric) : tree_(tree), features_(tree.features_), n_(tree.source_.rows) {
    load(metric);
    sort();
    build_leaves();
    build_nodes();
  }

 private:
  [[nodiscard]] const double* row(Index i) const noexcept { return rows_.data() + i * features_; }
  [[nodiscard]] double work() const noexcept { return 8.0 * static_cast<double>(n_) * static_cast<double>(features_); }

  /// All rows in float64, one after the other, and the box around them.
  void load(const Metric& metric) {
    rows_ = AlignedBuffer<double>(n_ * features_);
    const Index parts = std::max<Index>(1, ceil_div(n_, rows_per_task));
    BoundingBoxes boxes(parts, features_);
    parallel_for_work(parts, work(), [&](Index part) {
      const Range range = part_of(n_, parts, part);
      load_dense_rows(tree_.source_, range, metric, rows_.data() + range.begin * features_);
      for (Index i = range.begin; i < range.end; ++i) boxes.add(part, row(i));
    });
    for (Index part = 1; part < parts; ++part) boxes.add(0, boxes.low(part), boxes.high(part));
    tree_.low_.assign(boxes.low(0), boxes.low(0) + features_);
    tree_.high_.assign(boxes.high(0), boxes.high(0) + features_);
    double magnitude = 0, range = 0;
    for (Index j = 0; j < features_; ++j) {
      magnitude = std::max({magnitude, std::fabs(boxes.low(0)[j]), std::fabs(boxes.high(0)[j])});
      range = std::max(range, boxes.side(0, j));
    }
    tree_.single_ = tree_.narrow_ && magnitude <= max_single_magnitude && range >= min_single_range;
  }

  void sort() {
    order_.resize(as_size(n_));
    const ZOrder curve(tree_.low_, tree_.high_);
    parallel_for_ranges(n_, rows_per_task, work(), [&](Range range) {
      for (Index i = range.begin; i < range.end; ++i) {
        order_[as_size(i)] = keyed_index(curve.key(row(i)), static_cast<std::uint32_t>(i));
      }
    });
    sort_by_key(order_);
    keys_.resize(order_.size());
    jumps_.resize(order_.size());
    parallel_for_ranges(n_, rows_per_task, work(), [&](Range range) {
      for (Index i = range.begin; i < range.end; ++i) {
        keys_[as_size(i)] = key_of(order_[as_size(i)]);
        const std::uint32_t before = i > 0 ? key_of(order_[as_size(i - 1)]) : keys_[as_size(i)];
        const int bits = std::bit_width(keys_[as_size(i)] ^ before);
        jumps_[as_size(i)] = static_cast<std::uint8_t>(bits > 0 ? curve_jump + bits : 0);
      }
    });
    split_cubes();
  }

  /// The curve's cubes of up to max_cube_points points, and longer runs of one key, are cut at medians: boxes of about as many points each fit
  /// closer than those that the curve makes, from five features on.
  void split_cubes() {
    // Those that would keep one thread busy alone are cut until they don't.
    const Index most = std::max<Index>(n_ / 16, max_cube_points);
    std::vector<Range> parts;
    for (const Range& cube : cubes_of_curve()) split(cube, most, [&](Range part) { parts.push_back(part); });
    parallel_for_work(static_cast<Index>(parts.size()), 8 * work(), [&](Index part) {
      checkpoint();
      split(parts[as_size(part)], column_block, [](Range /*leaf*/) {});
    });
  }

  /// What the curve leaves together: the largest cubes with few enough points, and runs of one key.
  [[nodiscard]] std::vector<Range> cubes_of_curve() {
    std::vector<Range> cubes;
    const Index most = features_ > max_curve_features ? max_cube_points : 0;
    const auto end_of = [&](Index begin, std::uint32_t last_key) {
      return std::upper_bound(order_.begin() + begin, order_.end(), keyed_index(last_key, ~std::uint32_t{0})) -
             order_.begin();
    };
    for (Index begin = 0; begin < n_;) {
      const std::uint32_t key = key_of(order_[as_size(begin)]);
      Index end = begin + 1;
      while (end < n_ && jumps_[as_size(end)] == 0) ++end;
      for (int bits = 1; most > 0 && bits <= 32 && (begin == 0 || jumps_[as_size(begin)] > curve_jump + bits); ++bits) {
        const Index wider = end_of(begin, key | static_cast<std::uint32_t>((std::uint64_t{1} << bits) - 1));
        if (wider - begin > most) break;
        end = wider;
      }
      if (end - begin > column_block) {
        cubes.push_back({begin, end});
        std::fill(jumps_.begin() + begin + 1, jumps_.begin() + end, std::uint8_t{0});
      }
      begin = end;
    }
    return cubes;
  }

  /// Cuts a range at medians of its widest feature until each part has at most `most` points; leaves then have between half of and all of
  /// column_block.
  template <class Each>
  void split(Range range, Index most, const Each& each_part) {
    std::vector<Range> open{range};
    BoundingBoxes box(1, features_);
    while (!open.empty()) {
      const Range at = open.back();
      open.pop_back();
      if (at.size() <= most) {
        each_part(at);
        continue;
      }
      const Index n_leaves = ceil_div(at.size(), column_block);
      const Index middle = at.begin + at.size() * (n_leaves / 2) / n_leaves;
      if (at.size() > 4 * max_cube_points) checkpoint();
      cut(at, middle, widest(at, box));
      jumps_[as_size(middle)] = static_cast<std::uint8_t>(std::bit_width(static_cast<std::size_t>(n_leaves)));
      open.push_back({middle, at.end});
      open.push_back({at.begin, middle});
    }
  }

  /// A feature, and a coordinate near those of the points at hand: less than it they keep their order in float32.
  struct Direction {
    Index feature;
    double origin;
  };

  /// The feature in which some of the points are furthest apart; `box` is room to measure them in.
  [[nodiscard]] Direction widest(Range range, BoundingBoxes& box) const {
    constexpr Index sample = 32;
    const Index stride = std::max<Index>(1, range.size() / sample);
    box.clear(0);
    for (Index i = range.begin; i < range.end; i += stride) box.add(0, row(payload_of(order_[as_size(i)])));
    Index best = 0;
    for (Index j = 1; j < features_; ++j) {
      if (box.side(0, j) > box.side(0, best)) best = j;
    }
    return {best, box.low(0)[best]};
  }

  void cut(Range range, Index middle, Direction direction) {
    for (Index i = range.begin; i < range.end; ++i) {
      const std::uint32_t point = payload_of(order_[as_size(i)]);
      order_[as_size(i)] =
          keyed_index(ordered_bits(static_cast<float>(row(point)[direction.feature] - direction.origin)), point);
    }
    const auto begin = order_.begin();
    std::nth_element(begin + range.begin, begin + middle, begin + range.end);
  }

  /// Where to end a node that may hold the items from `begin` on: at eight to sixteen of them, before the one that is furthest along the curve from the item
  /// before it. A box across a jump of the curve would be met by most queries.
  template <class Distance>
  [[nodiscard]] static Index end_of_node(Index begin, Index n, const Distance& distance) {
    if (begin + column_block >= n) return n;
    Index best = begin + column_block;
    for (Index i = best - 1; i >= begin + column_block / 2; --i) {
      if (distance(i) > distance(best)) best = i;
    }
    return best;
  }
  [[nodiscard]] int jump(Index i) const noexcept { return jumps_[as_size(i)]; }

  void build_leaves() {
    tree_.points_.resize(as_size(n_));
    for (Index i = 0; i < n_; ++i) tree_.points_[as_size(i)] = payload_of(order_[as_size(i)]);
    Level& leaves = tree_.levels_.emplace_back();
    leaves.first.reserve(as_size(n_ / 10 + 2));
    leaves.first.push_back(0);
    for (Index begin = 0; begin < n_;) {
      begin = end_of_node(begin, n_, [&](Index i) { return jump(i); });
      leaves.first.push_back(static_cast<std::uint32_t>(begin));
    }
    for (Index leaf = 0; leaf < leaves.size(); ++leaf) {
      tree_.leaf_keys_.push_back(keys_[leaves.first[as_size(leaf)]]);
    }
    const Index size = leaves.size() * column_block * features_;
    if (tree_.narrow_) {
      tree_.narrow_columns_ = AlignedBuffer<float>(size);
    } else {
      tree_.wide_columns_ = AlignedBuffer<double>(size);
    }
    boxes_ = BoundingBoxes(leaves.size(), features_);
    parallel_for_ranges(leaves.size(), rows_per_task, work(), [&](Range range) {
      for (Index leaf = range.begin; leaf < range.end; ++leaf) {
        tree_.narrow_ ? fill_leaf(leaf, tree_.narrow_columns_.data()) : fill_leaf(leaf, tree_.wide_columns_.data());
      }
    });
  }

  /// Lanes without a point repeat the first one, so that no kernel meets garbage.
  template <class T>
  void fill_leaf(Index leaf, T* columns) {
    const std::uint32_t* first = tree_.levels_.front().first.data() + leaf;
    const std::uint32_t* points = tree_.points_.data() + first[0];
    const Index n = first[1] - first[0], left = n_ - first[1];
    T* const target = columns + leaf * features_ * column_block;
    for (Index lane = 0; lane < column_block; ++lane) {
      // Rows from anywhere: the next leaf's are asked for.
      if (lane < left) __builtin_prefetch(row(points[n + lane]));
      const double* coordinates = row(points[lane < n ? lane : 0]);
      for (Index j = 0; j < features_; ++j) target[j * column_block + lane] = static_cast<T>(coordinates[j]);
    }
    for (Index j = 0; j < features_; ++j) {
      const auto [low, high] = extremes(target + j * column_block);
      boxes_.set(leaf, j, low, high);
    }
  }

  /// Levels of nodes above the leaves, until one holds all.
  void build_nodes() {
    while (tree_.levels_.back().size() > 1) {
      const Level& below = tree_.levels_.back();
      // The jump before a child is that before its first point, however deep that lies.
      const auto first_point = [&](Index child) {
        std::uint32_t at = static_cast<std::uint32_t>(child);
        for (auto level = tree_.levels_.rbegin(); level != tree_.levels_.rend(); ++level) at = level->first[at];
        return static_cast<Index>(at);
      };
      Level level;
      level.first.push_back(0);
      for (Index begin = 0; begin < below.size();) {
        begin = end_of_node(begin, below.size(), [&](Index i) { return jump(first_point(i)); });
        level.first.push_back(static_cast<std::uint32_t>(begin));
      }
      const Index size = level.size() * 2 * features_ * column_block;
      if (tree_.single_) {
        level.single_boxes = AlignedBuffer<float>::zeros(size);
      } else {
        level.boxes = AlignedBuffer<double>::zeros(size);
      }
      BoundingBoxes boxes(level.size(), features_);
      for (Index node = 0; node < level.size(); ++node) {
        for (Index child = level.first[as_size(node)]; child < level.first[as_size(node + 1)]; ++child) {
          boxes.add(node, boxes_.low(child), boxes_.high(child));
          const Index at = node * 2 * features_ * column_block + child - level.first[as_size(node)];
          tree_.single_ ? put(level.single_boxes.data() + at, child) : put(level.boxes.data() + at, child);
        }
      }
      boxes_ = std::move(boxes);
      tree_.levels_.push_back(std::move(level));
    }
  }

  template <class T>
  void put(T* sides, Index child) const noexcept {
    for (Index j = 0; j < features_; ++j) {
      sides[2 * j * column_block] = static_cast<T>(boxes_.low(child)[j]);
      sides[(2 * j + 1) * column_block] = static_cast<T>(boxes_.high(child)[j]);
    }
  }

  CurveTree& tree_;
  Index features_, n_;
  AlignedBuffer<double> rows_;
  std::vector<KeyedIndex> order_;
  std::vector<std::uint32_t> keys_;  ///< along the curve, before cubes were cut
  std::vector<std::uint8_t>
      jumps_;  ///< how far each point is from the one before it: cuts of cubes by their size, then the curve's own jumps
  BoundingBoxes boxes_;  ///< of the nodes of the highest level so far
};

CurveTree::CurveTree(const MatrixView& points, const Metric& metric)
    : source_(points),
      metric_(metric),
      features_(points.cols),
      narrow_(points.dtype != DType::f64 && metric.as_stored()) {
  Build(*this, metric);
}

}  // namespace crowfly
