// SPDX-License-Identifier: BSD-3-Clause
// The metrics, as a sum (or maximum) over features and what is done to it at the end.
#pragma once

#include <cmath>

#include "base/matrix_view.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

enum class MetricKind { euclidean, sqeuclidean, manhattan, chebyshev, cosine, minkowski };

/// Neighbours are ordered by the reduction ("raw distance") and the index; `finish` is monotone, so the order of distances is the same.
class Metric {
 public:
  explicit Metric(MetricKind kind, double p = 2) noexcept : kind_(kind), p_(p) {}

  /// True where rows enter divided by their length.
  [[nodiscard]] bool normalises() const noexcept { return kind_ == MetricKind::cosine; }
  [[nodiscard]] kernels::Reduction reduction() const noexcept {
    switch (kind_) {
      case MetricKind::manhattan:
        return kernels::Reduction::absolute_difference;
      case MetricKind::chebyshev:
        return kernels::Reduction::maximum_difference;
      case MetricKind::minkowski:
        return kernels::Reduction::power_difference;
      default:
        return kernels::Reduction::squared_difference;
    }
  }
  /// Exponent p with reduction(s x) = s^p reduction(x).
  [[nodiscard]] double degree() const noexcept {
    switch (kind_) {
      case MetricKind::manhattan:
      case MetricKind::chebyshev:
        return 1;
      case MetricKind::minkowski:
        return p_;
      default:
        return 2;
    }
  }
  /// The kernel's raw distances from `query` to rows, both padded (see KernelTable::distance_rows); they may have over- or underflowed.
  void rows(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept {
    kernels::active().distance_rows[static_cast<int>(reduction())](query, rows, n, depth, p_, out);
  }
  /// True where kernels can take the rows of a matrix as they are stored.
  [[nodiscard]] bool takes(const MatrixView& rows) const noexcept { return rows.rows_are_arrays() && !normalises(); }
  /// The same from rows [begin, begin + n) of a matrix that it takes.
  void stored(const double* query, const MatrixView& rows, Index begin, Index n, double* out) const noexcept {
    const auto& table = kernels::active();
    const auto at = static_cast<int>(reduction());
    const auto kernel = rows.dtype == DType::f32 ? table.stored_distance_f32[at] : table.stored_distance_f64[at];
    kernel(query, rows.row(begin), rows.row_stride, n, rows.cols, p_, out);
  }
  /// True where a raw distance has lost nothing to overflow or underflow.
  [[nodiscard]] static bool comfortable(double raw) noexcept {
    return raw >= smallest_comfortable && raw <= largest_comfortable;
  }
  /// The distance of two padded rows with an exponent of its own, for those that aren't.
  [[nodiscard]] RawDistance rescaled(const double* query, const double* row, Index depth) const;
  [[nodiscard]] double finish(RawDistance d) const noexcept;
  /// No kernel's raw distance above it can belong to a distance of at most `radius`.
  [[nodiscard]] double raw_limit(double radius) const noexcept;

 private:
  static constexpr double smallest_comfortable = 0x1p-900, largest_comfortable = 0x1p1000;

  MetricKind kind_;
  double p_;
};

}  // namespace crowfly
