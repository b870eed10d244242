// SPDX-License-Identifier: BSD-3-Clause
// A tree of boxes for few features: points in the order of a space-filling curve, up to sixteen to a leaf, up to sixteen children to a node, all of a node's
// boxes measured at once. Built without recursion from one sort; no data can unbalance it. curve_tree_search.hpp searches it.
#pragma once

#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/parallel.hpp"
#include "base/radix_sort.hpp"
#include "neighbors/metric.hpp"

namespace crowfly {

class CurveTree {
 public:
  static constexpr Index max_features = 32;

  /// `points` must have fewer than 2^32 rows and a metric whose reduction is monotone.
  CurveTree(const MatrixView& points, const Metric& metric);

  /// Queries in an order in which neighbours follow one another.
  [[nodiscard]] std::vector<KeyedIndex> order_of(const MatrixView& queries) const;

  [[nodiscard]] Index bytes() const noexcept;

 private:
  friend class CurveTreeSearch;
  class Build;

  /// The nodes of one level. Node i has the children first[i] to first[i + 1] - 1 of the level below (points, for a leaf), with boxes as [features][2][column_block], in float32
  /// where the tree is single; leaves have columns of points instead.
  struct Level {
    std::vector<std::uint32_t> first;
    AlignedBuffer<double> boxes;
    AlignedBuffer<float> single_boxes;
    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(first.size()) - 1; }
    /// The lanes of a node that hold a child.
    [[nodiscard]] std::uint64_t lanes(Index node) const noexcept {
      return (std::uint64_t{1} << (first[as_size(node + 1)] - first[as_size(node)])) - 1;
    }
  };

  MatrixView source_;
  Metric metric_;
  Index features_;
  bool narrow_;          ///< columns hold float32
  bool single_ = false;  ///< and bounds can be measured in float32
  AlignedBuffer<float> narrow_columns_;
  AlignedBuffer<double> wide_columns_;
  std::vector<std::uint32_t> points_;  ///< along the curve
  std::vector<Level> levels_;          ///< leaves first, the root last
  std::vector<std::uint32_t>
      leaf_keys_;  ///< ascending: the key at the place where each leaf begins, before cubes were cut
  std::vector<double> low_, high_;
};

}  // namespace crowfly
