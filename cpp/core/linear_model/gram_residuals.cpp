// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/gram_residuals.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "linalg/pair_math.hpp"

namespace crowfly {
namespace {

/// Of sums of pairs, per term and relative to the sum of the magnitudes.
constexpr double rounding = 0x1p-103;

/// One target: z = (-coefficients, 1), so that residuals are Z z for the columns Z of target and features, and gradients Z'Z z.
class Target {
 public:
  Target(const GridGram& gram, const PairCoefficients& coefficients, bool intercept, Index t)
      : gram_(gram), n_left_(coefficients.n_features + (intercept ? 1 : 0)), column_(n_left_ + t) {
    for (Index j = 0; j < coefficients.n_features; ++j) z_.push_back(-coefficients(j, t));
    if (intercept) z_.push_back(-coefficients.constant[as_size(t)]);
    for (Index j = 0; j < n_left_; ++j) reach_ += gram.reach(j) * std::fabs(z_[as_size(j)].high);
    reach_ += gram.reach(column_);
  }

  struct Product {
    Pair value;
    double error;
  };

  /// Residuals times column j.
  [[nodiscard]] Product gradient(Index j) const {
    Pair sum = gram_.at(j, column_);
    double magnitude = std::fabs(sum.high);
    for (Index k = 0; k < n_left_; ++k) {
      const Pair term = gram_.at(j, k) * z_[as_size(k)];
      sum += term;
      magnitude += std::fabs(term.high);
    }
    return {sum, gram_.reach(j) * reach_ + rounding * static_cast<double>(n_left_ + 3) * magnitude};
  }

  /// Residuals times themselves, from gradients of all columns.
  [[nodiscard]] Product squares(const std::vector<Product>& gradients) const {
    const Product own = gradient(column_);
    Pair sum = own.value;
    double error = own.error, magnitude = std::fabs(sum.high);
    for (Index j = 0; j < n_left_; ++j) {
      const Pair z = z_[as_size(j)], term = gradients[as_size(j)].value * z;
      sum += term;
      error += gradients[as_size(j)].error * std::fabs(z.high);
      magnitude += std::fabs(term.high);
    }
    return {sum, error + rounding * static_cast<double>(n_left_ + 3) * magnitude};
  }

  [[nodiscard]] std::vector<Product> gradients() const {
    std::vector<Product> found;
    for (Index j = 0; j < n_left_; ++j) found.push_back(gradient(j));
    return found;
  }

 private:
  const GridGram& gram_;
  Index n_left_, column_;
  std::vector<Pair> z_;
  double reach_ = 0;
};

}  // namespace

ExactResiduals gram_residuals(const GridGram& gram, const PairCoefficients& coefficients, bool intercept) {
  const Index p = coefficients.n_features, n_targets = coefficients.n_targets;
  check(gram.cols() == p + (intercept ? 1 : 0) + n_targets);
  ExactResiduals result(p, n_targets);
  const double operations = 30.0 * static_cast<double>(n_targets) * static_cast<double>(p * p);
  parallel_for_work(n_targets, operations, [&](Index t) {
    const Target target(gram, coefficients, intercept, t);
    const auto gradients = target.gradients();
    for (Index j = 0; j < p; ++j) result.gradient(j, t) = gradients[as_size(j)].value;
    if (intercept) result.gradient.constant[as_size(t)] = gradients[as_size(p)].value;
    for (const auto& gradient : gradients) {
      result.gradient_error[as_size(t)] = std::max(result.gradient_error[as_size(t)], gradient.error);
    }
    const auto squares = target.squares(gradients);
    result.squares[as_size(t)] = squares.value.high;
    result.squares_error[as_size(t)] = squares.error;
  });
  return result;
}

}  // namespace crowfly
