// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/firth.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linear_model/firth_objective.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50;

/// Relative to the loss.
constexpr double invisible = 1e-11;

/// Steps in a row that are not half the shortest before end a fit, if they are as short as that beside the parameters, or as rounding is. Of Newton's, which shrink much faster, the first.
constexpr int most_stale = 3, most_stale_newton = 1;
constexpr double least_noise = 1e-12;

/// Held leverages do while steps shrink by this factor.
constexpr double enough_contraction = 0.3;
constexpr int most_products = 200;

class Firth {
 public:
  explicit Firth(const LogisticProblem& problem)
      : problem_(problem), objective_(problem), parameters_(objective_.start()) {
    fit_.gap = infinity;
  }

  LogisticFit run() {
    if (!objective_.evaluate(parameters_))
      throw InvalidArgument("X: columns that don't depend on each other expected with Jeffreys' prior; leave some out");
    double shortest = infinity, previous = infinity;
    for (int stale = 0;; ++fit_.n_iterations) {
      objective_.differentiate();
      downhill_ = objective_.gradient();
      for (double& value : downhill_) value = -value;
      const Vector plain = objective_.precondition(downhill_);
      const double moved = objective_.movement(plain), size = 1 + objective_.movement(parameters_);
      const double decrement = dot(downhill_, plain);
      const bool flat = decrement <= unresolved();
      // Rounding of the score, through the inverse of the information, is what steps end with.
      const double noise = std::max(least_noise, 16 * eps * objective_.condition()) * size;
      stale = flat && moved > 0.5 * shortest ? stale + 1 : 0;
      shortest = std::min(shortest, moved);
      slow_ = slow_ || moved > enough_contraction * previous;
      previous = moved;
      const bool stuck = stale >= (slow_ ? most_stale_newton : most_stale);
      if (moved <= 4 * eps * size || (stuck && moved <= noise)) return finish(LogisticStatus::converged);
      if (fit_.n_iterations >= problem_.max_iterations) return finish(LogisticStatus::iteration_limit);
      const bool done = (slow_ && descend(newton_step(decrement), flat)) || descend(plain, flat);
      if (!done) return finish(LogisticStatus::no_descent);
    }
  }

 private:
  /// What rounding may do to the objective: of losses, and, through the inverse of the information, of the determinant. A decrease below this can't be seen, and whole steps are taken.
  [[nodiscard]] double unresolved() const {
    return invisible * std::max(1.0, objective_.loss()) + eps * objective_.condition();
  }

  /// With the true Hessian, by products with it, to an accuracy that follows the gradient down. Where the objective isn't convex, as far as it is.
  Vector newton_step(double decrement) {
    const double reduction = std::clamp(std::sqrt(std::sqrt(std::max(0.0, decrement))), 1e-3, 0.3);
    return conjugate_gradient([this](const Vector& v) { return objective_.hessian_times(v); },
                              [this](const Vector& v) { return objective_.precondition(v); }, downhill_, reduction,
                              most_products);
  }

  /// A step that leaves the information singular is too long, too. False when no length lowers the objective visibly.
  bool descend(const Vector& step, bool flat) {
    const Vector start = parameters_;
    const double before = objective_.value(), slope = -dot(downhill_, step), visible = eps * std::fabs(before);
    double length = 1;
    for (int i = 0; i < max_halvings && (flat || -length * slope > visible); ++i, length /= 2) {
      for (std::size_t j = 0; j < start.size(); ++j) parameters_[j] = start[j] + length * step[j];
      const bool regular = objective_.evaluate(parameters_);
      if (regular && (flat || objective_.value() <= before + sufficient_decrease * length * slope)) return true;
    }
    parameters_ = start;
    (void)objective_.evaluate(parameters_);
    return false;
  }

  LogisticFit finish(LogisticStatus status) {
    fit_.status = status;
    fit_.n_reads = objective_.n_reads();
    fit_.objective = objective_.value_in_own_units();
    const Design& design = objective_.data().design;
    const Vector& gradient = objective_.gradient();
    const Index p = problem_.features.cols, m = design.cols(), vectors = objective_.data().n_vectors();
    fit_.coef = Matrix(p, vectors);
    double squares = 0;
    for (Index v = 0; v < vectors; ++v) {
      const double constant = problem_.intercept ? gradient[as_size(v * m + p)] : 0.0;
      double intercept = problem_.intercept ? parameters_[as_size(v * m + p)] : 0.0;
      squares += constant * constant;
      for (Index j = 0; j < p; ++j) {
        const double shift = design.shift[as_size(j)], scale = design.scale[as_size(j)];
        const double coef = parameters_[as_size(v * m + j)] * scale;
        fit_.coef(j, v) = coef;
        intercept -= coef * shift;
        const double slope = gradient[as_size(v * m + j)] / scale + shift * constant;
        squares += slope * slope;
      }
      fit_.intercept.push_back(problem_.intercept ? intercept : 0.0);
    }
    fit_.gradient_norm = std::sqrt(squares);
    return std::move(fit_);
  }

  const LogisticProblem& problem_;
  FirthObjective objective_;
  Vector parameters_, downhill_;
  bool slow_ = false;  ///< steps with leverages held have been seen to shrink slowly
  LogisticFit fit_;
};

}  // namespace

LogisticFit firth_logistic(const LogisticProblem& problem) {
  check(problem.n_classes >= 2);
  return Firth(problem).run();
}

}  // namespace crowfly
