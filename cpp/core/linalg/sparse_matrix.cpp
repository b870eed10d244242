// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/sparse_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"

namespace crowfly {

SparseMatrix::SparseMatrix(Index rows, Index cols, Index n_entries)
    : rows_(rows),
      cols_(cols),
      starts_(AlignedBuffer<std::int64_t>::zeros(rows + 1)),
      columns_(n_entries),
      values_(n_entries) {}

SparseMatrix SparseMatrix::with_sizes(Index cols, const std::vector<Index>& sizes) {
  const auto rows = static_cast<Index>(sizes.size());
  SparseMatrix result(rows, cols, std::accumulate(sizes.begin(), sizes.end(), Index{0}));
  for (Index i = 0; i < rows; ++i) result.starts_[i + 1] = result.starts_[i] + sizes[static_cast<std::size_t>(i)];
  result.columns_.fill_zero();
  result.values_.fill_zero();
  return result;
}

namespace {

/// Parts in which rows are transposed side by side: one per thread, as long as their tables of places are no larger than the matrix.
Index transposed_parts(const SparseView& matrix) {
  if (!worth_threads(10.0 * static_cast<double>(matrix.n_entries()))) return 1;
  const Index most = matrix.n_entries() / std::max<Index>(1, matrix.cols);
  return std::clamp<Index>(get_num_threads(), 1, std::max<Index>(1, most));
}

}  // namespace

SparseMatrix SparseMatrix::transpose_of(const SparseView& matrix) {
  SparseMatrix result(matrix.cols, matrix.rows, matrix.n_entries());
  const Index parts = transposed_parts(matrix), cols = matrix.cols;
  // Entries of a part per column, then where its next one goes. Where that is does not depend on the number of parts.
  auto next = AlignedBuffer<std::int64_t>::zeros(parts * cols);
  const auto for_part = [&](auto per_row) {
    parallel_for(parts, [&](Index part) {
      constexpr Index rows_between_checkpoints = 4096;
      const Range range = part_of(matrix.rows, parts, part);
      for (Index i = range.begin; i < range.end; ++i) {
        if (i % rows_between_checkpoints == 0) checkpoint();
        per_row(i, matrix.row(i), next.data() + part * cols);
      }
    });
  };
  for_part([](Index, const SparseRow& row, std::int64_t* count) {
    for (const std::int32_t j : row.columns) ++count[j];
  });
  std::int64_t place = 0;
  for (Index j = 0; j < cols; ++j) {
    for (Index part = 0; part < parts; ++part) place += std::exchange(next[part * cols + j], place);
    result.starts_[j + 1] = place;
  }
  for_part([&](Index i, const SparseRow& row, std::int64_t* place_of) {
    for (std::size_t e = 0; e < row.columns.size(); ++e) {
      const auto at = static_cast<Index>(place_of[row.columns[e]]++);
      result.columns_[at] = static_cast<std::int32_t>(i);
      result.values_[at] = row.values[e];
    }
  });
  return result;
}

SparseMatrix SparseMatrix::rows_of(const SparseView& matrix, std::span<const Index> rows,
                                   std::span<const double> scale) {
  Index n_entries = 0;
  for (const Index i : rows) n_entries += static_cast<Index>(matrix.row(i).columns.size());
  SparseMatrix result(static_cast<Index>(rows.size()), matrix.cols, n_entries);
  Index at = 0;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const SparseRow row = matrix.row(rows[k]);
    for (std::size_t e = 0; e < row.columns.size(); ++e, ++at) {
      result.columns_[at] = row.columns[e];
      result.values_[at] = row.values[e] * scale[k];
    }
    result.starts_[static_cast<Index>(k) + 1] = at;
  }
  return result;
}

namespace {

/// Entries of a block, which two sums share, and of a block of blocks.
constexpr std::size_t dot_block = 64, dot_blocks = 32 * dot_block;

void add_block(const SparseRow& row, const double* dense, std::size_t begin, std::size_t end, DotWithSize& total) {
  double sum[2] = {}, size[2] = {};
  std::size_t e = begin;
  for (; e + 2 <= end; e += 2) {
    for (std::size_t lane = 0; lane < 2; ++lane) {
      const double term = row.values[e + lane] * dense[row.columns[e + lane]];
      sum[lane] += term;
      size[lane] += std::fabs(term);
    }
  }
  for (; e < end; ++e) {
    const double term = row.values[e] * dense[row.columns[e]];
    sum[0] += term;
    size[0] += std::fabs(term);
  }
  total.sum += sum[0] + sum[1];
  total.size += size[0] + size[1];
}

}  // namespace

DotWithSize blocked_dot(const SparseRow& row, const double* dense) noexcept {
  DotWithSize total;
  const std::size_t n = row.columns.size();
  for (std::size_t outer = 0; outer < n; outer += dot_blocks) {
    const std::size_t last = std::min(n, outer + dot_blocks);
    DotWithSize part;
    for (std::size_t begin = outer; begin < last; begin += dot_block)
      add_block(row, dense, begin, std::min(last, begin + dot_block), part);
    total.sum += part.sum;
    total.size += part.size;
  }
  return total;
}

double dot_chain(Index n_entries) noexcept {
  const auto n = static_cast<std::size_t>(n_entries);
  const std::size_t inner = std::min(n, dot_block / 2 + 2);
  const std::size_t blocks = std::min((n + dot_block - 1) / dot_block, dot_blocks / dot_block);
  return static_cast<double>(inner + blocks + (n + dot_blocks - 1) / dot_blocks);
}

void check_sparse(const SparseView& matrix, Index n_entries, const char* name) {
  const auto require = [name](bool condition, const char* what) {
    if (!condition) throw InvalidArgument(std::string(name) + ": " + what);
  };
  constexpr Index largest = std::numeric_limits<std::int32_t>::max();
  require(matrix.rows < largest && matrix.cols < largest, "fewer than 2^31 rows and columns expected");
  require(matrix.starts[0] == 0 && matrix.starts[matrix.rows] == n_entries,
          "row starts from 0 to the number of entries expected");
  for (Index i = 0; i < matrix.rows; ++i) {
    require(matrix.starts[i] <= matrix.starts[i + 1] && matrix.starts[i + 1] <= n_entries,
            "increasing row starts expected");
    std::int32_t last = -1;
    for (const std::int32_t j : matrix.row(i).columns) {
      require(j > last && j < matrix.cols, "columns in increasing order and within the matrix expected");
      last = j;
    }
  }
}

}  // namespace crowfly
