// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/centred_rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "linear_model/tall_qr.hpp"

namespace crowfly {
namespace {

/// The rows in the order of their largest entries, largest first.
Matrix sorted_by_size(const Matrix& rows) {
  Vector size(as_size(rows.rows()), 0.0);
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index i = 0; i < rows.rows(); ++i) size[as_size(i)] = std::max(size[as_size(i)], std::fabs(rows(i, j)));
  }
  std::vector<Index> order(size.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return size[as_size(a)] > size[as_size(b)]; });
  Matrix sorted(rows.rows(), rows.cols());
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index i = 0; i < rows.rows(); ++i) sorted(i, j) = rows(order[as_size(i)], j);
  }
  return sorted;
}

/// Reflects the rows so that of the column `ones` only the first entry is left, which is returned.
double reflect(Matrix& rows, Index ones) {
  const Index m = rows.rows();
  double* v = rows.col(ones);
  const Index pivot = std::max_element(v, v + m, [](double a, double b) { return std::fabs(a) < std::fabs(b); }) - v;
  for (Index j = 0; j < rows.cols(); ++j) std::swap(rows(0, j), rows(pivot, j));
  const double length = std::sqrt(std::inner_product(v, v + m, v, 0.0));
  const double left = v[0] > 0 ? -length : length;
  v[0] -= left;
  const double square = std::inner_product(v, v + m, v, 0.0);
  for (Index j = 0; j < rows.cols(); ++j) {
    if (j == ones) continue;
    double* column = rows.col(j);
    const double factor = 2 * std::inner_product(v, v + m, column, 0.0) / square;
    for (Index i = 0; i < m; ++i) column[i] -= factor * v[i];
  }
  return left;
}

}  // namespace

CentredRows centred_rows(const Design& design, const double* weights, bool intercept) {
  const Index n_columns = design.cols(), ones = design.features.cols;
  if (!intercept) {
    return {sorted_by_size(reduced_rows(design, weights)), Vector(as_size(n_columns), 0.0)};
  }
  Matrix rows = reduced_rows(design.with_ones(), weights);
  const double left = reflect(rows, ones);
  // A single row has gone into the means; what is left of it is a row of zeros.
  const Index kept = std::max<Index>(1, rows.rows() - 1);
  CentredRows result{Matrix(kept, n_columns), Vector(as_size(n_columns))};
  for (Index j = 0; j < n_columns; ++j) {
    const double* column = rows.col(j < ones ? j : j + 1);
    result.mean[as_size(j)] = column[0] / left;
    std::copy_n(column + 1, rows.rows() - 1, result.rows.col(j));
  }
  result.rows = sorted_by_size(result.rows);
  return result;
}

}  // namespace crowfly
