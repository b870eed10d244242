// SPDX-License-Identifier: BSD-3-Clause
// The panels of a lattice's groups, one group at a time: where they are kept, or rounded on the way (docs/design/neighbors.md, "Few queries").
#pragma once

#include <span>

#include "neighbors/lattice.hpp"

namespace crowfly {

/// Panels one after another, of which every `step`-th is to be looked at, beginning with the first.
struct LatticeBlock {
  const std::uint8_t* codes = nullptr;
  const std::int32_t* start = nullptr;
  const Index* points = nullptr;
  Index n_panels = 0, step = 1;
  double moved = 0;                 ///< none of these points was moved further by rounding, in steps
  std::span<const FarPoint> far{};  ///< points that are in no panel
};

class LatticeReader {
 public:
  /// All three outlive this.
  LatticeReader(const LatticePoints& lattice, const MatrixView& points, const Metric& metric);

  /// The group, or an even sample of it: of every `stride` points one. Valid until the next call.
  LatticeBlock read(Index group, Index stride);

 private:
  const LatticePoints& lattice_;
  const MatrixView& source_;
  LatticeRounder rounder_;
  PackedGroup packed_;
  AlignedBuffer<std::uint8_t> codes_;
  AlignedBuffer<std::int32_t> start_;
  AlignedBuffer<Index> points_;
};

}  // namespace crowfly
