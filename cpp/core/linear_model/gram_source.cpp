// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>

#include "linalg/products.hpp"
#include "linear_model/correlation_source.hpp"

namespace crowfly {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// Of squared differences between means and shifts; errors grow by as much.
constexpr double most_shift_variances = 1.0 / 64;

class GramSource final : public CorrelationSource {
 public:
  GramSource(const NormalisedGram& gram, Index target) : gram_(gram), target_(target) {}

  [[nodiscard]] Index n_features() const noexcept override { return gram_.gram.cols(); }
  [[nodiscard]] double square(Index j) const noexcept override { return gram_.gram(j, j); }
  [[nodiscard]] double length(Index j) const noexcept override { return gram_.length[as_size(j)]; }
  [[nodiscard]] double target_square() const noexcept override { return gram_.square_of_target[as_size(target_)]; }
  [[nodiscard]] double cross(Index j) const noexcept override { return gram_.cross(j, target_); }

  [[nodiscard]] Vector take(Index j) override {
    taken_.push_back(j);
    Vector products;
    products.reserve(taken_.size());
    for (const Index i : taken_) products.push_back(gram_.gram(i, j));
    return products;
  }

  [[nodiscard]] Correlations correlations(const Vector& coef) const override {
    const Index p = n_features();
    const double* cross = gram_.cross.col(target_);
    Correlations result;
    result.values.assign(cross, cross + p);
    double reach = std::sqrt(target_square());
    std::vector<Index> features;
    Vector values;
    for (std::size_t k = 0; k < taken_.size(); ++k) {
      if (coef[k] == 0) continue;
      reach += std::fabs(coef[k]) * length(taken_[k]);
      features.push_back(taken_[k]);
      values.push_back(coef[k]);
    }
    subtract_columns(gram_.gram, features, values, p, result.values.data());
    const auto terms = features.size();
    // r'r = y'y - coef'(c + X'r).
    double fitted = 0;
    for (std::size_t k = 0; k < taken_.size(); ++k) {
      fitted += coef[k] * (cross[taken_[k]] + result.values[as_size(taken_[k])]);
    }
    result.residual_square = std::max(0.0, target_square() - fitted);
    result.error = (gram_.chain + static_cast<double>(terms)) * unit_roundoff * reach;
    // Three products of vectors no longer than that.
    result.square_error = 3 * result.error * reach;
    return result;
  }

 private:
  const NormalisedGram& gram_;
  Index target_;
  std::vector<Index> taken_;
};

}  // namespace

double longest_gram_chain(Index n_rows, Index cols) {
  const auto partition = RowPartition::for_gram(n_rows, cols);
  const Index rows_per_slot = ceil_div(n_rows, partition.slots);
  return static_cast<double>(std::min(partition.block_rows, n_rows) + ceil_div(rows_per_slot, partition.block_rows) +
                             partition.slots + 8);
}

NormalisedGram::NormalisedGram(const GramSum& sum, Index p, Index t, bool centre, double longest_chain)
    : NormalisedGram(p, t) {
  const auto column = [&](Index j) { return j < p ? j : j + 1; };
  const double total = sum.at(p, p);
  total_weight = total;
  chain = (1 + most_shift_variances) * longest_chain;
  for (Index j = 0; centre && j < p + t; ++j) mean[as_size(j)] = sum.at(p, column(j)) / total;
  const auto entry = [&](Index i, Index j) {
    return sum.at(column(i), column(j)) / total - mean[as_size(i)] * mean[as_size(j)];
  };
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i <= j; ++i) gram(i, j) = gram(j, i) = entry(i, j);
    length[as_size(j)] = std::sqrt(sum.at(column(j), column(j)) / total);
  }
  for (Index k = 0; k < t; ++k) {
    for (Index i = 0; i < p; ++i) cross(i, k) = entry(i, p + k);
    square_of_target[as_size(k)] = std::max(0.0, entry(p + k, p + k));
  }
}

bool NormalisedGram::is_near_shifts() const noexcept {
  const Index p = gram.cols();
  for (std::size_t j = 0; j < mean.size(); ++j) {
    const Index feature = static_cast<Index>(j);
    const double square = feature < p ? gram(feature, feature) : square_of_target[j - as_size(p)];
    if (!(std::isfinite(square) && mean[j] * mean[j] <= most_shift_variances * square)) return false;
  }
  return true;
}

std::unique_ptr<CorrelationSource> gram_source(const NormalisedGram& gram, Index target) {
  return std::make_unique<GramSource>(gram, target);
}

}  // namespace crowfly
