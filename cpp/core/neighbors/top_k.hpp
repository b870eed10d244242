// SPDX-License-Identifier: BSD-3-Clause
// The one tie rule: neighbours are ordered by (raw distance, lowest index). Every search ends here, so brute force, filters and trees agree.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "base/matrix_view.hpp"

namespace crowfly {

struct Neighbor {
  double raw;
  Index index;

  friend bool operator<(const Neighbor& a, const Neighbor& b) noexcept {
    return a.raw < b.raw || (a.raw == b.raw && a.index < b.index);
  }
};

/// The k first of all neighbours offered, in any order of offering.
class TopK {
 public:
  explicit TopK(Index k) : k_(static_cast<std::size_t>(k)) { heap_.reserve(k_); }

  [[nodiscard]] bool full() const noexcept { return heap_.size() == k_; }
  /// No neighbour with a raw distance above this can enter.
  [[nodiscard]] double worst() const noexcept {
    return full() ? heap_.front().raw : std::numeric_limits<double>::infinity();
  }
  void offer(Neighbor candidate) {
    if (!full()) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end());
    } else if (candidate < heap_.front()) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end());
    }
  }
  /// The neighbours in order; ends the use of this object.
  [[nodiscard]] const std::vector<Neighbor>& sort() {
    std::sort_heap(heap_.begin(), heap_.end());
    return heap_;
  }

 private:
  std::size_t k_;
  std::vector<Neighbor> heap_;
};

}  // namespace crowfly
