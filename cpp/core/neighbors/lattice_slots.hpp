// SPDX-License-Identifier: BSD-3-Clause
// Queries as one cell of the lattice sees them, seated in panels for the tile, each with the points that may be its neighbours.
#pragma once

#include <span>
#include <vector>

#include "neighbors/lattice.hpp"

namespace crowfly {

/// Candidates of one query between two selections among them. A guessed limit lets about 2k pass that are that near and, in very many features, several times as many
/// that may be: only the best of all of them, once they are computed, tell which needn't be.
[[nodiscard]] constexpr Index candidates_per_query(Index k) noexcept {
  constexpr Index max_extra = 3200;
  const Index extra = 28 * k < max_extra ? 28 * k : max_extra;
  return 48 + 4 * k + extra;
}

/// The same where distances are estimated, from few points.
[[nodiscard]] constexpr Index estimates_per_query(Index k) noexcept { return 16 + 4 * k; }

/// What a search is for: neighbours for certain, or distances as the lattice sees them.
enum class LatticeBounds { proven, estimated };

class LatticeSlots {
 public:
  /// A point that may be a neighbour: its value in the tile (the larger, the nearer) above its place in the cell; ordered by value.
  using Candidate = std::int64_t;
  [[nodiscard]] static constexpr std::int32_t value_of(Candidate x) noexcept {
    return static_cast<std::int32_t>(x >> 32);
  }
  [[nodiscard]] static constexpr std::uint32_t place_of(Candidate x) noexcept { return static_cast<std::uint32_t>(x); }
  [[nodiscard]] static constexpr Candidate candidate(std::int32_t value, std::uint32_t place) noexcept {
    return (static_cast<Candidate>(value) << 32) | place;
  }

  /// For queries that want k neighbours (none: all within reach). `reach` has an entry per query: no point further than that can enter. Distances that
  /// are computed may be larger than true ones by `relative_slack`. `lattice` and `reach` outlive this.
  LatticeSlots(const LatticePoints& lattice, LatticeRounder rounder, Index k, double relative_slack,
               LatticeBounds bounds, std::span<double> reach);

  /// Unseats all: those seated from now on are seen from this cell.
  void enter(const LatticePoints::Cell& cell);
  /// The points looked at from now on were moved no further by rounding, in steps. Candidates there are lose their meaning.
  void follow_points(double moved) noexcept;
  void seat(Index query, const double* row);
  /// Nothing passes the threshold of a seat that is left over in the last panel.
  void close();

  [[nodiscard]] Index size() const noexcept { return size_; }
  [[nodiscard]] Index panel_height() const noexcept { return height_; }
  [[nodiscard]] Index query(Index slot) const noexcept { return slots_[as_size(slot)].query; }
  [[nodiscard]] const std::uint8_t* panel(Index first_slot) const noexcept {
    return panels_.data() + first_slot * lattice_.row_bytes();
  }
  /// Whether every point is a hit for some query of the panel.
  [[nodiscard]] bool any_open(Index first_slot) const noexcept;
  /// What a value is counted from, per slot.
  [[nodiscard]] const std::int32_t* thresholds() const noexcept { return thresholds_.data(); }

  [[nodiscard]] std::span<Candidate> candidates(Index slot) noexcept {
    return {first(slot), as_size(slots_[as_size(slot)].n_candidates)};
  }
  /// Not to be called when the slot is full.
  void add(Index slot, Candidate candidate) noexcept { first(slot)[slots_[as_size(slot)].n_candidates++] = candidate; }
  void set_end(Index slot, const Candidate* end) noexcept { slots_[as_size(slot)].n_candidates = end - first(slot); }
  [[nodiscard]] bool full(Index slot) const noexcept { return slots_[as_size(slot)].n_candidates == capacity_; }

  /// The threshold that belongs to the query's reach.
  void follow_reach(Index slot) noexcept;
  /// Lowers the reach to what a point of this value allows: its distance as computed is not larger (as estimated, about so large).
  void lower_reach(Index slot, std::int32_t value) noexcept;
  /// About how far a point of this value is, if roundings of rows are independent of each other.
  [[nodiscard]] double estimate(Index slot, std::int32_t value) const noexcept;
  /// Lowers the reach to what the k-th nearest candidate allows and drops those beyond; the k nearest then come first.
  void thin_out(Index slot) noexcept;
  void thin_out_panel(Index first_slot) noexcept;

 private:
  struct Slot {
    Index query;
    LatticeRow rounded;
    double correction;  ///< what the points' offset adds to every product
    Index n_candidates;
    std::int32_t best;  ///< the largest value that has lowered the reach
  };

  [[nodiscard]] Candidate* first(Index slot) noexcept { return candidates_.data() + slot * capacity_; }
  [[nodiscard]] static double rounded_square(const Slot& slot, std::int32_t value) noexcept;
  [[nodiscard]] double upper_bound(const Slot& slot, std::int32_t value) const noexcept;
  /// How much the rounded distance of this query and any point may differ from the true one, in steps; nothing, where distances are estimated.
  [[nodiscard]] double moved(const Slot& slot) const noexcept {
    return bounds_ == LatticeBounds::proven ? slot.rounded.moved + points_moved_ : 0.0;
  }

  const LatticePoints& lattice_;
  LatticeRounder rounder_;
  Index wanted_, height_, capacity_;
  double relative_slack_;
  LatticeBounds bounds_;
  std::span<double> reach_;
  const LatticePoints::Cell* cell_ = nullptr;
  double points_moved_ = 0;
  Index size_ = 0;
  std::vector<Slot> slots_;
  AlignedBuffer<Candidate> candidates_;
  AlignedBuffer<std::uint8_t> panels_;
  AlignedBuffer<std::int32_t> thresholds_;
};

}  // namespace crowfly
