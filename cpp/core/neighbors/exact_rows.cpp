// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/exact_rows.hpp"

#include <algorithm>
#include <cmath>

#include "neighbors/pair_metric.hpp"

namespace crowfly {
namespace {

/// By whole periods to within half a period of zero, which is exact: coordinates far smaller than the period stay as they are.
void move_into_box(double* row, const double* period, Index features) {
  for (Index j = 0; j < features; ++j) {
    if (std::fabs(row[j]) > period[j] / 2) row[j] = std::remainder(row[j], period[j]);
  }
}

/// By their mean, in the order of the distances; a row of equal numbers becomes zeros.
void centre(double* row, Index features) {
  if (std::all_of(row, row + features, [&](double value) { return value == row[0]; })) {
    std::fill_n(row, features, 0.0);
    return;
  }
  // Sums of numbers near the end of the range.
  double largest = 0;
  for (Index j = 0; j < features; ++j) largest = std::max(largest, std::fabs(row[j]));
  if (const int exponent = std::ilogb(largest); exponent > 900) {
    for (Index j = 0; j < features; ++j) row[j] = std::ldexp(row[j], -exponent);
  }
  const double mean = lane_sum(features, [&](Index j) { return row[j]; }) / static_cast<double>(features);
  for (Index j = 0; j < features; ++j) row[j] -= mean;
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
  if (metric.centres()) centre(target, features);
  if (metric.normalises()) make_unit_length(target, depth);
  if (metric.period() != nullptr) move_into_box(target, metric.period(), features);
}

void load_rows(const MatrixView& source, Index begin, Index count, const Metric& metric, double* target) {
  const Index depth = padded_depth(source.cols);
  for (Index i = 0; i < count; ++i) load_row(source, begin + i, metric, target + i * depth);
}

void load_dense_rows(const MatrixView& source, Range rows, const Metric& metric, double* target) {
  const Index features = source.cols;
  if (metric.as_stored()) {
    visit_dtype(source.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (Index i = rows.begin; i < rows.end; ++i) {
        const char* row = source.row(i);
        for (Index j = 0; j < features; ++j) {
          *target++ = static_cast<double>(load_element<T>(row + j * source.col_stride));
        }
      }
    });
    return;
  }
  AlignedBuffer<double> padded(padded_depth(features));
  for (Index i = rows.begin; i < rows.end; ++i) {
    load_row(source, i, metric, padded.data());
    target = std::copy_n(padded.data(), features, target);
  }
}

}  // namespace crowfly
