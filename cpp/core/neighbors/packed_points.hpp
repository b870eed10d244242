// SPDX-License-Identifier: BSD-3-Clause
// Points as the filter wants them: float32, about a centre, scaled to at most unit length, in panels; with everything that the error bound needs.
#pragma once

#include <vector>

#include "base/aligned_buffer.hpp"
#include "neighbors/exact_rows.hpp"

namespace crowfly {

/// Where rows are moved before they are rounded: x -> (x - centre) * 2^exponent.
struct Frame {
  std::vector<double> centre;
  int exponent = 0;
};

/// What is known of one rounded row: its length and how far rounding moved it, both rounded upwards, in the units of the frame.
struct RoundedRow {
  double length = 0;
  double moved = 0;
};

/// Rounds one row (float64, in caller's units) into column `slot` of a panel [features][stride].
RoundedRow round_row(const double* row, Index features, const Frame& frame, float* panel, Index stride, Index slot);

class PackedPoints {
 public:
  /// One read for the centre, one for packing.
  PackedPoints(const MatrixView& points, const Metric& metric);

  [[nodiscard]] const Frame& frame() const noexcept { return frame_; }
  [[nodiscard]] Index features() const noexcept { return features_; }
  [[nodiscard]] Index panel_points() const noexcept { return panel_points_; }
  [[nodiscard]] Index group_panels() const noexcept { return group_panels_; }
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] Index group_points() const noexcept { return group_panels_ * panel_points_; }
  [[nodiscard]] const float* panel(Index i) const noexcept { return data_.data() + i * panel_points_ * features_; }
  /// Squared lengths of a panel's points; infinity where the panel is not filled.
  [[nodiscard]] const float* norms(Index i) const noexcept { return norms_.data() + i * panel_points_; }
  /// Largest length and largest displacement within a group of panels.
  [[nodiscard]] const RoundedRow& group(Index i) const noexcept { return groups_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Index bytes() const noexcept {
    return (data_.size() + norms_.size()) * static_cast<Index>(sizeof(float)) +
           static_cast<Index>(groups_.size() * sizeof(RoundedRow));
  }

 private:
  void pack_group(const MatrixView& points, const Metric& metric, Index group);

  Index features_, panel_points_, group_panels_, n_panels_;
  Frame frame_;
  AlignedBuffer<float> data_, norms_;
  std::vector<RoundedRow> groups_;
};

}  // namespace crowfly
