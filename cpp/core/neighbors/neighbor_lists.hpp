// SPDX-License-Identifier: BSD-3-Clause
// The result of a search by radius: as many neighbours per query as there are, one list after the other.
#pragma once

#include <vector>

#include "neighbors/neighbor_index.hpp"

namespace crowfly {

class NeighborLists {
 public:
  /// Searches; throws what NeighborIndex::within throws, and InvalidArgument where memory can't hold the result. `index` outlives this.
  NeighborLists(const NeighborIndex& index, const Request& request, double radius);

  [[nodiscard]] Index n_lists() const noexcept { return static_cast<Index>(lists_.size()); }
  /// n_lists() + 1 numbers: where each query's neighbours begin, and their total.
  [[nodiscard]] const std::vector<Index>& offsets() const noexcept { return offsets_; }

  /// Writes all distances, as reported, and the points' numbers; each list is freed once it is written.
  void move_to(double* distances, Index* indices);

 private:
  const NeighborIndex& index_;
  std::vector<std::vector<Neighbor>> lists_;
  std::vector<Index> offsets_;
};

}  // namespace crowfly
