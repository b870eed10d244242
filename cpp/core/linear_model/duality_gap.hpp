// SPDX-License-Identifier: BSD-3-Clause
// Upper bound on objective - minimum of a lasso or elastic net, rounding included. docs/design/lasso.md has the formula.
#pragma once

#include "linear_model/correlation_source.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

struct Certificate {
  double objective = 0;
  double gap = 0;  ///< infinite where nothing could be certified
};

/// All vectors have one entry per feature; those of infinite l1 are left out. `square` is x_j'x_j.
[[nodiscard]] Certificate certify(const Correlations& correlations, const Vector& square, const Vector& coef,
                                  const std::vector<FeaturePenalty>& penalty, bool positive);

}  // namespace crowfly
