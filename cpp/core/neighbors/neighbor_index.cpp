// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_index.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "neighbors/filter.hpp"

namespace crowfly {
namespace {

/// Packing costs about as much as the exact distances of a dozen queries; the bound needs (features + 8) 2^-24 well below one.
constexpr Index min_filter_queries = 16, min_filter_points = 64, max_filter_features = Index{1} << 20;

/// Points that a direct search widens at a time: with their distances they stay in the first- or second-level cache.
Index direct_block(Index features) { return std::clamp<Index>(16384 / padded_depth(features), 4, 256); }

/// Queries per task: their panels stay in the second-level cache, and a multiple of every tile's height keeps padding small.
Index query_block(Index features) {
  return std::clamp<Index>(131072 / std::max<Index>(features, 1), 14, 168) / 14 * 14;
}

}  // namespace

/// One call of `query`: how it is cut (by shape alone) and where results go.
struct NeighborIndex::Search {
  const MatrixView& queries;
  RowTransform transform;
  Index k;
  bool exclude_self;
  const PackedPoints* packed;  ///< null: direct
  Index block, n_blocks;       ///< queries
  Index n_units, n_chunks;     ///< points, in units of groups (filter) or points (direct)
  [[nodiscard]] Range query_range(Index b) const noexcept {
    return {b * block, std::min((b + 1) * block, queries.rows)};
  }
};

NeighborIndex::NeighborIndex(const MatrixView& points, Metric metric, double max_abs)
    : points_(points),
      metric_(metric),
      max_abs_(max_abs),
      packed_exponent_(metric.normalises() ? 0 : safe_exponent(max_abs, metric.degree(), points.cols)) {}

RowTransform NeighborIndex::transform_for(double queries_max_abs) const noexcept {
  if (metric_.normalises()) return {.unit_length = true, .exponent = 0};
  return {.unit_length = false,
          .exponent = safe_exponent(std::max(max_abs_, queries_max_abs), metric_.degree(), points_.cols)};
}

bool NeighborIndex::filter_pays(Index n_queries) const noexcept {
  return metric_.reduction() == kernels::Reduction::squared_difference && n_queries >= min_filter_queries &&
         points_.rows >= min_filter_points && points_.cols >= 1 && points_.cols <= max_filter_features;
}

const PackedPoints& NeighborIndex::packed() const {
  const std::lock_guard lock(packing_);
  if (!packed_) {
    packed_ = std::make_unique<const PackedPoints>(
        points_, RowTransform{.unit_length = metric_.normalises(), .exponent = packed_exponent_});
  }
  return *packed_;
}

Index NeighborIndex::packed_bytes() const {
  const std::lock_guard lock(packing_);
  return packed_ ? packed_->bytes() : 0;
}

void NeighborIndex::query(const MatrixView& queries, double queries_max_abs, Index k, bool exclude_self,
                          double* distances, Index* indices) const {
  check(k >= 1 && k <= points_.rows - (exclude_self ? 1 : 0) && queries.cols == points_.cols);
  const PackedPoints* packed_points = filter_pays(queries.rows) ? &packed() : nullptr;
  Search search{.queries = queries,
                .transform = transform_for(queries_max_abs),
                .k = k,
                .exclude_self = exclude_self,
                .packed = packed_points,
                .block = query_block(points_.cols),
                .n_blocks = 0,
                .n_units = packed_points != nullptr ? ceil_div(packed_points->n_panels(), packed_points->group_panels())
                                                    : ceil_div(points_.rows, direct_block(points_.cols)),
                .n_chunks = 1};
  search.n_blocks = ceil_div(queries.rows, search.block);
  // Few query blocks: the points are cut too, so that every thread has work; each part costs k neighbours per query to merge.
  constexpr Index wanted_tasks = 32;
  if (search.n_blocks < wanted_tasks) {
    search.n_chunks = std::clamp<Index>(ceil_div(wanted_tasks, std::max<Index>(search.n_blocks, 1)), 1, search.n_units);
  }
  std::vector<std::vector<TopK>> partial(static_cast<std::size_t>(search.n_blocks * search.n_chunks));
  const double operations = static_cast<double>(queries.rows) * static_cast<double>(points_.rows) *
                            static_cast<double>(padded_depth(points_.cols));
  parallel_for_work(search.n_blocks * search.n_chunks, operations, [&](Index task) {
    partial[static_cast<std::size_t>(task)] = query_task(search, task / search.n_chunks, task % search.n_chunks);
  });

  parallel_for_work(search.n_blocks, operations, [&](Index b) {
    const Range range = search.query_range(b);
    for (Index i = range.begin; i < range.end; ++i) {
      const auto at = static_cast<std::size_t>(i - range.begin);
      TopK& top = partial[static_cast<std::size_t>(b * search.n_chunks)][at];
      for (Index c = 1; c < search.n_chunks; ++c) {
        for (const Neighbor& neighbor : partial[static_cast<std::size_t>(b * search.n_chunks + c)][at].sort()) {
          top.offer(neighbor);
        }
      }
      const auto& sorted = top.sort();
      for (Index j = 0; j < k; ++j) {
        const Neighbor& neighbor = sorted[static_cast<std::size_t>(j)];
        distances[i * k + j] = metric_.finish(neighbor.raw, search.transform.exponent);
        indices[i * k + j] = neighbor.index;
      }
    }
  });
}

/// The nearest of one part of the points for each query of one block.
std::vector<TopK> NeighborIndex::query_task(const Search& search, Index block, Index chunk) const {
  const Range queries = search.query_range(block), units = part_of(search.n_units, search.n_chunks, chunk);
  const Index unit = search.packed != nullptr ? search.packed->group_points() : direct_block(points_.cols);
  const Range points{units.begin * unit, std::min(units.end * unit, points_.rows)};
  std::vector<TopK> top(static_cast<std::size_t>(queries.size()), TopK(search.k));
  if (search.packed != nullptr) {
    FilterSearch filter({.queries = search.queries,
                         .points = points_,
                         .packed = *search.packed,
                         .metric = metric_,
                         .transform = search.transform,
                         .packed_exponent = packed_exponent_,
                         .first_query = queries.begin,
                         .n_queries = queries.size(),
                         .k = search.k,
                         .exclude_self = search.exclude_self});
    if (filter.usable()) {
      filter.run(units.begin, units.end, top);
      return top;
    }
  }
  direct(search, queries.begin, points, top);
  return top;
}

/// Every distance as defined, points widened block by block.
void NeighborIndex::direct(const Search& search, Index first_query, Range points, std::vector<TopK>& top) const {
  const Index depth = padded_depth(points_.cols), block = direct_block(points_.cols);
  const auto n_queries = static_cast<Index>(top.size());
  AlignedBuffer<double> queries(n_queries * depth), rows(block * depth), raw(block);
  load_rows(search.queries, first_query, n_queries, search.transform, queries.data());
  for (Index begin = points.begin; begin < points.end; begin += block) {
    checkpoint();
    const Index count = std::min(block, points.end - begin);
    load_rows(points_, begin, count, search.transform, rows.data());
    for (Index q = 0; q < n_queries; ++q) {
      metric_.rows(queries.data() + q * depth, rows.data(), count, depth, raw.data());
      TopK& best = top[static_cast<std::size_t>(q)];
      double worst = best.worst();
      for (Index i = 0; i < count; ++i) {
        // Points come in ascending order, so one that is as far as the worst can't replace it.
        if (best.full() && !(raw[i] < worst)) continue;
        if (search.exclude_self && begin + i == first_query + q) continue;
        best.offer({raw[i], begin + i});
        worst = best.worst();
      }
    }
  }
}

RadiusNeighbors NeighborIndex::query_radius(const MatrixView& queries, double queries_max_abs, double radius,
                                            bool exclude_self) const {
  const RowTransform transform = transform_for(queries_max_abs);
  const Index depth = padded_depth(points_.cols), block = direct_block(points_.cols);
  constexpr Index queries_per_task = 16;
  const Index n_tasks = ceil_div(queries.rows, queries_per_task);
  std::vector<std::vector<Neighbor>> found(static_cast<std::size_t>(queries.rows));
  const double operations =
      static_cast<double>(queries.rows) * static_cast<double>(points_.rows) * static_cast<double>(depth);
  parallel_for_work(n_tasks, operations, [&](Index task) {
    const Index first = task * queries_per_task, n_queries = std::min(queries_per_task, queries.rows - first);
    AlignedBuffer<double> wide(n_queries * depth), rows(block * depth), raw(block);
    load_rows(queries, first, n_queries, transform, wide.data());
    for (Index begin = 0; begin < points_.rows; begin += block) {
      checkpoint();
      const Index count = std::min(block, points_.rows - begin);
      load_rows(points_, begin, count, transform, rows.data());
      for (Index q = 0; q < n_queries; ++q) {
        metric_.rows(wide.data() + q * depth, rows.data(), count, depth, raw.data());
        for (Index i = 0; i < count; ++i) {
          if (exclude_self && begin + i == first + q) continue;
          if (metric_.finish(raw[i], transform.exponent) <= radius) {
            found[static_cast<std::size_t>(first + q)].push_back({raw[i], begin + i});
          }
        }
      }
    }
    for (Index q = 0; q < n_queries; ++q) {
      auto& mine = found[static_cast<std::size_t>(first + q)];
      std::sort(mine.begin(), mine.end());
      for (Neighbor& neighbor : mine) neighbor.raw = metric_.finish(neighbor.raw, transform.exponent);
    }
  });
  RadiusNeighbors result;
  result.offsets.assign(1, 0);
  for (const auto& mine : found) result.offsets.push_back(result.offsets.back() + static_cast<Index>(mine.size()));
  result.neighbors.reserve(static_cast<std::size_t>(result.offsets.back()));
  for (const auto& mine : found) result.neighbors.insert(result.neighbors.end(), mine.begin(), mine.end());
  return result;
}

void pairwise_distances(const MatrixView& x, const MatrixView& y, Metric metric, double max_abs, double* out) {
  const RowTransform transform =
      metric.normalises()
          ? RowTransform{.unit_length = true, .exponent = 0}
          : RowTransform{.unit_length = false, .exponent = safe_exponent(max_abs, metric.degree(), x.cols)};
  const Index depth = padded_depth(x.cols), block = direct_block(x.cols);
  constexpr Index rows_per_task = 16;
  const double operations = static_cast<double>(x.rows) * static_cast<double>(y.rows) * static_cast<double>(depth);
  parallel_for_work(ceil_div(x.rows, rows_per_task), operations, [&](Index task) {
    const Index first = task * rows_per_task, n = std::min(rows_per_task, x.rows - first);
    AlignedBuffer<double> left(n * depth), right(block * depth), raw(block);
    load_rows(x, first, n, transform, left.data());
    for (Index begin = 0; begin < y.rows; begin += block) {
      checkpoint();
      const Index count = std::min(block, y.rows - begin);
      load_rows(y, begin, count, transform, right.data());
      for (Index i = 0; i < n; ++i) {
        metric.rows(left.data() + i * depth, right.data(), count, depth, raw.data());
        double* target = out + (first + i) * y.rows + begin;
        for (Index j = 0; j < count; ++j) target[j] = metric.finish(raw[j], transform.exponent);
      }
    }
  });
}

}  // namespace crowfly
