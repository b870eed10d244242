// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/firth.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linear_model/jeffreys.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50;

/// Below this, relative to the loss, a decrease can't be seen in the objective, and whole steps are taken.
constexpr double invisible = 1e-11;

/// Steps that enter a mixture, and how far these may depend on each other.
constexpr std::size_t depth = 8;
constexpr double most_condition = 1e12;

/// Steps in a row that are not half the shortest before end a fit, if they are as short as that beside the parameters, or as rounding is.
constexpr int most_stale = 6;
constexpr double least_noise = 1e-12;

/// Above this the inverse has no digit that is safely right.
constexpr double max_condition = 1e14;

/// The data of a problem of two classes, centred and scaled.
struct ScaledProblem {
  LogisticData data;
  Vector reach;  ///< bound on each column's magnitudes

  explicit ScaledProblem(const LogisticProblem& problem)
      : data{Design(problem.features, false, {}), problem.classes, problem.weights, 2} {
    const ColumnStatistics statistics =
        standardise(data.design, problem.weights, problem.intercept, largest_safe_scale(true));
    for (std::size_t j = 0; j < statistics.max_abs.size(); ++j)
      reach.push_back((statistics.max_abs[j] + std::fabs(data.design.shift[j])) * data.design.scale[j]);
    if (!problem.intercept) return;
    data.design = data.design.with_ones();
    reach.push_back(1);
  }
};

std::optional<Cholesky> factor_of(const Matrix& information) {
  auto factor = Cholesky::factor(information);
  if (factor && !(factor->condition() < max_condition)) factor.reset();
  return factor;
}

/// The inverse of an upper triangle.
Matrix inverse_of(const Matrix& r) {
  const Index n = r.rows();
  Matrix inverse(n, n);
  for (Index j = 0; j < n; ++j) {
    inverse(j, j) = 1 / r(j, j);
    for (Index i = j - 1; i >= 0; --i) {
      double sum = 0;
      for (Index k = i + 1; k <= j; ++k) sum += r(i, k) * inverse(k, j);
      inverse(i, j) = -sum / r(i, i);
    }
  }
  return inverse;
}

class Firth {
 public:
  explicit Firth(const LogisticProblem& problem) : problem_(problem), scaled_(problem), data_(scaled_.data) {
    parameters_.assign(as_size(data_.size()), 0.0);
    if (problem.intercept) parameters_.back() = logits_of_shares(data_)[0];
    fit_.n_reads = 1;
    fit_.gap = infinity;
  }

  LogisticFit run() {
    if (!evaluate())
      throw InvalidArgument("X: columns that don't depend on each other expected with Jeffreys' prior; leave some out");
    double shortest = infinity;
    for (int stale = 0;; ++fit_.n_iterations) {
      const Vector plain = scoring_step();
      const double moved = movement(plain), size = 1 + movement(parameters_);
      const bool flat = -dot(gradient_, plain) <= invisible * std::max(1.0, value_.loss);
      // Rounding of the score, through the inverse of the information, is what steps end with.
      const double noise = std::max(least_noise, 16 * eps * factor_->condition()) * size;
      stale = flat && moved > 0.5 * shortest ? stale + 1 : 0;
      shortest = std::min(shortest, moved);
      if (moved <= 4 * eps * size || (stale >= most_stale && moved <= noise)) break;
      if (fit_.n_iterations >= problem_.max_iterations) return finish(LogisticStatus::iteration_limit);
      const Vector step = mixed(plain);
      if (!descend(step, dot(gradient_, step), flat)) return finish(LogisticStatus::no_descent);
    }
    return finish(LogisticStatus::converged);
  }

 private:
  /// False where the information matrix is singular to working precision.
  bool evaluate() {
    value_ = evaluate_loss(data_, parameters_, HessianPart::full);
    ++fit_.n_reads;
    factor_ = factor_of(value_.hessian);
    if (!factor_) return false;
    triangle_ = factor_->triangle();
    objective_ = value_.loss;
    for (Index j = 0; j < triangle_.rows(); ++j) objective_ -= std::log(triangle_(j, j));
    return std::isfinite(objective_);
  }

  /// Newton's step with the leverages held: the information of the data with h_i more observations in every row, half of each class (Firth 1993, section 5).
  /// Without these the step is too long by a factor of up to two.
  Vector scoring_step() {
    const JeffreysTerms prior = jeffreys_terms(data_, parameters_, inverse_of(triangle_));
    ++fit_.n_reads;
    const Index m = data_.size();
    Matrix step(m, 1), curvature(m, m);
    gradient_ = value_.gradient;
    for (Index j = 0; j < m; ++j) {
      gradient_[as_size(j)] -= prior.gradient[as_size(j)];
      step(j, 0) = -gradient_[as_size(j)];
      for (Index i = j; i < m; ++i) curvature(i, j) = value_.hessian(i, j) + prior.curvature(i, j);
    }
    const auto factor = Cholesky::factor(curvature);
    (factor ? *factor : *factor_).solve(step);
    return {step.data(), step.data() + m};
  }

  /// Steps shrink by a factor of 0.6 to 0.99, since leverages are held. The combination of the last ones that would have left the shortest step, in units of predictors, goes on
  /// from there (D. G. Anderson 1965; H. Walker and P. Ni 2011, SIAM Journal on Numerical Analysis 49).
  Vector mixed(const Vector& step) {
    if (!last_step_.empty()) {
      moves_.push_back(difference(parameters_, last_parameters_));
      changes_.push_back(difference(step, last_step_));
      if (moves_.size() > depth) {
        moves_.erase(moves_.begin());
        changes_.erase(changes_.begin());
      }
    }
    last_parameters_ = parameters_;
    last_step_ = step;
    const auto k = static_cast<Index>(moves_.size());
    if (k == 0) return step;
    Matrix products(k, k), share(k, 1);
    for (Index i = 0; i < k; ++i) {
      for (Index j = 0; j <= i; ++j)
        products(i, j) = products(j, i) = weighted_dot(changes_[as_size(i)], changes_[as_size(j)]);
      share(i, 0) = weighted_dot(changes_[as_size(i)], step);
    }
    const auto factor = Cholesky::factor(products);
    if (factor && factor->condition() < most_condition) {
      factor->solve(share);
      Vector result = step;
      for (Index i = 0; i < k; ++i) {
        for (std::size_t j = 0; j < step.size(); ++j) {
          result[j] -= share(i, 0) * (moves_[as_size(i)][j] + changes_[as_size(i)][j]);
        }
      }
      if (dot(gradient_, result) < 0) return result;
    }
    moves_.clear();
    changes_.clear();
    return step;
  }

  static Vector difference(const Vector& a, const Vector& b) {
    Vector result(a);
    for (std::size_t i = 0; i < a.size(); ++i) result[i] -= b[i];
    return result;
  }

  [[nodiscard]] double weighted_dot(const Vector& a, const Vector& b) const {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += scaled_.reach[j] * scaled_.reach[j] * a[j] * b[j];
    return sum;
  }

  static double dot(const Vector& a, const Vector& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
  }

  /// Bound on the predictors of a vector of parameters.
  [[nodiscard]] double movement(const Vector& step) const {
    double sum = 0;
    for (std::size_t j = 0; j < step.size(); ++j) sum += std::fabs(step[j]) * scaled_.reach[j];
    return sum;
  }

  /// A step that leaves the information singular is too long, too.
  bool descend(const Vector& step, double slope, bool flat) {
    const Vector start = parameters_;
    const double before = objective_;
    double length = 1;
    for (int i = 0; i < max_halvings; ++i, length /= 2) {
      for (std::size_t j = 0; j < start.size(); ++j) parameters_[j] = start[j] + length * step[j];
      if (evaluate() && (flat || objective_ <= before + sufficient_decrease * length * slope)) return true;
    }
    parameters_ = start;
    (void)evaluate();
    return false;
  }

  LogisticFit finish(LogisticStatus status) {
    fit_.status = status;
    const Design& design = data_.design;
    const Index p = problem_.features.cols;
    const double constant = problem_.intercept ? gradient_.back() : 0.0;
    double intercept = problem_.intercept ? parameters_.back() : 0.0, squares = constant * constant;
    fit_.coef = Matrix(p, 1);
    fit_.objective = objective_;
    for (Index j = 0; j < p; ++j) {
      const double shift = design.shift[as_size(j)], scale = design.scale[as_size(j)];
      const double coef = parameters_[as_size(j)] * scale;
      fit_.coef(j, 0) = coef;
      intercept -= coef * shift;
      // The determinant in the caller's units.
      fit_.objective += std::log(scale);
      const double slope = gradient_[as_size(j)] / scale + shift * constant;
      squares += slope * slope;
    }
    fit_.intercept = {problem_.intercept ? intercept : 0.0};
    fit_.gradient_norm = std::sqrt(squares);
    return std::move(fit_);
  }

  const LogisticProblem& problem_;
  ScaledProblem scaled_;
  const LogisticData& data_;
  Vector parameters_, gradient_, last_parameters_, last_step_;
  std::vector<Vector> moves_, changes_;  ///< between the last iterations: of parameters, and of scoring steps
  LossValue value_;
  std::optional<Cholesky> factor_;
  Matrix triangle_;
  double objective_ = 0;
  LogisticFit fit_;
};

}  // namespace

LogisticFit firth_logistic(const LogisticProblem& problem) {
  check(problem.n_classes == 2);
  return Firth(problem).run();
}

LogisticInformation logistic_information(const LogisticProblem& problem, const double* coef, double intercept) {
  check(problem.n_classes == 2);
  const ScaledProblem scaled(problem);
  const Design& design = scaled.data.design;
  const Index p = problem.features.cols, first = problem.intercept ? 1 : 0, k = p + first;
  Vector parameters(as_size(k), 0.0);
  double constant = intercept;
  for (Index j = 0; j < p; ++j) {
    parameters[as_size(j)] = coef[j] / design.scale[as_size(j)];
    constant += coef[j] * design.shift[as_size(j)];
  }
  if (problem.intercept) parameters.back() = constant;
  const LossValue value = evaluate_loss(scaled.data, parameters, HessianPart::full);
  LogisticInformation result;
  result.loss = value.loss;
  const auto factor = factor_of(value.hessian);
  result.condition = factor ? factor->condition() : std::numeric_limits<double>::infinity();
  if (!factor) return result;
  // Rows of the map from scaled parameters to the caller's, times the inverse triangle: variances become sums of squares.
  const Matrix root = inverse_of(factor->triangle());
  Matrix mapped(k, k);
  for (Index c = 0; c < k; ++c) {
    double own = problem.intercept ? root(p, c) : 0.0;
    for (Index j = 0; j < p; ++j) {
      mapped(j + first, c) = root(j, c) * design.scale[as_size(j)];
      own -= mapped(j + first, c) * design.shift[as_size(j)];
    }
    if (problem.intercept) mapped(0, c) = own;
  }
  result.covariance = Matrix(k, k);
  for (Index a = 0; a < k; ++a) {
    for (Index b = 0; b <= a; ++b) {
      double sum = 0;
      for (Index c = 0; c < k; ++c) sum += mapped(a, c) * mapped(b, c);
      result.covariance(a, b) = result.covariance(b, a) = sum;
    }
  }
  return result;
}

}  // namespace crowfly
