// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/cells.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/lattice_search.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_task = 1024;

/// Every so-many-th point, as points of their own.
LatticePoints pick_centres(const MatrixView& points, const Metric& metric, Index n_cells) {
  Partition few{std::vector<Index>(as_size(n_cells)), {{0, n_cells}}};
  for (Index c = 0; c < n_cells; ++c) few.order[as_size(c)] = part_of(points.rows, n_cells, c).begin;
  return LatticePoints(cell_lattice(), points, metric, few);
}

/// The nearest centre of each row, as the lattice sees them.
class Assignment {
 public:
  Assignment(const LatticePoints& centres, const MatrixView& rows, const Metric& metric)
      : centres_(centres),
        rounder_(centres.lattice(), rows, metric),
        n_queries_(centres.lattice().queries),
        panel_(AlignedBuffer<std::uint8_t>::zeros(n_queries_ * centres.row_bytes())),
        thresholds_(n_queries_),
        hits_(centres.lattice().max_hits()) {}

  void run(Range rows, Index* nearest) {
    for (Index first = rows.begin; first < rows.end; first += n_queries_) {
      run_panel({first, std::min(first + n_queries_, rows.end)}, nearest + (first - rows.begin));
    }
  }

 private:
  void run_panel(Range rows, Index* nearest) {
    const kernels::Lattice& lattice = centres_.lattice();
    const LatticeFrame& frame = centres_.cell(0).frame;
    for (Index i = 0; i < n_queries_; ++i) {
      thresholds_[i] = i < rows.size() ? 1 - lattice_limit : lattice_limit;
      if (i >= rows.size()) continue;
      rounder_.round_query(rows.begin + i, frame);
      rounder_.scatter(panel_.data(), n_queries_, i, lattice.group);
      nearest[i] = 0;
    }
    const Range groups = centres_.cell(0).groups;
    const kernels::LatticeScope scope(lattice);
    const Range panels = {centres_.group(groups.begin).panels.begin, centres_.group(groups.end - 1).panels.end};
    for (Index p = panels.begin; p < panels.end;) {
      const kernels::LatticeFound found = lattice.scan({.queries = panel_.data(),
                                                        .points = centres_.panel(p),
                                                        .start = centres_.start(p),
                                                        .thresholds = thresholds_.data(),
                                                        .row_bytes = centres_.row_bytes(),
                                                        .n_panels = panels.end - p,
                                                        .step = 1,
                                                        .hits = hits_.data(),
                                                        .capacity = hits_.size()});
      for (Index i = 0; i < found.n_hits; ++i) take(hits_[i], p * centres_.width(), nearest);
      p += found.next_panel;
    }
  }

  /// The threshold follows the best value, so only better ones are taken.
  void take(const kernels::LatticeHit& hit, Index first_centre, Index* nearest) {
    if (hit.value < thresholds_[hit.query]) return;
    nearest[hit.query] = first_centre + hit.place;
    thresholds_[hit.query] = std::min(hit.value + 1, lattice_limit);
  }

  const LatticePoints& centres_;
  LatticeRounder rounder_;
  Index n_queries_;
  AlignedBuffer<std::uint8_t> panel_;
  AlignedBuffer<std::int32_t> thresholds_;
  AlignedBuffer<kernels::LatticeHit> hits_;
};

/// Rows by the centre nearest to them; no cell is empty.
Partition grouped(const LatticePoints& centres, const MatrixView& rows, const Metric& metric) {
  std::vector<Index> nearest(as_size(rows.rows));
  const Index slots = centres.group(centres.n_groups() - 1).panels.end * centres.width();
  const double operations =
      static_cast<double>(rows.rows) * static_cast<double>(slots) * static_cast<double>(centres.row_bytes()) / 16;
  parallel_for_ranges(rows.rows, rows_per_task, operations,
                      [&](Range range) { Assignment(centres, rows, metric).run(range, nearest.data() + range.begin); });
  std::vector<Range> all(as_size(slots));
  for (const Index slot : nearest) ++all[as_size(slot)].end;
  for (std::size_t c = 1; c < all.size(); ++c) all[c] = {all[c - 1].end, all[c - 1].end + all[c].end};
  Partition cells{std::vector<Index>(as_size(rows.rows)), {}};
  std::copy_if(all.begin(), all.end(), std::back_inserter(cells.cells), [](const Range& r) { return r.size() > 0; });
  for (Index i = 0; i < rows.rows; ++i) cells.order[as_size(all[as_size(nearest[as_size(i)])].begin++)] = i;
  return cells;
}

/// At most `n` rows, evenly spread.
MatrixView sample_of(MatrixView rows, Index n) {
  const Index stride = std::max<Index>(1, ceil_div(rows.rows, n));
  rows.rows = ceil_div(rows.rows, stride);
  rows.row_stride *= stride;
  return rows;
}

}  // namespace

double Cells::share_visited(const MatrixView& points, const MatrixView& queries, const Metric& metric, Index k) {
  constexpr Index sample_points = 8192, sample_queries = 56;
  const MatrixView few = sample_of(points, sample_points), asking = sample_of(queries, sample_queries);
  const Cells cells(few, metric, usual_number(points.rows));
  // Among fewer points the neighbours are further away: as many neighbours fewer keep about the distance.
  const Index n = std::clamp<Index>(k * few.rows / points.rows, 1, few.rows);
  const std::vector<Index> order = cells.order_of(asking, metric);
  std::vector<TopK> top(order.size(), TopK(n));
  LatticeSearch<TopK> search({.queries = asking,
                              .points = few,
                              .lattice = cells.lattice(),
                              .metric = metric,
                              .rows = order,
                              .admission = {},
                              .kept = top});
  search.run({0, cells.lattice().n_groups()});
  return search.share_visited();
}

Index Cells::usual_number(Index n_points) noexcept {
  return std::clamp<Index>(static_cast<Index>(std::sqrt(static_cast<double>(n_points))), 1, 4096);
}

Cells::Cells(const MatrixView& points, const Metric& metric, Index n_cells)
    : centres_(pick_centres(points, metric, n_cells)),
      lattice_(LatticePoints::with_far_cells(cell_lattice(), points, metric, grouped(centres_, points, metric))) {}

std::vector<Index> Cells::order_of(const MatrixView& rows, const Metric& metric) const {
  return grouped(centres_, rows, metric).order;
}

}  // namespace crowfly
