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
    if (a.distance < b.distance) return true;
    if (b.distance < a.distance) return false;
    return a.index < b.index;
  }
};

/// The k first of all neighbours offered, in any order of offering.
class TopK {
 public:
  explicit TopK(Index k) : k_(as_size(k)) { heap_.reserve(k_); }

  /// An empty one for the same.
  [[nodiscard]] TopK another() const { return TopK(wanted()); }
  /// Forgets all, for the next query.
  void clear() noexcept { heap_.clear(); }

  /// So many neighbours bound what else can enter.
  [[nodiscard]] Index wanted() const noexcept { return static_cast<Index>(k_); }
  [[nodiscard]] bool full() const noexcept { return heap_.size() == k_; }
  /// The last of the k so far; only when full.
  [[nodiscard]] const Neighbor& worst() const noexcept { return heap_.front(); }
  /// Nothing beyond can enter any more.
  [[nodiscard]] RawDistance limit() const noexcept {
    return full() ? heap_.front().distance : RawDistance{std::numeric_limits<double>::infinity(), 0};
  }
  /// False for a kernel's raw distance (exact, or lost to under- or overflow) that certainly can't enter: the quick test before the full comparison.
  [[nodiscard]] bool may_enter(double raw, Index index) const noexcept {
    if (!full() || heap_.front().distance.exponent != 0) return true;
    const double last = heap_.front().distance.raw;
    return raw < last || (raw == last && index < heap_.front().index);
  }
  void offer(const Neighbor& candidate) {
    if (!full()) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (candidate < heap_.front()) {
      replace_worst(candidate);
    }
  }
  void merge(const TopK& other) {
    for (const Neighbor& neighbor : other.heap_) offer(neighbor);
  }
  /// The neighbours in order; only `clear` may follow.
  [[nodiscard]] std::span<const Neighbor> sort() {
    std::sort_heap(heap_.begin(), heap_.end());
    return heap_;
  }

 private:
  /// One way down the heap, where popping and pushing would go down and up.
  void replace_worst(const Neighbor& candidate) {
    std::size_t hole = 0;
    for (std::size_t child = 1; child < k_; child = 2 * hole + 1) {
      if (child + 1 < k_ && heap_[child] < heap_[child + 1]) ++child;
      if (!(candidate < heap_[child])) break;
      heap_[hole] = heap_[child];
      hole = child;
    }
    heap_[hole] = candidate;
  }

  std::size_t k_;
  std::vector<Neighbor> heap_;
};

}  // namespace crowfly
