// SPDX-License-Identifier: BSD-3-Clause
// The metrics that no kernel computes: two rows at a time, in the documented order of summation.
#pragma once

#include <array>

#include "kernels/kernel_table.hpp"
#include "neighbors/metric.hpp"

namespace crowfly {

/// The sum of term(j) in the order of the distances: eight accumulators, one fixed tree.
template <class Term>
[[nodiscard]] double lane_sum(Index n, const Term& term) {
  constexpr Index lanes = kernels::distance_lanes;
  std::array<double, lanes> sum{};
  Index j = 0;
  for (; j + lanes <= n; j += lanes) {
    for (Index lane = 0; lane < lanes; ++lane) sum[as_size(lane)] += term(j + lane);
  }
  for (; j < n; ++j) sum[as_size(j % lanes)] += term(j);
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

struct PairMetric {
  MetricKind kind;
  Index features;
  const double* numbers;  ///< as of Metric::pair_by_pair
  double p;

  /// The raw distance of two rows: what grows with the distance, before a root or an arcsine. NaN where it isn't defined.
  [[nodiscard]] double measure(const double* a, const double* b) const noexcept;

 private:
  [[nodiscard]] double correlation(const double* a, const double* b) const noexcept;
  [[nodiscard]] double canberra(const double* a, const double* b) const noexcept;
  [[nodiscard]] double braycurtis(const double* a, const double* b) const noexcept;
  [[nodiscard]] double hamming(const double* a, const double* b) const noexcept;
  [[nodiscard]] double of_sets(const double* a, const double* b) const noexcept;
  [[nodiscard]] double haversine(const double* a, const double* b) const noexcept;
  [[nodiscard]] double mahalanobis(const double* a, const double* b) const noexcept;
};

}  // namespace crowfly
