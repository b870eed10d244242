// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/sampled_frame.hpp"

#include <algorithm>
#include <cmath>

namespace crowfly {
namespace {

/// Factors whose products are in range.
constexpr double largest_factor = 0x1p500;

bool is_finite(const Matrix& values) noexcept {
  const double* begin = values.data();
  return std::all_of(begin, begin + values.rows() * values.cols(), [](double x) { return std::isfinite(x); });
}

}  // namespace

std::optional<ColumnStatistics> standardise_by_sample(Design& design, const double* weights, bool centre,
                                                      double largest_scale) {
  constexpr Index sample_rows = 1024, min_rows = 16 * sample_rows;
  if (design.rows() < min_rows || design.features.sparse != nullptr) return std::nullopt;
  // Odd, so that what comes in pairs, fours, ... is not all of one kind.
  const Index step = design.rows() / sample_rows | 1;
  const auto every = [&](MatrixView view) {
    view.rows = ceil_div(view.rows, step);
    view.row_stride *= step;
    return view;
  };
  const Design sample(every(design.features), false, every(design.targets));
  Vector chosen;
  for (Index i = 0; weights != nullptr && i < design.rows(); i += step) chosen.push_back(weights[i]);
  ColumnStatistics statistics = column_statistics(sample, weights == nullptr ? nullptr : chosen.data());
  if (!(statistics.total_weight > 0)) return std::nullopt;
  standardise(design, statistics, centre, largest_scale);
  return statistics;
}

bool all_vary(const ColumnStatistics& statistics) noexcept {
  constexpr double rounding = 0x1p-40;
  for (std::size_t j = 0; j < statistics.sum.size(); ++j) {
    const double most = statistics.max_abs[j] * statistics.total_weight;
    if (!(std::fabs(statistics.sum[j]) < most * (1 - rounding))) return false;
  }
  return true;
}

bool adjust_frame(Design& design, CentredGram& centred, const ColumnReach& reach, bool intercept, double largest_scale,
                  double most_variances) {
  const Index p = centred.gram.rows(), t = centred.cross.cols();
  if (!is_finite(centred.cross)) return false;
  Vector factor(as_size(p + t));
  for (Index j = 0; j < p + t; ++j) {
    double &scale = design.scale[as_size(j)], &mean = centred.mean[as_size(j)];
    const double magnitude = reach.max_abs(j < p || !intercept ? j : j + 1);
    const double largest = magnitude + std::fabs(design.shift[as_size(j)] * scale);
    if (!std::isfinite(largest) || !std::isfinite(mean)) return false;
    const double square = j < p ? centred.gram(j, j) : 0.0;
    if (j < p && !(std::isfinite(square) && reach.total_weight() * mean * mean <= most_variances * square))
      return false;
    const double adjusted = largest > 0 ? std::ldexp(scale, -std::ilogb(largest)) : scale;
    const double change = adjusted / scale;
    if (!(change < largest_factor && change > 1 / largest_factor)) return false;
    factor[as_size(j)] = std::min(adjusted, largest_scale) / scale;
    scale *= factor[as_size(j)];
    mean *= factor[as_size(j)];
  }
  for (Index j = 0; j < p + t; ++j) {
    double* column = j < p ? centred.gram.col(j) : centred.cross.col(j - p);
    for (Index i = 0; i < p; ++i) column[i] *= factor[as_size(i)] * factor[as_size(j)];
  }
  return true;
}

}  // namespace crowfly
