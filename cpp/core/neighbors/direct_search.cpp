// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/direct_search.hpp"

#include <cmath>
#include <numeric>

namespace crowfly {

void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out) {
  constexpr Index rows_per_task = 16;
  parallel_for_work(ceil_div(x.rows, rows_per_task), direct_operations(x, y), [&](Index task) {
    const Index begin = task * rows_per_task, end = std::min(begin + rows_per_task, x.rows);
    std::vector<Index> rows(as_size(end - begin));
    std::iota(rows.begin(), rows.end(), begin);
    PointDistance distance(y, metric);
    visit_blocks(x, rows, y, {0, y.rows}, metric,
                 [&](Index i, Index first, Index n, const double* raw, const double* query) {
                   double* mine = out + (begin + i) * y.rows + first;
                   for (Index j = 0; j < n; ++j) mine[j] = metric.finish(distance.in_range(raw[j], query, first + j));
                 });
  });
}

void candidate_distances(const MatrixView& queries, const MatrixView& points, const Metric& metric,
                         const CandidateLists& candidates, double* raw_distances, double* distances) {
  constexpr Index queries_per_task = 64;
  const double operations = 16.0 * static_cast<double>(candidates.offsets[queries.rows] * padded_depth(points.cols));
  parallel_for_work(ceil_div(queries.rows, queries_per_task), operations, [&](Index task) {
    const Index end = std::min((task + 1) * queries_per_task, queries.rows);
    AlignedBuffer<double> row(padded_depth(points.cols));
    PointDistance distance(points, metric);
    for (Index i = task * queries_per_task; i < end; ++i) {
      checkpoint();
      load_row(queries, i, metric, row.data());
      for (Index at = candidates.offsets[i]; at < candidates.offsets[i + 1]; ++at) {
        const Index point = candidates.points[at];
        double raw = 0;
        distance.measure(row.data(), std::span<const Index>(&point, 1), &raw);
        const RawDistance exact = distance.in_range(raw, row.data(), point);
        raw_distances[at] = std::ldexp(exact.raw, exact.exponent);
        distances[at] = metric.finish(exact);
      }
    }
  });
}

}  // namespace crowfly
