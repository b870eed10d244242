// SPDX-License-Identifier: BSD-3-Clause
// The one tie rule: neighbours are ordered by (raw distance, lowest index). Every search ends in one of the two collections that know it, TopK and those of
// within_radius.hpp, so brute force, filters and trees agree.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"

namespace crowfly {

/// The raw distance raw * 2^exponent. The exponent is zero except for distances that float64 alone would lose to overflow or underflow.
struct RawDistance {
  double raw = 0;
  int exponent = 0;

  friend bool operator<(RawDistance a, RawDistance b) noexcept {
    if (a.exponent == b.exponent) return a.raw < b.raw;
    // Shifting the larger exponent's number up can overflow, which is then the right answer; shifting down could lose a bit.
    if (a.exponent > b.exponent) return std::ldexp(a.raw, a.exponent - b.exponent) < b.raw;
    return a.raw < std::ldexp(b.raw, b.exponent - a.exponent);
  }
};

struct Neighbor {
  RawDistance distance;
  Index index = 0;

  friend bool operator<(const Neighbor& a, const Neighbor& b) noexcept {
    // Without a branch that depends on the data, in nearly all cases.
    if (a.distance.exponent == b.distance.exponent) {
      const bool nearer = a.distance.raw < b.distance.raw, equal = a.distance.raw == b.distance.raw;
      return nearer | (equal & (a.index < b.index));
    }
    if (a.distance < b.distance) return true;
    if (b.distance < a.distance) return false;
    return a.index < b.index;
  }
};

/// The k first of all neighbours offered, in any order of offering.
class TopK {
 public:
  explicit TopK(Index k) : k_(as_size(k)), sorted_(k_ <= max_sorted) { kept_.reserve(k_); }

  /// An empty one for the same.
  [[nodiscard]] TopK another() const { return TopK(wanted()); }
  /// Forgets all, for the next query.
  void clear() noexcept { kept_.clear(); }

  /// So many neighbours bound what else can enter.
  [[nodiscard]] Index wanted() const noexcept { return static_cast<Index>(k_); }
  [[nodiscard]] bool full() const noexcept { return kept_.size() == k_; }
  /// The last of the k so far; only when full.
  [[nodiscard]] const Neighbor& worst() const noexcept { return sorted_ ? kept_.back() : kept_.front(); }
  /// Nothing beyond can enter any more.
  [[nodiscard]] RawDistance limit() const noexcept {
    return full() ? worst().distance : RawDistance{std::numeric_limits<double>::infinity(), 0};
  }
  /// False for a kernel's raw distance (exact, or lost to under- or overflow) that certainly can't enter: the quick test before the full comparison.
  [[nodiscard]] bool may_enter(double raw, Index index) const noexcept {
    if (!full() || worst().distance.exponent != 0) return true;
    const double last = worst().distance.raw;
    return raw < last || (raw == last && index < worst().index);
  }
  void offer(const Neighbor& candidate) {
    if (!full()) {
      kept_.push_back(candidate);
      if (sorted_) {
        settle(kept_.size() - 1, candidate);
      } else if (full()) {
        std::make_heap(kept_.begin(), kept_.end());
      }
    } else if (candidate < worst()) {
      if (sorted_) {
        settle(k_ - 1, candidate);
      } else {
        replace_worst(candidate);
      }
    }
  }
  void merge(const TopK& other) {
    for (const Neighbor& neighbor : other.kept_) offer(neighbor);
  }
  /// The neighbours in order; only `clear` may follow.
  [[nodiscard]] std::span<const Neighbor> sort() {
    if (!sorted_) std::sort(kept_.begin(), kept_.end());
    return kept_;
  }

 private:
  /// Up to here keeping them in order is quicker than a heap, and a heap beyond (k = 10 of 30 offers 640 and 840 ns, k = 100 of 300 23 and 14 microseconds).
  static constexpr std::size_t max_sorted = 16;

  /// Moves what comes behind up by one place, into the free one.
  void settle(std::size_t free, const Neighbor& candidate) noexcept {
    for (; free > 0 && candidate < kept_[free - 1]; --free) kept_[free] = kept_[free - 1];
    kept_[free] = candidate;
  }
  /// One way down the heap, where popping and pushing would go down and up.
  void replace_worst(const Neighbor& candidate) {
    std::size_t hole = 0;
    for (std::size_t child = 1; child < k_; child = 2 * hole + 1) {
      if (child + 1 < k_) child += kept_[child] < kept_[child + 1] ? 1 : 0;
      if (!(candidate < kept_[child])) break;
      kept_[hole] = kept_[child];
      hole = child;
    }
    kept_[hole] = candidate;
  }

  std::size_t k_;
  bool sorted_;
  std::vector<Neighbor> kept_;  ///< in order where sorted_, else a heap as soon as it is full
};

}  // namespace crowfly
