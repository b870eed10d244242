// SPDX-License-Identifier: BSD-3-Clause
// Gram matrix and cross products about the exact weighted means.
#pragma once

#include "base/parallel.hpp"
#include "linalg/gram.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct CentredGram {
  Matrix gram, cross;       ///< p x p and p x t
  Vector mean;              ///< of the p + t columns, about the design's shifts; zeros without an intercept
  double total_weight = 0;  ///< with an intercept
};

/// `sum` is that of a design with a column of ones between features and targets where there is an intercept.
template <class Gram>
[[nodiscard]] CentredGram centred_gram(const Gram& sum, Index n_features, Index n_targets, bool intercept) {
  const Index p = n_features;
  const auto column = [&](Index j) { return j < p ? j : j + (intercept ? 1 : 0); };
  CentredGram result{Matrix(p, p), Matrix(p, n_targets), Vector(as_size(p + n_targets), 0.0)};
  if (intercept) {
    result.total_weight = sum.at(p, p);
    for (Index j = 0; j < p + n_targets; ++j) result.mean[as_size(j)] = sum.at(p, column(j)) / result.total_weight;
  }
  const auto size = static_cast<double>(p + n_targets);
  parallel_for_work(p + n_targets, size * size, [&](Index j) {
    const double moved = result.total_weight * result.mean[as_size(j)];
    double* target = j < p ? result.gram.col(j) : result.cross.col(j - p);
    for (Index i = 0; i < p; ++i) target[i] = sum.at(i, column(j)) - moved * result.mean[as_size(i)];
  });
  return result;
}

}  // namespace crowfly
