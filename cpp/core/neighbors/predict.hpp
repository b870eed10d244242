// SPDX-License-Identifier: BSD-3-Clause
// Predictions from the nearest neighbours, made while they are found: no matrix of neighbours is kept.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "neighbors/search.hpp"

namespace crowfly {

/// What a neighbour's vote or target counts: the same, or the inverse of its distance. Neighbours whose inverse distance is infinite then share the whole weight.
enum class Weighting { uniform, inverse_distance };

/// Who is asked: so many of the nearest, or all within a radius.
struct Nearest {
  Index k;
};
struct Within {
  double radius;
};
using Reach = std::variant<Nearest, Within>;

/// The prediction that is asked for.
struct Poll {
  const Search& search;
  Reach reach;
  Weighting weighting = Weighting::uniform;
  const double* point_weights = nullptr;  ///< factors of the points' own, or null
};

/// Class numbers of the points, one array per output, and where each output's votes go: [queries][classes].
struct Ballot {
  const std::int32_t* classes;
  Index n_classes;
  double* votes;
};

/// Adds up the neighbours' weights by class, the nearest first. A query without neighbours has no votes.
void count_votes(const Poll& poll, std::span<const Ballot> ballots);

/// means[query][output] = weighted mean of targets[point][output] over the neighbours, added up the nearest first; NaN without any.
void average_targets(const Poll& poll, const double* targets, Index n_outputs, double* means);

/// right[k - 1] = how many points their own k nearest neighbours classify as `classes` says, for every k up to the poll's, which asks so many of the nearest;
/// of classes with equal votes the first counts. The search must exclude each point itself. `point_weights` are not read.
[[nodiscard]] std::vector<Index> count_right(const Poll& poll, const std::int32_t* classes, Index n_classes);

}  // namespace crowfly
