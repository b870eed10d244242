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

/// Beside an intercept such a column says nothing, but its products may overflow, and bury those of others.
void clear_constant(double* entries, Index n, Index step) {
  for (Index i = 1; i < n; ++i) {
    if (entries[i * step] != entries[0]) return;
  }
  for (Index i = 0; i < n; ++i) entries[i * step] = 0;
}

}  // namespace

DenseRows::DenseRows(const MatrixView& features, bool centre)
    : RowSystem(features.cols), p_(features.cols), block_(features.rows, features.cols) {
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
      double* entries = block_.panel(panel) + j % width;
      if (centre) clear_constant(entries, n, width);
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

PairVector DenseRows::times(const PairVector& x) const {
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

PairVector DenseRows::transposed_times(const PairVector& v) const {
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

namespace {

/// Row i of the result from row i of the matrix, in order.
PairVector times_rows(const SparseView& matrix, const PairVector& x) {
  PairVector result(matrix.rows);
  constexpr Index rows_per_task = 64;
  parallel_for_work(ceil_div(matrix.rows, rows_per_task), 40.0 * static_cast<double>(matrix.n_entries()),
                    [&](Index task) {
                      for (Index i = task * rows_per_task; i < std::min(matrix.rows, (task + 1) * rows_per_task); ++i) {
                        const SparseRow row = matrix.row(i);
                        Pair sum;
                        for (std::size_t e = 0; e < row.columns.size(); ++e)
                          sum += x.at(row.columns[e]) * row.values[e];
                        result.set(i, sum);
                      }
                    });
  return result;
}

}  // namespace

SparseRows::SparseRows(const SparseView& features, bool centre)
    : RowSystem(features.cols), features_(features), columns_(SparseMatrix::transpose_of(features)) {
  measure_columns(centre);
  multiply_rows();
}

void SparseRows::measure_columns(bool centre) {
  const SparseView columns = columns_.view();
  const auto n = static_cast<double>(rows());
  for (Index j = 0; j < cols(); ++j) {
    const SparseRow column = columns.row(j);
    double sum = 0, largest = 0, square = 0;
    for (const double value : column.values) {
      sum += value;
      largest = std::max(largest, std::fabs(value));
    }
    const double mean = centre ? sum / n : 0.0;
    for (const double value : column.values) square += (value - mean) * (value - mean);
    square += (n - static_cast<double>(column.values.size())) * mean * mean;
    length_[as_size(j)] = std::sqrt(square);
    max_abs_[as_size(j)] = largest;
  }
}

/// Each column of the products by one task, entries added up in the order of the features.
void SparseRows::multiply_rows() {
  const SparseView columns = columns_.view();
  products_ = Matrix(rows(), rows());
  double operations = 0;
  for (Index j = 0; j < cols(); ++j) {
    const auto entries = static_cast<double>(columns.row(j).values.size());
    operations += 2 * entries * entries;
  }
  parallel_for_work(rows(), operations, [&](Index i) {
    checkpoint();
    const SparseRow row = features_.row(i);
    for (std::size_t e = 0; e < row.columns.size(); ++e) {
      add(columns.row(row.columns[e]), row.values[e], products_.col(i));
    }
  });
}

PairVector SparseRows::times(const PairVector& x) const { return times_rows(features_, x); }

PairVector SparseRows::transposed_times(const PairVector& v) const { return times_rows(columns_.view(), v); }

}  // namespace crowfly
