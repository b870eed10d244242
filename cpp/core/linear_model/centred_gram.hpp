// SPDX-License-Identifier: BSD-3-Clause
// Gram matrix and cross products about the exact weighted means.
#pragma once

#include <vector>

#include "base/parallel.hpp"
#include "linalg/gram.hpp"
#include "linalg/matrix.hpp"
#include "linalg/pair_math.hpp"

namespace crowfly {

struct CentredGram {
  Matrix gram, cross;       ///< p x p and p x t
  Vector mean;              ///< of the p + t columns, about the design's shifts; zeros without an intercept
  double total_weight = 0;  ///< with an intercept
};

namespace detail {
[[nodiscard]] inline double rounded(double x) noexcept { return x; }
[[nodiscard]] inline double rounded(Pair x) noexcept { return x.high; }
}  // namespace detail

/// `sum` is that of a design with a column of ones between features and targets where there is an intercept. Centred in the precision of its entries.
template <class Gram>
[[nodiscard]] CentredGram centred_gram(const Gram& sum, Index n_features, Index n_targets, bool intercept) {
  using Value = decltype(sum.at(0, 0));
  const Index p = n_features;
  const auto column = [&](Index j) { return j < p ? j : j + (intercept ? 1 : 0); };
  CentredGram result{Matrix(p, p), Matrix(p, n_targets), Vector(as_size(p + n_targets), 0.0)};
  std::vector<Value> mean(as_size(p + n_targets), Value(0.0));
  Value total(0.0);
  if (intercept) {
    total = sum.at(p, p);
    result.total_weight = detail::rounded(total);
    for (Index j = 0; j < p + n_targets; ++j) {
      mean[as_size(j)] = sum.at(p, column(j)) / total;
      result.mean[as_size(j)] = detail::rounded(mean[as_size(j)]);
    }
  }
  const auto size = static_cast<double>(p + n_targets);
  parallel_for_work(p + n_targets, size * size, [&](Index j) {
    const Value moved = total * mean[as_size(j)];
    double* target = j < p ? result.gram.col(j) : result.cross.col(j - p);
    for (Index i = 0; i < p; ++i) target[i] = detail::rounded(sum.at(i, column(j)) - moved * mean[as_size(i)]);
  });
  return result;
}

}  // namespace crowfly
