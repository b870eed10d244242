// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_reader.hpp"

namespace crowfly {

LatticeReader::LatticeReader(const LatticePoints& lattice, const MatrixView& points, const Metric& metric)
    : lattice_(lattice), source_(points), rounder_(lattice.lattice(), points, metric) {
  if (lattice.keeps_panels()) return;
  const Index slots = lattice.max_group_slots();
  codes_ = AlignedBuffer<std::uint8_t>(slots * lattice.row_bytes());
  start_ = AlignedBuffer<std::int32_t>(slots);
  points_ = AlignedBuffer<Index>(slots);
}

LatticeBlock LatticeReader::read(Index group, Index stride) {
  if (lattice_.keeps_panels()) {
    const auto& [cell, panels] = lattice_.group(group);
    // Panels that are kept are even samples themselves (Partition::whole).
    const Index first = std::min(round_up(panels.begin, stride), panels.end);
    return {.codes = lattice_.panel(first),
            .start = lattice_.start(first),
            .points = lattice_.points(first),
            .n_panels = panels.end - first,
            .step = stride,
            .moved = lattice_.cell(cell).moved};
  }
  packed_ = lattice_.round_group(source_, rounder_, group, stride, {codes_.data(), start_.data(), points_.data()});
  return {.codes = codes_.data(),
          .start = start_.data(),
          .points = points_.data(),
          .n_panels = packed_.n_panels,
          .moved = packed_.bound.moved,
          .far = packed_.far};
}

}  // namespace crowfly
