// SPDX-License-Identifier: BSD-3-Clause
// Points without their repetitions. Equal rows have equal distances to everything: it is enough to search one of each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/matrix_view.hpp"
#include "base/radix_sort.hpp"
#include "neighbors/gathered_rows.hpp"

namespace crowfly {

class DistinctRows {
 public:
  /// Fewer than 2^32 rows. Rows are equal if all their numbers are.
  explicit DistinctRows(const MatrixView& points);

  /// Whether a sample of the points holds equal rows.
  [[nodiscard]] static bool likely(const MatrixView& points);

  /// True where less than half of the points are distinct; otherwise there are no rows.
  [[nodiscard]] bool pay() const noexcept { return rows().rows > 0; }
  /// One of each, in the order of their first occurrence.
  [[nodiscard]] const MatrixView& rows() const noexcept { return rows_.view(); }
  /// The points that are equal to a row, ascending.
  [[nodiscard]] std::span<const std::uint32_t> members(Index row) const noexcept {
    return std::span(members_).subspan(offsets_[as_size(row)], offsets_[as_size(row + 1)] - offsets_[as_size(row)]);
  }
  /// The row that is equal to row i of other rows of as many features, whose members are then all points equal to it. Nothing where there is none, or where
  /// too many rows have one hash.
  [[nodiscard]] std::optional<Index> find(const MatrixView& others, Index i) const;
  [[nodiscard]] Index bytes() const noexcept;

 private:
  GatheredRows rows_;
  std::vector<KeyedIndex> by_hash_;  ///< rows in the order of their hashes
  std::vector<std::uint32_t> offsets_, members_;
};

}  // namespace crowfly
