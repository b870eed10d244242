// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression without negative coefficients on fewer rows than features, with the bound of an elastic net on what its objectives lack.
#pragma once

#include <optional>

#include "linear_model/correlation_source.hpp"
#include "linear_model/elastic_net.hpp"
#include "linear_model/scaled_paths.hpp"

namespace crowfly {

/// Columns are centred at their shifts where there is an intercept. Empty where `settings` ask for something else (an l1 penalty, signs, a feature that isn't
/// penalised, a grid of alphas), where there are no fewer rows than features, or where a gap is above 1e-12 of
/// an objective and not of rounding alone.
[[nodiscard]] std::optional<ElasticNetPath> wide_positive_ridge(const PackedColumns& columns,
                                                                const ColumnScales& scales,
                                                                const ElasticNetSettings& settings);

}  // namespace crowfly
