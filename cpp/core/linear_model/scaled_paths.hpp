// SPDX-License-Identifier: BSD-3-Clause
// Between the caller's units and those of the centred, scaled columns that paths are solved in.
#pragma once

#include <memory>
#include <vector>

#include "linear_model/correlation_source.hpp"
#include "linear_model/elastic_net.hpp"

namespace crowfly {

/// One path per source, that is per target of the design. `mean`: of the scaled columns about the design's shifts.
[[nodiscard]] ElasticNetPath scaled_paths(const std::vector<std::unique_ptr<CorrelationSource>>& sources,
                                          const Design& design, const Vector& mean, const ElasticNetSettings& settings);

/// The alphas of `settings`, or the grid that they ask for.
[[nodiscard]] Vector path_alphas(const std::vector<std::unique_ptr<CorrelationSource>>& sources, const Design& design,
                                 const ElasticNetSettings& settings);

}  // namespace crowfly
