// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/curve_tree.hpp"

#include "neighbors/exact_rows.hpp"
#include "neighbors/z_order.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_task = 8192;

}  // namespace

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
  for (const Level& level : levels_) {
    total += level.boxes.size() * 8 + level.single_boxes.size() * 4 + static_cast<Index>(level.first.size()) * 4;
  }
  return total;
}

}  // namespace crowfly
