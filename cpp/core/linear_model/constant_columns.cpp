// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/constant_columns.hpp"

#include <algorithm>
#include <span>

#include "base/cancel.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_checkpoint = Index{1} << 16;

/// Drops the candidates that `other` says have another number in row i.
template <class Other>
std::vector<ConstantColumn> sifted(std::vector<ConstantColumn> candidates, Index rows, const Other& other) {
  for (Index i = 1; i < rows && !candidates.empty(); ++i) {
    if (i % rows_per_checkpoint == 0) checkpoint();
    std::erase_if(candidates, [&](const ConstantColumn& candidate) { return other(i, candidate); });
  }
  return candidates;
}

double entry(const SparseRow& row, Index column) {
  const auto found = std::lower_bound(row.columns.begin(), row.columns.end(), column);
  return found != row.columns.end() && *found == column ? row.values[as_size(found - row.columns.begin())] : 0.0;
}

/// Of those that are not zero alone: a column of zeros needs no shift.
std::vector<ConstantColumn> sparse_constants(const MatrixView& features) {
  const SparseView& matrix = *features.sparse;
  std::vector<ConstantColumn> candidates;
  const SparseRow first = matrix.row(features.first_row);
  for (std::size_t k = 0; k < first.columns.size(); ++k) {
    if (first.values[k] != 0) candidates.push_back({first.columns[k], first.values[k]});
  }
  return sifted(std::move(candidates), features.rows, [&](Index i, const ConstantColumn& candidate) {
    return entry(matrix.row(features.first_row + i), candidate.column) != candidate.value;
  });
}

}  // namespace

std::vector<ConstantColumn> constant_columns(const MatrixView& features) {
  if (features.rows == 0) return {};
  if (features.sparse != nullptr) return sparse_constants(features);
  std::vector<ConstantColumn> candidates;
  for (Index j = 0; j < features.cols; ++j) candidates.push_back({j, features.at(0, j)});
  return sifted(std::move(candidates), features.rows, [&](Index i, const ConstantColumn& candidate) {
    return features.at(i, candidate.column) != candidate.value;
  });
}

bool is_constant(const std::vector<ConstantColumn>& constants, Index j) noexcept {
  return std::any_of(constants.begin(), constants.end(), [=](const auto& constant) { return constant.column == j; });
}

void shift_to_constants(Design& design, const std::vector<ConstantColumn>& constants) {
  for (const ConstantColumn& constant : constants) design.shift[as_size(constant.column)] = constant.value;
}

}  // namespace crowfly
