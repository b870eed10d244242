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
constexpr Index min_filter_queries = 16, min_filter_points = 64, min_points_per_neighbor = 8,
                max_filter_features = Index{1} << 20;

/// Neighbours that the parts of the points may hold together before they are merged (24 bytes each: 32 MiB).
constexpr Index max_partial_neighbors = Index{1} << 20;

/// Between these, squares of centred points neither overflow nor vanish. Other data are searched directly.
constexpr double min_filter_magnitude = 0x1p-400, max_filter_magnitude = 0x1p400;

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
    : points_(points), metric_(metric), max_abs_(max_abs) {}

bool NeighborIndex::filter_pays(Index n_queries, Index k) const noexcept {
  return metric_.reduction() == kernels::Reduction::squared_difference && n_queries >= min_filter_queries &&
         points_.rows >= min_filter_points && k <= points_.rows / min_points_per_neighbor && points_.cols >= 1 &&
         points_.cols <= max_filter_features && max_abs_ > min_filter_magnitude && max_abs_ < max_filter_magnitude;
}

NeighborIndex::~NeighborIndex() { delete packed_.load(); }

/// Without a lock, which a fork could leave held and Ctrl-C could not interrupt: of several threads that pack at once the first one's result stays.
const PackedPoints& NeighborIndex::packed() const {
  const PackedPoints* current = packed_.load(std::memory_order_acquire);
  if (current != nullptr) return *current;
  auto fresh = std::make_unique<const PackedPoints>(points_, metric_);
  if (packed_.compare_exchange_strong(current, fresh.get())) return *fresh.release();
  return *current;
}

void NeighborIndex::query(const MatrixView& queries, Index k, bool exclude_self, double* distances,
                          Index* indices) const {
  check(k >= 1 && k <= points_.rows - (exclude_self ? 1 : 0) && queries.cols == points_.cols);
  const PackedPoints* packed_points = filter_pays(queries.rows, k) ? &packed() : nullptr;
  Search search{.queries = queries,
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
  if (search.n_blocks > 0 && search.n_blocks < wanted_tasks) {
    const Index wanted = ceil_div(wanted_tasks, search.n_blocks);
    const Index affordable = std::clamp<Index>(max_partial_neighbors / (queries.rows * k), 1,
                                               std::max<Index>(1, points_.rows / (min_points_per_neighbor * k)));
    search.n_chunks = std::clamp<Index>(std::min(wanted, affordable), 1, search.n_units);
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
      if (as_size(k) > sorted.size()) {
        throw InvalidArgument("points: changed while the index was in use, neighbours are missing");
      }
      for (Index j = 0; j < k; ++j) {
        const Neighbor& neighbor = sorted[static_cast<std::size_t>(j)];
        distances[i * k + j] = metric_.finish(neighbor.distance);
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
  std::vector<TopK> top;
  top.reserve(as_size(queries.size()));
  for (Index i = 0; i < queries.size(); ++i) top.emplace_back(std::min(search.k, points.size()));
  if (search.packed != nullptr) {
    FilterSearch filter({.queries = search.queries,
                         .points = points_,
                         .packed = *search.packed,
                         .metric = metric_,
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
  load_rows(search.queries, first_query, n_queries, metric_, queries.data());
  for (Index begin = points.begin; begin < points.end; begin += block) {
    checkpoint();
    const Index count = std::min(block, points.end - begin);
    load_rows(points_, begin, count, metric_, rows.data());
    for (Index q = 0; q < n_queries; ++q) {
      metric_.rows(queries.data() + q * depth, rows.data(), count, depth, raw.data());
      TopK& best = top[static_cast<std::size_t>(q)];
      for (Index i = 0; i < count; ++i) {
        if (!best.may_enter(raw[i], begin + i)) continue;
        if (search.exclude_self && begin + i == first_query + q) continue;
        best.offer({metric_.in_range(raw[i], queries.data() + q * depth, rows.data() + i * depth, depth), begin + i});
      }
    }
  }
}

namespace {

/// Raw distances of a few left rows to all right rows, block by block: what radius search and distance matrices share.
template <class Visit>
void visit_distances(const MatrixView& left, Range range, const MatrixView& right, const Metric& metric, Visit visit) {
  const Index depth = padded_depth(left.cols), block = direct_block(left.cols);
  AlignedBuffer<double> queries(range.size() * depth), rows(block * depth), raw(block);
  load_rows(left, range.begin, range.size(), metric, queries.data());
  for (Index begin = 0; begin < right.rows; begin += block) {
    checkpoint();
    const Index count = std::min(block, right.rows - begin);
    load_rows(right, begin, count, metric, rows.data());
    for (Index q = 0; q < range.size(); ++q) {
      const double* query = queries.data() + q * depth;
      metric.rows(query, rows.data(), count, depth, raw.data());
      for (Index i = 0; i < count; ++i) {
        visit(range.begin + q, begin + i, metric.in_range(raw[i], query, rows.data() + i * depth, depth));
      }
    }
  }
}

constexpr Index left_rows_per_task = 16;

double direct_operations(const MatrixView& left, const MatrixView& right) {
  return static_cast<double>(left.rows) * static_cast<double>(right.rows) *
         static_cast<double>(padded_depth(left.cols));
}

}  // namespace

RadiusNeighbors NeighborIndex::query_radius(const MatrixView& queries, double radius, bool exclude_self) const {
  std::vector<std::vector<Neighbor>> found(static_cast<std::size_t>(queries.rows));
  const auto of = [&](Index query) -> std::vector<Neighbor>& { return found[static_cast<std::size_t>(query)]; };
  parallel_for_work(ceil_div(queries.rows, left_rows_per_task), direct_operations(queries, points_), [&](Index task) {
    const Range range{task * left_rows_per_task, std::min((task + 1) * left_rows_per_task, queries.rows)};
    visit_distances(queries, range, points_, metric_, [&](Index query, Index point, RawDistance distance) {
      if (exclude_self && query == point) return;
      if (metric_.finish(distance) <= radius) of(query).push_back({distance, point});
    });
    for (Index query = range.begin; query < range.end; ++query) std::sort(of(query).begin(), of(query).end());
  });
  RadiusNeighbors result;
  result.offsets.assign(1, 0);
  for (const auto& mine : found) result.offsets.push_back(result.offsets.back() + static_cast<Index>(mine.size()));
  result.distances.reserve(static_cast<std::size_t>(result.offsets.back()));
  result.indices.reserve(static_cast<std::size_t>(result.offsets.back()));
  for (const auto& mine : found) {
    for (const Neighbor& neighbor : mine) {
      result.distances.push_back(metric_.finish(neighbor.distance));
      result.indices.push_back(neighbor.index);
    }
  }
  return result;
}

void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out) {
  parallel_for_work(ceil_div(x.rows, left_rows_per_task), direct_operations(x, y), [&](Index task) {
    const Range range{task * left_rows_per_task, std::min((task + 1) * left_rows_per_task, x.rows)};
    visit_distances(x, range, y, metric,
                    [&](Index i, Index j, RawDistance distance) { out[i * y.rows + j] = metric.finish(distance); });
  });
}

}  // namespace crowfly
