// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/firth.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

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
    double last_moved = infinity;
    for (;; ++fit_.n_iterations) {
      Vector step = scoring_step();
      const double slope = dot(gradient_, step), moved = movement(step);
      const bool flat = -slope <= invisible * std::max(1.0, value_.loss);
      if (moved <= 4 * eps * (1 + movement(parameters_)) || (flat && moved > 0.9 * last_moved)) break;
      if (fit_.n_iterations >= problem_.max_iterations) return finish(LogisticStatus::iteration_limit);
      const double longer = extrapolation(step);
      for (double& part : step) part *= longer;
      if (!descend(step, longer * slope, flat)) return finish(LogisticStatus::no_descent);
      last_moved = flat && longer == 1 ? moved : infinity;
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

  /// Steps shrink by a constant factor, along one direction in the end, since leverages are held: their sum is the limit of a geometric series (Aitken). Taken every
  /// other time, so that the factor is that of two steps as they were.
  double extrapolation(const Vector& step) {
    constexpr double parallel = 0.98, least = 0.1, most = 0.99;
    const Vector last = std::exchange(last_step_, step);
    if (last.empty()) return 1;
    const double along = dot(step, last), own = dot(step, step), before = dot(last, last);
    if (!(along > 0) || along * along < parallel * own * before) return 1;
    const double factor = along / before;
    if (!(factor > least && factor < most)) return 1;
    last_step_.clear();
    return 1 / (1 - factor);
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
  Vector parameters_, gradient_, last_step_;
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
