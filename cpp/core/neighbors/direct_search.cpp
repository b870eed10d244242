// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/direct_search.hpp"

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

}  // namespace crowfly
