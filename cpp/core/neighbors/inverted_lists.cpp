// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/inverted_lists.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "base/cancel.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// Points whose sums stay in the second-level cache.
constexpr Index block_points = 16384;
/// Points that are tested at once, in vectors; only where one of them is a hit they are looked at one by one.
constexpr Index group_points = 64;

/// No limit is smaller: products that vanish are covered by the slack of all sums that are not far below it, and those are within it whatever they lost.
constexpr double smallest_limit = 0x1p-900;

[[nodiscard]] double sum_of(std::span<const double> values, bool squares) noexcept {
  double sum = 0;
  for (const double value : values) sum += squares ? value * value : std::fabs(value);
  return sum;
}

/// Lower bounds of a group of points.
struct Group {
  double sum, shrink;
  const double* sums;
  const double* shared;
};

/// Whether a bound of the group may be at most `limit`. By sign bits, which compilers collect in vectors.
[[nodiscard]] bool any_at_most(double limit, const Group& group) noexcept {
  const double beyond = std::nextafter(limit, std::numeric_limits<double>::infinity());
  std::uint64_t signs = 0;
  for (Index i = 0; i < group_points; ++i) {
    const double low = (group.sum + group.sums[i]) * group.shrink + group.shared[i];
    signs |= std::bit_cast<std::uint64_t>(low - beyond);
  }
  return signs >> 63 != 0;
}

/// The limit of what can enter, at least.
template <class Kept>
[[nodiscard]] double limit_of(const Kept& kept) noexcept {
  const RawDistance limit = kept.limit();
  return std::max(std::ldexp(limit.raw, limit.exponent), smallest_limit);
}

}  // namespace

InvertedLists::InvertedLists(const SparseView& points, const Metric& metric)
    : points_(points), by_feature_(SparseMatrix::transpose_of(points)), sums_(round_up(points.rows, group_points)) {
  const bool squares = metric.reduction() == kernels::Reduction::squared_difference;
  for (Index i = 0; i < points.rows; ++i) {
    const SparseRow row = points.row(i);
    sums_[i] = sum_of(row.values, squares);
    longest_row_ = std::max(longest_row_, static_cast<Index>(row.values.size()));
  }
  std::fill(sums_.data() + points.rows, sums_.data() + sums_.size(), std::numeric_limits<double>::infinity());
}

const char* InvertedLists::obstacle(const Metric& metric) noexcept {
  const kernels::Reduction reduction = metric.reduction();
  const bool bounded =
      reduction == kernels::Reduction::squared_difference || reduction == kernels::Reduction::absolute_difference;
  return bounded ? nullptr : "lists of points by feature bound no sum of this metric";
}

Index InvertedLists::bytes_for(const SparseView& points) noexcept {
  constexpr Index per_entry = sizeof(double) + sizeof(std::int32_t);
  return points.n_entries() * per_entry + (points.cols + 1) * static_cast<Index>(sizeof(std::int64_t)) +
         points.rows * static_cast<Index>(sizeof(double));
}

Index InvertedLists::bytes() const noexcept { return bytes_for(points_); }

template <class Kept>
InvertedSearch<Kept>::InvertedSearch(const InvertedLists& lists, const Metric& metric, const Admission& admission)
    : lists_(lists),
      metric_(metric),
      admission_(admission),
      distance_(lists.points(), metric),
      shared_(AlignedBuffer<double>::zeros(round_up(std::min(block_points, lists.points().rows), group_points))) {}

template <class Kept>
void InvertedSearch<Kept>::run(Index query, const SparseRow& row, Kept& kept) {
  begin(query, row, kept);
  const Index n = lists_.points().rows;
  for (Index first = 0; first < n; first += block_points) {
    checkpoint();
    const Index last = std::min(first + block_points, n);
    if (squares()) {
      add_up(first, last, [](double q, double x) { return -2 * q * x; });
    } else {
      add_up(first, last, [](double q, double x) { return std::fabs(q - x) - std::fabs(q) - std::fabs(x); });
    }
    look_at(first, last);
  }
  settle();
}

template <class Kept>
void InvertedSearch<Kept>::begin(Index query, const SparseRow& row, Kept& kept) {
  query_ = query;
  row_ = row;
  kept_ = &kept;
  next_.assign(row.columns.size(), 0);
  stock_.clear();
  most_hits_ = as_size(64 + 8 * kept.wanted());
  sum_ = sum_of(row.values, squares());
  // docs/design/neighbors.md: (4 n + 24) roundings at most, for n entries in both rows; twice that covers their products and what is added to `low`.
  slack_ = static_cast<double>(8 * (static_cast<Index>(row.columns.size()) + lists_.longest_row()) + 64) * 0x1p-53;
  limit_ = limit_of(kept);
}

/// Shared features of points [first, last), list by list from where the last block ended.
template <class Kept>
template <class Shared>
void InvertedSearch<Kept>::add_up(Index first, Index last, Shared shared) {
  for (std::size_t e = 0; e < next_.size(); ++e) {
    const SparseRow list = lists_.points_with(row_.columns[e]);
    const double q = row_.values[e];
    std::size_t at = next_[e];
    for (; at < list.columns.size() && list.columns[at] < last; ++at) {
      shared_[list.columns[at] - first] += shared(q, list.values[at]);
    }
    next_[e] = at;
  }
}

/// Takes the hits among points [first, last) and clears their sums. As long as nothing is known of the k-th, those that share something come first: the others are
/// all about as far, and would be hits until k nearer ones have been seen.
template <class Kept>
void InvertedSearch<Kept>::look_at(Index first, Index last) {
  if (kept_->wanted() > 0 && std::isinf(limit_)) {
    scan(first, last, [](double shared) { return shared != 0; });
    scan(first, last, [](double shared) { return shared == 0; });
  } else {
    scan(first, last, [](double /*shared*/) { return true; });
  }
  std::fill_n(shared_.data(), round_up(last - first, group_points), 0.0);
}

template <class Kept>
template <class Which>
void InvertedSearch<Kept>::scan(Index first, Index last, Which which) {
  for (Index begin = first; begin < last; begin += group_points) {
    const double* const shared = shared_.data() + (begin - first);
    const double* const sums = lists_.sums() + begin;
    if (!any_at_most(limit_, {sum_, 1 - slack_, sums, shared})) continue;
    for (Index i = 0; i < std::min(group_points, last - begin); ++i) {
      if (which(shared[i])) take({(sum_ + sums[i]) * (1 - slack_) + shared[i], begin + i});
    }
  }
}

template <class Kept>
void InvertedSearch<Kept>::take(const Hit& hit) {
  if (!(hit.low <= limit_) || !admission_.admits(query_, hit.point)) return;
  stock_.push_back(hit);
  if (stock_.size() >= most_hits_) make_room();
}

/// Lowers the limit to the k-th smallest upper bound and drops what is beyond it; computes all where too many stay.
template <class Kept>
void InvertedSearch<Kept>::make_room() {
  if (const Index k = kept_->wanted(); k > 0) {
    high_.clear();
    for (const Hit& hit : stock_) {
      high_.push_back(hit.low + 2 * slack_ * (sum_ + lists_.sums()[hit.point]));
    }
    const auto kth = high_.begin() + (k - 1);
    std::nth_element(high_.begin(), kth, high_.end());
    tighten(std::max(*kth, smallest_limit));
    std::erase_if(stock_, [&](const Hit& hit) { return hit.low > limit_; });
  }
  if (2 * stock_.size() > most_hits_) settle();
}

/// Computes what is in stock, the most promising first.
template <class Kept>
void InvertedSearch<Kept>::settle() {
  std::sort(stock_.begin(), stock_.end());
  for (const Hit& hit : stock_) {
    if (hit.low > limit_) break;
    distance_.offer(*kept_, row_, hit.point);
    tighten(limit_of(*kept_));
  }
  stock_.clear();
}

template class InvertedSearch<TopK>;
template class InvertedSearch<WithinRadius>;
template class InvertedSearch<CountWithin>;

}  // namespace crowfly
