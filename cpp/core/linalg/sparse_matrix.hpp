// SPDX-License-Identifier: BSD-3-Clause
// Sparse matrices by compressed rows. The columns of a matrix are the rows of its transpose.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"

namespace crowfly {

/// One row's entries that are not left out: columns in increasing order, none twice.
struct SparseRow {
  std::span<const std::int32_t> columns;
  std::span<const double> values;
};

/// Non-owning. Row i has the entries [starts[i], starts[i + 1]).
struct SparseView {
  Index rows = 0;
  Index cols = 0;
  const std::int64_t* starts = nullptr;
  const std::int32_t* columns = nullptr;
  const double* values = nullptr;

  [[nodiscard]] Index n_entries() const noexcept { return static_cast<Index>(starts[rows] - starts[0]); }
  [[nodiscard]] SparseRow row(Index i) const noexcept {
    const auto begin = static_cast<Index>(starts[i]);
    const auto size = static_cast<std::size_t>(starts[i + 1] - starts[i]);
    return {{columns + begin, size}, {values + begin, size}};
  }
};

class SparseMatrix {
 public:
  [[nodiscard]] SparseView view() const noexcept {
    return {rows_, cols_, starts_.data(), columns_.data(), values_.data()};
  }

  /// Rows of so many entries each, all of them column zero and value zero, to be written.
  [[nodiscard]] static SparseMatrix with_sizes(Index cols, const std::vector<Index>& sizes);
  [[nodiscard]] std::span<std::int32_t> columns(Index i) noexcept { return {columns_.data() + starts_[i], size(i)}; }
  [[nodiscard]] std::span<double> values(Index i) noexcept { return {values_.data() + starts_[i], size(i)}; }

  /// The transpose of `matrix`, entries of each row in increasing order.
  [[nodiscard]] static SparseMatrix transpose_of(const SparseView& matrix);
  /// These rows, row k multiplied by scale[k].
  [[nodiscard]] static SparseMatrix rows_of(const SparseView& matrix, std::span<const Index> rows,
                                            std::span<const double> scale);

 private:
  SparseMatrix(Index rows, Index cols, Index n_entries);
  [[nodiscard]] std::size_t size(Index i) const noexcept {
    return static_cast<std::size_t>(starts_[i + 1] - starts_[i]);
  }

  Index rows_, cols_;
  AlignedBuffer<std::int64_t> starts_;
  AlignedBuffer<std::int32_t> columns_;
  AlignedBuffer<double> values_;
};

/// Throws InvalidArgument naming `name` unless starts and columns describe a matrix of `n_entries` entries as SparseView has it.
void check_sparse(const SparseView& matrix, Index n_entries, const char* name);

/// Sum of row entries times `dense`, added up in order.
[[nodiscard]] inline double dot(const SparseRow& row, const double* dense) noexcept {
  double sum = 0;
  for (std::size_t e = 0; e < row.columns.size(); ++e) sum += row.values[e] * dense[row.columns[e]];
  return sum;
}

/// The same in blocks, for long rows, and the sum of magnitudes beside it: wrong by less than eps/2 (dot_chain(entries) + 2) times that.
struct DotWithSize {
  double sum = 0, size = 0;
};
[[nodiscard]] DotWithSize blocked_dot(const SparseRow& row, const double* dense) noexcept;
/// The most additions behind a blocked_dot of so many entries.
[[nodiscard]] double dot_chain(Index n_entries) noexcept;

/// dense += factor * row.
inline void add(const SparseRow& row, double factor, double* dense) noexcept {
  for (std::size_t e = 0; e < row.columns.size(); ++e) dense[row.columns[e]] += factor * row.values[e];
}

}  // namespace crowfly
