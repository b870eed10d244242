// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/sparse_index.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

/// The values of all rows as the metric has them; empty where it takes them as they are.
AlignedBuffer<double> unit_values(const SparseView& matrix, const Metric& metric) {
  if (!metric.normalises()) return {};
  AlignedBuffer<double> values(matrix.n_entries());
  constexpr Index rows_per_task = 1024;
  parallel_for_ranges(matrix.rows, rows_per_task, 16.0 * static_cast<double>(matrix.n_entries()), [&](Range range) {
    RowPair scratch;
    for (Index i = range.begin; i < range.end; ++i) {
      checkpoint();
      load_values(matrix.row(i), metric, scratch, values.data() + matrix.starts[i]);
    }
  });
  return values;
}

[[nodiscard]] bool within_magnitude(std::span<const double> values) noexcept {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::fabs(value) <= InvertedLists::max_magnitude; });
}

}  // namespace

SparseIndex::SparseIndex(const SparseView& points, Metric metric, double max_abs, Algorithm algorithm)
    : unit_values_(unit_values(points, metric)),
      points_(points),
      metric_(std::move(metric)),
      max_abs_(max_abs),
      algorithm_(algorithm) {
  if (metric_.normalises()) {
    points_.values = unit_values_.data();
    max_abs_ = 1;
  }
}

/// Why the lists can't be used, null where they can.
const char* SparseIndex::obstacle() const noexcept {
  if (algorithm_ == Algorithm::direct) return "asked for";
  if (algorithm_ != Algorithm::automatic) return "what was asked for takes no sparse points";
  if (!(max_abs_ <= InvertedLists::max_magnitude)) return "squares of such magnitudes overflow";
  return InvertedLists::obstacle(metric_);
}

Plan SparseIndex::explain() const {
  if (const char* reason = obstacle()) return {Algorithm::direct, reason, true};
  return {Algorithm::inverted, "the points are sparse: each query meets those that share a feature with it",
          lists_.peek() != nullptr, 0, InvertedLists::bytes_for(points_)};
}

void SparseIndex::nearest(const SparseRequest& request, Index k, const Consume& consume) const {
  check(k >= 1 && k <= points_.rows - (request.admission.exclude_self ? 1 : 0));
  run<TopK>(request, TopK(k), [&](Index query, TopK& top) {
    if (!top.full()) throw InvalidArgument("points: changed while the index was in use, neighbours are missing");
    consume(query, top.sort());
  });
}

void SparseIndex::within(const SparseRequest& request, double radius, const Consume& consume) const {
  run<WithinRadius>(request, WithinRadius(metric_, radius),
                    [&](Index query, WithinRadius& found) { consume(query, found.sort()); });
}

void SparseIndex::count_within(const SparseRequest& request, double radius, Index* counts) const {
  run<CountWithin>(request, CountWithin(metric_, radius),
                   [&](Index query, const CountWithin& found) { counts[query] = found.count(); });
}

template <class Kept>
void SparseIndex::run(const SparseRequest& request, const Kept& empty, const Finish<Kept>& finish) const {
  const SparseView& queries = request.queries;
  check(queries.cols == points_.cols);
  const InvertedLists* lists =
      obstacle() == nullptr ? &lists_.get([&] { return InvertedLists(points_, metric_); }) : nullptr;
  // How queries are cut changes no answer, so the number of threads may matter here.
  const Index block = std::clamp<Index>(ceil_div(queries.rows, 8 * get_num_threads()), 1, 32);
  const double operations = static_cast<double>(queries.rows) * static_cast<double>(points_.rows + 1000);
  parallel_for_work(ceil_div(queries.rows, block), operations, [&](Index task) {
    RowPair scratch;
    std::vector<double> values;
    SparseDistance distance(points_, metric_);
    std::optional<InvertedSearch<Kept>> search;
    if (lists != nullptr) search.emplace(*lists, metric_, request.admission);
    Kept kept = empty.another();
    for (Index i = task * block; i < std::min((task + 1) * block, queries.rows); ++i) {
      SparseRow row = queries.row(i);
      values.resize(row.values.size());
      load_values(row, metric_, scratch, values.data());
      row.values = values;
      kept.clear();
      if (search && within_magnitude(values)) {
        search->run(i, row, kept);
      } else {
        search_directly(i, row, request.admission, distance, kept);
      }
      finish(i, kept);
    }
  });
}

template <class Kept>
void SparseIndex::search_directly(Index query, const SparseRow& row, const Admission& admission,
                                  SparseDistance& distance, Kept& kept) const {
  constexpr Index points_per_checkpoint = 256;
  for (Index point = 0; point < points_.rows; ++point) {
    if (point % points_per_checkpoint == 0) checkpoint();
    if (admission.admits(query, point)) distance.offer(kept, row, point);
  }
}

}  // namespace crowfly
