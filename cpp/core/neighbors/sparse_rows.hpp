// SPDX-License-Identifier: BSD-3-Clause
// Sparse rows as the exact distance kernels want them. Feature j goes to accumulator j mod 8 in increasing j, and a feature that both rows leave out adds zero to
// it; so the features that one of them has, closed up within each accumulator, have the same sum bit by bit as the rows written out.
#pragma once

#include <span>

#include "base/aligned_buffer.hpp"
#include "linalg/sparse_matrix.hpp"
#include "neighbors/metric.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// Two rows of one width, closed up.
class RowPair {
 public:
  void load(const SparseRow& left, const SparseRow& right);

  [[nodiscard]] Index depth() const noexcept { return depth_; }
  [[nodiscard]] const double* left() const noexcept { return left_.data(); }
  [[nodiscard]] double* left() noexcept { return left_.data(); }
  [[nodiscard]] const double* right() const noexcept { return right_.data(); }

 private:
  void make_room(const SparseRow& left, const SparseRow& right);

  AlignedBuffer<double> left_, right_;
  Index depth_ = 0;
};

/// Writes the values of `row` as the metric has them: divided by the row's length, where it normalises.
void load_values(const SparseRow& row, const Metric& metric, RowPair& scratch, double* values);

/// Distances as defined, from a query to one point at a time. Rows are as `load_values` has them.
class SparseDistance {
 public:
  /// Both outlive this.
  SparseDistance(const SparseView& points, const Metric& metric) : points_(points), metric_(metric) {}

  /// Offers a point where it may enter.
  template <class Kept>
  void offer(Kept& kept, const SparseRow& query, Index point) {
    rows_.load(query, points_.row(point));
    double raw = 0;
    metric_.measure_rows(rows_.left(), rows_.right(), 1, rows_.depth(), &raw);
    if (!kept.may_enter(raw, point)) return;
    const bool exact = Metric::comfortable(raw);
    kept.offer({exact ? RawDistance{raw, 0} : metric_.rescaled(rows_.left(), rows_.right(), rows_.depth()), point});
  }

 private:
  const SparseView& points_;
  const Metric& metric_;
  RowPair rows_;
};

}  // namespace crowfly
