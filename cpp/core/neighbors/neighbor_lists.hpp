// SPDX-License-Identifier: BSD-3-Clause
// The result of a search by radius: as many neighbours per query as there are, one list after the other.
#pragma once

#include <vector>

#include "neighbors/search.hpp"

namespace crowfly {

class NeighborLists {
 public:
  /// Searches; throws what `search` throws, and InvalidArgument where memory can't hold the result. `search` outlives this.
  NeighborLists(const Search& search, double radius);

  [[nodiscard]] Index n_lists() const noexcept { return static_cast<Index>(lists_.size()); }
  /// n_lists() + 1 numbers: where each query's neighbours begin, and their total.
  [[nodiscard]] const std::vector<Index>& offsets() const noexcept { return offsets_; }

  /// Writes all distances, as reported, and the points' numbers; each list is freed once it is written.
  void move_to(double* distances, Index* indices);

 private:
  const Search& search_;
  std::vector<std::vector<Neighbor>> lists_;
  std::vector<Index> offsets_;
};

}  // namespace crowfly
