// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/metric.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/aligned_buffer.hpp"
#include "neighbors/pair_metric.hpp"

namespace crowfly {

double Metric::finish(RawDistance d) const noexcept {
  // Nearly all: the C library's ldexp takes longer than the root.
  if (kind_ == MetricKind::euclidean && d.exponent == 0) return std::sqrt(d.raw);
  switch (kind_) {
    case MetricKind::euclidean:
    case MetricKind::seuclidean:
      return std::ldexp(std::sqrt(d.raw), d.exponent / 2);
    case MetricKind::cosine:
      return std::ldexp(d.raw, d.exponent - 1);
    case MetricKind::correlation:
      return std::isinf(d.raw) ? std::numeric_limits<double>::quiet_NaN() : d.raw / 2;
    case MetricKind::haversine:
      return 2 * std::asin(std::sqrt(std::min(d.raw, 1.0)));
    case MetricKind::minkowski:
    case MetricKind::weighted_minkowski:
      return std::pow(d.raw, 1 / p_) * std::exp2(d.exponent / p_);
    case MetricKind::nan_euclidean:
    case MetricKind::mahalanobis:
      // Nothing in common: behind all others, and no number.
      return std::isinf(d.raw) ? std::numeric_limits<double>::quiet_NaN()
                               : std::ldexp(std::sqrt(d.raw), d.exponent / 2);
    default:
      return std::ldexp(d.raw, d.exponent);
  }
}

double Metric::raw_limit(double radius) const noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto inverse = [&] {
    switch (kind_) {
      case MetricKind::euclidean:
      case MetricKind::nan_euclidean:
      case MetricKind::seuclidean:
      case MetricKind::mahalanobis:
        return radius * radius;
      case MetricKind::cosine:
      case MetricKind::correlation:
        return 2 * radius;
      case MetricKind::minkowski:
      case MetricKind::weighted_minkowski:
      case MetricKind::haversine:
        return infinity;
      default:
        return radius;
    }
  };
  // More than the rounding of the root and of the square; raw distances outside the comfortable range say nothing yet.
  const double limit = inverse() * (1 + 0x1p-50);
  return limit > largest_comfortable ? infinity : std::max(limit, smallest_comfortable);
}

Metric Metric::pair_by_pair(MetricKind kind, double p, Index features, std::span<const double> numbers) {
  Metric metric(kind, p);
  metric.features_ = features;
  if (!numbers.empty()) {
    auto copy = std::make_shared<AlignedBuffer<double>>(static_cast<Index>(numbers.size()));
    std::copy(numbers.begin(), numbers.end(), copy->data());
    metric.numbers_ = std::move(copy);
  }
  return metric;
}

Metric Metric::in_box(std::span<const double> period) const {
  const auto n = static_cast<Index>(period.size());
  auto padded = std::make_shared<AlignedBuffer<double>>(round_up(std::max<Index>(n, 1), kernels::distance_lanes));
  std::fill_n(padded->data(), padded->size(), std::numeric_limits<double>::infinity());
  std::copy(period.begin(), period.end(), padded->data());
  Metric metric = *this;
  metric.period_ = std::move(padded);
  return metric;
}

/// Squared differences of what both rows have, times features / features in common; infinite where there is none. The same order of summation.
void Metric::measure_with_gaps(const double* query, const double* rows, Index n, Index depth,
                               double* out) const noexcept {
  constexpr Index lanes = kernels::distance_lanes;
  const double padding = static_cast<double>(depth) - p_;
  for (Index r = 0; r < n; ++r) {
    std::array<double, lanes> sum{}, common{};
    for (Index j = 0; j < depth; ++j) {
      const double difference = query[j] - rows[r * depth + j];
      const bool both = !std::isnan(difference);
      sum[as_size(j % lanes)] += both ? difference * difference : 0.0;
      common[as_size(j % lanes)] += both ? 1.0 : 0.0;
    }
    const auto total = [](const std::array<double, lanes>& a) {
      return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    };
    const double n_common = total(common) - padding;
    out[r] = n_common > 0 ? total(sum) / n_common * p_ : std::numeric_limits<double>::quiet_NaN();
  }
}

void Metric::measure_pairs(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept {
  const PairMetric metric{kind_, features_, numbers_ == nullptr ? nullptr : numbers_->data(), p_};
  for (Index r = 0; r < n; ++r) out[r] = metric.measure(query, rows + r * depth);
}

/// The differences, divided by a power of two that brings the largest to between one and two, through the same kernel.
RawDistance Metric::rescaled(const double* query, const double* row, Index depth) const {
  if (!scales()) {
    double raw = 0;
    measure_rows(query, row, 1, depth, &raw);
    return std::isnan(raw) ? nothing_in_common() : RawDistance{raw, 0};
  }
  if (std::equal(query, query + depth, row)) return {0, 0};
  AlignedBuffer<double> difference(depth), origin = AlignedBuffer<double>::zeros(depth);
  bool common = false;
  const auto subtract = [&](double scale) {
    double largest = 0;
    for (Index j = 0; j < depth; ++j) {
      double& d = difference[j] = query[j] * scale - row[j] * scale;
      if (period_ != nullptr) d = std::min(std::fabs(d), (*period_)[j] * scale - std::fabs(d));
      if (std::isnan(d)) continue;
      largest = std::max(largest, std::fabs(d));
      common = common || !has_gaps() || static_cast<double>(j) < p_;
    }
    return largest;
  };
  double largest = subtract(1);
  if (!common) return nothing_in_common();
  // Two numbers of opposite sign near the end of the range: their halves differ by a finite number.
  const int scale = std::isinf(largest) ? 1 : 0;
  if (scale == 1) largest = subtract(0.5);
  if (largest == 0) return {0, 0};  // rows that differ in their gaps alone
  const int shift = std::ilogb(largest);
  for (Index j = 0; j < depth; ++j) difference[j] = std::ldexp(difference[j], -shift);
  double raw = 0;
  // Differences in a box are the shorter way round already.
  Metric open = *this;
  open.period_ = nullptr;
  open.measure_rows(difference.data(), origin.data(), 1, depth, &raw);
  if (std::isnan(raw)) return nothing_in_common();
  // Whole powers of two go to the exponent, the rest (non-integer degrees only) into the number.
  const double power = degree() * (scale + shift), whole = std::floor(power);
  return {raw * std::exp2(power - whole), static_cast<int>(whole)};
}

}  // namespace crowfly
