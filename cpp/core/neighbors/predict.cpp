// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/predict.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

namespace crowfly {
namespace {

/// The search that finds who is asked.
void ask(const Poll& poll, const Search::Consume& consume) {
  if (const auto* within = std::get_if<Within>(&poll.reach)) {
    poll.search.within(within->radius, consume);
  } else {
    poll.search.nearest(std::get<Nearest>(poll.reach).k, consume);
  }
}

/// Calls each(neighbour's point, its weight), the nearest first. Neighbours with nothing in common with the query (distance NaN) weigh nothing; where even the nearest
/// is infinitely far, those that are weigh the same.
template <class Each>
void weigh(const Poll& poll, std::span<const Neighbor> neighbors, const Each& each) {
  const Metric& metric = poll.search.metric();
  const auto weight_of = [&](const Neighbor& neighbor) {
    if (poll.weighting == Weighting::uniform) return 1.0;
    const double inverse = 1 / metric.finish(neighbor.distance);
    return std::isnan(inverse) ? 0.0 : inverse;
  };
  const bool at_query = !neighbors.empty() && std::isinf(weight_of(neighbors.front()));
  const bool at_infinity = !neighbors.empty() && weight_of(neighbors.front()) == 0;
  for (const Neighbor& neighbor : neighbors) {
    double weight = weight_of(neighbor);
    if (at_query) weight = std::isinf(weight) ? 1.0 : 0.0;
    if (at_infinity) weight = std::isinf(metric.finish(neighbor.distance)) ? 1.0 : 0.0;
    if (poll.point_weights != nullptr) weight *= poll.point_weights[neighbor.index];
    each(neighbor.index, weight);
  }
}

/// The mean of numbers so large, or weights so large, that their products or sums overflow: both are divided by powers of two.
double mean_without_overflow(const Poll& poll, std::span<const Neighbor> neighbors, const double* targets,
                             Index n_outputs) {
  constexpr int room = 40;  // bits, for the sum over fewer than 2^40 neighbours
  double heaviest = 0, sum = 0, total = 0;
  weigh(poll, neighbors, [&](Index, double weight) { heaviest = std::max(heaviest, weight); });
  if (heaviest == 0) return std::numeric_limits<double>::quiet_NaN();
  const int shift = std::ilogb(heaviest);
  weigh(poll, neighbors, [&](Index point, double weight) {
    const double relative = std::ldexp(weight, -shift);
    total += relative;
    sum += relative * std::ldexp(targets[point * n_outputs], -room);
  });
  return std::ldexp(sum / total, room);
}

}  // namespace

void count_votes(const Poll& poll, std::span<const Ballot> ballots) {
  ask(poll, [&](Index query, std::span<const Neighbor> neighbors) {
    for (const Ballot& ballot : ballots) {
      double* votes = ballot.votes + query * ballot.n_classes;
      std::fill_n(votes, ballot.n_classes, 0.0);
      weigh(poll, neighbors, [&](Index point, double weight) { votes[ballot.classes[point]] += weight; });
    }
  });
}

void average_targets(const Poll& poll, const double* targets, Index n_outputs, double* means) {
  ask(poll, [&](Index query, std::span<const Neighbor> neighbors) {
    double* mean = means + query * n_outputs;
    std::fill_n(mean, n_outputs, 0.0);
    double total = 0;
    weigh(poll, neighbors, [&](Index point, double weight) {
      total += weight;
      for (Index j = 0; j < n_outputs; ++j) mean[j] += weight * targets[point * n_outputs + j];
    });
    for (Index j = 0; j < n_outputs; ++j) {
      mean[j] /= total;
      if (!std::isfinite(mean[j])) mean[j] = mean_without_overflow(poll, neighbors, targets + j, n_outputs);
    }
  });
}

std::vector<Index> count_right(const Poll& poll, const std::int32_t* classes, Index n_classes) {
  // Whether a point is right changes a few times as k grows: the changes are added up, then summed along k.
  std::vector<std::atomic<Index>> changes(as_size(std::get<Nearest>(poll.reach).k));
  ask(poll, [&](Index query, std::span<const Neighbor> neighbors) {
    // Kept from query to query, so that many classes cost nothing: only those that were voted for are cleared.
    thread_local std::vector<double> votes;
    if (votes.size() < as_size(n_classes)) votes.assign(as_size(n_classes), 0.0);
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
    for (const Neighbor& neighbor : neighbors) votes[as_size(classes[neighbor.index])] = 0;
  });
  std::vector<Index> right(changes.size());
  Index sum = 0;
  for (std::size_t k = 0; k < right.size(); ++k) right[k] = sum += changes[k].load(std::memory_order_relaxed);
  return right;
}

}  // namespace crowfly
