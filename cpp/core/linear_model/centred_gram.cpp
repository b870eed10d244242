// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/centred_gram.hpp"

namespace crowfly {

CentredGram centred_gram(const GramSum& sum, Index n_features, Index n_targets, bool intercept) {
  const Index p = n_features;
  const auto column = [&](Index j) { return j < p ? j : j + (intercept ? 1 : 0); };
  CentredGram result{Matrix(p, p), Matrix(p, n_targets), Vector(as_size(p + n_targets), 0.0)};
  if (intercept) {
    result.total_weight = sum.at(p, p);
    for (Index j = 0; j < p + n_targets; ++j) result.mean[as_size(j)] = sum.at(p, column(j)) / result.total_weight;
  }
  const auto centred = [&](Index i, Index j) {
    return sum.at(column(i), column(j)) - result.total_weight * result.mean[as_size(i)] * result.mean[as_size(j)];
  };
  for (Index i = 0; i < p; ++i) {
    for (Index j = 0; j < p; ++j) result.gram(i, j) = centred(i, j);
    for (Index t = 0; t < n_targets; ++t) result.cross(i, t) = centred(i, p + t);
  }
  return result;
}

}  // namespace crowfly
