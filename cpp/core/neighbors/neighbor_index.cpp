// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_index.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "neighbors/direct_search.hpp"
#include "neighbors/distinct_search.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// Points that were added are searched one by one while that is a small part of what a query costs anyway: the lattice looks at a point in about a hundredth of
/// the time of an exact distance, a tree looks at hardly any.
constexpr Index max_base_per_added = 128, max_base_per_added_to_tree = 4096, min_added = 64;

/// With fewer points there is nothing to save by looking for repetitions.
constexpr Index min_distinct_points = 1024;

/// Looking for repetitions takes as long as packing all points several times. Repeated rows of 128 features, 10^6 of them: 100 queries 754 ms against 256 without, 1000 958
/// and 671, 5000 936 and 2042; of 64 features, 10^5: 63 and 43, 86 and 81, 104 and 293.
Index min_distinct_queries(Index n_points) noexcept { return std::clamp<Index>(n_points / 64, 16, 1000); }

}  // namespace

NeighborIndex::NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm,
                             std::shared_ptr<const NeighborIndex> base)
    : search_(points, std::move(metric), max_abs, algorithm),
      max_abs_(max_abs),
      base_(std::move(base)),
      served_(min_distinct_queries(points.rows)) {}

std::shared_ptr<const NeighborIndex> NeighborIndex::base_for(const std::shared_ptr<const NeighborIndex>& index,
                                                             Index n_added) {
  const auto& base = index->base_ != nullptr ? index->base_ : index;
  const bool tree = base->search_.has_tree();
  const bool built = tree || base->search_.has_lattice() || base->repeated_.load() == Probe::yes;
  const Index n = base->points().rows, n_beside = index->points().rows + n_added - n;
  Index most = std::max(min_added, tree ? n / max_base_per_added_to_tree : n / max_base_per_added);
  // Rows that have to be widened, normalised or moved into a box cost several times as much.
  if (!base->metric().takes(base->points())) most = std::max(min_added, most / 8);
  return built && n_beside <= most ? base : nullptr;
}

bool NeighborIndex::distinct_may_pay(Index n_queries) const noexcept {
  return algorithm() == Algorithm::automatic && points().rows >= min_distinct_points &&
         points().rows < (Index{1} << 32) && repeated_.load() != Probe::no && served_.enough_with(n_queries);
}

/// The distinct points, where a call had better search those; null otherwise.
const NeighborIndex::Distinct* NeighborIndex::distinct_for(const Request& request) const {
  // Members of one row may belong to different groups.
  if (request.admission.by_label() || !distinct_may_pay(request.queries.rows)) return nullptr;
  if (repeated_.load() == Probe::not_made && !DistinctRows::likely(points())) repeated_.store(Probe::no);
  if (repeated_.load() == Probe::no) return nullptr;
  const Distinct& distinct = distinct_.get([&] { return Distinct(points(), metric(), max_abs_); });
  repeated_.store(distinct.rows.pay() ? Probe::yes : Probe::no);
  return distinct.rows.pay() ? &distinct : nullptr;
}

Plan NeighborIndex::explain(Index n_queries, Index k) const {
  if (base_ != nullptr) {
    Plan plan = base_->explain(n_queries, k);
    plan.reason += "; " + std::to_string(points().rows - base_->points().rows) + " points were added since";
    return plan;
  }
  if (!distinct_may_pay(n_queries)) return search_.explain(n_queries, k);
  if (const Distinct* distinct = distinct_.peek()) {
    Plan plan = distinct->search.explain(n_queries, std::min(k, distinct->rows.rows().rows));
    plan.reason = "rows repeat, one of each is searched; " + plan.reason;
    plan.bytes += distinct->rows.bytes();
    return plan;
  }
  Plan plan = search_.explain(n_queries, k);
  if (DistinctRows::likely(points())) {
    plan.reason = "rows repeat in a sample, one of each will be searched if that saves half; " + plan.reason;
  }
  return plan;
}

void NeighborIndex::nearest(const Request& request, Index k, const Consume& consume) const {
  check(k >= 1 && k <= points().rows - (request.admission.exclude_self ? 1 : 0));
  run<TopK>(request, TopK(k), k, [&](Index query, TopK& top) {
    if (!top.full()) throw InvalidArgument("points: changed while the index was in use, neighbours are missing");
    consume(query, top.sort());
  });
}

void NeighborIndex::within(const Request& request, double radius, const Consume& consume) const {
  run<WithinRadius>(request, WithinRadius(metric(), radius), 1,
                    [&](Index query, WithinRadius& found) { consume(query, found.sort()); });
}

void NeighborIndex::count_within(const Request& request, double radius, Index* counts) const {
  run<CountWithin>(request, CountWithin(metric(), radius), 1,
                   [&](Index query, const CountWithin& found) { counts[query] = found.count(); });
}

template <class Kept>
void NeighborIndex::run(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const {
  check(request.queries.cols == points().cols);
  if (base_ != nullptr) {
    run_beside_base(request, empty, k, finish);
    return;
  }
  const Distinct* distinct = distinct_for(request);
  served_.add(request.queries.rows);
  if (distinct != nullptr) {
    search_distinct(distinct->rows, distinct->search, request, empty, finish);
  } else {
    search_.run(request, empty, k, finish);
  }
}

/// The base's search, and each query's direct search of the points that are not in the base.
template <class Kept>
void NeighborIndex::run_beside_base(const Request& request, const Kept& empty, Index k,
                                    const Finish<Kept>& finish) const {
  const Range added{base_->points().rows, points().rows};
  base_->run<Kept>(request, empty, k, [&](Index query, Kept& kept) {
    search_directly(request.queries, std::span<const Index>(&query, 1), points(), added, metric(), request.admission,
                    std::span(&kept, 1));
    finish(query, kept);
  });
}

}  // namespace crowfly
