// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/neighbor_index.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/lattice_search.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// Building costs about as much as the exact distances of a dozen queries; with fewer points, or many of them asked for, there is nothing to save.
constexpr Index min_built_queries = 16, min_built_points = 64, min_points_per_neighbor = 8;

/// Up to here the tree beats the lattice on all data measured (docs/design/neighbors.md): boxes tell most points apart from the neighbours.
constexpr Index max_tree_features = 6;
/// Without the lattice (other sums than of squares), the tree has to beat the direct search only.
constexpr Index max_lone_tree_features = 16;

/// Points that were added are searched one by one while that is a small part of what a query costs anyway: the lattice looks at a point in about a hundredth of
/// the time of an exact distance, a tree looks at hardly any.
constexpr Index max_base_per_added = 128, max_base_per_added_to_tree = 4096, min_added = 64;

/// With fewer points there is nothing to save by looking for repetitions.
constexpr Index min_distinct_points = 1024;

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
  constexpr Index max_candidates = Index{1} << 20;
  const Index multiple = round_up(28, kernels::active().lattice_queries);
  const Index shared = ceil_div(n_queries, tasks_per_thread * get_num_threads());
  const Index cached = std::min(131072 / std::max<Index>(features, 1), max_candidates / (2 * k));
  return std::min(std::clamp<Index>(cached, multiple, 12 * multiple) / multiple * multiple, round_up(shared, multiple));
}

}  // namespace

/// One call: what it asks, how it is cut, and in which order its rows are taken.
template <class Make, class Finish>
struct NeighborIndex::Search {
  using Kept = std::invoke_result_t<const Make&>;

  const Request& request;
  const Make& make;                        ///< makes what is kept of a query, still empty
  const Finish& finish;                    ///< called with each query and what was kept of it
  Index k;                                 ///< neighbours per query, about
  const LatticePoints* lattice = nullptr;  ///< null: direct
  std::vector<Index> order = {};
  Index block = 0, n_blocks = 0;    ///< queries
  Index n_units = 0, n_chunks = 1;  ///< points, in units of groups (lattice) or blocks (direct)

  [[nodiscard]] std::span<const Index> rows(Index b) const noexcept {
    const auto begin = as_size(b * block), end = as_size(std::min((b + 1) * block, request.queries.rows));
    return std::span<const Index>(order).subspan(begin, end - begin);
  }
};

/// One of each of the points, and their own index.
struct NeighborIndex::Distinct {
  Distinct(const MatrixView& points, const Metric& metric, double max_abs)
      : rows(points), index(rows.rows(), metric, max_abs, Algorithm::automatic) {
    index.repeated_.store(Probe::no);
  }

  DistinctRows rows;
  NeighborIndex index;
};

NeighborIndex::NeighborIndex(const MatrixView& points, Metric metric, double max_abs, Algorithm algorithm,
                             std::shared_ptr<const NeighborIndex> base)
    : points_(points), metric_(std::move(metric)), max_abs_(max_abs), algorithm_(algorithm), base_(std::move(base)) {}

NeighborIndex::~NeighborIndex() = default;

std::shared_ptr<const NeighborIndex> NeighborIndex::base_for(const std::shared_ptr<const NeighborIndex>& index,
                                                             Index n_added) {
  const auto& base = index->base_ != nullptr ? index->base_ : index;
  const bool tree = base->tree_.peek() != nullptr;
  const bool built = tree || base->lattice_.peek() != nullptr || base->cells_.peek() != nullptr ||
                     base->repeated_.load() == Probe::yes;
  const Index n = base->points_.rows, n_beside = index->points_.rows + n_added - n;
  Index most = std::max(min_added, tree ? n / max_base_per_added_to_tree : n / max_base_per_added);
  // Rows that have to be widened, normalised or moved into a box cost several times as much.
  if (!base->metric_.takes(base->points_)) most = std::max(min_added, most / 8);
  return built && n_beside <= most ? base : nullptr;
}

bool NeighborIndex::lattice_works(Index k) const noexcept {
  return metric_.euclidean() && points_.rows >= min_built_points && points_.rows < (Index{1} << 31) &&
         k <= points_.rows / min_points_per_neighbor && points_.cols <= max_lattice_features &&
         max_abs_ > min_filter_magnitude && max_abs_ < max_filter_magnitude;
}

bool NeighborIndex::tree_works(Index n_queries) const noexcept {
  constexpr Index most = Index{1} << 32;
  return metric_.monotone() && points_.rows < most && n_queries < most && points_.cols <= CurveTree::max_features;
}

/// The algorithm asked for, or the direct search where that can't be.
Plan NeighborIndex::asked_for(Index n_queries, Index k) const noexcept {
  if (algorithm_ == Algorithm::direct) return {algorithm_, "asked for"};
  const bool works = algorithm_ == Algorithm::tree ? tree_works(n_queries) : lattice_works(k);
  return works ? Plan{algorithm_, "asked for"}
               : Plan{Algorithm::direct, "what was asked for has no bound for this metric, size or magnitude"};
}

void NeighborIndex::serve(Index n_queries) const noexcept {
  n_served_.store(std::min(min_built_queries, n_served_.load(std::memory_order_relaxed) + n_queries),
                  std::memory_order_relaxed);
}

/// The distinct points of the base or of all, where a call had better search those; null otherwise.
const NeighborIndex::Distinct* NeighborIndex::distinct_for(const Request& request) const {
  if (base_ != nullptr) return base_->distinct_for(request);
  const Index n_queries = request.queries.rows;
  // Members of one row may belong to different groups.
  if (request.admission.by_label() || !distinct_may_pay(n_queries)) return nullptr;
  if (repeated_.load() == Probe::not_made && !DistinctRows::likely(points_)) repeated_.store(Probe::no);
  if (repeated_.load() == Probe::no) return nullptr;
  const Distinct& distinct = distinct_.get([&] { return Distinct(points_, metric_, max_abs_); });
  repeated_.store(distinct.rows.pay() ? Probe::yes : Probe::no);
  if (!distinct.rows.pay()) return nullptr;
  serve(n_queries);
  return &distinct;
}

bool NeighborIndex::distinct_may_pay(Index n_queries) const noexcept {
  return algorithm_ == Algorithm::automatic && points_.rows >= min_distinct_points && points_.rows < (Index{1} << 32) &&
         repeated_.load() != Probe::no && n_served_.load(std::memory_order_relaxed) + n_queries >= min_built_queries;
}

Plan NeighborIndex::plan(Index n_queries, const MatrixView& queries, Index k, bool remember) const {
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
  if (cells_pay(n_queries, queries, k, remember))
    return {Algorithm::cells, "a sample of the data is clustered: most cells are out of reach"};
  return {Algorithm::lattice, "too many features for a tree, and not enough clusters or queries for cells"};
}

Plan NeighborIndex::explain(Index n_queries, Index k) const {
  if (base_ != nullptr) {
    Plan plan = base_->explain(n_queries, k);
    plan.reason += "; " + std::to_string(points_.rows - base_->points_.rows) + " points were added since";
    return plan;
  }
  const bool may_repeat = distinct_may_pay(n_queries);
  if (const Distinct* distinct = may_repeat ? distinct_.peek() : nullptr) {
    Plan plan = distinct->index.explain(n_queries, std::min(k, distinct->rows.rows().rows));
    plan.reason = "rows repeat, one of each is searched; " + plan.reason;
    plan.bytes += distinct->rows.bytes();
    return plan;
  }
  Plan plan = this->plan(n_queries, points_, k, false);
  if (may_repeat && DistinctRows::likely(points_)) {
    plan.reason = "rows repeat in a sample, one of each will be searched if that saves half; " + plan.reason;
  }
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

/// Probed once per index, at the first call that is large enough; `remember` is false where there is none yet.
bool NeighborIndex::cells_pay(Index n_queries, const MatrixView& queries, Index k, bool remember) const {
  if (cells_.peek() != nullptr) return true;
  if (points_.rows < min_cell_points || n_queries < min_queries_per_cell * Cells::usual_number(points_.rows)) {
    return false;
  }
  if (clustered_.load() != Probe::not_made) return clustered_.load() == Probe::yes;
  const bool clustered = Cells::share_visited(points_, queries, metric_, k) <= max_share_visited;
  if (remember) clustered_.store(clustered ? Probe::yes : Probe::no);
  return clustered;
}

void NeighborIndex::nearest(const Request& request, Index k, const Consume& consume) const {
  const Admission& admission = request.admission;
  check(k >= 1 && k <= points_.rows - (admission.exclude_self ? 1 : 0));
  const auto finish = [&](Index query, TopK& top) {
    if (!top.full()) throw InvalidArgument("points: changed while the index was in use, neighbours are missing");
    consume(query, top.sort());
  };
  const Distinct* distinct = distinct_for(request);
  if (distinct == nullptr) {
    run(request, [&] { return TopK(k); }, k, finish);
    return;
  }
  // As many rows as points hold them all, since rows are in the order of their first points; one more where a point itself doesn't count.
  const Index n_rows = std::min(k + (admission.exclude_self ? 1 : 0), distinct->rows.rows().rows);
  distinct->index.nearest({request.queries, {}}, n_rows, [&](Index query, std::span<const Neighbor> rows) {
    TopK top(k);
    for (const Neighbor& row : rows) {
      if (top.limit() < row.distance) break;
      for (const Index point : distinct->rows.members(row.index)) {
        const Neighbor neighbor{row.distance, point};
        // The members ascend: after one that comes too late all do.
        if (top.full() && !(neighbor < top.worst())) break;
        if (admission.admits(query, point)) top.offer(neighbor);
      }
    }
    search_added(request, query, top);
    finish(query, top);
  });
}

void NeighborIndex::within(const Request& request, double radius, const Consume& consume) const {
  const auto finish = [&](Index query, WithinRadius& found) { consume(query, found.sort()); };
  const Distinct* distinct = distinct_for(request);
  if (distinct == nullptr) {
    run(request, [&] { return WithinRadius(metric_, radius); }, 1, finish);
    return;
  }
  distinct->index.within({request.queries, {}}, radius, [&](Index query, std::span<const Neighbor> rows) {
    WithinRadius found(metric_, radius);
    for (const Neighbor& row : rows) {
      checkpoint();
      for (const Index point : distinct->rows.members(row.index)) {
        if (request.admission.admits(query, point)) found.offer({row.distance, point});
      }
    }
    search_added(request, query, found);
    finish(query, found);
  });
}

void NeighborIndex::count_within(const Request& request, double radius, Index* counts) const {
  const auto finish = [&](Index query, const CountWithin& found) { counts[query] = found.count(); };
  const Distinct* distinct = distinct_for(request);
  if (distinct == nullptr) {
    run(request, [&] { return CountWithin(metric_, radius); }, 1, finish);
    return;
  }
  distinct->index.within({request.queries, {}}, radius, [&](Index query, std::span<const Neighbor> rows) {
    CountWithin found(metric_, radius);
    search_added(request, query, found);
    finish(query, found);
    for (const Neighbor& row : rows) {
      const auto members = distinct->rows.members(row.index);
      const bool self = request.admission.exclude_self && std::binary_search(members.begin(), members.end(), query);
      counts[query] += static_cast<Index>(members.size()) - (self ? 1 : 0);
    }
  });
}

/// Offers the points that are not in the base.
template <class Kept>
void NeighborIndex::search_added(const Request& request, Index query, Kept& kept) const {
  if (base_ == nullptr) return;
  search_directly(request.queries, std::span<const Index>(&query, 1), points_, {base_->points_.rows, points_.rows},
                  metric_, request.admission, std::span(&kept, 1));
}

template <class Make, class Finish>
void NeighborIndex::run(const Request& request, const Make& make, Index k, const Finish& finish) const {
  check(request.queries.cols == points_.cols);
  if (base_ == nullptr) {
    run_all(request, make, k, finish);
    return;
  }
  base_->run_all(request, make, k, [&](Index query, auto& kept) {
    search_added(request, query, kept);
    finish(query, kept);
  });
}

/// Without regard to a base.
template <class Make, class Finish>
void NeighborIndex::run_all(const Request& request, const Make& make, Index k, const Finish& finish) const {
  const MatrixView& queries = request.queries;
  const Algorithm algorithm = plan(queries.rows, queries, k, true).algorithm;
  serve(queries.rows);
  Search<Make, Finish> search{.request = request, .make = make, .finish = finish, .k = k};
  if (algorithm == Algorithm::tree) {
    run_tree(search);
    return;
  }
  if (algorithm == Algorithm::cells) {
    const Cells& cells = cells_.get([&] { return Cells(points_, metric_, Cells::usual_number(points_.rows)); });
    search.lattice = &cells.lattice();
    search.order = cells.order_of(queries, metric_);
  } else {
    if (algorithm == Algorithm::lattice)
      search.lattice = &lattice_.get(
          [&] { return LatticePoints::with_far_cells(points_, metric_, Partition::whole(points_.rows)); });
    search.order.resize(as_size(queries.rows));
    std::iota(search.order.begin(), search.order.end(), Index{0});
  }
  run_blocks(search);
}

template <class Make, class Finish>
void NeighborIndex::run_tree(const Search<Make, Finish>& search) const {
  const CurveTree& tree = tree_.get([&] { return CurveTree(points_, metric_); });
  const MatrixView& queries = search.request.queries;
  const std::vector<KeyedIndex> order = tree.order_of(queries);
  const Index block = std::clamp<Index>(ceil_div(queries.rows, 16 * get_num_threads()), 4, 64);
  // A query meets a few leaves, more where it wants more neighbours, and keeps a heap of them: about a microsecond, and a fifth more per neighbour.
  const double operations = (1000.0 + 200.0 * static_cast<double>(search.k)) * static_cast<double>(queries.rows);
  parallel_for_work(ceil_div(queries.rows, block), operations, [&](Index task) {
    AlignedBuffer<double> row(padded_depth(points_.cols));
    PointDistance distance(points_, metric_);
    auto kept = search.make();
    for (Index at = task * block; at < std::min((task + 1) * block, queries.rows); ++at) {
      const Index i = payload_of(order[as_size(at)]);
      load_row(queries, i, metric_, row.data());
      kept.clear();
      tree.search({i, row.data(), key_of(order[as_size(at)]), search.request.admission}, distance, kept);
      search.finish(i, kept);
    }
  });
}

template <class Make, class Finish>
void NeighborIndex::run_blocks(Search<Make, Finish>& search) const {
  using Kept = typename Search<Make, Finish>::Kept;
  const MatrixView& queries = search.request.queries;
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
  const auto finish = [&](Index block, std::vector<Kept>& kept) {
    const auto rows = search.rows(block);
    for (std::size_t at = 0; at < rows.size(); ++at) search.finish(rows[at], kept[at]);
  };
  const double operations = direct_operations(queries, points_);
  if (search.n_chunks == 1) {
    parallel_for_work(search.n_blocks, operations, [&](Index block) {
      std::vector<Kept> kept = run_task(search, block, 0);
      finish(block, kept);
    });
    return;
  }
  std::vector<std::vector<Kept>> partial(as_size(search.n_blocks * search.n_chunks));
  parallel_for_work(search.n_blocks * search.n_chunks, operations, [&](Index task) {
    partial[as_size(task)] = run_task(search, task / search.n_chunks, task % search.n_chunks);
  });
  parallel_for_work(search.n_blocks, operations, [&](Index block) {
    std::vector<Kept>& kept = partial[as_size(block * search.n_chunks)];
    for (Index c = 1; c < search.n_chunks; ++c) {
      const std::vector<Kept>& other = partial[as_size(block * search.n_chunks + c)];
      for (std::size_t at = 0; at < kept.size(); ++at) kept[at].merge(other[at]);
    }
    finish(block, kept);
  });
}

/// What one part of the points holds for each query of one block.
template <class Make, class Finish>
auto NeighborIndex::run_task(const Search<Make, Finish>& search, Index block, Index chunk) const {
  using Kept = typename Search<Make, Finish>::Kept;
  const auto rows = search.rows(block);
  const Range units = part_of(search.n_units, search.n_chunks, chunk);
  const auto& [queries, admission] = search.request;
  std::vector<Kept> kept;
  kept.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) kept.push_back(search.make());
  if (search.lattice != nullptr) {
    LatticeSearch<Kept>({.queries = queries,
                         .points = points_,
                         .lattice = *search.lattice,
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

}  // namespace crowfly
