// SPDX-License-Identifier: BSD-3-Clause
// The search of points that repeat: one of each is searched, then each stands for all that are equal to it.
#pragma once

#include "neighbors/distinct_rows.hpp"
#include "neighbors/point_search.hpp"

namespace crowfly {

/// As PointSearch::run over all points, of which `rows` are the distinct ones and `search` searches those. `Kept` is TopK, WithinRadius or CountWithin; the request
/// must not tell points apart by labels.
template <class Kept>
void search_distinct(const DistinctRows& rows, const PointSearch& search, const Request& request, const Kept& empty,
                     const PointSearch::Finish<Kept>& finish);

}  // namespace crowfly
