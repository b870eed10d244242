// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/elastic_net.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/correlation_source.hpp"
#include "linear_model/scaled_paths.hpp"
#include "linear_model/sparse_columns.hpp"
#include "linear_model/standardise.hpp"
#include "linear_model/wide_positive_ridge.hpp"

namespace crowfly {

bool gram_pays(Index n, Index p, Index n_alphas) noexcept {
  constexpr Index always = 256, per_alpha = 40, least = 512, most = 6000;
  return p <= always || (n > p && p <= std::min(most, std::max(least, per_alpha * n_alphas)));
}

namespace {

Index n_alphas_of(const ElasticNetSettings& settings) {
  return settings.alphas.empty() ? settings.n_alphas : static_cast<Index>(settings.alphas.size());
}

/// The same for sparse columns: the Gram matrix is dense, and each correlation reads either it or the entries.
bool sparse_gram_pays(const SparseColumns& columns, Index n_alphas) {
  constexpr Index always = 256;
  constexpr double products_per_entry = 4, gram_entries_per_entry = 8;
  const Index p = columns.n_features();
  const auto entries = static_cast<double>(columns.columns().n_entries());
  if (p <= always) return true;
  return gram_pays(columns.n_rows(), p, n_alphas) &&
         static_cast<double>(p) * static_cast<double>(p) <= gram_entries_per_entry * entries &&
         sparse_gram_work(columns) <= products_per_entry * static_cast<double>(n_alphas) * entries;
}

}  // namespace

ElasticNetPath elastic_net_path(const SparseProblem& problem, const ElasticNetSettings& settings) {
  check(settings.penalty_factor.size() == as_size(problem.features.cols));
  const SparseColumns columns(problem, settings.intercept);
  std::optional<NormalisedGram> gram;
  if (sparse_gram_pays(columns, n_alphas_of(settings))) gram.emplace(sparse_gram(columns));
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  for (Index k = 0; k < problem.targets.cols; ++k) {
    sources.push_back(gram ? gram_source(*gram, k) : sparse_source(columns, k));
  }
  ElasticNetPath path = scaled_paths(sources, columns.scales(), columns.mean(), settings);
  path.on_gram = gram.has_value();
  path.n_reads = 1;
  return path;
}

ElasticNetPath elastic_net_path(const ElasticNetProblem& problem, const ElasticNetSettings& settings) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  check(problem.targets.rows == problem.features.rows && settings.penalty_factor.size() == as_size(p));
  Design design(problem.features, false, problem.targets);
  const double total_weight =
      standardise(design, problem.weights, settings.intercept, largest_safe_scale(false)).total_weight;
  std::optional<NormalisedGram> gram;
  std::optional<PackedColumns> columns;
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  Vector mean(as_size(p + t), 0.0);
  if (gram_pays(problem.features.rows, p, n_alphas_of(settings))) {
    gram.emplace(weighted_gram(design.with_ones(), problem.weights), p, t, settings.intercept, problem.features.rows);
    mean = gram->mean;
    for (Index k = 0; k < t; ++k) sources.push_back(gram_source(*gram, k));
  } else {
    columns.emplace(design, problem.weights, total_weight);
    if (auto found = wide_positive_ridge(*columns, {p, design.shift, design.scale}, settings)) return std::move(*found);
    for (Index k = 0; k < t; ++k) sources.push_back(column_source(*columns, k));
  }
  ElasticNetPath path = scaled_paths(sources, {p, design.shift, design.scale}, mean, settings);
  path.on_gram = gram.has_value();
  path.n_reads = 2;
  return path;
}

}  // namespace crowfly
