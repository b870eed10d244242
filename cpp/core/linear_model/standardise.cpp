// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/standardise.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "linear_model/constant_columns.hpp"

namespace crowfly {

ColumnStatistics standardise(Design& design, const double* weights, bool centre, double largest_scale) {
  check(!design.ones);
  // Statistics are of the caller's numbers, whatever frame the design had.
  std::fill(design.shift.begin(), design.shift.end(), 0.0);
  std::fill(design.scale.begin(), design.scale.end(), 1.0);
  ColumnStatistics statistics = column_statistics(design, weights);
  standardise(design, statistics, centre, largest_scale);
  if (centre) shift_to_constants(design, constant_columns(design.features));
  return statistics;
}

void standardise(Design& design, const ColumnStatistics& statistics, bool centre, double largest_scale) {
  if (!(statistics.total_weight > 0))
    throw InvalidArgument("sample_weight: at least one weight must be positive, all are zero");
  for (std::size_t j = 0; j < statistics.sum.size(); ++j) {
    if (!std::isfinite(statistics.sum[j])) throw NotFinite();
    const double mean = statistics.sum[j] / statistics.total_weight;
    design.shift[j] = centre ? mean : 0.0;
    const double reach = statistics.max_abs[j] + std::fabs(design.shift[j]);
    if (!std::isfinite(reach)) throw NotFinite();
    design.scale[j] = reach > 0 ? std::ldexp(1.0, -std::ilogb(reach)) : 1.0;
    design.scale[j] = std::min(design.scale[j], largest_scale);
  }
}

void shift_to_medians(Design& design, const Vector& max_abs) {
  constexpr Index wanted = 511;
  const MatrixView& x = design.features;
  const Index step = std::max<Index>(1, x.rows / wanted);
  Vector values;
  for (Index j = 0; j < x.cols; ++j) {
    values.clear();
    for (Index i = 0; i < x.rows; i += step) values.push_back(x.at(i, j));
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    const double reach = max_abs[as_size(j)] + std::fabs(*middle), scale = std::ldexp(1.0, -std::ilogb(reach));
    if (!(reach > 0) || !std::isfinite(reach)) continue;
    design.shift[as_size(j)] = *middle;
    design.scale[as_size(j)] = std::min(scale, design.scale[as_size(j)]);
  }
}

double largest_safe_scale(const Vector& penalties) noexcept {
  if (penalties.empty()) return largest_safe_scale(false);
  const auto [smallest, largest] = std::minmax_element(penalties.begin(), penalties.end());
  const double most = largest_safe_scale(*largest > 0);
  return *smallest > 0 ? std::clamp(std::ldexp(1.0, -std::ilogb(*smallest) / 2), 1.0, most) : most;
}

}  // namespace crowfly
