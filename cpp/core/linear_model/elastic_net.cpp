// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/elastic_net.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/correlation_source.hpp"
#include "linear_model/scaled_paths.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {

bool gram_pays(Index n, Index p, Index n_alphas) noexcept {
  constexpr Index always = 256, per_alpha = 40, least = 512, most = 6000;
  return p <= always || (n > p && p <= std::min(most, std::max(least, per_alpha * n_alphas)));
}

ElasticNetPath elastic_net_path(const ElasticNetProblem& problem, const ElasticNetSettings& settings) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  check(problem.targets.rows == problem.features.rows && settings.penalty_factor.size() == as_size(p));
  Design design(problem.features, false, problem.targets);
  const double total_weight =
      standardise(design, problem.weights, settings.intercept, largest_safe_scale(false)).total_weight;
  const Index n_alphas = settings.alphas.empty() ? settings.n_alphas : static_cast<Index>(settings.alphas.size());
  std::optional<CentredGram> gram;
  std::optional<PackedColumns> columns;
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  Vector mean(as_size(p + t), 0.0);
  if (gram_pays(problem.features.rows, p, n_alphas)) {
    gram.emplace(weighted_gram(design.with_ones(), problem.weights), p, t, settings.intercept, problem.features.rows);
    mean = gram->mean;
    for (Index k = 0; k < t; ++k) sources.push_back(gram_source(*gram, k));
  } else {
    columns.emplace(design, problem.weights, total_weight);
    for (Index k = 0; k < t; ++k) sources.push_back(column_source(*columns, k));
  }
  ElasticNetPath path = scaled_paths(sources, design, mean, settings);
  path.on_gram = gram.has_value();
  path.n_reads = 2;
  return path;
}

}  // namespace crowfly
