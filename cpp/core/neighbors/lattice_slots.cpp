// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_slots.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

namespace crowfly {

LatticeSlots::LatticeSlots(const LatticePoints& lattice, LatticeRounder rounder, Index k, double relative_slack,
                           LatticeBounds bounds, std::span<double> reach)
    : lattice_(lattice),
      rounder_(std::move(rounder)),
      wanted_(k),
      height_(lattice.lattice().queries),
      capacity_(bounds == LatticeBounds::proven ? candidates_per_query(k) : estimates_per_query(k)),
      relative_slack_(relative_slack),
      bounds_(bounds),
      reach_(reach),
      slots_(as_size(round_up(static_cast<Index>(reach.size()), height_))),
      candidates_(static_cast<Index>(slots_.size()) * capacity_),
      panels_(AlignedBuffer<std::uint8_t>::zeros(static_cast<Index>(slots_.size()) * lattice.row_bytes())),
      thresholds_(static_cast<Index>(slots_.size())) {}

void LatticeSlots::enter(const LatticePoints::Cell& cell) {
  cell_ = &cell;
  points_moved_ = cell.moved;
  size_ = 0;
}

void LatticeSlots::follow_points(double moved) noexcept {
  points_moved_ = moved;
  for (Index s = 0; s < size_; ++s) {
    slots_[as_size(s)].best = std::numeric_limits<std::int32_t>::min();
    follow_reach(s);
  }
}

void LatticeSlots::seat(Index query, const double* row) {
  const Index s = size_++;
  Slot& slot = slots_[as_size(s)];
  slot.query = query;
  slot.rounded = rounder_.round_query(row, cell_->frame);
  slot.correction = rounder_.correction();
  slot.n_candidates = 0;
  slot.best = std::numeric_limits<std::int32_t>::min();
  rounder_.scatter(panels_.data() + s / height_ * height_ * lattice_.row_bytes(), height_, s % height_,
                   lattice_.lattice().group);
  follow_reach(s);
}

void LatticeSlots::close() {
  // Whatever the panel holds in the seats left over is a query of small integers.
  std::fill(thresholds_.data() + size_, thresholds_.data() + round_up(size_, height_), lattice_limit);
}

/// |q - x|^2 = |q|^2 - 2 (start + q . x) of rounded rows, or one more where |x|^2 is odd; the value is start + q . (x + offset).
double LatticeSlots::rounded_square(const Slot& slot, std::int32_t value) noexcept {
  return slot.rounded.squares - 2 * (static_cast<double>(value) - slot.correction) + 1;
}

double LatticeSlots::estimate(Index at, std::int32_t value) const noexcept {
  const Slot& slot = slots_[as_size(at)];
  const double moved = slot.rounded.moved * slot.rounded.moved + points_moved_ * points_moved_;
  return std::sqrt(rounded_square(slot, value) + moved) / cell_->frame.inverse_step;
}

/// The true distance of a point with this value is not larger, where bounds are proven.
double LatticeSlots::upper_bound(const Slot& slot, std::int32_t value) const noexcept {
  const double steps = std::sqrt(rounded_square(slot, value)) * (1 + 0x1p-50) + moved(slot);
  return steps / cell_->frame.inverse_step * (1 + 0x1p-50) * (1 + relative_slack_);
}

/// A point within reach has a rounded distance of at most `far`; (|q|^2 - far^2) / 2 bounds start + q . x from below.
void LatticeSlots::follow_reach(Index at) noexcept {
  const Slot& slot = slots_[as_size(at)];
  const double far = (reach_[as_size(slot.query)] * cell_->frame.inverse_step + moved(slot)) * (1 + 0x1p-40);
  // Whole numbers at or above a number are among those above it less one, truncated; floor would be a call of the C library.
  const double threshold = (slot.rounded.squares - far * far) / 2 - 1 + slot.correction;
  constexpr double limit = lattice_limit;
  thresholds_[at] = static_cast<std::int32_t>(std::clamp(threshold, 1 - limit, limit));
}

void LatticeSlots::lower_reach(Index at, std::int32_t value) noexcept {
  Slot& slot = slots_[as_size(at)];
  if (value <= slot.best) return;
  slot.best = value;
  double& reach = reach_[as_size(slot.query)];
  reach = std::min(reach, upper_bound(slot, value));
  follow_reach(at);
}

void LatticeSlots::thin_out(Index at) noexcept {
  auto all = candidates(at);
  const auto k = as_size(wanted_);
  if (k > 1 && all.size() > k) {
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k - 1), all.end(), std::greater<>());
    lower_reach(at, value_of(all[k - 1]));
  }
  const auto last = std::remove_if(all.begin(), all.end(),
                                   [threshold = thresholds_[at]](Candidate c) { return value_of(c) < threshold; });
  slots_[as_size(at)].n_candidates = last - all.begin();
}

void LatticeSlots::thin_out_panel(Index first_slot) noexcept {
  for (Index s = first_slot; s < std::min(first_slot + height_, size_); ++s) thin_out(s);
}

bool LatticeSlots::any_open(Index first_slot) const noexcept {
  const auto first = thresholds_.data() + first_slot;
  return std::find(first, first + height_, 1 - lattice_limit) != first + height_;
}

}  // namespace crowfly
