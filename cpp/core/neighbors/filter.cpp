// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/filter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double unit_roundoff = 0x1p-24;  // of float32
constexpr Index rescored_rows = 16;

/// Products of float32 numbers may fall below the smallest normal one, to zero where the process flushes subnormals: at most this much each, d of them
/// and a few more, for vectors of at most unit length times 2^60.
constexpr double underflow = 0x1p-124;

/// The smallest float not below x.
float round_up_to_float(double x) noexcept {
  if (x >= static_cast<double>(std::numeric_limits<float>::max())) return std::numeric_limits<float>::max();
  const auto rounded = static_cast<float>(x);
  return static_cast<double>(rounded) >= x ? rounded : std::nextafter(rounded, std::numeric_limits<float>::infinity());
}

}  // namespace

FilterSearch::FilterSearch(const Task& task)
    : task_(task),
      query_panel_(kernels::active().filter_queries),
      n_panels_(ceil_div(task.n_queries, query_panel_)),
      capacity_(64 + 2 * task.k),
      panels_(n_panels_ * query_panel_ * task.packed.features()),
      limits_(query_panel_),
      values_(query_panel_ * task.packed.panel_points()),
      hits_(static_cast<std::size_t>(query_panel_)) {
  const Index features = task.packed.features(), depth = padded_depth(features);
  const auto d = static_cast<double>(features);
  // 2 gamma_(d+8): the product in any order, the final multiply-add, the rounding of the norm's cross part.
  product_error_ = 2 * (d + 8) * unit_roundoff / (1 - (d + 8) * unit_roundoff);
  // Distances are ranked as computed in float64, the bounds hold for real numbers.
  relative_slack_ = (d + 16) * 0x1p-52;
  panels_.fill_zero();
  exact_queries_ = AlignedBuffer<double>(task.n_queries * depth);
  rows_ = AlignedBuffer<double>(rescored_rows * depth);
  raw_ = AlignedBuffer<double>(rescored_rows);
  queries_.resize(static_cast<std::size_t>(task.n_queries));
  for (Index i = 0; i < task.n_queries; ++i) {
    double* row = exact_queries_.data() + i * depth;
    load_row(task.queries, task.first_query + i, task.metric, row);
    float* panel = panels_.data() + i / query_panel_ * query_panel_ * features;
    Query& query = queries_[static_cast<std::size_t>(i)];
    query.rounded = round_row(row, features, task.packed.frame(), panel, query_panel_, i % query_panel_);
    query.reach = infinity;
    usable_ = usable_ && query.rounded.length < 0x1p60;
  }
}

void FilterSearch::run(Index first_group, Index last_group, std::vector<TopK>& top) {
  for (Query& query : queries_) {
    query.reach = infinity;
    query.candidates.clear();
    query.candidates.reserve(static_cast<std::size_t>(capacity_));
  }
  for (Index group = first_group; group < last_group; ++group) {
    checkpoint();
    search_group(group, top);
  }
  for (Index i = 0; i < task_.n_queries; ++i) {
    tighten(queries_[static_cast<std::size_t>(i)]);
    resolve(i, top[static_cast<std::size_t>(i)]);
  }
}

void FilterSearch::search_group(Index group, std::vector<TopK>& top) {
  const auto& table = kernels::active();
  const PackedPoints& packed = task_.packed;
  const Index first = group * packed.group_panels(), last = std::min(first + packed.group_panels(), packed.n_panels());
  for (Index q = 0; q < n_panels_; ++q) {
    set_limits(q, group);
    const float* queries = panels_.data() + q * query_panel_ * packed.features();
    for (Index p = first; p < last; ++p) {
      if (table.filter_tile(queries, packed.panel(p), packed.norms(p), limits_.data(), packed.features(), hits_.data(),
                            values_.data())) {
        take_hits(q, p, group, top);
      }
    }
  }
}

/// Bound on |value - (|x|^2 - 2 q.x)| for the rounded rows q and x.
double FilterSearch::value_error(const Query& query, const RoundedRow& group) const noexcept {
  return product_error_ * query.rounded.length * group.length + 4 * unit_roundoff * group.length * group.length +
         static_cast<double>(task_.packed.features() + 8) * underflow * (1 + query.rounded.length);
}

void FilterSearch::set_limits(Index panel, Index group) {
  const RoundedRow& bound = task_.packed.group(group);
  for (Index i = 0; i < query_panel_; ++i) {
    const Index at = panel * query_panel_ + i;
    if (at >= task_.n_queries) {
      limits_[i] = -std::numeric_limits<float>::infinity();
      continue;
    }
    const Query& query = queries_[static_cast<std::size_t>(at)];
    const double length = query.rounded.length;
    // A point within reach has a rounded distance of at most `far`; lengths were rounded upwards, hence the slack of their squares.
    const double far = query.reach + query.rounded.moved + bound.moved;
    limits_[i] = round_up_to_float(far * far - length * length + 0x1p-28 * length * length + value_error(query, bound));
  }
}

void FilterSearch::take_hits(Index query_panel, Index point_panel, Index group, std::vector<TopK>& top) {
  const Index width = task_.packed.panel_points();
  for (Index i = 0; i < query_panel_; ++i) {
    for (std::uint64_t bits = hits_[static_cast<std::size_t>(i)]; bits != 0; bits &= bits - 1) {
      const Index slot = std::countr_zero(bits), query = query_panel * query_panel_ + i;
      const Index point = point_panel * width + slot;
      if (task_.exclude_self && point == task_.first_query + query) continue;
      add(query, static_cast<double>(values_[i * width + slot]), point, group, top[static_cast<std::size_t>(query)]);
    }
  }
  set_limits(query_panel, group);
}

void FilterSearch::add(Index at, double value, Index point, Index group, TopK& top) {
  Query& query = queries_[static_cast<std::size_t>(at)];
  const RoundedRow& bound = task_.packed.group(group);
  const double error = value_error(query, bound), length = query.rounded.length;
  const double moved = query.rounded.moved + bound.moved;
  const double low = value + length * length * (1 - 0x1p-28) - error, high = value + length * length + error;
  const double lower = std::sqrt(std::max(0.0, low)) * (1 - 0x1p-50) - moved;
  const double upper = std::sqrt(std::max(0.0, high)) * (1 + 0x1p-50) + moved;
  query.candidates.push_back({lower, upper, point});
  if (task_.k == 1 && upper < query.reach) {
    query.reach = std::min(query.reach, widened(upper));
  }
  if (static_cast<Index>(query.candidates.size()) < capacity_) return;
  tighten(query);
  if (static_cast<Index>(query.candidates.size()) > capacity_ / 2) resolve(at, top);
}

/// Lowers the reach to the k-th smallest upper bound and drops what lies beyond.
void FilterSearch::tighten(Query& query) const {
  auto& candidates = query.candidates;
  const auto k = static_cast<std::size_t>(task_.k);
  if (candidates.size() >= k) {
    const auto kth = candidates.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(candidates.begin(), kth, candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.upper < b.upper; });
    query.reach = std::min(query.reach, widened(kth->upper));
  }
  std::erase_if(candidates, [&](const Candidate& c) { return c.lower > query.reach; });
}

/// Computes the candidates' distances as defined; from then on the k-th of them bounds the reach.
void FilterSearch::resolve(Index at, TopK& top) {
  Query& query = queries_[static_cast<std::size_t>(at)];
  const Index depth = padded_depth(task_.points.cols);
  const double* query_row = exact_queries_.data() + at * depth;
  const auto& candidates = query.candidates;
  for (std::size_t first = 0; first < candidates.size(); first += rescored_rows) {
    const std::size_t n = std::min<std::size_t>(rescored_rows, candidates.size() - first);
    for (std::size_t i = 0; i < n; ++i) {
      load_row(task_.points, candidates[first + i].index, task_.metric, rows_.data() + static_cast<Index>(i) * depth);
    }
    task_.metric.rows(query_row, rows_.data(), static_cast<Index>(n), depth, raw_.data());
    for (std::size_t i = 0; i < n; ++i) {
      const auto slot = static_cast<Index>(i);
      const Index index = candidates[first + i].index;
      if (!top.may_enter(raw_[slot], index)) continue;
      top.offer({task_.metric.in_range(raw_[slot], query_row, rows_.data() + slot * depth, depth), index});
    }
  }
  query.candidates.clear();
  if (top.full()) {
    const RawDistance& worst = top.worst().distance;
    const double length = std::ldexp(std::sqrt(worst.raw), worst.exponent / 2 + task_.packed.frame().exponent);
    query.reach = std::min(query.reach, widened(length));
  }
}

}  // namespace crowfly
