// SPDX-License-Identifier: BSD-3-Clause
// Every distance as defined, no filter and no tree: what all other searches have to agree with.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// Points that are widened at a time: with their distances they stay in the first- or second-level cache.
[[nodiscard]] inline Index direct_block(Index features) {
  return std::clamp<Index>(16384 / padded_depth(features), 4, 256);
}

/// Calls visit(query, point, kernel's raw distance, the two padded rows) for all pairs; `query` counts within `rows`.
template <class Visit>
void visit_pairs(const MatrixView& queries, std::span<const Index> rows, const MatrixView& points, Range range,
                 const Metric& metric, Visit visit) {
  const Index depth = padded_depth(points.cols), block = direct_block(points.cols);
  const auto n_queries = static_cast<Index>(rows.size());
  AlignedBuffer<double> left(n_queries * depth), right(block * depth), raw(block);
  for (Index q = 0; q < n_queries; ++q) load_row(queries, rows[as_size(q)], metric, left.data() + q * depth);
  for (Index begin = range.begin; begin < range.end; begin += block) {
    checkpoint();
    const Index count = std::min(block, range.end - begin);
    load_rows(points, begin, count, metric, right.data());
    for (Index q = 0; q < n_queries; ++q) {
      const double* query = left.data() + q * depth;
      metric.rows(query, right.data(), count, depth, raw.data());
      for (Index i = 0; i < count; ++i) visit(q, begin + i, raw[i], query, right.data() + i * depth);
    }
  }
}

/// Offers the nearest of the points in `range` to `top`, one per entry of `rows`.
void search_directly(const MatrixView& queries, std::span<const Index> rows, const MatrixView& points, Range range,
                     const Metric& metric, bool exclude_self, std::vector<TopK>& top);

/// Operations of the direct search, for the decision whether threads pay.
[[nodiscard]] inline double direct_operations(const MatrixView& left, const MatrixView& right) noexcept {
  return static_cast<double>(left.rows) * static_cast<double>(right.rows) *
         static_cast<double>(padded_depth(left.cols));
}

/// All distances between rows of x and rows of y, as defined, row-major.
void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out);

/// Neighbours of each query in one flat run: query i owns [offsets[i], offsets[i + 1]).
struct RadiusNeighbors {
  std::vector<Index> offsets;
  std::vector<double> distances;
  std::vector<Index> indices;
};
[[nodiscard]] RadiusNeighbors search_radius_directly(const MatrixView& queries, const MatrixView& points,
                                                     const Metric& metric, double radius, bool exclude_self);

}  // namespace crowfly
