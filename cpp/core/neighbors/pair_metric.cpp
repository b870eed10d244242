// SPDX-License-Identifier: BSD-3-Clause
// Definitions: https://docs.scipy.org/doc/scipy/reference/spatial.distance.html, of braycurtis and where a fraction is 0 / 0 those of scikit-learn's DistanceMetric.
#include "neighbors/pair_metric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace crowfly {
namespace {

/// Nothing differs where there is nothing.
double ratio(double part, double whole) noexcept { return whole > 0 ? part / whole : 0; }

bool all_zero(const double* row, Index n) noexcept {
  return std::all_of(row, row + n, [](double value) { return value == 0; });
}

}  // namespace

double PairMetric::measure(const double* a, const double* b) const noexcept {
  switch (kind) {
    case MetricKind::correlation:
      return correlation(a, b);
    case MetricKind::canberra:
      return canberra(a, b);
    case MetricKind::braycurtis:
      return braycurtis(a, b);
    case MetricKind::hamming:
      return hamming(a, b);
    case MetricKind::haversine:
      return haversine(a, b);
    case MetricKind::seuclidean:
      return lane_sum(features, [&](Index j) { return (a[j] - b[j]) * (a[j] - b[j]) / numbers[j]; });
    case MetricKind::weighted_minkowski:
      return lane_sum(
          features, [&](Index j) { return numbers[j] == 0 ? 0.0 : numbers[j] * std::pow(std::fabs(a[j] - b[j]), p); });
    case MetricKind::mahalanobis:
      return mahalanobis(a, b);
    default:
      return of_sets(a, b);
  }
}

/// The squared distance of rows that are centred and of length one; those that don't vary have no direction.
double PairMetric::correlation(const double* a, const double* b) const noexcept {
  if (all_zero(a, features) || all_zero(b, features)) return std::numeric_limits<double>::quiet_NaN();
  return lane_sum(features, [&](Index j) { return (a[j] - b[j]) * (a[j] - b[j]); });
}

double PairMetric::canberra(const double* a, const double* b) const noexcept {
  return lane_sum(features, [&](Index j) {
    const double sum = std::fabs(a[j]) + std::fabs(b[j]);
    if (!std::isinf(sum)) return ratio(std::fabs(a[j] - b[j]), sum);
    return std::fabs(a[j] / 2 - b[j] / 2) / (std::fabs(a[j] / 2) + std::fabs(b[j] / 2));
  });
}

double PairMetric::braycurtis(const double* a, const double* b) const noexcept {
  const auto scaled = [&](double scale) {
    const double apart = lane_sum(features, [&](Index j) { return std::fabs(a[j] * scale - b[j] * scale); });
    const double sum = lane_sum(features, [&](Index j) { return std::fabs(a[j] * scale) + std::fabs(b[j] * scale); });
    return std::isinf(sum) ? std::numeric_limits<double>::quiet_NaN() : ratio(apart, sum);
  };
  const double distance = scaled(1);
  // What is lost by that is far below what overflowed.
  return std::isnan(distance) ? scaled(0x1p-64) : distance;
}

double PairMetric::hamming(const double* a, const double* b) const noexcept {
  return lane_sum(features, [&](Index j) { return a[j] != b[j] ? 1.0 : 0.0; }) / static_cast<double>(features);
}

/// Rows as sets of the features that are not zero.
double PairMetric::of_sets(const double* a, const double* b) const noexcept {
  const auto count = [&](auto holds) {
    return lane_sum(features, [&](Index j) { return holds(a[j] != 0, b[j] != 0) ? 1.0 : 0.0; });
  };
  const auto n = static_cast<double>(features);
  const double both = count([](bool x, bool y) { return x && y; });
  const double differ = count([](bool x, bool y) { return x != y; });
  switch (kind) {
    case MetricKind::jaccard:
      return ratio(differ, both + differ);
    case MetricKind::dice:
      return ratio(differ, 2 * both + differ);
    case MetricKind::rogerstanimoto:
      return 2 * differ / (n + differ);
    case MetricKind::russellrao:
      return (n - both) / n;
    case MetricKind::sokalsneath:
      return ratio(2 * differ, both + 2 * differ);
    default: {
      const double first = count([](bool x, bool y) { return x && !y; });
      const double crossed = first * (differ - first);
      return ratio(2 * crossed, both * (n - both - differ) + crossed);
    }
  }
}

/// Of latitude and longitude in radians: the squared sine of half the angle.
double PairMetric::haversine(const double* a, const double* b) const noexcept {
  const double latitude = std::sin((a[0] - b[0]) / 2), longitude = std::sin((a[1] - b[1]) / 2);
  return latitude * latitude + std::cos(a[0]) * std::cos(b[0]) * longitude * longitude;
}

/// NaN where a form that is not positive is negative, by more than rounding.
double PairMetric::mahalanobis(const double* a, const double* b) const noexcept {
  const auto form_of = [&](auto value) {
    return lane_sum(features, [&](Index j) {
      const double* inverse = numbers + j * features;
      return value(a[j] - b[j]) * lane_sum(features, [&](Index k) { return value(inverse[k] * (a[k] - b[k])); });
    });
  };
  const double form = form_of([](double x) { return x; });
  if (form >= 0) return form;
  if (!std::isfinite(form)) return std::numeric_limits<double>::infinity();
  const double rounding = form_of([](double x) { return std::fabs(x); }) * static_cast<double>(features) * 0x1p-50;
  return form >= -rounding ? 0 : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace crowfly
