// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_path_dual.hpp"

#include <algorithm>
#include <limits>

#include "linalg/cholesky.hpp"
#include "linear_model/duality_gap.hpp"
#include "linear_model/truncated_newton.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

PathDual::PathDual(const LogisticProblem& problem, const LogisticFeatures& set)
    : problem_(problem), set_(set), p_(problem.cols()), vectors_(set.n_vectors()) {}

double PathDual::pull(Index j) const noexcept {
  double largest = 0;
  for (Index v = 0; v < vectors_; ++v) largest = std::max(largest, std::fabs(gradient(j, v)));
  return largest;
}

bool PathDual::exceeds(Index j, double limit, double margin) const noexcept {
  for (Index v = 0; v < vectors_; ++v) {
    if (std::fabs(gradient(j, v)) > limit + margin * error(j, v)) return true;
  }
  return false;
}

/// Newton's step of the parameters without any penalty, the others held: what makes the dual point feasible. Empty where their Hessian is singular.
std::optional<Vector> PathDual::free_step(const ProximalFit& inner, const Vector& slope,
                                          const std::vector<FeaturePenalty>& penalty,
                                          const LossWithProducts* products) const {
  const auto m = static_cast<Index>(penalty.size());
  std::vector<Index> free;
  for (Index i = 0; i < m * vectors_; ++i) {
    if (is_free(penalty[as_size(i % m)])) free.push_back(i);
  }
  Vector step(inner.parameters.size(), 0.0);
  if (free.empty()) return step;
  const auto count = static_cast<Index>(free.size());
  Matrix hessian = products != nullptr ? hessian_of(*products, free) : Matrix(count, count);
  Matrix solution(count, 1);
  for (Index b = 0; b < count; ++b) {
    const Index j = free[as_size(b)];
    solution(b, 0) = -slope[as_size(j)];
    for (Index a = b; a < count && products == nullptr; ++a) hessian(a, b) = inner.value.hessian(free[as_size(a)], j);
  }
  fix_gauge(hessian, count);
  const auto factor = Cholesky::factor(hessian);
  if (!factor) return std::nullopt;
  factor->solve(solution);
  for (Index a = 0; a < count; ++a) step[as_size(free[as_size(a)])] = solution(a, 0);
  return step;
}

/// Along "the same for all classes" the loss is flat and the gradient zero (logistic_bounds.hpp).
void PathDual::fix_gauge(Matrix& hessian, Index count) const {
  if (vectors_ == 1) return;
  // All vectors have the same free columns; those of the first come first.
  const Index each = count / vectors_;
  for (Index k = 0; k < each; ++k) {
    const double size = hessian(k, k);
    for (Index b = k; b < count; b += each) {
      for (Index a = b; a < count; a += each) hessian(a, b) += size;
    }
  }
}

void PathDual::correlate(const ProximalFit& inner, const std::vector<FeaturePenalty>& penalty_in_set,
                         const LossWithProducts* products) {
  constexpr int max_corrections = 3;
  correction_.assign(inner.parameters.size(), 0.0);
  Vector slope = inner.value.gradient;
  for (int i = 0; i < max_corrections; ++i) {
    const auto step = free_step(inner, slope, penalty_in_set, products);
    for (std::size_t k = 0; step && k < correction_.size(); ++k) correction_[k] += (*step)[k];
    point_ = set_.dual_point(inner.parameters, correction_);
    products_ = set_.transposed_products(point_);
    n_reads_ += set_.is_all() ? 2 : 1;
    point_.feasible = point_.feasible && step.has_value();
    slope = slopes_in_set();
    if (!point_.feasible || is_balanced(slope, penalty_in_set)) return;
  }
}

/// Correlations of the columns worked on, as their parameters are ordered.
Vector PathDual::slopes_in_set() const {
  Vector slopes;
  for (Index v = 0; v < vectors_; ++v) {
    for (const Index j : set_.features()) slopes.push_back(gradient(j, v));
    if (problem_.intercept) slopes.push_back(sum_of_residuals(v));
  }
  return slopes;
}

/// Whether those of free parameters are zero within half their error.
bool PathDual::is_balanced(const Vector& slopes, const std::vector<FeaturePenalty>& penalty) const {
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const std::size_t k = i % penalty.size();
    const bool is_ones = k == set_.features().size();
    const double wrong =
        is_ones ? products_.ones_error : error(set_.features()[k], static_cast<Index>(i / penalty.size()));
    if (is_free(penalty[k]) && std::fabs(slopes[i]) > 0.5 * wrong) return false;
  }
  return true;
}

/// The intercept's correlation, summed as those of features are.
double PathDual::sum_of_residuals(Index v) const {
  constexpr Index block = 256;
  double sum = 0;
  const Index n = problem_.rows();
  for (Index begin = 0; begin < n; begin += block) {
    double part = 0;
    for (Index i = begin; i < std::min(n, begin + block); ++i) part += point_.residual[v * n + i];
    sum += part;
  }
  return sum;
}

GapBound PathDual::bound(const ProximalFit& inner, const PathPoint& at) {
  std::vector<DualCoordinate> coordinates;
  bool bounded = false, feasible = point_.feasible;
  const auto add = [&](const DualCoordinate& c) {
    coordinates.push_back(c);
    bounded = bounded || (c.penalty.l1 > 0 && c.penalty.l2 == 0);
    feasible = feasible && !(is_free(c.penalty) && std::fabs(c.correlation) > c.error);
  };
  for (Index v = 0; v < vectors_; ++v) {
    for (Index j = 0; j < p_; ++j) {
      const FeaturePenalty penalty = at.penalty[as_size(j)];
      if (std::isfinite(penalty.l1)) add({at.coef(j, v), -gradient(j, v), error(j, v), penalty});
    }
    const double size = products_.ones_error + 0.5 * eps * static_cast<double>(problem_.rows() / 256) * point_.size;
    if (problem_.intercept) add({at.intercept[as_size(v)], -sum_of_residuals(v), size, {0, 0}});
  }
  if (!feasible) return {infinity, 0};
  const double scale = bounded ? feasible_scale(coordinates, false) : 1.0;
  const bool moved = scale < 1 || std::any_of(correction_.begin(), correction_.end(), [](double t) { return t != 0; });
  const double loss = moved ? set_.dual_loss(inner.parameters, correction_, scale) : 0.0;
  n_reads_ += moved && set_.is_all() ? 1 : 0;
  const double rounding = rounding_allowance(inner);
  return {penalty_gap(coordinates, scale, false) + loss + rounding, rounding};
}

/// As newton.cpp has it: rounding of the predictors' losses, and of the intercept in the caller's units.
double PathDual::rounding_allowance(const ProximalFit& inner) const {
  const PredictorError off = set_.predictor_error(inner.parameters);
  const double curvature = (vectors_ == 1 ? 0.25 : 0.5) * set_.total_weight();
  const double root = std::sqrt(curvature) * off.returned + eps * std::sqrt(2 * inner.objective);
  return 4 * eps * inner.objective + loss_rounding(off.computed, inner.objective, largest_weight(problem_), vectors_) +
         root * root;
}

double PathDual::subgradient_norm(const PathPoint& at) const {
  double squares = 0;
  for (Index v = 0; v < vectors_; ++v) {
    const double constant = problem_.intercept ? sum_of_residuals(v) : 0.0;
    squares += constant * constant;
    for (Index j = 0; j < p_; ++j) {
      const auto [l1, l2] = at.penalty[as_size(j)];
      if (std::isinf(l1)) continue;
      const double x = at.coef(j, v), g = gradient(j, v);
      const double slope = x == 0 ? std::max(0.0, std::fabs(g) - l1) : g + l2 * x + (x > 0 ? l1 : -l1);
      const double own = slope / set_.scale(j) + set_.shift(j) * constant;
      squares += own * own;
    }
  }
  return std::sqrt(squares);
}

}  // namespace crowfly
