// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/distinct_search.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "neighbors/gathered_rows.hpp"
#include "neighbors/within_radius.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_task = 256;

/// The members ascend: after one that comes too late all do.
void offer_members(TopK& top, RawDistance distance, std::span<const std::uint32_t> members, const Admission& admission,
                   Index query) {
  for (const Index point : members) {
    const Neighbor neighbor{distance, point};
    if (top.full() && !(neighbor < top.worst())) break;
    if (admission.admits(query, point)) top.offer(neighbor);
  }
}

void offer_members(WithinRadius& found, RawDistance distance, std::span<const std::uint32_t> members,
                   const Admission& admission, Index query) {
  checkpoint();
  for (const Index point : members) {
    if (admission.admits(query, point)) found.offer({distance, point});
  }
}

/// How many of the members are admitted.
Index n_admitted(std::span<const std::uint32_t> members, const Admission& admission, Index query) {
  const bool self = admission.exclude_self && std::binary_search(members.begin(), members.end(), query);
  return static_cast<Index>(members.size()) - (self ? 1 : 0);
}

/// Queries equal to so many points that these are their k nearest, at distance zero, are answered. The numbers of the others are returned.
std::vector<std::uint32_t> answer_equal(const DistinctRows& rows, const Request& request, const TopK& empty,
                                        const PointSearch::Finish<TopK>& finish) {
  const MatrixView& queries = request.queries;
  std::vector<char> open(as_size(queries.rows), 1);
  const double operations = 4.0 * static_cast<double>(queries.rows) * static_cast<double>(queries.cols + 64);
  parallel_for_ranges(queries.rows, rows_per_task, operations, [&](Range range) {
    checkpoint();
    for (Index query = range.begin; query < range.end; ++query) {
      const auto row = rows.find(queries, query);
      if (!row || n_admitted(rows.members(*row), request.admission, query) < empty.wanted()) continue;
      TopK top = empty.another();
      offer_members(top, {}, rows.members(*row), request.admission, query);
      finish(query, top);
      open[as_size(query)] = 0;
    }
  });
  std::vector<std::uint32_t> others;
  for (std::size_t query = 0; query < open.size(); ++query) {
    if (open[query] != 0) others.push_back(static_cast<std::uint32_t>(query));
  }
  return others;
}

}  // namespace

template <>
void search_distinct(const DistinctRows& rows, const PointSearch& search, const Request& request, const TopK& empty,
                     const PointSearch::Finish<TopK>& finish) {
  // As many rows as points hold them all, since rows are in the order of their first points; one more where a point itself doesn't count.
  const Index n_rows = std::min(empty.wanted() + (request.admission.exclude_self ? 1 : 0), rows.rows().rows);
  const auto expand = [&](Index query, TopK& nearest) {
    TopK top = empty.another();
    for (const Neighbor& row : nearest.sort()) {
      if (top.limit() < row.distance) break;
      offer_members(top, row.distance, rows.members(row.index), request.admission, query);
    }
    finish(query, top);
  };
  const bool by_value = search.metric().separates() && request.queries.rows < (Index{1} << 32);
  std::vector<std::uint32_t> others;
  if (by_value) others = answer_equal(rows, request, empty, finish);
  if (!by_value || static_cast<Index>(others.size()) == request.queries.rows) {
    search.run<TopK>({request.queries, {}}, TopK(n_rows), n_rows, expand);
    return;
  }
  if (others.empty()) return;
  const GatheredRows gathered(request.queries, others);
  search.run<TopK>({gathered.view(), {}}, TopK(n_rows), n_rows,
                   [&](Index at, TopK& nearest) { expand(others[as_size(at)], nearest); });
}

template <>
void search_distinct(const DistinctRows& rows, const PointSearch& search, const Request& request,
                     const WithinRadius& empty, const PointSearch::Finish<WithinRadius>& finish) {
  search.run<WithinRadius>({request.queries, {}}, empty, 1, [&](Index query, WithinRadius& near) {
    WithinRadius found = empty.another();
    for (const Neighbor& row : near.sort()) {
      offer_members(found, row.distance, rows.members(row.index), request.admission, query);
    }
    finish(query, found);
  });
}

template <>
void search_distinct(const DistinctRows& rows, const PointSearch& search, const Request& request,
                     const CountWithin& empty, const PointSearch::Finish<CountWithin>& finish) {
  search.run<WithinRadius>({request.queries, {}}, WithinRadius(empty), 1, [&](Index query, WithinRadius& near) {
    CountWithin found = empty.another();
    for (const Neighbor& row : near.sort()) {
      found.add(n_admitted(rows.members(row.index), request.admission, query));
    }
    finish(query, found);
  });
}

}  // namespace crowfly
