// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/tall_qr.hpp"

#include <algorithm>
#include <cmath>

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

Matrix reduced_rows(const Design& design, const double* weights) {
  const Index n = design.rows(), m = design.cols();
  const Index chunk = std::max<Index>(256, 4 * m);
  RowBlock block(std::min<Index>(chunk, 256), m);
  Matrix reduced;
  for (Index begin = 0; begin < n; begin += chunk) {
    checkpoint();
    const Index count = std::min(chunk, n - begin), kept = reduced.rows();
    Matrix stacked(kept + count, m);
    for (Index j = 0; j < m; ++j) std::copy_n(reduced.col(j), kept, stacked.col(j));
    for (Index k = 0; k < count; k += 256) {
      block.load(design, begin + k, std::min<Index>(256, count - k));
      append_rows(block, weights == nullptr ? nullptr : weights + begin + k, m, stacked, kept + k);
    }
    reduced = n > chunk && stacked.rows() > m ? qr_triangle(std::move(stacked)) : std::move(stacked);
  }
  return reduced;
}

}  // namespace crowfly
