// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/inverted_lists.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// Points whose sums stay in the second-level cache.
constexpr Index block_points = 16384;
/// Points that are tested at once: their hits are counted, in vectors; only where there are some they are looked at one by one.
constexpr Index group_points = 64;

/// No limit is smaller: products that vanish are covered by the slack of all sums that are not far below it, and those are within it whatever they lost.
constexpr double smallest_limit = 0x1p-900;

[[nodiscard]] double sum_of(std::span<const double> values, bool squares) noexcept {
  double sum = 0;
  for (const double value : values) sum += squares ? value * value : std::fabs(value);
  return sum;
}

/// The limit of what can enter, at least.
template <class Kept>
[[nodiscard]] double limit_of(const Kept& kept) noexcept {
  const RawDistance limit = kept.limit();
  return std::max(std::ldexp(limit.raw, limit.exponent), smallest_limit);
}

}  // namespace

InvertedLists::InvertedLists(const SparseView& points, const Metric& metric)
    : points_(points), by_feature_(SparseMatrix::transpose_of(points)), sums_(points.rows) {
  const bool squares = metric.reduction() == kernels::Reduction::squared_difference;
  for (Index i = 0; i < points.rows; ++i) {
    const SparseRow row = points.row(i);
    sums_[i] = sum_of(row.values, squares);
    longest_row_ = std::max(longest_row_, static_cast<Index>(row.values.size()));
  }
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
  most_hits_ = as_size(64 + 4 * kept.wanted());
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

/// Takes the hits among points [first, last) and clears their sums.
template <class Kept>
void InvertedSearch<Kept>::look_at(Index first, Index last) {
  for (Index begin = first; begin < last; begin += group_points) {
    const Index n = std::min(group_points, last - begin);
    double* const shared = shared_.data() + (begin - first);
    const double* const sums = lists_.sums() + begin;
    const double shrink = 1 - slack_, limit = limit_;
    std::int64_t hits = 0;
    for (Index i = 0; i < n; ++i) hits += (sum_ + sums[i]) * shrink + shared[i] <= limit ? 1 : 0;
    if (hits != 0) take_hits(begin, n, shared);
    std::fill_n(shared, n, 0.0);
  }
}

template <class Kept>
void InvertedSearch<Kept>::take_hits(Index first, Index n, const double* shared) {
  const double shrink = 1 - slack_;
  for (Index i = 0; i < n; ++i) {
    const Index point = first + i;
    const double low = (sum_ + lists_.sums()[point]) * shrink + shared[i];
    if (!(low <= limit_) || !admission_.admits(query_, point)) continue;
    stock_.push_back({low, point});
    if (stock_.size() >= most_hits_) make_room();
  }
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
