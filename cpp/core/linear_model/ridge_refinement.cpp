// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/ridge_refinement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linear_model/exact_residuals.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr int max_refinements = 8;

/// Sums of all slots of one read, together, hold at most this many numbers.
constexpr Index max_sums = Index{1} << 22;

/// One penalty's coefficients on their way to the exact ones.
struct State {
  double alpha;
  PairCoefficients coefficients;
  Vector squares;
  double previous = 1;  ///< relative size of the last step
  double expected = 0;  ///< of the step after it
  int steps = 0;
  bool done = false;
};

class PathRefinement {
 public:
  PathRefinement(const RefinementProblem& problem, const Matrix& start)
      : problem_(problem),
        p_(problem.design.features.cols),
        t_(problem.design.targets.cols),
        exact_(problem.design.with_ones()),
        mean_(as_size(p_), 0.0) {
    std::fill(exact_.shift.begin(), exact_.shift.end(), 0.0);
    for (Index j = 0; j < p_ && problem.intercept; ++j) {
      mean_[as_size(j)] = problem.design.shift[as_size(j)] * problem.design.scale[as_size(j)];
    }
    for (std::size_t a = 0; a < problem.alphas.size(); ++a) {
      states_.push_back({problem.alphas[a], PairCoefficients(p_, t_), Vector(as_size(t_), 0.0)});
      for (Index t = 0; t < t_; ++t) begin(states_.back(), t, start.col(static_cast<Index>(a) * t_ + t));
    }
  }

  RefinedPath run() {
    RefinedPath path;
    const Index slots = RowPartition::for_vectors(exact_.rows(), exact_.cols()).slots;
    const auto batch = static_cast<std::size_t>(std::max<Index>(1, max_sums / (slots * exact_.cols() * t_)));
    while (true) {
      std::vector<State*> active;
      for (State& state : states_) {
        if (!state.done && active.size() < batch) active.push_back(&state);
      }
      if (active.empty()) break;
      advance(active);
      ++path.n_reads;
    }
    path.coef = Matrix(p_, static_cast<Index>(states_.size()) * t_);
    for (std::size_t a = 0; a < states_.size(); ++a) {
      const State& state = states_[a];
      path.correction.push_back(state.expected);
      for (Index t = 0; t < t_; ++t) {
        for (Index j = 0; j < p_; ++j) path.coef(j, static_cast<Index>(a) * t_ + t) = state.coefficients(j, t).high;
        path.constant.push_back(state.coefficients.constant[as_size(t)].high);
        path.squares.push_back(state.squares[as_size(t)]);
      }
    }
    return path;
  }

 private:
  void begin(State& state, Index t, const double* coef) {
    Pair constant;
    if (problem_.intercept) {
      constant = Pair::product(problem_.design.shift[as_size(p_ + t)], problem_.design.scale[as_size(p_ + t)]);
    }
    for (Index j = 0; j < p_; ++j) {
      state.coefficients(j, t) = coef[j];
      constant -= Pair::product(coef[j], mean_[as_size(j)]);
    }
    state.coefficients.constant[as_size(t)] = constant;
  }

  /// One read of the data: residuals of all of these, and a step for each.
  void advance(const std::vector<State*>& active) {
    PairCoefficients all(p_, static_cast<Index>(active.size()) * t_);
    for (std::size_t i = 0; i < active.size(); ++i) {
      const PairCoefficients& own = active[i]->coefficients;
      std::copy(own.coef.begin(), own.coef.end(), all.coef.begin() + static_cast<Index>(i) * p_ * t_);
      std::copy(own.constant.begin(), own.constant.end(), all.constant.begin() + static_cast<Index>(i) * t_);
    }
    const ExactResiduals residuals = exact_residuals(exact_, problem_.weights, all);
    for (std::size_t i = 0; i < active.size(); ++i) step(*active[i], residuals, static_cast<Index>(i) * t_);
  }

  void step(State& state, const ExactResiduals& residuals, Index first) const {
    Matrix of_data(p_, t_), gradient(p_, t_);
    for (Index t = 0; t < t_; ++t) {
      const Pair sum = residuals.gradient.constant[as_size(first + t)];
      for (Index j = 0; j < p_; ++j) {
        Pair value = residuals.gradient(j, first + t);
        if (problem_.intercept) value -= sum * mean_[as_size(j)];
        of_data(j, t) = value.high;
        const Pair penalty = Pair::product(state.alpha, problem_.metric[as_size(j)]);
        const Pair coefficient = state.coefficients(j, t);
        value -= coefficient * penalty.high;
        value -= coefficient * penalty.low;
        gradient(j, t) = value.high;
      }
    }
    Matrix change = correction(gradient, state.alpha);
    for (const ConstantColumn& constant : problem_.constants) {
      for (Index t = 0; t < t_; ++t) change(constant.column, t) = 0.0;
    }
    const double size = relative_size(change, state);
    for (Index t = 0; t < t_; ++t) {
      const double sum = problem_.intercept ? residuals.gradient.constant[as_size(first + t)].high : 0.0;
      state.squares[as_size(t)] =
          std::max(0.0, residuals.squares[as_size(first + t)] - sum * sum / problem_.total_weight);
    }
    state.done = !(size < 0.5 * state.previous);
    state.expected = size;
    if (state.done) return;
    for (Index t = 0; t < t_; ++t) {
      const double sum = problem_.intercept ? residuals.gradient.constant[as_size(first + t)].high : 0.0;
      apply(state, t, change, sum);
      state.squares[as_size(t)] = lowered(state, t, change, of_data, gradient);
    }
    const double contraction = state.steps > 0 ? size / state.previous : expected_contraction(state.alpha);
    const double missed = state.steps > 0 ? 0.0 : left_by_means(state.alpha);
    state.expected = size * contraction + missed + rounding_of_gradients(state.alpha);
    state.previous = size;
    ++state.steps;
    state.done = largest_change(change, state) * contraction + missed < 0x1p-60 || state.steps == max_refinements;
  }

  /// Within the span of the basis, and where features are many and all penalised beyond it, too: there the matrix is the penalty's.
  [[nodiscard]] Matrix correction(const Matrix& gradient, double alpha) const {
    Matrix change = problem_.basis.correct(gradient, alpha);
    if (!reaches_beyond()) return change;
    const Matrix inside = problem_.basis.correct_penalty(gradient);
    for (Index t = 0; t < t_; ++t) {
      for (Index j = 0; j < p_; ++j) {
        change(j, t) += (gradient(j, t) / problem_.metric[as_size(j)] - inside(j, t)) / alpha;
      }
    }
    return change;
  }

  [[nodiscard]] bool reaches_beyond() const {
    return problem_.basis.rank() < p_ &&
           std::all_of(problem_.metric.begin(), problem_.metric.end(), [](double value) { return value > 0; });
  }

  void apply(State& state, Index t, const Matrix& change, double sum) const {
    Pair& constant = state.coefficients.constant[as_size(t)];
    if (problem_.intercept) constant += sum / problem_.total_weight;
    for (Index j = 0; j < p_; ++j) {
      state.coefficients(j, t) += change(j, t);
      constant -= Pair::product(change(j, t), mean_[as_size(j)]);
    }
  }

  /// |r - X d|^2 = r'r - 2 d'X'r + d'Gd, and G d is the gradient less the penalty's part.
  [[nodiscard]] double lowered(const State& state, Index t, const Matrix& change, const Matrix& of_data,
                               const Matrix& gradient) const {
    double value = state.squares[as_size(t)];
    for (Index j = 0; j < p_; ++j) {
      const double d = change(j, t);
      value += d * (gradient(j, t) - state.alpha * problem_.metric[as_size(j)] * d - 2 * of_data(j, t));
    }
    return std::max(0.0, value);
  }

  /// What no step makes smaller, relatively: predictors, residuals and gradients have a relative error of a few 2^-104, which steps divide by the smallest eigenvalue.
  [[nodiscard]] double rounding_of_gradients(double alpha) const { return 0x1p-100 * condition(alpha); }

  [[nodiscard]] double condition(double alpha) const {
    double smallest = reaches_beyond() ? alpha : std::numeric_limits<double>::infinity(), largest = 0;
    for (Index k = 0; k < problem_.basis.rank(); ++k) {
      smallest = std::min(smallest, problem_.basis.denominator(k, alpha));
      largest = std::max(largest, problem_.basis.denominator(k, alpha));
    }
    return smallest > 0 ? std::max(1.0, largest / smallest) : 1 / eps;
  }

  [[nodiscard]] double expected_contraction(double alpha) const {
    const double condition = this->condition(alpha);
    const double of_basis = 16 * (problem_.basis.of_gram || reaches_beyond() ? condition : std::sqrt(condition)) * eps;
    return std::min(1.0, of_basis);
  }

  /// What the first step still leaves of the coefficients, relatively: the constant begins with the means' rounding times them, and the gradient is centred with the same rounding.
  [[nodiscard]] double left_by_means(double alpha) const {
    double smallest = reaches_beyond() ? alpha : std::numeric_limits<double>::infinity(), sum = 0;
    for (Index k = 0; k < problem_.basis.rank(); ++k)
      smallest = std::min(smallest, problem_.basis.denominator(k, alpha));
    for (Index j = 0; j < p_; ++j) {
      const double off = eps * mean_[as_size(j)], metric = problem_.metric[as_size(j)];
      sum += off * off / (metric > 0 ? metric : 1.0);
    }
    return sum > 0 ? problem_.total_weight * sum / smallest : 0.0;
  }

  [[nodiscard]] double relative_size(const Matrix& change, const State& state) const {
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double moved = 0, length = 0;
      for (Index j = 0; j < p_; ++j) {
        moved = std::max(moved, std::fabs(change(j, t)));
        length = std::max(length, std::fabs(state.coefficients(j, t).high));
      }
      if (moved > 0) worst = std::max(worst, length > 0 ? moved / length : 1.0);
      if (!std::isfinite(moved)) return moved;
    }
    return worst;
  }

  /// Largest relative change of a coefficient that is not zero but for rounding.
  [[nodiscard]] double largest_change(const Matrix& change, const State& state) const {
    constexpr double negligible = 0x1p-90;
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double length = 0;
      for (Index j = 0; j < p_; ++j) length = std::max(length, std::fabs(state.coefficients(j, t).high));
      for (Index j = 0; j < p_; ++j) {
        const double value = std::fabs(state.coefficients(j, t).high);
        if (value > negligible * length) worst = std::max(worst, std::fabs(change(j, t)) / value);
      }
    }
    return worst;
  }

  const RefinementProblem& problem_;
  Index p_, t_;
  Design exact_;
  Vector mean_;  ///< of the scaled columns
  std::vector<State> states_;
};

}  // namespace

RefinedPath refine_path(const RefinementProblem& problem, const Matrix& start) {
  return PathRefinement(problem, start).run();
}

}  // namespace crowfly
