// SPDX-License-Identifier: BSD-3-Clause
// Every distance as defined, no filter and no tree: what all other searches have to agree with.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "neighbors/admission.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/point_distance.hpp"

namespace crowfly {

/// Points that are widened at a time: with their distances they stay in the first- or second-level cache.
[[nodiscard]] inline Index direct_block(Index features) {
  return std::clamp<Index>(16384 / padded_depth(features), 4, 256);
}

/// Calls visit(query, first point, n points, kernel's raw distances, the padded query) for all pairs, block by block; `query` counts within `rows`.
template <class Visit>
void visit_blocks(const MatrixView& queries, std::span<const Index> rows, const MatrixView& points, Range range,
                  const Metric& metric, Visit visit) {
  const Index depth = padded_depth(points.cols), block = direct_block(points.cols);
  const auto n_queries = static_cast<Index>(rows.size());
  // To widen a row costs about as much as its distance to one query.
  constexpr Index few_queries = 3;
  const bool as_stored = n_queries <= few_queries && metric.takes(points);
  AlignedBuffer<double> left(n_queries * depth), right(as_stored ? 0 : block * depth), raw(block);
  for (Index q = 0; q < n_queries; ++q) load_row(queries, rows[as_size(q)], metric, left.data() + q * depth);
  for (Index begin = range.begin; begin < range.end; begin += block) {
    checkpoint();
    const Index count = std::min(block, range.end - begin);
    if (!as_stored) load_rows(points, begin, count, metric, right.data());
    for (Index q = 0; q < n_queries; ++q) {
      const double* query = left.data() + q * depth;
      if (as_stored) {
        metric.measure_stored(query, points, begin, count, raw.data());
      } else {
        metric.measure_rows(query, right.data(), count, depth, raw.data());
      }
      visit(q, begin, count, raw.data(), query);
    }
  }
}

/// Offers the points in `range` to `kept`, one per entry of `rows`.
template <class Kept>
void search_directly(const MatrixView& queries, std::span<const Index> rows, const MatrixView& points, Range range,
                     const Metric& metric, const Admission& admission, std::span<Kept> kept) {
  PointDistance distance(points, metric);
  const bool all = admission.everything();
  visit_blocks(queries, rows, points, range, metric,
               [&](Index q, Index first, Index n, const double* raw, const double* query) {
                 Kept& mine = kept[as_size(q)];
                 for (Index i = 0; i < n; ++i) {
                   if (!mine.may_enter(raw[i], first + i)) continue;
                   if (all || admission.admits(rows[as_size(q)], first + i)) {
                     distance.offer(mine, raw[i], query, first + i);
                   }
                 }
               });
}

/// Operations of the direct search, for the decision whether threads pay.
[[nodiscard]] inline double direct_operations(const MatrixView& left, const MatrixView& right) noexcept {
  return static_cast<double>(left.rows) * static_cast<double>(right.rows) *
         static_cast<double>(padded_depth(left.cols));
}

/// All distances between rows of x and rows of y, as defined, row-major.
void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out);

/// Points for each query, one list after the other: query i's are points[offsets[i]] to points[offsets[i + 1]].
struct CandidateLists {
  const Index* points;
  const Index* offsets;
};

/// The distances of queries to their own points alone: raw, by which a search orders them (infinite or zero where they leave float64's range), and as it reports them.
void candidate_distances(const MatrixView& queries, const MatrixView& points, const Metric& metric,
                         const CandidateLists& candidates, double* raw_distances, double* distances);

}  // namespace crowfly
