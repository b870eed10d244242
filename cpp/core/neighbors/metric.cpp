// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/metric.hpp"

#include <algorithm>
#include <limits>

#include "base/aligned_buffer.hpp"

namespace crowfly {

double Metric::finish(RawDistance d) const noexcept {
  switch (kind_) {
    case MetricKind::euclidean:
      return std::ldexp(std::sqrt(d.raw), d.exponent / 2);
    case MetricKind::cosine:
      return std::ldexp(d.raw, d.exponent - 1);
    case MetricKind::minkowski:
      return std::pow(d.raw, 1 / p_) * std::exp2(d.exponent / p_);
    default:
      return std::ldexp(d.raw, d.exponent);
  }
}

double Metric::raw_limit(double radius) const noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto inverse = [&] {
    switch (kind_) {
      case MetricKind::euclidean:
        return radius * radius;
      case MetricKind::cosine:
        return 2 * radius;
      case MetricKind::minkowski:
        return infinity;
      default:
        return radius;
    }
  };
  // More than the rounding of the root and of the square; raw distances outside the comfortable range say nothing yet.
  const double limit = inverse() * (1 + 0x1p-50);
  return limit > largest_comfortable ? infinity : std::max(limit, smallest_comfortable);
}

/// The differences, divided by a power of two that brings the largest to between one and two, through the same kernel.
RawDistance Metric::rescaled(const double* query, const double* row, Index depth) const {
  if (std::equal(query, query + depth, row)) return {0, 0};
  AlignedBuffer<double> difference(depth), origin = AlignedBuffer<double>::zeros(depth);
  double largest = 0;
  for (Index j = 0; j < depth; ++j) {
    difference[j] = query[j] - row[j];
    largest = std::max(largest, std::fabs(difference[j]));
  }
  int scale = 0;
  if (std::isinf(largest)) {
    // Two numbers of opposite sign near the end of the range: their halves differ by a finite number.
    largest = 0;
    for (Index j = 0; j < depth; ++j) {
      difference[j] = query[j] / 2 - row[j] / 2;
      largest = std::max(largest, std::fabs(difference[j]));
    }
    scale = 1;
  }
  if (largest == 0) return {0, 0};  // differences that the process flushes to zero
  const int shift = std::ilogb(largest);
  for (Index j = 0; j < depth; ++j) difference[j] = std::ldexp(difference[j], -shift);
  double raw = 0;
  rows(difference.data(), origin.data(), 1, depth, &raw);
  // Whole powers of two go to the exponent, the rest (non-integer degrees only) into the number.
  const double power = degree() * (scale + shift), whole = std::floor(power);
  return {raw * std::exp2(power - whole), static_cast<int>(whole)};
}

}  // namespace crowfly
