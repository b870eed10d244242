// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/cancel.hpp"
#include "base/prefetch.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Limits are guessed for so many neighbours or more, and from so many points per neighbour on. Among cells the first one visited tells about as much.
constexpr Index min_guessed = 8, min_guessed_among_cells = 32, min_points_per_guess = 4 * sample_stride;
/// So many standard deviations more than expected of a random sample are taken to be nearer than the k-th of all points: one query in some hundreds is searched for
/// again. Where panels aren't kept that rounds all points once more (normal data, k = 10, 100 queries: most calls), so it has to be rarer.
constexpr double sample_deviations = 2.5, sample_deviations_in_passing = 5;
/// The filter goes on until it has found so many hits; thresholds rise only then.
constexpr Index extra_hits = 512;

/// The indices in [0, n).
std::vector<Index> counted(Index n) {
  std::vector<Index> all(as_size(n));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

}  // namespace

template <class Kept>
LatticeSearch<Kept>::LatticeSearch(const Task& task)
    : task_(task),
      distance_(task.points, task.metric),
      wanted_(task.kept.empty() ? 0 : task.kept.front().wanted()),
      row_depth_(padded_depth(task.points.cols)),
      // Distances are ranked as computed in float64, the bounds hold for real numbers.
      relative_slack_((static_cast<double>(task.points.cols) + 16) * 0x1p-52),
      reach_(task.rows.size(), infinity),
      slots_(task.lattice, LatticeRounder(task.lattice.lattice(), task.points, task.metric), wanted_, relative_slack_,
             task.stride > 1 ? LatticeBounds::estimated : LatticeBounds::proven, reach_),
      reader_(task.lattice, task.points, task.metric),
      hits_(task.lattice.lattice().max_hits() + extra_hits) {
  if (task.measured == nullptr) own_queries_.emplace(task.queries, task.rows, task.metric);
}

/// First within what a sample lets expect; queries that then have fewer than k neighbours that near are searched for again, without it.
template <class Kept>
void LatticeSearch<Kept>::run(Range groups) {
  if (groups.size() == 0) return;
  groups_ = groups;
  cells_ = {task_.lattice.group(groups.begin).cell, task_.lattice.group(groups.end - 1).cell + 1};
  if (own_queries_) own_queries_->measure(task_.lattice, cells_);
  const std::vector<RawDistance> guessed = guess_limits();
  std::vector<Index> open = counted(n_queries());
  for (const Index i : open) {
    forget_reach(i);
    if (!guessed.empty()) lower_reach(i, guessed[as_size(i)]);
  }
  search(open);
  if (guessed.empty()) return;
  std::erase_if(open, [&](Index i) { return !(guessed[as_size(i)] < task_.kept[as_size(i)].limit()); });
  for (const Index i : open) {
    task_.kept[as_size(i)].clear();
    forget_reach(i);
  }
  search(open);
}

/// Distances within which each query most likely has k of the points, or nothing where a sample wouldn't pay. Without them the threshold falls while points are
/// looked at: k log(n / k) points pass it, where about 2k do then.
template <class Kept>
std::vector<RawDistance> LatticeSearch<Kept>::guess_limits() const {
  const Index n_panels =
      task_.lattice.group(groups_.end - 1).panels.end - task_.lattice.group(groups_.begin).panels.begin;
  const bool pays = n_panels * task_.lattice.width() >= min_points_per_guess * wanted_;
  const Index least = task_.lattice.n_near_cells() > 1 ? min_guessed_among_cells : min_guessed;
  if (wanted_ < least || task_.stride > 1 || !pays) return {};
  const double expected = static_cast<double>(wanted_) / sample_stride;
  const double deviations = task_.lattice.keeps_panels() ? sample_deviations : sample_deviations_in_passing;
  const auto few = static_cast<Index>(expected + deviations * std::sqrt(expected)) + 2;
  std::vector<TopK> sample;
  sample.reserve(task_.rows.size());
  for (std::size_t i = 0; i < task_.rows.size(); ++i) sample.emplace_back(few);
  LatticeSearch<TopK>({.queries = task_.queries,
                       .points = task_.points,
                       .lattice = task_.lattice,
                       .metric = task_.metric,
                       .rows = task_.rows,
                       .admission = task_.admission,
                       .kept = sample,
                       .stride = sample_stride,
                       .measured = &asked()})
      .run(groups_);
  std::vector<RawDistance> limits;
  limits.reserve(sample.size());
  for (const TopK& top : sample) limits.push_back(top.limit());
  return limits;
}

/// Each query's nearest cell first: after it most others are out of reach. Then the others, those near some query first.
template <class Kept>
void LatticeSearch<Kept>::search(std::span<const Index> queries) {
  const LatticeQueries& asked = this->asked();
  std::vector<Index> by_home(queries.begin(), queries.end());
  std::stable_sort(by_home.begin(), by_home.end(), [&](Index a, Index b) { return asked.home(a) < asked.home(b); });
  for (auto first = by_home.begin(); first != by_home.end();) {
    const Index cell = asked.home(*first);
    const auto last = std::find_if(first, by_home.end(), [&](Index i) { return asked.home(i) != cell; });
    active_.assign(first, last);
    visit(cell);
    first = last;
  }
  if (cells_.size() == 1) return;
  for (const Index c : asked.cells_by_distance()) {
    active_.clear();
    for (const Index i : queries) {
      if (asked.within_reach(i, c, reach_[as_size(i)]) && asked.home(i) != c) active_.push_back(i);
    }
    visit(c);
  }
}

/// The cell's points, as far as they are asked for, for the queries in `active_`.
template <class Kept>
void LatticeSearch<Kept>::visit(Index at) {
  if (active_.empty()) return;
  const LatticePoints::Cell& cell = task_.lattice.cell(at);
  const bool kept = task_.lattice.keeps_panels();
  if (kept) places_ = task_.lattice.points(task_.lattice.group(cell.groups.begin).panels.begin);
  slots_.enter(cell);
  for (const Index query : active_) slots_.seat(query, exact_row(query));
  slots_.close();
  for (Index g = std::max(cell.groups.begin, groups_.begin); g < std::min(cell.groups.end, groups_.end); ++g) {
    checkpoint();
    look_at(g);
    if (!kept) resolve_all();
  }
  resolve_all();
}

template <class Kept>
void LatticeSearch<Kept>::look_at(Index group) {
  block_ = reader_.read(group, task_.stride);
  if (!task_.lattice.keeps_panels()) {
    places_ = block_.points;
    slots_.follow_points(block_.moved);
  }
  if (filter_fails()) {
    search_block_directly();
  } else {
    search_block();
  }
  offer_far();
}

template <class Kept>
void LatticeSearch<Kept>::resolve_all() {
  for (Index s = 0; s < slots_.size(); ++s) {
    if (slots_.candidates(s).empty()) continue;
    checkpoint();
    slots_.thin_out(s);
    resolve(s);
  }
}

/// Points that no panel holds, as defined.
template <class Kept>
void LatticeSearch<Kept>::offer_far() {
  if (block_.far.empty()) return;
  const bool all = task_.admission.everything();
  for (const Index query : active_) {
    checkpoint();
    for (const FarPoint& far : block_.far) {
      if (!all && !task_.admission.admits(task_.rows[as_size(query)], far.point)) continue;
      double raw;
      distance_.measure(exact_row(query), {&far.point, 1}, &raw);
      distance_.offer(task_.kept[as_size(query)], raw, exact_row(query), far.point);
    }
    follow_kept(query);
  }
  const auto n_active = static_cast<Index>(active_.size()), n_far = static_cast<Index>(block_.far.size());
  n_computed_ += n_active * n_far;
  n_pairs_ += n_active * n_far;
}

template <class Kept>
void LatticeSearch<Kept>::search_block() {
  const kernels::Lattice& lattice = task_.lattice.lattice();
  const Index n = slots_.size(), row_bytes = task_.lattice.row_bytes();
  for (Index s = 0; s < n; s += slots_.panel_height()) {
    checkpoint();
    const kernels::LatticeScope scope(lattice);
    // While some reach is open every point is a hit: thresholds are found from few points.
    const bool starting = slots_.any_open(s);
    Index most = starting ? block_.step : block_.n_panels;
    for (Index p = 0; p < block_.n_panels; most *= 2) {
      const Index first = p * lattice.points;
      const kernels::LatticeFound found = lattice.scan({.queries = slots_.panel(s),
                                                        .points = block_.codes + first * row_bytes,
                                                        .start = block_.start + first,
                                                        .thresholds = slots_.thresholds() + s,
                                                        .row_bytes = row_bytes,
                                                        .n_panels = std::min(most, block_.n_panels - p),
                                                        .step = block_.step,
                                                        .hits = hits_.data(),
                                                        .capacity = hits_.size()});
      take_hits({hits_.data(), as_size(found.n_hits)}, s, block_.points + first);
      p += found.next_panel;
      if (starting) slots_.thin_out_panel(s);
    }
  }
  n_pairs_ += n * ceil_div(block_.n_panels, block_.step) * lattice.points;
  // One neighbour: its exact distance is the tightest reach there is, and few candidates are left to compute.
  if (wanted_ != 1) return;
  for (Index s = 0; s < n; ++s) resolve(s);
}

/// Computing one candidate costs as much as several pairs in a row: where the lattice lets many pass (heavy tails, a large radius) it doesn't pay.
template <class Kept>
bool LatticeSearch<Kept>::filter_fails() const noexcept {
  constexpr Index worth = 8, first_look = 4096, usual = 4;
  // Until a threshold is found, some times k are computed in any case.
  const Index beyond_usual = n_computed_ - usual * wanted_ * n_queries();
  return n_pairs_ > first_look * n_queries() && beyond_usual * worth > n_pairs_;
}

/// Every pair, as defined.
template <class Kept>
void LatticeSearch<Kept>::search_block_directly() {
  const Index width = task_.lattice.width();
  if (exact_points_.size() == 0) exact_points_ = AlignedBuffer<double>(width * row_depth_);
  std::array<double, 64> raw;
  const bool all = task_.admission.everything();
  for (Index p = 0; p < block_.n_panels; p += block_.step) {
    const Index first = p * width;
    std::array<Index, 64> points;
    Index count = 0;
    for (Index slot = first; slot < first + width; ++slot) {
      if (block_.start[slot] == -lattice_limit) continue;
      points[as_size(count)] = block_.points[slot];
      load_row(task_.points, block_.points[slot], task_.metric, exact_points_.data() + count++ * row_depth_);
    }
    for (const Index query : active_) {
      Kept& kept = task_.kept[as_size(query)];
      task_.metric.measure_rows(exact_row(query), exact_points_.data(), count, row_depth_, raw.data());
      for (Index i = 0; i < count; ++i) {
        if (!kept.may_enter(raw[as_size(i)], points[as_size(i)])) continue;
        if (!all && !task_.admission.admits(task_.rows[as_size(query)], points[as_size(i)])) continue;
        distance_.offer(kept, raw[as_size(i)], exact_row(query), points[as_size(i)]);
      }
    }
  }
  for (const Index query : active_) follow_kept(query);
}

template <class Kept>
void LatticeSearch<Kept>::take_hits(std::span<const kernels::LatticeHit> hits, Index first_slot, const Index* points) {
  const auto first_place = static_cast<std::uint32_t>(points - places_);
  const bool all = task_.admission.everything();
  for (const kernels::LatticeHit& hit : hits) {
    const Index s = first_slot + hit.query;
    // The threshold may have risen since.
    if (hit.value < slots_.thresholds()[s]) continue;
    if (!all && !task_.admission.admits(task_.rows[as_size(slots_.query(s))], points[hit.place])) continue;
    slots_.add(s, LatticeSlots::candidate(hit.value, first_place + static_cast<std::uint32_t>(hit.place)));
    // The bound is a candidate's: a query that has met only itself has none.
    if (wanted_ == 1) slots_.lower_reach(s, hit.value);
    if (!slots_.full(s)) continue;
    slots_.thin_out(s);
    // Candidates that don't thin out (points equally far, as the lattice sees them) are computed.
    if (slots_.full(s)) resolve(s);
  }
}

/// Nothing beyond the last that is kept can enter any more.
template <class Kept>
void LatticeSearch<Kept>::follow_kept(Index query) {
  lower_reach(query, task_.kept[as_size(query)].limit());
}

/// What bounds an empty collection is all that bounds the query.
template <class Kept>
void LatticeSearch<Kept>::forget_reach(Index query) {
  reach_[as_size(query)] = infinity;
  follow_kept(query);
}

template <class Kept>
void LatticeSearch<Kept>::lower_reach(Index query, RawDistance limit) noexcept {
  if (limit.raw == infinity) return;
  double& reach = reach_[as_size(query)];
  reach = std::min(reach, std::ldexp(std::sqrt(limit.raw), limit.exponent / 2) * (1 + relative_slack_));
}

/// Computes the candidates' distances as defined; from then on the k-th of them bounds the reach.
template <class Kept>
void LatticeSearch<Kept>::resolve(Index at) {
  const auto all = slots_.candidates(at);
  if (all.empty()) return;
  if (task_.stride > 1) {
    offer_estimates(at);
    return;
  }
  const Index query = slots_.query(at);
  Kept& kept = task_.kept[as_size(query)];
  const double* query_row = exact_row(query);
  const auto point_of = [&](Candidate candidate) { return places_[LatticeSlots::place_of(candidate)]; };
  // The threshold may have risen since.
  const auto passes = [&](Candidate candidate) { return LatticeSlots::value_of(candidate) >= slots_.thresholds()[at]; };
  std::array<Index, PointDistance::max_batch> points;
  std::array<double, PointDistance::max_batch> raw;
  // The k best come first after thinning out: from then on there is an exact limit, and it falls.
  const auto step = static_cast<std::size_t>(std::max<Index>(PointDistance::max_batch, wanted_ / 4));
  std::size_t look = wanted_ > 1 ? as_size(wanted_) : all.size();
  for (std::size_t i = 0; i < all.size();) {
    if (i >= look) {
      follow_kept(query);
      slots_.follow_reach(at);
      look = i + step;
    }
    std::size_t n = 0;
    for (; i < all.size() && n < points.size(); ++i) {
      // Rows from anywhere: their latency is longer than the work on them.
      const std::size_t later = i + points.size();
      if (later < all.size() && passes(all[later])) prefetch_row(task_.points, point_of(all[later]));
      if (passes(all[i])) points[n++] = point_of(all[i]);
    }
    distance_.measure(query_row, std::span(points).first(n), raw.data());
    for (std::size_t j = 0; j < n; ++j) distance_.offer(kept, raw[j], query_row, points[j]);
    n_computed_ += static_cast<Index>(n);
  }
  slots_.set_end(at, all.data());
  follow_kept(query);
  slots_.follow_reach(at);
}

template <class Kept>
void LatticeSearch<Kept>::offer_estimates(Index at) {
  const Index query = slots_.query(at);
  for (const Candidate candidate : slots_.candidates(at)) {
    const double distance = slots_.estimate(at, LatticeSlots::value_of(candidate));
    task_.kept[as_size(query)].offer({{distance * distance, 0}, places_[LatticeSlots::place_of(candidate)]});
  }
  slots_.set_end(at, slots_.candidates(at).data());
  follow_kept(query);
  slots_.follow_reach(at);
}

template class LatticeSearch<TopK>;
template class LatticeSearch<WithinRadius>;
template class LatticeSearch<CountWithin>;

}  // namespace crowfly
