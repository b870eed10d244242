// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_index.hpp"

#include <algorithm>
#include <numeric>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "neighbors/lattice_search.hpp"

namespace crowfly {
namespace {

/// Building costs about as much as the exact distances of a dozen queries; with fewer points, or many of them asked for, there is nothing to save.
constexpr Index min_built_queries = 16, min_built_points = 64, min_points_per_neighbor = 8;

/// Up to here the tree beats the lattice on all data measured (docs/design/neighbors.md): boxes tell most points apart from the neighbours.
constexpr Index max_tree_features = 6;
/// Without the lattice (other sums than of squares), the tree has to beat the direct search only.
constexpr Index max_lone_tree_features = 16;

/// Cells cost their building (about n * sqrt(n) pairs) and a probe. Below these numbers they can't earn it.
constexpr Index min_cell_points = 8192, min_queries_per_cell = 4;
constexpr double max_share_visited = 0.3;

/// Neighbours that the parts of the points may hold together before they are merged (24 bytes each).
constexpr Index max_partial_neighbors = Index{1} << 20;

/// Between these, squares of centred points neither overflow nor vanish. Other data are searched directly.
constexpr double min_filter_magnitude = 0x1p-400, max_filter_magnitude = 0x1p400;

/// Tasks per thread: enough that the last ones end together.
constexpr Index tasks_per_thread = 4;

/// Queries per task: their panels stay in the second-level cache, their candidates take a few megabytes, a multiple of every tile's height keeps padding
/// small, and there are tasks for every thread. How queries are cut changes no answer, so the number of threads may matter here.
Index query_block(Index features, Index n_queries, Index k) {
  constexpr Index multiple = 28, max_candidates = Index{1} << 20;
  const Index shared = ceil_div(n_queries, tasks_per_thread * get_num_threads());
  const Index cached = std::min(131072 / std::max<Index>(features, 1), max_candidates / (2 * k));
  return std::min(std::clamp<Index>(cached, multiple, 12 * multiple) / multiple * multiple, round_up(shared, multiple));
}

void write(TopK& top, const Metric& metric, Index k, double* distances, Index* indices) {
  const auto& sorted = top.sort();
  if (as_size(k) > sorted.size()) {
    throw InvalidArgument("points: changed while the index was in use, neighbours are missing");
  }
  for (Index j = 0; j < k; ++j) {
    distances[j] = metric.finish(sorted[as_size(j)].distance);
    indices[j] = sorted[as_size(j)].index;
  }
}

}  // namespace

/// One call of `query`: how it is cut (by shape alone) and in which order its rows are taken.
struct NeighborIndex::Search {
  const MatrixView& queries;
  Index k;
  bool exclude_self;
  const LatticePoints* lattice;  ///< null: direct
  std::vector<Index> order;
  Index block = 0, n_blocks = 0;    ///< queries
  Index n_units = 0, n_chunks = 1;  ///< points, in units of groups (lattice) or blocks (direct)

  [[nodiscard]] std::span<const Index> rows(Index b) const noexcept {
    const auto begin = as_size(b * block), end = as_size(std::min((b + 1) * block, queries.rows));
    return std::span<const Index>(order).subspan(begin, end - begin);
  }
};

NeighborIndex::NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm)
    : points_(points), metric_(metric), max_abs_(max_abs), algorithm_(algorithm) {}

bool NeighborIndex::lattice_works(Index k) const noexcept {
  return metric_.reduction() == kernels::Reduction::squared_difference && points_.rows >= min_built_points &&
         points_.rows < (Index{1} << 31) && k <= points_.rows / min_points_per_neighbor &&
         points_.cols <= max_lattice_features && max_abs_ > min_filter_magnitude && max_abs_ < max_filter_magnitude;
}

bool NeighborIndex::tree_works(Index n_queries) const noexcept {
  constexpr Index most = Index{1} << 32;
  return metric_.reduction() != kernels::Reduction::power_difference && points_.rows < most && n_queries < most &&
         points_.cols <= CurveTree::max_features;
}

/// The algorithm asked for, or the direct search where that can't be.
Plan NeighborIndex::asked_for(Index n_queries, Index k) const noexcept {
  if (algorithm_ == Algorithm::direct) return {algorithm_, "asked for"};
  const bool works = algorithm_ == Algorithm::tree ? tree_works(n_queries) : lattice_works(k);
  return works ? Plan{algorithm_, "asked for"}
               : Plan{Algorithm::direct, "what was asked for has no bound for this metric, size or magnitude"};
}

Plan NeighborIndex::plan(Index n_queries, const MatrixView& queries, Index k) const {
  if (algorithm_ != Algorithm::automatic) return asked_for(n_queries, k);
  if (n_served_.load(std::memory_order_relaxed) + n_queries < min_built_queries) {
    return {Algorithm::direct, "building anything would cost more than so few queries"};
  }
  if (points_.rows < min_built_points) return {Algorithm::direct, "few points"};
  if (k > points_.rows / min_points_per_neighbor)
    return {Algorithm::direct, "neighbours are a large part of the points"};
  const bool lattice = lattice_works(k);
  if (tree_works(n_queries) && points_.cols <= (lattice ? max_tree_features : max_lone_tree_features)) {
    return {Algorithm::tree, "few features: most boxes are out of reach"};
  }
  if (!lattice) return {Algorithm::direct, "no bound for this metric, number of features or magnitude"};
  if (cells_pay(n_queries, queries, k))
    return {Algorithm::cells, "a sample of the data is clustered: most cells are out of reach"};
  return {Algorithm::lattice, "too many features for a tree, and not enough clusters or queries for cells"};
}

Plan NeighborIndex::explain(Index n_queries, Index k) const {
  Plan plan = this->plan(n_queries, points_, k);
  const Index entries = points_.rows * points_.cols;
  const auto describe = [&](const auto* built, Index estimate) {
    plan.built = built != nullptr;
    plan.bytes = built != nullptr ? built->bytes() : estimate;
  };
  if (plan.algorithm == Algorithm::tree)
    describe(tree_.peek(), entries * points_.item_size() * 3 / 2 + 4 * points_.rows);
  if (plan.algorithm == Algorithm::lattice)
    describe(lattice_.peek(), points_.rows * (lattice_depth(points_.cols) + 12));
  if (plan.algorithm == Algorithm::cells) describe(cells_.peek(), points_.rows * (lattice_depth(points_.cols) + 13));
  return plan;
}

/// Made once per index, at the first call that is large enough.
bool NeighborIndex::cells_pay(Index n_queries, const MatrixView& queries, Index k) const {
  if (cells_.peek() != nullptr) return true;
  if (points_.rows < min_cell_points || n_queries < min_queries_per_cell * Cells::usual_number(points_.rows)) {
    return false;
  }
  if (probe_.load() == Probe::not_made) {
    const double share = Cells::share_visited(points_, queries, metric_, k);
    probe_.store(share <= max_share_visited ? Probe::clustered : Probe::scattered);
  }
  return probe_.load() == Probe::clustered;
}

void NeighborIndex::query(const MatrixView& queries, Index k, bool exclude_self, double* distances,
                          Index* indices) const {
  check(k >= 1 && k <= points_.rows - (exclude_self ? 1 : 0) && queries.cols == points_.cols);
  const Algorithm algorithm = plan(queries.rows, queries, k).algorithm;
  n_served_.store(std::min(min_built_queries, n_served_.load(std::memory_order_relaxed) + queries.rows),
                  std::memory_order_relaxed);
  if (algorithm == Algorithm::tree) {
    query_tree(queries, k, exclude_self, distances, indices);
    return;
  }
  Search search{.queries = queries, .k = k, .exclude_self = exclude_self, .lattice = nullptr, .order = {}};
  if (algorithm == Algorithm::cells) {
    const Cells& cells = cells_.get(points_, metric_, Cells::usual_number(points_.rows));
    search.lattice = &cells.lattice();
    search.order = cells.order_of(queries, metric_);
  } else {
    if (algorithm == Algorithm::lattice)
      search.lattice = &lattice_.get(points_, metric_, Partition::whole(points_.rows));
    search.order.resize(as_size(queries.rows));
    std::iota(search.order.begin(), search.order.end(), Index{0});
  }
  query_blocks(search, distances, indices);
}

void NeighborIndex::query_tree(const MatrixView& queries, Index k, bool exclude_self, double* distances,
                               Index* indices) const {
  const CurveTree& tree = tree_.get(points_, metric_);
  const std::vector<KeyedIndex> order = tree.order_of(queries);
  const Index block = std::clamp<Index>(ceil_div(queries.rows, 16 * get_num_threads()), 4, 64);
  // A query meets a few leaves, more where it wants more neighbours, and keeps a heap of them: about a microsecond, and a fifth more per neighbour.
  const double operations = (1000.0 + 200.0 * static_cast<double>(k)) * static_cast<double>(queries.rows);
  parallel_for_work(ceil_div(queries.rows, block), operations, [&](Index task) {
    AlignedBuffer<double> row(padded_depth(points_.cols));
    TopK top(k);
    for (Index at = task * block; at < std::min((task + 1) * block, queries.rows); ++at) {
      const Index i = payload_of(order[as_size(at)]);
      load_row(queries, i, metric_, row.data());
      top.clear();
      tree.search(row.data(), key_of(order[as_size(at)]), k, exclude_self ? i : -1, top);
      write(top, metric_, k, distances + i * k, indices + i * k);
    }
  });
}

void NeighborIndex::query_blocks(Search& search, double* distances, Index* indices) const {
  const MatrixView& queries = search.queries;
  const Index k = search.k;
  search.block = std::max<Index>(1, query_block(points_.cols, queries.rows, k));
  search.n_blocks = ceil_div(queries.rows, search.block);
  search.n_units =
      search.lattice != nullptr ? search.lattice->n_groups() : ceil_div(points_.rows, direct_block(points_.cols));
  // Few query blocks: the points are cut too, so that every thread has work; each part costs k neighbours per query to merge.
  const Index wanted_tasks = get_num_threads() > 1 ? tasks_per_thread * get_num_threads() / 2 : 1;
  if (search.n_blocks > 0 && search.n_blocks < wanted_tasks) {
    const Index wanted = ceil_div(wanted_tasks, search.n_blocks);
    const Index affordable = std::clamp<Index>(max_partial_neighbors / (queries.rows * k), 1,
                                               std::max<Index>(1, points_.rows / (min_points_per_neighbor * k)));
    search.n_chunks = std::clamp<Index>(std::min(wanted, affordable), 1, search.n_units);
  }
  std::vector<std::vector<TopK>> partial(as_size(search.n_blocks * search.n_chunks));
  const double operations = direct_operations(queries, points_);
  parallel_for_work(search.n_blocks * search.n_chunks, operations, [&](Index task) {
    partial[as_size(task)] = query_task(search, task / search.n_chunks, task % search.n_chunks);
  });
  parallel_for_work(search.n_blocks, operations, [&](Index b) {
    const auto rows = search.rows(b);
    for (std::size_t at = 0; at < rows.size(); ++at) {
      TopK& top = partial[as_size(b * search.n_chunks)][at];
      for (Index c = 1; c < search.n_chunks; ++c) {
        for (const Neighbor& neighbor : partial[as_size(b * search.n_chunks + c)][at].sort()) top.offer(neighbor);
      }
      write(top, metric_, k, distances + rows[at] * k, indices + rows[at] * k);
    }
  });
}

/// The nearest of one part of the points for each query of one block.
std::vector<TopK> NeighborIndex::query_task(const Search& search, Index block, Index chunk) const {
  const auto rows = search.rows(block);
  const Range units = part_of(search.n_units, search.n_chunks, chunk);
  std::vector<TopK> top;
  top.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) top.emplace_back(search.k);
  if (search.lattice != nullptr) {
    LatticeSearch({.queries = search.queries,
                   .points = points_,
                   .lattice = *search.lattice,
                   .metric = metric_,
                   .rows = rows,
                   .k = search.k,
                   .exclude_self = search.exclude_self})
        .run(units, top);
  } else {
    const Index unit = direct_block(points_.cols);
    search_directly(search.queries, rows, points_, {units.begin * unit, std::min(units.end * unit, points_.rows)},
                    metric_, search.exclude_self, top);
  }
  return top;
}

RadiusNeighbors NeighborIndex::query_radius(const MatrixView& queries, double radius, bool exclude_self) const {
  return search_radius_directly(queries, points_, metric_, radius, exclude_self);
}

}  // namespace crowfly
