// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/sparse_columns.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "linalg/pair_math.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

/// A column is stored whole where more than half of the weight, and at least this share of the rows, has entries: the copy then is at most eight times as large.
constexpr Index whole_from = 8;

/// Rows of a compressed matrix handed to one task.
constexpr Index rows_per_task = 64;

void for_rows(Index n, Index n_entries, const std::function<void(Index)>& work) {
  parallel_for_ranges(n, rows_per_task, 8.0 * static_cast<double>(n + n_entries), [&](Range range) {
    checkpoint();
    for (Index j = range.begin; j < range.end; ++j) work(j);
  });
}

double largest(std::span<const double> values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::fabs(value));
  return result;
}

double power_for(double max_abs) {
  return max_abs > 0 ? std::min(std::ldexp(1.0, -std::ilogb(max_abs)), largest_safe_scale(false)) : 1.0;
}

double total_of(const double* weights, Index n) {
  Pair total;
  for (Index i = 0; i < n; ++i) total += Pair(weights == nullptr ? 1.0 : weights[i]);
  if (!(total.high > 0)) throw InvalidArgument("sample_weight: at least one weight must be positive, all are zero");
  return total.high;
}

Vector shares(const double* weights, Index n, double total) {
  Vector result(as_size(n));
  for (Index i = 0; i < n; ++i) result[as_size(i)] = (weights == nullptr ? 1.0 : weights[i]) / total;
  return result;
}

Pair sum_of(const Vector& values) {
  Pair sum;
  for (const double value : values) sum += Pair(value);
  return sum;
}

struct WeightedSum {
  Pair weight, sum;
};

WeightedSum weighted_sum(const SparseRow& column, const Vector& share) {
  WeightedSum result;
  for (std::size_t e = 0; e < column.columns.size(); ++e) {
    const double weight = share[static_cast<std::size_t>(column.columns[e])];
    result.weight += Pair(weight);
    result.sum += Pair::product(weight, column.values[e]);
  }
  return result;
}

/// Each entry times the scale of its column.
SparseMatrix scaled_columns(const SparseView& matrix, const Vector& scale) {
  std::vector<Index> sizes;
  sizes.reserve(as_size(matrix.rows));
  for (Index i = 0; i < matrix.rows; ++i) sizes.push_back(static_cast<Index>(matrix.row(i).columns.size()));
  SparseMatrix result = SparseMatrix::with_sizes(matrix.cols, sizes);
  for_rows(matrix.rows, matrix.n_entries(), [&](Index i) {
    const SparseRow row = matrix.row(i);
    std::copy(row.columns.begin(), row.columns.end(), result.columns(i).begin());
    const auto values = result.values(i);
    for (std::size_t e = 0; e < values.size(); ++e) {
      values[e] = row.values[e] * scale[static_cast<std::size_t>(row.columns[e])];
    }
  });
  return result;
}

}  // namespace

SparseColumns::SparseColumns(const SparseProblem& problem, bool centre)
    : centre_(centre),
      total_weight_(total_of(problem.weights, problem.features.rows)),
      share_(shares(problem.weights, problem.features.rows, total_weight_)),
      total_(sum_of(share_)),
      columns_(SparseMatrix::with_sizes(0, {})),
      rows_(SparseMatrix::with_sizes(0, {})) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  check(problem.targets.rows == n_rows());
  scales_ = {p, Vector(as_size(p + t), 0.0), Vector(as_size(p + t), 1.0)};
  mean_.assign(as_size(p + t), 0.0);
  square_.assign(as_size(p), 0.0);
  length_.assign(as_size(p), 0.0);
  store(SparseMatrix::transpose_of(problem.features));
  const bool none_shifted = std::all_of(scales_.shift.begin(), scales_.shift.end(), [](double c) { return c == 0; });
  const bool as_given = none_shifted && columns().n_entries() == problem.features.n_entries();
  rows_ = as_given ? scaled_columns(problem.features, scales_.scale) : SparseMatrix::transpose_of(columns());
  for (Index k = 0; k < t; ++k) store_target(problem.targets, k);
}

void SparseColumns::store(const SparseMatrix& columns) {
  const SparseView given = columns.view();
  const Index p = given.rows, n = given.cols;
  std::vector<Index> sizes(as_size(p));
  Vector offset(as_size(p), 0.0);
  for_rows(p, given.n_entries(), [&](Index j) {
    const SparseRow column = given.row(j);
    const double scale = scales_.scale[as_size(j)] = power_for(largest(column.values));
    const auto entries = static_cast<Index>(column.columns.size());
    sizes[as_size(j)] = entries;
    if (!centre_ || entries < ceil_div(n, whole_from)) return;
    const WeightedSum sum = weighted_sum(column, share_);
    if (!(sum.weight.high > 0.5 * total_.high)) return;
    sizes[as_size(j)] = n;
    offset[as_size(j)] = (scaled(sum.sum, scale) / total_).high;
  });
  columns_ = SparseMatrix::with_sizes(n, sizes);
  for_rows(p, given.n_entries(), [&](Index j) {
    const SparseRow column = given.row(j);
    const double scale = scales_.scale[as_size(j)], shift = offset[as_size(j)];
    const auto to_columns = columns_.columns(j);
    const auto to_values = columns_.values(j);
    scales_.shift[as_size(j)] = shift / scale;
    if (to_values.size() == column.values.size()) {
      std::copy(column.columns.begin(), column.columns.end(), to_columns.begin());
      for (std::size_t e = 0; e < to_values.size(); ++e) to_values[e] = column.values[e] * scale - shift;
    } else {
      std::iota(to_columns.begin(), to_columns.end(), 0);
      std::fill(to_values.begin(), to_values.end(), -shift);
      for (std::size_t e = 0; e < column.values.size(); ++e) {
        to_values[static_cast<std::size_t>(column.columns[e])] = column.values[e] * scale - shift;
      }
    }
    measure(j);
  });
  for (const Index size : sizes) longest_ = std::max(longest_, size);
}

void SparseColumns::measure(Index j) {
  const SparseRow column = columns().row(j);
  double mean = 0, centred = 0, stored = 0;
  if (centre_) {
    const WeightedSum sum = weighted_sum(column, share_);
    mean = mean_[as_size(j)] = (sum.sum / total_).high;
    centred = std::max(0.0, (total_ - sum.weight).high) * mean * mean;
  }
  for (std::size_t e = 0; e < column.columns.size(); ++e) {
    const double weight = share_[static_cast<std::size_t>(column.columns[e])], value = column.values[e];
    centred += weight * (value - mean) * (value - mean);
    stored += weight * value * value;
  }
  square_[as_size(j)] = centred;
  length_[as_size(j)] = std::sqrt(stored);
}

void SparseColumns::store_target(const MatrixView& targets, Index t) {
  Vector values(share_.size());
  for (Index i = 0; i < n_rows(); ++i) {
    values[as_size(i)] = targets.at(i, t);
    if (!std::isfinite(values[as_size(i)])) throw NotFinite();
  }
  const auto mean_of = [&] {
    Pair sum;
    for (std::size_t i = 0; i < values.size(); ++i) sum += Pair::product(share_[i], values[i]);
    return (sum / total_).high;
  };
  const std::size_t at = as_size(n_features() + t);
  const double scale = scales_.scale[at] = power_for(largest(values));
  for (double& value : values) value *= scale;
  if (centre_) {
    const double shift = mean_of();
    scales_.shift[at] = shift / scale;
    for (double& value : values) value -= shift;
    mean_[at] = mean_of();
  }
  targets_.push_back(std::move(values));
}

}  // namespace crowfly
