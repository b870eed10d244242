// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/predict.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace crowfly {
namespace {

/// Calls each(neighbour's point, its weight), the nearest first.
template <class Each>
void weigh(const Poll& poll, std::span<const Neighbor> neighbors, const Each& each) {
  const Metric& metric = poll.index.metric();
  const bool inverse = poll.weighting == Weighting::inverse_distance;
  const auto inverse_distance = [&](const Neighbor& neighbor) { return 1 / metric.finish(neighbor.distance); };
  const bool at_query = inverse && !neighbors.empty() && std::isinf(inverse_distance(neighbors.front()));
  for (const Neighbor& neighbor : neighbors) {
    double weight = 1;
    if (inverse) {
      weight = inverse_distance(neighbor);
      // Neighbours are in order: from the first finite weight on none is infinite.
      if (at_query && !std::isinf(weight)) break;
      if (at_query) weight = 1;
    }
    if (poll.point_weights != nullptr) weight *= poll.point_weights[neighbor.index];
    each(neighbor.index, weight);
  }
}

}  // namespace

void count_votes(const Poll& poll, std::span<const Ballot> ballots) {
  poll.index.nearest(poll.request, poll.k, [&](Index query, std::span<const Neighbor> neighbors) {
    for (const Ballot& ballot : ballots) {
      double* votes = ballot.votes + query * ballot.n_classes;
      std::fill_n(votes, ballot.n_classes, 0.0);
      weigh(poll, neighbors, [&](Index point, double weight) { votes[ballot.classes[point]] += weight; });
    }
  });
}

void average_targets(const Poll& poll, const double* targets, Index n_outputs, double* means) {
  poll.index.nearest(poll.request, poll.k, [&](Index query, std::span<const Neighbor> neighbors) {
    double* mean = means + query * n_outputs;
    std::fill_n(mean, n_outputs, 0.0);
    double total = 0;
    weigh(poll, neighbors, [&](Index point, double weight) {
      total += weight;
      for (Index j = 0; j < n_outputs; ++j) mean[j] += weight * targets[point * n_outputs + j];
    });
    for (Index j = 0; j < n_outputs; ++j) mean[j] /= total;
  });
}

std::vector<Index> count_right(const Poll& poll, const std::int32_t* classes, Index n_classes) {
  // Whether a point is right changes a few times as k grows: the changes are added up, then summed along k.
  std::vector<std::atomic<Index>> changes(as_size(poll.k));
  poll.index.nearest(poll.request, poll.k, [&](Index query, std::span<const Neighbor> neighbors) {
    std::vector<double> votes(as_size(n_classes), 0.0);
    std::int32_t leader = 0;
    bool was_right = false;
    std::size_t at = 0;
    const auto record = [&] {
      const bool right = leader == classes[query];
      if (right != was_right) changes[at].fetch_add(right ? 1 : -1, std::memory_order_relaxed);
      was_right = right;
      ++at;
    };
    weigh(poll, neighbors, [&](Index point, double weight) {
      const std::int32_t voted = classes[point];
      double& mine = votes[as_size(voted)];
      mine += weight;
      const double most = votes[as_size(leader)];
      if (mine > most || (mine == most && voted < leader)) leader = voted;
      record();
    });
    // Those that no weight is left for change nothing.
  });
  std::vector<Index> right(changes.size());
  Index sum = 0;
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = sum += changes[k].load(std::memory_order_relaxed);
  return right;
}

}  // namespace crowfly
