// SPDX-License-Identifier: BSD-3-Clause
// Distances as defined from a query to one point at a time: where filters and trees end.
#pragma once

#include <array>
#include <cmath>
#include <span>

#include "base/aligned_buffer.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

class PointDistance {
 public:
  /// Both outlive this.
  PointDistance(const MatrixView& points, const Metric& metric)
      : points_(points), metric_(metric), row_(padded_depth(points.cols)) {}

  /// So many at a time.
  static constexpr std::size_t max_batch = 8;

  /// The kernel's raw distances of at most `max_batch` points; they may have over- or underflowed. `query` as load_row makes it.
  void measure(const double* query, std::span<const Index> points, double* out) {
    if (metric_.picks_from(points_)) {
      std::array<const void*, max_batch> rows;
      for (std::size_t i = 0; i < points.size(); ++i) rows[i] = points_.row(points[i]);
      metric_.measure_picked(query, points_, std::span(rows).first(points.size()), out);
      return;
    }
    for (std::size_t i = 0; i < points.size(); ++i) {
      load_row(points_, points[i], metric_, row_.data());
      metric_.measure_rows(query, row_.data(), 1, row_.size(), out + i);
    }
  }

  /// Offers the point at the kernel's raw distance.
  template <class Kept>
  void offer(Kept& kept, double raw, const double* query, Index point) {
    if (kept.may_enter(raw, point)) kept.offer({in_range(raw, query, point), point});
  }

  /// The kernel's raw distance, with an exponent of its own where it left float64's comfortable range.
  [[nodiscard]] RawDistance in_range(double raw, const double* query, Index point) {
    if (Metric::comfortable(raw)) return {raw, 0};
    if (std::isnan(raw)) return Metric::nothing_in_common();
    load_row(points_, point, metric_, row_.data());
    return metric_.rescaled(query, row_.data(), row_.size());
  }

 private:
  const MatrixView& points_;
  const Metric& metric_;
  AlignedBuffer<double> row_;
};

}  // namespace crowfly
