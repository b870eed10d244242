// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/exact_rows.hpp"

#include <algorithm>
#include <cmath>

namespace crowfly {
namespace {

/// By whole periods to within half a period of zero, which is exact: coordinates far smaller than the period stay as they are.
void move_into_box(double* row, const double* period, Index features) {
  for (Index j = 0; j < features; ++j) {
    if (std::fabs(row[j]) > period[j] / 2) row[j] = std::remainder(row[j], period[j]);
  }
}

}  // namespace

void make_unit_length(double* row, Index depth) {
  double largest = 0;
  for (Index j = 0; j < depth; ++j) largest = std::max(largest, std::fabs(row[j]));
  if (largest == 0) return;
  const int exponent = std::ilogb(largest);
  if (exponent > 400 || exponent < -400) {
    for (Index j = 0; j < depth; ++j) row[j] = std::ldexp(row[j], -exponent);
  }
  AlignedBuffer<double> origin = AlignedBuffer<double>::zeros(depth);
  double squares = 0;
  Metric(MetricKind::sqeuclidean).measure_rows(origin.data(), row, 1, depth, &squares);
  const double norm = std::sqrt(squares);
  for (Index j = 0; j < depth; ++j) row[j] /= norm;
}

void load_row(const MatrixView& source, Index i, const Metric& metric, double* target) {
  const Index features = source.cols, depth = padded_depth(features);
  const char* row = source.row(i);
  visit_dtype(source.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (source.col_stride == static_cast<Index>(sizeof(T))) {
      for (Index j = 0; j < features; ++j) {
        target[j] = static_cast<double>(load_element<T>(row + j * static_cast<Index>(sizeof(T))));
      }
    } else {
      for (Index j = 0; j < features; ++j)
        target[j] = static_cast<double>(load_element<T>(row + j * source.col_stride));
    }
  });
  std::fill(target + features, target + depth, 0.0);
  if (metric.normalises()) make_unit_length(target, depth);
  if (metric.period() != nullptr) move_into_box(target, metric.period(), features);
}

void load_rows(const MatrixView& source, Index begin, Index count, const Metric& metric, double* target) {
  const Index depth = padded_depth(source.cols);
  for (Index i = 0; i < count; ++i) load_row(source, begin + i, metric, target + i * depth);
}

}  // namespace crowfly
