// SPDX-License-Identifier: BSD-3-Clause
// Distances as defined from a query to one point at a time: where filters and trees end.
#pragma once

#include "base/aligned_buffer.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

class PointDistance {
 public:
  /// Both outlive this.
  PointDistance(const MatrixView& points, const Metric& metric)
      : points_(points), metric_(metric), row_(padded_depth(points.cols)) {}

  /// The kernel's raw distance; it may have over- or underflowed. `query` as load_row makes it.
  [[nodiscard]] double raw(const double* query, Index point) {
    double raw = 0;
    if (metric_.takes(points_)) {
      metric_.stored(query, points_, point, 1, &raw);
    } else {
      load_row(points_, point, metric_, row_.data());
      metric_.rows(query, row_.data(), 1, row_.size(), &raw);
    }
    return raw;
  }

  /// Offers the point at the kernel's raw distance.
  template <class Kept>
  void offer(Kept& kept, double raw, const double* query, Index point) {
    if (kept.may_enter(raw, point)) kept.offer({in_range(raw, query, point), point});
  }

  /// The kernel's raw distance, with an exponent of its own where it left float64's comfortable range.
  [[nodiscard]] RawDistance in_range(double raw, const double* query, Index point) {
    if (Metric::comfortable(raw)) return {raw, 0};
    load_row(points_, point, metric_, row_.data());
    return metric_.rescaled(query, row_.data(), row_.size());
  }

 private:
  const MatrixView& points_;
  const Metric& metric_;
  AlignedBuffer<double> row_;
};

}  // namespace crowfly
