// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/direct_search.hpp"

#include <numeric>

namespace crowfly {
namespace {

constexpr Index left_rows_per_task = 16;

/// Tasks of a few rows of the left matrix against all of the right one. `visit` as for visit_pairs, with the row itself.
template <class Visit, class Finish>
void in_tasks(const MatrixView& left, const MatrixView& right, const Metric& metric, Visit visit, Finish finish) {
  parallel_for_work(ceil_div(left.rows, left_rows_per_task), direct_operations(left, right), [&](Index task) {
    const Range range{task * left_rows_per_task, std::min((task + 1) * left_rows_per_task, left.rows)};
    std::vector<Index> rows(as_size(range.size()));
    std::iota(rows.begin(), rows.end(), range.begin);
    visit_pairs(left, rows, right, {0, right.rows}, metric,
                [&](Index q, Index point, double raw, const double* query, const double* row) {
                  visit(range.begin + q, point, metric.in_range(raw, query, row, padded_depth(left.cols)));
                });
    finish(range);
  });
}

}  // namespace

void search_directly(const MatrixView& queries, std::span<const Index> rows, const MatrixView& points, Range range,
                     const Metric& metric, bool exclude_self, std::vector<TopK>& top) {
  visit_pairs(queries, rows, points, range, metric,
              [&](Index q, Index point, double raw, const double* query, const double* row) {
                TopK& best = top[as_size(q)];
                if (!best.may_enter(raw, point) || (exclude_self && point == rows[as_size(q)])) return;
                best.offer({metric.in_range(raw, query, row, padded_depth(points.cols)), point});
              });
}

void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out) {
  in_tasks(
      x, y, metric, [&](Index i, Index j, RawDistance distance) { out[i * y.rows + j] = metric.finish(distance); },
      [](Range) {});
}

RadiusNeighbors search_radius_directly(const MatrixView& queries, const MatrixView& points, const Metric& metric,
                                       double radius, bool exclude_self) {
  std::vector<std::vector<Neighbor>> found(as_size(queries.rows));
  in_tasks(
      queries, points, metric,
      [&](Index query, Index point, RawDistance distance) {
        if (exclude_self && query == point) return;
        if (metric.finish(distance) <= radius) found[as_size(query)].push_back({distance, point});
      },
      [&](Range range) {
        for (Index q = range.begin; q < range.end; ++q) std::sort(found[as_size(q)].begin(), found[as_size(q)].end());
      });
  RadiusNeighbors result;
  result.offsets.assign(1, 0);
  for (const auto& mine : found) result.offsets.push_back(result.offsets.back() + static_cast<Index>(mine.size()));
  result.distances.reserve(as_size(result.offsets.back()));
  result.indices.reserve(as_size(result.offsets.back()));
  for (const auto& mine : found) {
    for (const Neighbor& neighbor : mine) {
      result.distances.push_back(metric.finish(neighbor.distance));
      result.indices.push_back(neighbor.index);
    }
  }
  return result;
}

}  // namespace crowfly
