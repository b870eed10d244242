// SPDX-License-Identifier: BSD-3-Clause
// Which points may be neighbours of which queries.
#pragma once

#include <cstdint>

#include "base/matrix_view.hpp"

namespace crowfly {

/// Everything, or less. The arrays belong to the caller.
struct Admission {
  bool exclude_self = false;                   ///< query i is point i, and not its own neighbour
  const std::int64_t* query_groups = nullptr;  ///< points of a query's own group are no neighbours
  const std::int64_t* point_groups = nullptr;
  const bool* mask = nullptr;  ///< points that are no neighbours of any query are false

  [[nodiscard]] bool by_label() const noexcept { return query_groups != nullptr || mask != nullptr; }
  [[nodiscard]] bool everything() const noexcept { return !exclude_self && !by_label(); }
  [[nodiscard]] bool admits(Index query, Index point) const noexcept {
    if (exclude_self && query == point) return false;
    if (query_groups != nullptr && query_groups[query] == point_groups[point]) return false;
    return mask == nullptr || mask[point];
  }
};

}  // namespace crowfly
