// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_lists.hpp"

#include <atomic>
#include <string>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/memory.hpp"
#include "base/parallel.hpp"

namespace crowfly {
namespace {

/// Lists of more than this would take over half of the machine's memory: systems that promise memory they don't have end the process instead of saying so.
Index most_neighbors() noexcept {
  const double most = physical_memory() / 2 / sizeof(Neighbor);
  return most < 0x1p62 ? static_cast<Index>(most) : Index{1} << 62;
}

}  // namespace

NeighborLists::NeighborLists(const Search& search, double radius)
    : search_(search), lists_(as_size(search.n_queries())), offsets_(lists_.size() + 1, 0) {
  const Index most = most_neighbors();
  std::atomic<Index> n_found{0};
  search.within(radius, [&](Index query, std::span<const Neighbor> neighbors) {
    const auto n = static_cast<Index>(neighbors.size());
    if (n_found.fetch_add(n, std::memory_order_relaxed) + n > most) {
      throw InvalidArgument(
          "radius: more neighbours than half of this machine's memory holds (" + std::to_string(most) +
          "); take a smaller radius or fewer queries at a time; count_radius tells how many there are");
    }
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
        distances[at] = search_.metric().finish(neighbor.distance);
        indices[at++] = neighbor.index;
      }
      std::vector<Neighbor>().swap(list);
    }
  });
}

}  // namespace crowfly
