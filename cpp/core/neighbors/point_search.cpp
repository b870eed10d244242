// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/point_search.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/curve_tree_search.hpp"
#include "neighbors/lattice_search.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// With fewer points, or many of them asked for, there is nothing to save by building.
constexpr Index min_built_points = 64, min_points_per_neighbor = 8;

/// Numbers of rows have to fit in 31 bits of a candidate, in 32 of a key.
constexpr Index max_lattice_points = Index{1} << 31, max_tree_rows = Index{1} << 32;

/// Up to here the tree beats the lattice on all data measured (docs/design/neighbors.md): boxes tell most points apart from the neighbours.
constexpr Index max_tree_features = 8;
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
/// small, and there are tasks for every thread. Below a few panels the points are rather cut, or each task would fetch all of them for its few queries. How queries are
/// cut changes no answer, so the number of threads may matter here.
Index query_block(const kernels::Lattice& lattice, Index features, Index n_queries, Index k) {
  constexpr Index max_candidates = Index{1} << 20, min_panels = 4;
  const Index multiple = round_up(28, lattice.queries);
  const Index shared = std::max(ceil_div(n_queries, tasks_per_thread * get_num_threads()), min_panels * multiple);
  const Index cached = std::min(131072 / std::max<Index>(features, 1), max_candidates / candidates_per_query(k));
  return std::min(std::clamp<Index>(cached, multiple, 12 * multiple) / multiple * multiple, round_up(shared, multiple));
}

}  // namespace

PointSearch::PointSearch(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm)
    : points_(points), metric_(std::move(metric)), max_abs_(max_abs), algorithm_(algorithm) {}

/// Why the lattice can't be used, null where it can.
const char* PointSearch::lattice_obstacle(Index k) const noexcept {
  if (!metric_.euclidean()) return "integers bound no sum of this metric";
  if (points_.rows < min_built_points) return "few points";
  if (k > points_.rows / min_points_per_neighbor) return "neighbours are a large part of the points";
  if (points_.rows >= max_lattice_points) return "more points than the lattice can number";
  if (points_.cols > max_lattice_features) return "more features than the lattice's sums hold";
  if (!(max_abs_ > min_filter_magnitude && max_abs_ < max_filter_magnitude)) {
    return "squares of such magnitudes overflow or vanish";
  }
  return nullptr;
}

/// Why the tree can't be used, null where it can.
const char* PointSearch::tree_obstacle(Index n_queries) const noexcept {
  if (!metric_.monotone()) return "boxes bound no sum of this metric";
  if (points_.cols > CurveTree::max_features) return "more features than a tree takes";
  return std::max(points_.rows, n_queries) >= max_tree_rows ? "more rows than the tree can number" : nullptr;
}

/// The algorithm asked for, or the direct search where that can't be.
Plan PointSearch::asked_for(Index n_queries, Index k) const {
  if (algorithm_ == Algorithm::direct) return {algorithm_, "asked for"};
  const char* obstacle = algorithm_ == Algorithm::tree ? tree_obstacle(n_queries) : lattice_obstacle(k);
  return obstacle == nullptr ? Plan{algorithm_, "asked for"} : Plan{Algorithm::direct, obstacle};
}

Plan PointSearch::plan(Index n_queries, const MatrixView& queries, Index k, bool remember) const {
  if (algorithm_ != Algorithm::automatic) return asked_for(n_queries, k);
  if (!served_.enough_with(n_queries)) {
    return {Algorithm::direct, "building anything would cost more than so few queries"};
  }
  if (points_.rows < min_built_points) return {Algorithm::direct, "few points"};
  if (k > points_.rows / min_points_per_neighbor)
    return {Algorithm::direct, "neighbours are a large part of the points"};
  const char* obstacle = lattice_obstacle(k);
  const Index most_features = obstacle == nullptr ? max_tree_features : max_lone_tree_features;
  if (tree_obstacle(n_queries) == nullptr && points_.cols <= most_features) {
    return {Algorithm::tree, "few features: most boxes are out of reach"};
  }
  if (obstacle != nullptr) return {Algorithm::direct, obstacle};
  if (cells_pay(n_queries, queries, k, remember))
    return {Algorithm::cells, "a sample of the data is clustered: most cells are out of reach"};
  return {Algorithm::lattice, "too many features for a tree, and not enough clusters or queries for cells"};
}

Plan PointSearch::explain(Index n_queries, Index k) const {
  Plan plan = this->plan(n_queries, points_, k, false);
  const Index entries = points_.rows * points_.cols;
  const auto describe = [&](const auto* built, Index estimate) {
    plan.built = built != nullptr;
    plan.bytes = built != nullptr ? built->bytes() : estimate;
  };
  if (plan.algorithm == Algorithm::tree)
    describe(tree_.peek(), entries * points_.item_size() * 3 / 2 + 4 * points_.rows);
  const bool cells = plan.algorithm == Algorithm::cells;
  if (!cells && plan.algorithm != Algorithm::lattice) return plan;
  const auto& lattice = cells ? cell_lattice() : lattice_for(n_queries, k);
  const Index row_bytes = lattice_row_bytes(lattice, points_.cols);
  plan.filter_bits = 8 * lattice.code_bytes;
  if (!cells && passing_pays(lattice, n_queries, k)) {
    plan.reason += "; so few, at first, see the points rounded on the way, and nothing is kept";
    plan.bytes = get_num_threads() * LatticePoints::group_bytes(lattice, points_.cols);
  } else if (cells) {
    describe(cells_.peek(), points_.rows * (row_bytes + 13));
  } else {
    describe(packed(lattice).peek(), points_.rows * (row_bytes + 12));
  }
  return plan;
}

/// The first queries, if they are one block: to round points, look at them and forget them saves writing the panels to memory and reading them again (100 queries,
/// 10^6 points, 128 features: 155 ms, 100 so; clustered, k = 10: 249 and 191). Whoever comes again finds them kept.
bool PointSearch::passing_pays(const kernels::Lattice& lattice, Index n_queries, Index k) const noexcept {
  return algorithm_ == Algorithm::automatic && !passed_.load() && packed(lattice).peek() == nullptr &&
         n_queries <= query_block(lattice, points_.cols, n_queries, k);
}

/// Words that are packed serve few queries too.
const kernels::Lattice& PointSearch::lattice_for(Index n_queries, Index k) const noexcept {
  const bool packed_words = word_lattice_.peek() != nullptr;
  return suited_lattice(points_.cols, packed_words ? std::numeric_limits<Index>::max() : n_queries, k);
}

const Lazy<LatticePoints>& PointSearch::packed(const kernels::Lattice& lattice) const noexcept {
  return lattice.code_bytes == 1 ? byte_lattice_ : word_lattice_;
}

/// Probed once per index, at the first call that is large enough; `remember` is false where there is none yet.
bool PointSearch::cells_pay(Index n_queries, const MatrixView& queries, Index k, bool remember) const {
  if (cells_.peek() != nullptr) return true;
  if (points_.rows < min_cell_points || n_queries < min_queries_per_cell * Cells::usual_number(points_.rows)) {
    return false;
  }
  if (clustered_.load() != Probe::not_made) return clustered_.load() == Probe::yes;
  const bool clustered = Cells::share_visited(points_, queries, metric_, k) <= max_share_visited;
  if (remember) clustered_.store(clustered ? Probe::yes : Probe::no);
  return clustered;
}

/// A call that looks at blocks of queries and of points: what it asks, how it is cut, and in which order its rows are taken.
template <class Kept>
struct PointSearch::Blocks {
  const Request& request;
  const Kept& empty;
  const Finish<Kept>& finish;
  Index k;
  const LatticePoints* lattice = nullptr;  ///< null: direct
  std::vector<Index> order = {};
  Index block = 0, n_blocks = 0;    ///< queries
  Index n_units = 0, n_chunks = 1;  ///< points, in units of groups (lattice) or blocks (direct)

  [[nodiscard]] std::span<const Index> rows(Index b) const noexcept {
    const auto begin = as_size(b * block), end = as_size(std::min((b + 1) * block, request.queries.rows));
    return std::span<const Index>(order).subspan(begin, end - begin);
  }
  void finish_block(Index b, std::vector<Kept>& kept) const {
    const auto mine = rows(b);
    for (std::size_t at = 0; at < mine.size(); ++at) {
      checkpoint();
      finish(mine[at], kept[at]);
    }
  }
};

template <class Kept>
void PointSearch::run(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const {
  const MatrixView& queries = request.queries;
  check(queries.cols == points_.cols);
  const Algorithm algorithm = plan(queries.rows, queries, k, true).algorithm;
  served_.add(queries.rows);
  if (algorithm == Algorithm::tree) {
    run_tree(request, empty, k, finish);
    return;
  }
  Blocks<Kept> blocks{.request = request, .empty = empty, .finish = finish, .k = k};
  std::optional<LatticePoints> passing;
  if (algorithm == Algorithm::cells) {
    const Cells& cells = cells_.get([&] { return Cells(points_, metric_, Cells::usual_number(points_.rows)); });
    blocks.lattice = &cells.lattice();
    blocks.order = cells.order_of(queries, metric_);
  } else {
    if (algorithm == Algorithm::lattice) {
      const auto& lattice = lattice_for(queries.rows, k);
      if (passing_pays(lattice, queries.rows, k)) {
        passed_.store(true);
        blocks.lattice = &passing.emplace(LatticePoints::passing(lattice, points_, metric_));
      } else {
        blocks.lattice = &packed(lattice).get([&] {
          return LatticePoints::with_far_cells(lattice, points_, metric_,
                                               Partition::whole(points_.rows, lattice.points));
        });
      }
    }
    blocks.order.resize(as_size(queries.rows));
    std::iota(blocks.order.begin(), blocks.order.end(), Index{0});
  }
  run_blocks(blocks);
}

template <class Kept>
void PointSearch::run_tree(const Request& request, const Kept& empty, Index k, const Finish<Kept>& finish) const {
  const CurveTree& tree = tree_.get([&] { return CurveTree(points_, metric_); });
  const MatrixView& queries = request.queries;
  const std::vector<KeyedIndex> order = tree.order_of(queries);
  const Index block = std::clamp<Index>(ceil_div(queries.rows, 16 * get_num_threads()), 4, 64);
  // A query meets a few leaves, more where it wants more neighbours, and keeps a heap of them: about a microsecond, and a fifth more per neighbour.
  const double operations = (1000.0 + 200.0 * static_cast<double>(k)) * static_cast<double>(queries.rows);
  parallel_for_work(ceil_div(queries.rows, block), operations, [&](Index task) {
    CurveTreeSearch search(tree, queries, request.admission);
    Kept kept = empty.another();
    for (Index at = task * block; at < std::min((task + 1) * block, queries.rows); ++at) {
      kept.clear();
      search.search(order[as_size(at)], kept);
      finish(payload_of(order[as_size(at)]), kept);
    }
  });
}

template <class Kept>
void PointSearch::run_blocks(Blocks<Kept>& blocks) const {
  const MatrixView& queries = blocks.request.queries;
  const Index k = blocks.k;
  const auto& lattice =
      blocks.lattice != nullptr ? blocks.lattice->lattice() : suited_lattice(points_.cols, queries.rows, k);
  blocks.block = std::max<Index>(1, query_block(lattice, points_.cols, queries.rows, k));
  blocks.n_blocks = ceil_div(queries.rows, blocks.block);
  blocks.n_units =
      blocks.lattice != nullptr ? blocks.lattice->n_groups() : ceil_div(points_.rows, direct_block(points_.cols));
  // Few query blocks: the points are cut too, so that every thread has work; each part costs k neighbours per query to merge.
  const Index wanted_tasks = get_num_threads() > 1 ? tasks_per_thread * get_num_threads() / 2 : 1;
  if (blocks.n_blocks > 0 && blocks.n_blocks < wanted_tasks) {
    const Index wanted = ceil_div(wanted_tasks, blocks.n_blocks);
    const Index affordable = std::clamp<Index>(max_partial_neighbors / (queries.rows * k), 1,
                                               std::max<Index>(1, points_.rows / (min_points_per_neighbor * k)));
    blocks.n_chunks = std::clamp<Index>(std::min(wanted, affordable), 1, blocks.n_units);
  }
  const double operations = direct_operations(queries, points_);
  if (blocks.n_chunks == 1) {
    parallel_for_work(blocks.n_blocks, operations, [&](Index block) {
      std::vector<Kept> kept = run_task(blocks, block, 0);
      blocks.finish_block(block, kept);
    });
    return;
  }
  std::vector<std::vector<Kept>> partial(as_size(blocks.n_blocks * blocks.n_chunks));
  parallel_for_work(blocks.n_blocks * blocks.n_chunks, operations, [&](Index task) {
    partial[as_size(task)] = run_task(blocks, task / blocks.n_chunks, task % blocks.n_chunks);
  });
  parallel_for_work(blocks.n_blocks, operations, [&](Index block) {
    std::vector<Kept>& kept = partial[as_size(block * blocks.n_chunks)];
    for (Index c = 1; c < blocks.n_chunks; ++c) {
      const std::vector<Kept>& other = partial[as_size(block * blocks.n_chunks + c)];
      checkpoint();
      for (std::size_t at = 0; at < kept.size(); ++at) kept[at].merge(other[at]);
    }
    blocks.finish_block(block, kept);
  });
}

/// What one part of the points holds for each query of one block.
template <class Kept>
std::vector<Kept> PointSearch::run_task(const Blocks<Kept>& blocks, Index block, Index chunk) const {
  const auto rows = blocks.rows(block);
  const Range units = part_of(blocks.n_units, blocks.n_chunks, chunk);
  const auto& [queries, admission] = blocks.request;
  std::vector<Kept> kept;
  kept.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) kept.push_back(blocks.empty.another());
  if (blocks.lattice != nullptr) {
    LatticeSearch<Kept>({.queries = queries,
                         .points = points_,
                         .lattice = *blocks.lattice,
                         .metric = metric_,
                         .rows = rows,
                         .admission = admission,
                         .kept = kept})
        .run(units);
  } else {
    const Index unit = direct_block(points_.cols);
    search_directly(queries, rows, points_, {units.begin * unit, std::min(units.end * unit, points_.rows)}, metric_,
                    admission, std::span(kept));
  }
  return kept;
}

template void PointSearch::run(const Request&, const TopK&, Index, const Finish<TopK>&) const;
template void PointSearch::run(const Request&, const WithinRadius&, Index, const Finish<WithinRadius>&) const;
template void PointSearch::run(const Request&, const CountWithin&, Index, const Finish<CountWithin>&) const;

}  // namespace crowfly
