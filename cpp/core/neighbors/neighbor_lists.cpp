// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_lists.hpp"

#include "base/cancel.hpp"
#include "base/parallel.hpp"

namespace crowfly {

NeighborLists::NeighborLists(const NeighborIndex& index, const Request& request, double radius)
    : index_(index), lists_(as_size(request.queries.rows)), offsets_(lists_.size() + 1, 0) {
  index.within(request, radius, [&](Index query, std::span<const Neighbor> neighbors) {
    lists_[as_size(query)].assign(neighbors.begin(), neighbors.end());
  });
  for (std::size_t i = 0; i < lists_.size(); ++i) offsets_[i + 1] = offsets_[i] + static_cast<Index>(lists_[i].size());
}

void NeighborLists::move_to(double* distances, Index* indices) {
  constexpr Index lists_per_task = 64;
  const double bytes = static_cast<double>(offsets_.back()) * sizeof(Neighbor);
  parallel_for_ranges(n_lists(), lists_per_task, bytes, [&](Range range) {
    for (Index i = range.begin; i < range.end; ++i) {
      checkpoint();
      std::vector<Neighbor>& list = lists_[as_size(i)];
      Index at = offsets_[as_size(i)];
      for (const Neighbor& neighbor : list) {
        distances[at] = index_.metric().finish(neighbor.distance);
        indices[at++] = neighbor.index;
      }
      std::vector<Neighbor>().swap(list);
    }
  });
}

}  // namespace crowfly
