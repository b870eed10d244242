// SPDX-License-Identifier: BSD-3-Clause
// Queries of a curve tree by one thread, one after another.
#pragma once

#include <array>

#include "neighbors/admission.hpp"
#include "neighbors/curve_tree.hpp"
#include "neighbors/point_distance.hpp"

namespace crowfly {

class CurveTreeSearch {
 public:
  /// All three outlive this.
  CurveTreeSearch(const CurveTree& tree, const MatrixView& queries, const Admission& admission);

  /// Offers the points within reach of what is kept (TopK, WithinRadius, CountWithin). `query` as order_of tells it; quickest in that order.
  template <class Kept>
  void search(KeyedIndex query, Kept& kept);

 private:
  /// A node that may hold neighbours: `level` 0 is a leaf.
  struct Visit {
    double bound;
    std::uint32_t node;
    std::int32_t level;
  };
  /// Nodes set aside: at most 15 per level, and sixteen-fold levels are few.
  static constexpr std::size_t max_stack = 16 * 17;

  void load(Index query);
  [[nodiscard]] Range home_of(std::uint32_t key, Index wanted) noexcept;
  template <class Kept>
  void update_reach(const Kept& kept) noexcept;
  void set_children_aside(const Visit& visit) noexcept;
  /// Bounds of a node's children, and which may be within reach.
  [[nodiscard]] std::uint64_t measure_boxes(const CurveTree::Level& level, Index node, double* bounds) const noexcept;
  /// Distances as defined of a leaf's points, and which are within reach.
  [[nodiscard]] std::uint64_t measure_leaf(Index leaf, double* raw) const noexcept;
  template <class Kept>
  void search_leaf(Index leaf, Kept& kept);

  const CurveTree& tree_;
  const MatrixView& queries_;
  const Admission& admission_;
  const kernels::KernelTable& kernels_;
  const bool admits_all_;
  const int reduction_;
  PointDistance distance_;
  AlignedBuffer<double> row_;
  double single_error_, single_underflow_;
  AlignedBuffer<float> single_low_, single_high_;  ///< the query, as bounds in float32 want it
  bool single_row_ = false;                        ///< it is made of float32 numbers
  Index query_ = 0, home_ = 0;
  double reach_ = 0;                ///< nothing beyond can enter what is kept
  float single_reach_ = 0;          ///< nor anything whose estimate in float32 is beyond that
  bool reach_fits_single_ = false;  ///< such estimates tell what is beyond
  std::size_t n_stacked_ = 0;
  std::array<Visit, max_stack> stack_;
};

}  // namespace crowfly
