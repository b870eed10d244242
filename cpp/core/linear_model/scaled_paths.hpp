// SPDX-License-Identifier: BSD-3-Clause
// Between the caller's units and those of the centred, scaled columns that paths are solved in.
#pragma once

#include <memory>
#include <vector>

#include "linear_model/correlation_source.hpp"
#include "linear_model/elastic_net.hpp"

namespace crowfly {

/// Features, then targets enter as (x - shift) * scale.
struct ColumnScales {
  Index n_features = 0;
  Vector shift, scale;
};

/// One path per source, that is per target. `mean`: of the scaled columns about their shifts.
[[nodiscard]] ElasticNetPath scaled_paths(const std::vector<std::unique_ptr<CorrelationSource>>& sources,
                                          const ColumnScales& scales, const Vector& mean,
                                          const ElasticNetSettings& settings);

/// The alphas of `settings`, or the grid that they ask for.
[[nodiscard]] Vector path_alphas(const std::vector<std::unique_ptr<CorrelationSource>>& sources,
                                 const ColumnScales& scales, const ElasticNetSettings& settings);

}  // namespace crowfly
