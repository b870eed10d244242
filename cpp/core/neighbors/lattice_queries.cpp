// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_queries.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/cancel.hpp"
#include "neighbors/exact_rows.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

LatticeQueries::LatticeQueries(const MatrixView& source, std::span<const Index> rows, const Metric& metric)
    : n_(std::ssize(rows)), depth_(padded_depth(source.cols)), rows_(n_ * depth_) {
  for (Index i = 0; i < n_; ++i) load_row(source, rows[as_size(i)], metric, rows_.data() + i * depth_);
}

void LatticeQueries::measure(const LatticePoints& lattice, Range cells) {
  first_cell_ = cells.begin;
  squares_ = AlignedBuffer<double>(cells.size() * n_);
  radius_.resize(as_size(cells.size()));
  nearest_.assign(radius_.size(), infinity);
  home_.assign(as_size(n_), cells.begin);
  std::vector<double> least(as_size(n_), infinity);
  const Metric squared(MetricKind::sqeuclidean);
  // A sum of d squares carries a relative error of less than (d + 2) 2^-53; the radius, the reach and the square of their sum are rounded too.
  const double slack = (static_cast<double>(depth_) + 32) * 0x1p-52;
  for (Index c = 0; c < cells.size(); ++c) {
    checkpoint();
    const LatticePoints::Cell& cell = lattice.cell(cells.begin + c);
    // More than squares that underflow take from a distance.
    radius_[as_size(c)] = cell.radius + tiny_length;
    double* squares = squares_.data() + c * n_;
    squared.measure_rows(cell.frame.centre.data(), rows_.data(), n_, depth_, squares);
    for (Index i = 0; i < n_; ++i) {
      // Zero is a lower bound too, where the square has overflowed.
      squares[i] = squares[i] < infinity ? squares[i] * (1 - slack) : 0.0;
      nearest_[as_size(c)] = std::min(nearest_[as_size(c)], squares[i]);
      if (squares[i] < least[as_size(i)]) {
        least[as_size(i)] = squares[i];
        home_[as_size(i)] = cells.begin + c;
      }
    }
  }
}

std::vector<Index> LatticeQueries::cells_by_distance() const {
  std::vector<Index> order(nearest_.size());
  std::iota(order.begin(), order.end(), first_cell_);
  const auto nearest = [&](Index cell) { return nearest_[as_size(cell - first_cell_)]; };
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return nearest(a) < nearest(b); });
  return order;
}

}  // namespace crowfly
