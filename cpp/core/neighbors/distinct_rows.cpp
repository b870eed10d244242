// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/distinct_rows.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <random>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "base/radix_sort.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_task = 1024;
/// Of rows with one hash so many different ones are told apart.
constexpr std::size_t max_different = 8;

template <class T>
double value_at(const MatrixView& points, Index i, Index j) {
  return static_cast<double>(load_element<T>(points.row(i) + j * points.col_stride));
}

/// Four chains of multiplications, so that they overlap.
template <class T>
std::uint32_t hash_of(const MatrixView& points, Index i) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
  std::array<std::uint64_t, 4> chain{1, 2, 3, 4};
  for (Index j = 0; j < points.cols; ++j) {
    std::uint64_t& x = chain[as_size(j % 4)];
    // Both zeros are the same number.
    x = (x ^ std::bit_cast<std::uint64_t>(value_at<T>(points, i, j) + 0.0)) * odd;
    x ^= x >> 29;
  }
  std::uint64_t hash = 0;
  for (const std::uint64_t x : chain) hash = (std::rotl(hash, 17) ^ x) * odd;
  return static_cast<std::uint32_t>(hash >> 32);
}

template <class T>
bool equal(const MatrixView& points, Index a, Index b) {
  for (Index j = 0; j < points.cols; ++j) {
    if (value_at<T>(points, a, j) != value_at<T>(points, b, j)) return false;
  }
  return true;
}

std::uint32_t hash_of(const MatrixView& points, Index i) {
  return visit_dtype(points.dtype, [&](auto zero) { return hash_of<decltype(zero)>(points, i); });
}

/// Of rows that may be stored in different types.
bool equal(const MatrixView& left, Index a, const MatrixView& right, Index b) {
  return visit_dtype(left.dtype, [&](auto zero) {
    return visit_dtype(right.dtype, [&](auto other) {
      for (Index j = 0; j < left.cols; ++j) {
        if (value_at<decltype(zero)>(left, a, j) != value_at<decltype(other)>(right, b, j)) return false;
      }
      return true;
    });
  });
}

/// Row numbers sorted by the hashes of their rows; equal hashes in ascending order of the rows.
std::vector<KeyedIndex> sorted_by_hash(const MatrixView& points) {
  std::vector<KeyedIndex> order(as_size(points.rows));
  const double bytes = static_cast<double>(points.rows) * static_cast<double>(points.cols * points.item_size());
  parallel_for_ranges(points.rows, rows_per_task, bytes, [&](Range range) {
    visit_dtype(points.dtype, [&](auto zero) {
      for (Index i = range.begin; i < range.end; ++i) {
        order[as_size(i)] = keyed_index(hash_of<decltype(zero)>(points, i), static_cast<std::uint32_t>(i));
      }
    });
  });
  sort_by_key(order);
  return order;
}

/// Tells each row of a run of equal hashes the first row equal to it. Rows that meet more than a few different ones stay alone, which is right too.
template <class T>
void find_firsts(const MatrixView& points, std::span<const KeyedIndex> run, std::vector<std::uint32_t>& first_of) {
  std::array<std::uint32_t, max_different> firsts;
  std::size_t n = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i % 1024 == 0) checkpoint();
    const std::uint32_t row = payload_of(run[i]);
    const auto end = firsts.begin() + static_cast<std::ptrdiff_t>(n);
    const auto same = std::find_if(firsts.begin(), end, [&](std::uint32_t f) { return equal<T>(points, f, row); });
    first_of[row] = same == end ? row : *same;
    if (same == end && n < max_different) firsts[n++] = row;
  }
}

/// For each row the first row equal to it.
std::vector<std::uint32_t> firsts_of(const MatrixView& points, const std::vector<KeyedIndex>& order) {
  const auto n = static_cast<Index>(order.size());
  std::vector<std::uint32_t> first_of(order.size());
  const auto same_key = [&](Index a, Index b) { return key_of(order[as_size(a)]) == key_of(order[as_size(b)]); };
  const auto start_of_run = [&](Index at) {
    while (at > 0 && at < n && same_key(at, at - 1)) ++at;
    return at;
  };
  const double bytes = static_cast<double>(points.rows) * static_cast<double>(points.cols * points.item_size());
  parallel_for_ranges(n, rows_per_task, bytes, [&](Range range) {
    const Index end = start_of_run(range.end);
    for (Index begin = start_of_run(range.begin); begin < end;) {
      Index next = begin + 1;
      while (next < end && same_key(next, begin)) ++next;
      visit_dtype(points.dtype, [&](auto zero) {
        const auto run = std::span(order).subspan(as_size(begin), as_size(next - begin));
        find_firsts<decltype(zero)>(points, run, first_of);
      });
      begin = next;
    }
  });
  return first_of;
}

}  // namespace

/// Rows next to each other, and others from all over: repetitions may follow their originals or come much later.
bool DistinctRows::likely(const MatrixView& points) {
  // Among so many of n points that come in pairs, sample^2 / 2n pairs are expected: 8 for a million.
  constexpr Index sample = 4096;
  std::vector<KeyedIndex> taken;
  std::minstd_rand random;
  const Index parts = std::min(points.rows / 2, sample / 2);
  visit_dtype(points.dtype, [&](auto zero) {
    for (Index part = 0; part < parts; ++part) {
      const Range range = part_of(points.rows, parts, part);
      const Index at = range.begin + static_cast<Index>(random()) % (range.size() - 1);
      for (const Index i : {at, at + 1}) {
        taken.push_back(keyed_index(hash_of<decltype(zero)>(points, i), static_cast<std::uint32_t>(i)));
      }
    }
    sort_by_key(taken);
  });
  for (std::size_t i = 1; i < taken.size(); ++i) {
    if (key_of(taken[i]) == key_of(taken[i - 1])) return true;
  }
  return false;
}

DistinctRows::DistinctRows(const MatrixView& points) {
  const std::vector<KeyedIndex> order = sorted_by_hash(points);
  const std::vector<std::uint32_t> first_of = firsts_of(points, order);
  std::vector<std::uint32_t> firsts;
  for (std::uint32_t i = 0; i < first_of.size(); ++i) {
    if (first_of[i] == i) firsts.push_back(i);
  }
  if (firsts.size() > first_of.size() / 2) return;
  std::vector<std::uint32_t> number(first_of.size());
  for (std::uint32_t r = 0; r < firsts.size(); ++r) number[firsts[r]] = r;
  by_hash_.reserve(firsts.size());
  for (const KeyedIndex x : order) {
    const std::uint32_t i = payload_of(x);
    if (first_of[i] == i) by_hash_.push_back(keyed_index(key_of(x), number[i]));
  }
  offsets_.assign(firsts.size() + 1, 0);
  for (const std::uint32_t first : first_of) ++offsets_[number[first] + 1];
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  members_.resize(first_of.size());
  std::vector<std::uint32_t> next(offsets_.begin(), offsets_.end() - 1);
  for (std::uint32_t i = 0; i < first_of.size(); ++i) members_[next[number[first_of[i]]]++] = i;
  rows_ = GatheredRows(points, firsts);
}

std::optional<Index> DistinctRows::find(const MatrixView& others, Index i) const {
  const std::uint32_t hash = hash_of(others, i);
  const auto begin = std::lower_bound(by_hash_.begin(), by_hash_.end(), keyed_index(hash, 0));
  const auto end = std::find_if(begin, by_hash_.end(), [&](KeyedIndex x) { return key_of(x) != hash; });
  // Among more than can be told apart some may be equal and stand alone: none of them has all the members.
  if (static_cast<std::size_t>(end - begin) > max_different) return std::nullopt;
  const auto found = std::find_if(begin, end, [&](KeyedIndex x) { return equal(rows(), payload_of(x), others, i); });
  if (found == end) return std::nullopt;
  return static_cast<Index>(payload_of(*found));
}

Index DistinctRows::bytes() const noexcept {
  return rows_.bytes() + 8 * static_cast<Index>(by_hash_.size()) +
         4 * static_cast<Index>(offsets_.size() + members_.size());
}

}  // namespace crowfly
