// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/elastic_net.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/correlation_source.hpp"
#include "linear_model/sampled_frame.hpp"
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

namespace {

/// About means of a sample where those of all rows turn out to be near, which saves a read; else about these.
ElasticNetPath path_on_gram(Design design, const ElasticNetProblem& problem, const ElasticNetSettings& settings) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  int n_reads = 0;
  const auto sum_up = [&] {
    ++n_reads;
    return NormalisedGram(weighted_gram(design.with_ones(), problem.weights), p, t, settings.intercept,
                          longest_gram_chain(problem.features.rows, p + 1 + t));
  };
  constexpr double largest_scale = largest_safe_scale(false);
  std::optional<NormalisedGram> gram;
  const auto sample = standardise_by_sample(design, problem.weights, settings.intercept, largest_scale);
  // A column without any spread would be told from one whose spread is elsewhere by its scale alone.
  if (sample && all_vary(*sample)) gram.emplace(sum_up());
  if (!gram || !gram->is_near_shifts()) {
    standardise(design, problem.weights, settings.intercept, largest_scale);
    ++n_reads;
    gram.emplace(sum_up());
  }
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  for (Index k = 0; k < t; ++k) sources.push_back(gram_source(*gram, k));
  ElasticNetPath path = scaled_paths(sources, {p, design.shift, design.scale}, gram->mean, settings);
  path.on_gram = true;
  path.n_reads = n_reads;
  return path;
}

}  // namespace

ElasticNetPath elastic_net_path(const ElasticNetProblem& problem, const ElasticNetSettings& settings) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  check(problem.targets.rows == problem.features.rows && settings.penalty_factor.size() == as_size(p));
  Design design(problem.features, false, problem.targets);
  if (gram_pays(problem.features.rows, p, n_alphas_of(settings))) {
    return path_on_gram(std::move(design), problem, settings);
  }
  const double total_weight =
      standardise(design, problem.weights, settings.intercept, largest_safe_scale(false)).total_weight;
  const PackedColumns columns(design, problem.weights, total_weight);
  const ColumnScales scales{p, design.shift, design.scale};
  if (auto found = wide_positive_ridge(columns, scales, settings)) return std::move(*found);
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  for (Index k = 0; k < t; ++k) sources.push_back(column_source(columns, k));
  ElasticNetPath path = scaled_paths(sources, scales, Vector(as_size(p + t), 0.0), settings);
  path.on_gram = false;
  path.n_reads = 2;
  return path;
}

}  // namespace crowfly
