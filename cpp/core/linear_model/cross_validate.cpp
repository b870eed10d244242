// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "linalg/gram.hpp"
#include "linear_model/elastic_net.hpp"
#include "linear_model/scaled_paths.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

/// Below this share of the terms that it is the sum of, a square error from the Gram matrix has lost too many digits, and is computed from the rows.
constexpr double smallest_share = 1e-6;

/// All folds under the same shifts and scales, and their Gram matrices.
class Folds {
 public:
  Folds(const std::vector<ElasticNetProblem>& folds, bool intercept)
      : problems_(folds), p_(folds.front().features.cols) {
    ColumnStatistics all;
    for (const ElasticNetProblem& fold : folds) {
      check(fold.features.cols == p_ && fold.targets.cols == 1);
      designs_.emplace_back(fold.features, false, fold.targets);
      const ColumnStatistics part = column_statistics(designs_.back(), fold.weights);
      if (!(part.total_weight > 0))
        throw InvalidArgument("sample_weight: a positive weight in every fold expected, fold " +
                              std::to_string(designs_.size() - 1) + " has none");
      add(all, part);
      chain_ = std::max(chain_, longest_gram_chain(fold.features.rows, p_ + 2));
    }
    for (std::size_t k = 0; k < folds.size(); ++k) {
      standardise(designs_[k], all, intercept, largest_safe_scale(false));
      designs_[k] = designs_[k].with_ones();
      grams_.push_back(weighted_gram(designs_[k], folds[k].weights));
    }
  }

  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(designs_.size()); }
  [[nodiscard]] Index n_features() const noexcept { return p_; }
  /// Shifts and scales, of features and target alone.
  [[nodiscard]] ColumnScales scales() const {
    ColumnScales scales{p_, {}, {}};
    for (Index j = 0; j <= p_; ++j) {
      scales.shift.push_back(designs_.front().shift[as_size(j < p_ ? j : j + 1)]);
      scales.scale.push_back(designs_.front().scale[as_size(j < p_ ? j : j + 1)]);
    }
    return scales;
  }
  /// Of all rows but those of fold `left_out`, which may be none of them.
  [[nodiscard]] NormalisedGram gram_without(Index left_out, bool centre) const {
    GramSum sum(p_ + 2);
    for (Index k = 0; k < size(); ++k) {
      if (k != left_out) sum.add(grams_[as_size(k)]);
    }
    return {sum, p_, 1, centre, chain_ + static_cast<double>(size())};
  }

  /// Weighted mean of (combination of the columns)^2 over fold `k`; `combination` has an entry for each column of the design with ones.
  [[nodiscard]] double mean_square(Index k, const Vector& combination) const {
    const GramSum& gram = grams_[as_size(k)];
    double sum = 0, reach = 0;
    for (Index i = 0; i < p_ + 2; ++i) {
      const double factor = combination[as_size(i)];
      if (factor == 0) continue;
      double product = 0;
      for (Index j = 0; j < p_ + 2; ++j) product += gram.at(i, j) * combination[as_size(j)];
      sum += factor * product;
      reach += std::fabs(factor) * std::sqrt(gram.at(i, i));
    }
    const double weight = gram.at(p_, p_);
    return sum > smallest_share * reach * reach ? sum / weight : mean_square_of_rows(k, combination) / weight;
  }

 private:
  static void add(ColumnStatistics& all, const ColumnStatistics& part) {
    all.total_weight += part.total_weight;
    all.sum.resize(part.sum.size(), 0.0);
    all.max_abs.resize(part.max_abs.size(), 0.0);
    for (std::size_t j = 0; j < part.sum.size(); ++j) {
      all.sum[j] += part.sum[j];
      all.max_abs[j] = std::max(all.max_abs[j], part.max_abs[j]);
    }
  }

  [[nodiscard]] double mean_square_of_rows(Index k, const Vector& combination) const {
    const Design& design = designs_[as_size(k)];
    const double* weights = problems_[as_size(k)].weights;
    const auto partition = RowPartition::for_vectors(design.rows(), design.cols());
    RowBlock block(partition.block_rows, design.cols());
    auto factors = AlignedBuffer<double>::zeros(block.padded_cols());
    std::copy(combination.begin(), combination.end(), factors.data());
    AlignedBuffer<double> values(round_up(partition.block_rows, kernels::row_padding));
    double sum = 0;
    for_each_block(partition, {0, design.rows()}, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      block.times_vector(factors.data(), values.data());
      for (Index i = 0; i < count; ++i) sum += (weights == nullptr ? 1.0 : weights[begin + i]) * values[i] * values[i];
    });
    return sum;
  }

  const std::vector<ElasticNetProblem>& problems_;
  Index p_;
  double chain_ = 0;  ///< additions behind an entry of a fold's Gram matrix
  std::vector<Design> designs_;
  std::vector<GramSum> grams_;
};

std::vector<std::unique_ptr<CorrelationSource>> one_source(const NormalisedGram& gram) {
  std::vector<std::unique_ptr<CorrelationSource>> sources;
  sources.push_back(gram_source(gram, 0));
  return sources;
}

/// Residuals in scaled units, x gamma + constant - y, as a combination of the columns of the design with ones.
Vector residual_combination(const ElasticNetPath& path, Index alpha, const ColumnScales& scales, const Vector& mean,
                            bool intercept) {
  const Index p = path.coef.rows();
  Vector combination(as_size(p + 2), 0.0);
  double constant = intercept ? mean[as_size(p)] : 0.0;
  for (Index j = 0; j < p; ++j) {
    const double gamma = path.coef(j, alpha) * scales.scale[as_size(p)] / scales.scale[as_size(j)];
    combination[as_size(j)] = gamma;
    if (intercept) constant -= gamma * mean[as_size(j)];
  }
  combination[as_size(p)] = constant;
  combination[as_size(p + 1)] = -1;
  return combination;
}

}  // namespace

CrossValidation cross_validate(const std::vector<ElasticNetProblem>& folds,
                               const std::vector<ElasticNetSettings>& settings) {
  check(folds.size() >= 2 && !settings.empty());
  const bool intercept = settings.front().intercept;
  const Folds data(folds, intercept);
  const ColumnScales scales = data.scales();
  std::vector<ElasticNetSettings> on_grid = settings;
  CrossValidation result;
  const NormalisedGram whole = data.gram_without(-1, intercept);
  for (ElasticNetSettings& setting : on_grid) {
    if (setting.alphas.empty()) {
      setting.alphas = path_alphas(one_source(whole), scales, setting);
    }
    result.alphas.push_back(setting.alphas);
    result.square_error.emplace_back(static_cast<Index>(setting.alphas.size()), data.size());
  }
  const double target_scale = scales.scale[as_size(data.n_features())];
  parallel_for(data.size(), [&](Index k) {
    const NormalisedGram gram = data.gram_without(k, intercept);
    for (std::size_t s = 0; s < on_grid.size(); ++s) {
      const ElasticNetPath path = scaled_paths(one_source(gram), scales, gram.mean, on_grid[s]);
      for (Index a = 0; a < static_cast<Index>(path.alphas.size()); ++a) {
        checkpoint();
        const Vector residual = residual_combination(path, a, scales, gram.mean, intercept);
        result.square_error[s](a, k) = data.mean_square(k, residual) / target_scale / target_scale;
      }
    }
  });
  return result;
}

}  // namespace crowfly
