// SPDX-License-Identifier: BSD-3-Clause
// Gram matrix and cross products about the exact weighted means.
#pragma once

#include "linalg/gram.hpp"

namespace crowfly {

struct CentredGram {
  Matrix gram, cross;       ///< p x p and p x t
  Vector mean;              ///< of the p + t columns, about the design's shifts; zeros without an intercept
  double total_weight = 0;  ///< with an intercept
};

/// `sum` is that of a design with a column of ones between features and targets where there is an intercept.
[[nodiscard]] CentredGram centred_gram(const GramSum& sum, Index n_features, Index n_targets, bool intercept);

}  // namespace crowfly
