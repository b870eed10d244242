// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/row_system.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/products.hpp"

namespace crowfly {
namespace {

/// After cancellation low parts are not small beside the high ones, and products with them are rounded.
void normalise(PairVector& values) {
  for (Index i = 0; i < values.high.size(); ++i) values.set(i, Pair::sum(values.high[i], values.low[i]));
}

}  // namespace

RowSystem::RowSystem(const MatrixView& features, bool centre)
    : p_(features.cols), block_(features.rows, features.cols), length_(as_size(p_), 0.0), max_abs_(as_size(p_), 0.0) {
  Design design(features, false, {});
  std::fill(design.shift.begin(), design.shift.end(), 0.0);
  std::fill(design.scale.begin(), design.scale.end(), 1.0);
  const Index n = features.rows, width = block_.width();
  block_.load(design, 0, n);
  Matrix centred(n, p_);
  const double operations = 4.0 * static_cast<double>(n) * static_cast<double>(p_);
  parallel_for_work(block_.n_panels(), operations, [&](Index panel) {
    checkpoint();
    for (Index j = panel * width; j < std::min(p_, (panel + 1) * width); ++j) {
      const double* entries = block_.panel(panel) + j % width;
      double* column = centred.col(j);
      double sum = 0, largest = 0, square = 0;
      for (Index i = 0; i < n; ++i) {
        sum += entries[i * width];
        largest = std::max(largest, std::fabs(entries[i * width]));
      }
      const double mean = centre ? sum / static_cast<double>(n) : 0.0;
      for (Index i = 0; i < n; ++i) {
        column[i] = entries[i * width] - mean;
        square += column[i] * column[i];
      }
      length_[as_size(j)] = std::sqrt(square);
      max_abs_[as_size(j)] = largest;
    }
  });
  products_ = product_with_transpose(centred);
}

PairVector RowSystem::times(const PairVector& x) const {
  PairVector result(padded_rows());
  const Index width = block_.width();
  constexpr Index rows_per_task = 8 * kernels::row_padding;
  const Index tasks = ceil_div(padded_rows(), rows_per_task);
  parallel_for_work(tasks, 20.0 * static_cast<double>(padded_rows()) * static_cast<double>(p_), [&](Index task) {
    const Index begin = task * rows_per_task, count = std::min(rows_per_task, padded_rows() - begin);
    for (Index i = 0; i < block_.n_panels(); ++i) {
      kernels::active().panel_times_pair(block_.panel(i) + begin * width, x.high.data() + i * width,
                                         x.low.data() + i * width, count, result.high.data() + begin,
                                         result.low.data() + begin);
    }
  });
  normalise(result);
  return result;
}

PairVector RowSystem::transposed_times(const PairVector& v) const {
  PairVector result(padded_cols());
  const Index width = block_.width();
  parallel_for_work(
      block_.n_panels(), 20.0 * static_cast<double>(padded_rows()) * static_cast<double>(p_), [&](Index i) {
        kernels::active().panel_transposed_times_pair(block_.panel(i), v.high.data(), v.low.data(), padded_rows(),
                                                      result.high.data() + i * width, result.low.data() + i * width);
      });
  normalise(result);
  return result;
}

}  // namespace crowfly
