// SPDX-License-Identifier: BSD-3-Clause
// The metrics, as a sum (or maximum) over features and what is done to it at the end.
#pragma once

#include <cmath>

#include "base/matrix_view.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {

enum class MetricKind { euclidean, sqeuclidean, manhattan, chebyshev, cosine, minkowski };

/// Neighbours are ordered by the reduction ("raw distance") and the index; `finish` is monotone, so the order of distances is the same.
class Metric {
 public:
  explicit Metric(MetricKind kind, double p = 2) noexcept : kind_(kind), p_(p) {}

  [[nodiscard]] MetricKind kind() const noexcept { return kind_; }
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
  /// Raw distances from `query` to rows, both padded (see KernelTable::distance_rows).
  void rows(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept {
    kernels::active().distance_rows[static_cast<int>(reduction())](query, rows, n, depth, p_, out);
  }
  /// The distance for a raw distance between rows that had been multiplied by 2^exponent.
  [[nodiscard]] double finish(double raw, int exponent) const noexcept {
    switch (kind_) {
      case MetricKind::euclidean:
        return std::ldexp(std::sqrt(raw), -exponent);
      case MetricKind::sqeuclidean:
        return std::ldexp(raw, -2 * exponent);
      case MetricKind::cosine:
        return 0.5 * raw;
      case MetricKind::minkowski:
        return std::ldexp(std::pow(raw, 1.0 / p_), -exponent);
      default:
        return std::ldexp(raw, -exponent);
    }
  }

 private:
  MetricKind kind_;
  double p_;
};

}  // namespace crowfly
