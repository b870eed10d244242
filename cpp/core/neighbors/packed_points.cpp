// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/packed_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Sums of float64 terms carry a relative error far below this; lengths and displacements are inflated by it so that they are upper bounds.
constexpr double inflate = 1.0 + 0x1p-30;

/// Points of a panel group together are about this large: they stay in the second-level cache while the queries of a block pass over them.
constexpr Index group_bytes = Index{256} * 1024;
constexpr Index max_group_panels = 32;

/// Mean of the rows, cut into parts by their number alone. Any centre is right; the mean makes the bound tight.
std::vector<double> mean_of(const MatrixView& points, const Metric& metric) {
  const Index depth = padded_depth(points.cols), parts = std::clamp<Index>(points.rows / 4096, 1, 64);
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(parts));
  const double operations = static_cast<double>(points.rows) * static_cast<double>(depth);
  parallel_for_work(parts, operations, [&](Index part) {
    auto& sum = sums[static_cast<std::size_t>(part)];
    sum.assign(static_cast<std::size_t>(depth), 0.0);
    AlignedBuffer<double> row(depth);
    const Range range = part_of(points.rows, parts, part);
    for (Index i = range.begin; i < range.end; ++i) {
      if (i % 256 == 0) checkpoint();
      load_row(points, i, metric, row.data());
      for (Index j = 0; j < depth; ++j) sum[static_cast<std::size_t>(j)] += row[j];
    }
  });
  std::vector<double> mean(static_cast<std::size_t>(points.cols), 0.0);
  for (std::size_t j = 0; j < mean.size(); ++j) {
    for (const auto& sum : sums) mean[j] += sum[j];
    mean[j] /= static_cast<double>(points.rows);
  }
  return mean;
}

/// Exponent of the power of two that brings the largest |x - centre| just below one.
int exponent_of(const MatrixView& points, const Metric& metric, const std::vector<double>& centre) {
  const Index depth = padded_depth(points.cols), parts = std::clamp<Index>(points.rows / 4096, 1, 64);
  std::vector<double> largest(static_cast<std::size_t>(parts), 0.0);
  const double operations = static_cast<double>(points.rows) * static_cast<double>(depth);
  parallel_for_work(parts, operations, [&](Index part) {
    AlignedBuffer<double> row(depth);
    const Range range = part_of(points.rows, parts, part);
    double& top = largest[static_cast<std::size_t>(part)];
    for (Index i = range.begin; i < range.end; ++i) {
      if (i % 256 == 0) checkpoint();
      load_row(points, i, metric, row.data());
      double sum = 0;
      for (Index j = 0; j < points.cols; ++j) {
        const double difference = row[j] - centre[static_cast<std::size_t>(j)];
        sum += difference * difference;
      }
      top = std::max(top, sum);
    }
  });
  const double square = *std::max_element(largest.begin(), largest.end());
  return square > 0 && std::isfinite(square) ? -(std::ilogb(std::sqrt(square)) + 1) : 0;
}

}  // namespace

RoundedRow round_row(const double* row, Index features, const Frame& frame, float* panel, Index stride, Index slot) {
  const double scale = std::ldexp(1.0, frame.exponent);
  double squares = 0, moved_squares = 0, wide_squares = 0;
  for (Index j = 0; j < features; ++j) {
    const double wide = (row[j] - frame.centre[static_cast<std::size_t>(j)]) * scale;
    const auto narrow = static_cast<float>(wide);
    panel[j * stride + slot] = narrow;
    const auto rounded = static_cast<double>(narrow);
    squares += rounded * rounded;
    moved_squares += (rounded - wide) * (rounded - wide);
    wide_squares += wide * wide;
  }
  // The float64 subtraction of the centre rounds too: 2^-53 of each component.
  return {std::sqrt(squares) * inflate, (std::sqrt(moved_squares) + 0x1p-52 * std::sqrt(wide_squares)) * inflate};
}

PackedPoints::PackedPoints(const MatrixView& points, const Metric& metric)
    : features_(points.cols), panel_points_(kernels::active().filter_points) {
  frame_.centre = mean_of(points, metric);
  frame_.exponent = exponent_of(points, metric, frame_.centre);
  const Index panel_bytes = panel_points_ * std::max<Index>(features_, 1) * static_cast<Index>(sizeof(float));
  group_panels_ = std::clamp<Index>(group_bytes / panel_bytes, 1, max_group_panels);
  n_panels_ = ceil_div(points.rows, panel_points_);
  data_ = AlignedBuffer<float>(n_panels_ * panel_points_ * features_);
  norms_ = AlignedBuffer<float>(n_panels_ * panel_points_);
  groups_.resize(static_cast<std::size_t>(ceil_div(n_panels_, group_panels_)));
  const double operations = 4.0 * static_cast<double>(points.rows) * static_cast<double>(features_);
  parallel_for_work(static_cast<Index>(groups_.size()), operations,
                    [&](Index group) { pack_group(points, metric, group); });
}

void PackedPoints::pack_group(const MatrixView& points, const Metric& metric, Index group) {
  AlignedBuffer<double> row(padded_depth(features_));
  RoundedRow& bound = groups_[static_cast<std::size_t>(group)];
  const Index last_panel = std::min((group + 1) * group_panels_, n_panels_);
  for (Index p = group * group_panels_; p < last_panel; ++p) {
    checkpoint();
    float* panel = data_.data() + p * panel_points_ * features_;
    for (Index slot = 0; slot < panel_points_; ++slot) {
      const Index i = p * panel_points_ + slot;
      float& norm = norms_[i];
      if (i >= points.rows) {
        for (Index j = 0; j < features_; ++j) panel[j * panel_points_ + slot] = 0.0F;
        norm = std::numeric_limits<float>::infinity();
        continue;
      }
      load_row(points, i, metric, row.data());
      const RoundedRow rounded = round_row(row.data(), features_, frame_, panel, panel_points_, slot);
      norm = static_cast<float>(rounded.length * rounded.length);
      bound.length = std::max(bound.length, rounded.length);
      bound.moved = std::max(bound.moved, rounded.moved);
    }
  }
}

}  // namespace crowfly
