// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/tall_qr.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/cancel.hpp"

namespace crowfly {
namespace {

/// Appends the rows of a block, times the roots of their weights, to `target` from row `first` on.
void append_rows(const RowBlock& block, const double* weights, Index cols, Matrix& target, Index first) {
  for (Index j = 0; j < cols; ++j) {
    double* column = target.col(j) + first;
    for (Index k = 0; k < block.rows(); ++k) {
      column[k] = weights == nullptr ? block.at(k, j) : std::sqrt(weights[k]) * block.at(k, j);
    }
  }
}

}  // namespace

std::vector<Index> order_by_weight(const double* weights, Index n) {
  constexpr double much = 1e4;
  if (weights == nullptr || n == 0) return {};
  const auto [least, most] = std::minmax_element(weights, weights + n);
  if (!(*most > much * *least)) return {};
  std::vector<Index> order(as_size(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [=](Index i, Index j) { return weights[i] > weights[j]; });
  return order;
}

Matrix reduced_rows(const Design& design, const double* weights) {
  const Index n = design.rows(), m = design.cols();
  const Index chunk = std::max<Index>(256, 4 * m);
  const std::vector<Index> order = order_by_weight(weights, n);
  const Index step = order.empty() ? 256 : 1;
  RowBlock block(std::min(chunk, step), m);
  Matrix reduced;
  for (Index begin = 0; begin < n; begin += chunk) {
    checkpoint();
    const Index count = std::min(chunk, n - begin), kept = reduced.rows();
    Matrix stacked(kept + count, m);
    for (Index j = 0; j < m; ++j) std::copy_n(reduced.col(j), kept, stacked.col(j));
    for (Index k = 0; k < count; k += step) {
      const Index row = order.empty() ? begin + k : order[as_size(begin + k)];
      block.load(design, row, std::min(step, count - k));
      append_rows(block, weights == nullptr ? nullptr : weights + row, m, stacked, kept + k);
    }
    reduced = n > chunk && stacked.rows() > m ? qr_triangle(std::move(stacked)) : std::move(stacked);
  }
  return reduced;
}

}  // namespace crowfly
