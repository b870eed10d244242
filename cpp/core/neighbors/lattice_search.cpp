// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_search.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr std::int32_t value_of(std::int64_t candidate) noexcept { return static_cast<std::int32_t>(candidate >> 32); }
constexpr std::uint32_t place_of(std::int64_t candidate) noexcept { return static_cast<std::uint32_t>(candidate); }

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
      query_panel_(kernels::active().lattice_queries),
      // Thinning out costs a selection among so many; with guessed limits, which let about 2k pass, it is rarely needed.
      capacity_(16 + 4 * wanted_ + task.lattice.width()),
      // Distances are ranked as computed in float64, the bounds hold for real numbers.
      relative_slack_((static_cast<double>(task.points.cols) + 16) * 0x1p-52),
      rounder_(task.points, task.metric),
      reach_(task.rows.size(), infinity),
      slots_(as_size(round_up(n_queries(), query_panel_))),
      candidates_(static_cast<Index>(slots_.size()) * capacity_),
      exact_queries_(n_queries() * row_depth_),
      panels_(AlignedBuffer<std::uint8_t>::zeros(static_cast<Index>(slots_.size()) * task.lattice.depth())),
      thresholds_(static_cast<Index>(slots_.size())),
      values_(query_panel_ * task.lattice.width()),
      hits_(as_size(query_panel_)) {
  for (Index i = 0; i < n_queries(); ++i) {
    load_row(task.queries, task.rows[as_size(i)], task.metric, exact_queries_.data() + i * row_depth_);
  }
}

template <class Kept>
void LatticeSearch<Kept>::run(Range groups) {
  for (Index i = 0; i < n_queries(); ++i) {
    reach_[as_size(i)] = infinity;
    follow(i);
  }
  if (groups.size() == 0) return;
  cells_ = {task_.lattice.group(groups.begin).cell, task_.lattice.group(groups.end - 1).cell + 1};
  if (cells_.size() > 1) {
    search_cells(groups);
    return;
  }
  search_cell(groups);
}

/// The only cell there is, within what a sample lets expect; queries that then have fewer than k neighbours that near are searched for again, without it.
template <class Kept>
void LatticeSearch<Kept>::search_cell(Range groups) {
  active_ = counted(n_queries());
  const std::vector<RawDistance> guessed = guess_limits(groups);
  for (std::size_t i = 0; i < guessed.size(); ++i) come_within(static_cast<Index>(i), guessed[i]);
  visit(cells_.begin, groups);
  active_.clear();
  for (std::size_t i = 0; i < guessed.size(); ++i) {
    Kept& kept = task_.kept[i];
    if (!(guessed[i] < kept.limit())) continue;
    kept.clear();
    reach_[i] = infinity;
    active_.push_back(static_cast<Index>(i));
  }
  visit(cells_.begin, groups);
}

/// Distances within which each query most likely has k of the points, or nothing where a sample wouldn't pay. Without them the threshold falls while points are
/// looked at: k log(n / k) points pass it, where about 2k do then.
template <class Kept>
std::vector<RawDistance> LatticeSearch<Kept>::guess_limits(Range groups) const {
  constexpr Index stride = 16, min_wanted = 8;
  const Index n_panels =
      task_.lattice.group(groups.end - 1).panels.end - task_.lattice.group(groups.begin).panels.begin;
  if (wanted_ < min_wanted || task_.stride > 1 || n_panels * task_.lattice.width() < 4 * stride * wanted_) return {};
  // So many of a random sample are nearer than the k-th of all, and two and a half standard deviations more.
  const double expected = static_cast<double>(wanted_) / stride;
  const auto few = static_cast<Index>(expected + 2.5 * std::sqrt(expected)) + 2;
  std::vector<TopK> sample(task_.rows.size(), TopK(few));
  LatticeSearch<TopK>({.queries = task_.queries,
                       .points = task_.points,
                       .lattice = task_.lattice,
                       .metric = task_.metric,
                       .rows = task_.rows,
                       .admission = task_.admission,
                       .kept = sample,
                       .stride = stride})
      .run(groups);
  std::vector<RawDistance> limits;
  limits.reserve(sample.size());
  for (const TopK& top : sample) limits.push_back(top.limit());
  return limits;
}

/// Each query's nearest cell first: after it most others are out of reach. Then the others, those near some query first.
template <class Kept>
void LatticeSearch<Kept>::search_cells(Range groups) {
  measure_centres(cells_);
  const Index n_cells = cells_.size();
  std::vector<Index> home(as_size(n_queries()));
  std::vector<double> nearest(as_size(n_cells), infinity);
  for (Index i = 0; i < n_queries(); ++i) {
    const double* distance = centre_distances_.data() + i * n_cells;
    home[as_size(i)] = std::min_element(distance, distance + n_cells) - distance;
    for (Index c = 0; c < n_cells; ++c) nearest[as_size(c)] = std::min(nearest[as_size(c)], distance[c]);
  }
  std::vector<Index> order = counted(n_cells);
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return nearest[as_size(a)] < nearest[as_size(b)]; });
  std::vector<Index> by_home = counted(n_queries());
  std::stable_sort(by_home.begin(), by_home.end(),
                   [&](Index a, Index b) { return home[as_size(a)] < home[as_size(b)]; });
  for (auto first = by_home.begin(); first != by_home.end();) {
    const Index cell = home[as_size(*first)];
    const auto last = std::find_if(first, by_home.end(), [&](Index i) { return home[as_size(i)] != cell; });
    active_.assign(first, last);
    visit(cells_.begin + cell, groups);
    first = last;
  }
  for (const Index c : order) {
    active_.clear();
    for (Index i = 0; i < n_queries(); ++i) {
      if (home[as_size(i)] != c && within_reach(i, c)) active_.push_back(i);
    }
    visit(cells_.begin + c, groups);
  }
}

/// Lower bounds of the distances to the cells' centres.
template <class Kept>
void LatticeSearch<Kept>::measure_centres(Range cells) {
  AlignedBuffer<double> centres(cells.size() * row_depth_);
  for (Index c = 0; c < cells.size(); ++c) {
    std::copy_n(task_.lattice.cell(cells.begin + c).frame.centre.data(), row_depth_, centres.data() + c * row_depth_);
  }
  centre_distances_ = AlignedBuffer<double>(n_queries() * cells.size());
  const Metric squared(MetricKind::sqeuclidean);
  for (Index i = 0; i < n_queries(); ++i) {
    checkpoint();
    double* distance = centre_distances_.data() + i * cells.size();
    squared.rows(exact_row(i), centres.data(), cells.size(), row_depth_, distance);
    // Zero is a lower bound too, where the square has overflowed; squares below the normal range have lost up to tiny^2.
    for (Index c = 0; c < cells.size(); ++c) {
      distance[c] = distance[c] < infinity ? std::sqrt(distance[c]) * (1 - relative_slack_) - tiny_length : 0;
    }
  }
}

template <class Kept>
bool LatticeSearch<Kept>::within_reach(Index query, Index cell) const noexcept {
  const double nearest =
      centre_distances_[query * cells_.size() + cell] - task_.lattice.cell(cells_.begin + cell).radius;
  return !(nearest > reach_[as_size(query)]);
}

/// Those of `groups` that belong to the cell, for the queries in `active_`.
template <class Kept>
void LatticeSearch<Kept>::visit(Index at, Range groups) {
  if (active_.empty()) return;
  cell_ = &task_.lattice.cell(at);
  places_ = task_.lattice.points(task_.lattice.group(cell_->groups.begin).panels.begin);
  seat();
  for (Index g = std::max(cell_->groups.begin, groups.begin); g < std::min(cell_->groups.end, groups.end); ++g) {
    checkpoint();
    const Range panels = task_.lattice.group(g).panels;
    if (filter_fails()) {
      search_group_directly(panels);
    } else {
      search_group(panels);
    }
  }
  for (Index s = 0; s < static_cast<Index>(active_.size()); ++s) {
    checkpoint();
    thin_out(s);
    resolve(s);
  }
}

/// Rounds the active queries about the cell's centre and seats them in panels.
template <class Kept>
void LatticeSearch<Kept>::seat() {
  const Index depth = task_.lattice.depth();
  const auto offset = static_cast<double>(kernels::active().lattice_offset);
  const Index group = kernels::active().lattice_group;
  const auto n = static_cast<Index>(active_.size()), seats = round_up(n, query_panel_);
  for (Index s = 0; s < n; ++s) {
    Slot& slot = slots_[as_size(s)];
    slot.query = active_[as_size(s)];
    slot.rounded = rounder_.round(exact_row(slot.query), cell_->frame, 0);
    slot.correction = offset * rounder_.code_sum();
    slot.n_candidates = 0;
    rounder_.scatter(panels_.data() + s / query_panel_ * query_panel_ * depth, query_panel_, s % query_panel_, group);
    set_threshold(s);
  }
  // Whatever the panel holds in the seats left over is a query of small integers, and nothing passes its threshold.
  std::fill(thresholds_.data() + n, thresholds_.data() + seats, lattice_limit);
}

template <class Kept>
void LatticeSearch<Kept>::search_group(Range panels) {
  const auto& table = kernels::active();
  const kernels::LatticeScope scope(table);
  const LatticePoints& lattice = task_.lattice;
  const auto n = static_cast<Index>(active_.size());
  for (Index s = 0; s < n; s += query_panel_) {
    const auto* queries = reinterpret_cast<const std::int8_t*>(panels_.data()) + s * lattice.depth();
    for (Index p = round_up(panels.begin, task_.stride); p < panels.end; p += task_.stride) {
      if (table.lattice_tile(queries, lattice.panel(p), lattice.start(p), thresholds_.data() + s, lattice.depth(),
                             hits_.data(), values_.data())) {
        take_hits(s, p);
      }
    }
  }
  n_pairs_ += n * ceil_div(panels.size(), task_.stride) * lattice.width();
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
void LatticeSearch<Kept>::search_group_directly(Range panels) {
  const Index width = task_.lattice.width();
  if (block_.size() == 0) block_ = AlignedBuffer<double>(width * row_depth_);
  std::array<double, 64> raw;
  const bool all = task_.admission.everything();
  for (Index p = round_up(panels.begin, task_.stride); p < panels.end; p += task_.stride) {
    const Index* points = task_.lattice.points(p);
    const std::int32_t* start = task_.lattice.start(p);
    Index count = 0;
    for (; count < width && start[count] != -lattice_limit; ++count) {
      load_row(task_.points, points[count], task_.metric, block_.data() + count * row_depth_);
    }
    for (const Index query : active_) {
      Kept& kept = task_.kept[as_size(query)];
      task_.metric.rows(exact_row(query), block_.data(), count, row_depth_, raw.data());
      for (Index i = 0; i < count; ++i) {
        if (!kept.may_enter(raw[as_size(i)], points[i])) continue;
        if (!all && !task_.admission.admits(task_.rows[as_size(query)], points[i])) continue;
        distance_.offer(kept, raw[as_size(i)], exact_row(query), points[i]);
      }
    }
  }
  for (const Index query : active_) follow(query);
}

template <class Kept>
void LatticeSearch<Kept>::take_hits(Index first_slot, Index panel) {
  const Index width = task_.lattice.width();
  const Index* points = task_.lattice.points(panel);
  const bool all = task_.admission.everything();
  const auto first_place = static_cast<std::uint32_t>(points - places_);
  for (Index i = 0; i < query_panel_; ++i) {
    if (hits_[as_size(i)] == 0) continue;
    const Index s = first_slot + i;
    Slot& slot = slots_[as_size(s)];
    const Index query = task_.rows[as_size(slot.query)];
    const std::int32_t threshold = thresholds_[s];
    const std::int32_t* values = values_.data() + i * width;
    Candidate* next = candidates_.data() + s * capacity_ + slot.n_candidates;
    std::int32_t best = -lattice_limit;
    for (std::uint64_t bits = hits_[as_size(i)]; bits != 0; bits &= bits - 1) {
      const auto lane = std::countr_zero(bits);
      if (!all && !task_.admission.admits(query, points[lane])) continue;
      const std::int32_t value = values[lane] + threshold;
      best = std::max(best, value);
      *next++ = (static_cast<Candidate>(value) << 32) | (first_place + static_cast<std::uint32_t>(lane));
    }
    const Index n_before = slot.n_candidates;
    slot.n_candidates = next - (candidates_.data() + s * capacity_);
    // The bound is a candidate's: a query that has met only itself has none.
    if (wanted_ == 1 && slot.n_candidates > n_before) {
      reach_[as_size(slot.query)] = std::min(reach_[as_size(slot.query)], upper_bound(slot, best));
      set_threshold(s);
    }
    if (slot.n_candidates + width <= capacity_) continue;
    thin_out(s);
    // Candidates that don't thin out (points equally far, as the lattice sees them) are computed.
    if (slot.n_candidates + width > capacity_) resolve(s);
  }
}

/// The true distance of a point with this value (start + q . (x + offset)) is not larger: |q - x|^2 = |q|^2 - 2 (start + q . x), or one more where |x|^2 is odd.
template <class Kept>
double LatticeSearch<Kept>::upper_bound(const Slot& slot, std::int32_t value) const noexcept {
  const double square = slot.rounded.squares - 2 * (static_cast<double>(value) - slot.correction) + 1;
  const double steps = std::sqrt(square) * (1 + 0x1p-50) + slot.rounded.moved + cell_->moved;
  return widened(steps / cell_->frame.inverse_step * (1 + 0x1p-50));
}

/// A point within reach has a rounded distance of at most `far`; (|q|^2 - far^2) / 2 bounds start + q . x from below.
template <class Kept>
void LatticeSearch<Kept>::set_threshold(Index at) {
  const Slot& slot = slots_[as_size(at)];
  const double far =
      (reach_[as_size(slot.query)] * cell_->frame.inverse_step + slot.rounded.moved + cell_->moved) * (1 + 0x1p-40);
  // Whole numbers at or above a number are among those above it less one, truncated; floor would be a call of the C library.
  const double threshold = (slot.rounded.squares - far * far) / 2 - 1 + slot.correction;
  constexpr double limit = lattice_limit;
  thresholds_[at] = static_cast<std::int32_t>(std::clamp(threshold, 1 - limit, limit));
}

/// Lowers the reach to the upper bound of the k-th nearest candidate and drops what lies beyond.
template <class Kept>
void LatticeSearch<Kept>::thin_out(Index at) {
  auto all = candidates(at);
  const auto k = as_size(wanted_);
  Slot& slot = slots_[as_size(at)];
  if (k > 1 && all.size() > k) {
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k - 1), all.end(), std::greater<>());
    double& reach = reach_[as_size(slot.query)];
    reach = std::min(reach, upper_bound(slot, value_of(all[k - 1])));
    set_threshold(at);
  }
  const auto last = std::remove_if(all.begin(), all.end(),
                                   [threshold = thresholds_[at]](Candidate c) { return value_of(c) < threshold; });
  slot.n_candidates = last - all.begin();
}

/// Nothing beyond what is kept can enter any more.
template <class Kept>
void LatticeSearch<Kept>::follow(Index query) {
  come_within(query, task_.kept[as_size(query)].limit());
}

template <class Kept>
void LatticeSearch<Kept>::come_within(Index query, RawDistance limit) noexcept {
  if (limit.raw == infinity) return;
  double& reach = reach_[as_size(query)];
  reach = std::min(reach, widened(std::ldexp(std::sqrt(limit.raw), limit.exponent / 2)));
}

/// Computes the candidates' distances as defined; from then on the k-th of them bounds the reach.
template <class Kept>
void LatticeSearch<Kept>::resolve(Index at) {
  Slot& slot = slots_[as_size(at)];
  if (slot.n_candidates == 0) return;
  Kept& kept = task_.kept[as_size(slot.query)];
  const double* query_row = exact_row(slot.query);
  const auto all = candidates(at);
  const auto point_of = [&](Candidate candidate) { return places_[place_of(candidate)]; };
  std::array<Index, PointDistance::most> points;
  std::array<double, PointDistance::most> raw;
  // The k best come first after thinning out: from then on there is an exact limit, and it falls.
  const auto step = static_cast<std::size_t>(std::max<Index>(PointDistance::most, wanted_ / 4));
  std::size_t look = wanted_ > 1 ? as_size(wanted_) : all.size();
  for (std::size_t i = 0; i < all.size();) {
    if (i >= look) {
      follow(slot.query);
      set_threshold(at);
      look = i + step;
    }
    std::size_t n = 0;
    for (; i < all.size() && n < points.size(); ++i) {
      // Rows from anywhere: their latency is longer than the work on them.
      if (i + points.size() < all.size()) prefetch_row(task_.points, point_of(all[i + points.size()]));
      // The threshold may have risen since.
      if (value_of(all[i]) >= thresholds_[at]) points[n++] = point_of(all[i]);
    }
    distance_.raw(query_row, std::span(points).first(n), raw.data());
    for (std::size_t j = 0; j < n; ++j) distance_.offer(kept, raw[j], query_row, points[j]);
    n_computed_ += static_cast<Index>(n);
  }
  slot.n_candidates = 0;
  follow(slot.query);
  set_threshold(at);
}

template class LatticeSearch<TopK>;
template class LatticeSearch<WithinRadius>;
template class LatticeSearch<CountWithin>;

}  // namespace crowfly
