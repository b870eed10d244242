// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/factor.hpp"
#include "linalg/gram.hpp"
#include "linalg/spectral.hpp"
#include "linear_model/centred_rows.hpp"
#include "linear_model/exact_residuals.hpp"
#include "linear_model/few_rows_ridge.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Largest condition of the scaled Gram matrix at which Cholesky is trusted: its square root, 3e5, leaves a contraction of 1e-5 per refinement.
constexpr double max_gram_condition = 1e11;
constexpr int max_refinements = 8;

/// The scaled, centred problem: minimise over gamma the weighted |y - x gamma - constant|^2 + sum of penalty * (unit gamma)^2.
class Solver {
 public:
  explicit Solver(const LeastSquaresProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        design_(problem.features, false, problem.targets),
        refined_(p_, t_),
        column_length_(as_size(p_)) {
    total_weight_ =
        standardise(design_, problem.weights, problem.intercept, largest_safe_scale(problem.penalty)).total_weight;
    fit_.n_reads = 1;
    unit_.assign(design_.scale.begin(), design_.scale.begin() + p_);
    gamma_ = Matrix(p_, t_);
    constant_.assign(as_size(t_), 0.0);
    fit_.rss.assign(as_size(t_), 0.0);
    fit_.condition = 1;
    fit_.rank = p_;
  }

  LeastSquaresFit run() {
    const bool tall = problem_.features.rows > p_;
    if (!(tall && solve_by_gram())) solve_by_qr();
    return finish();
  }

 private:
  [[nodiscard]] std::vector<double> distinct_penalties() const {
    Vector values = problem_.penalty;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  [[nodiscard]] double scaled_penalty(double alpha, Index j) const {
    return alpha * unit_[as_size(j)] * unit_[as_size(j)];
  }

  /// Copies the columns of `source` whose target has the penalty `alpha`.
  [[nodiscard]] Matrix select(const Matrix& source, double alpha) const {
    const auto n = std::count(problem_.penalty.begin(), problem_.penalty.end(), alpha);
    Matrix chosen(source.rows(), n);
    Index next = 0;
    for (Index t = 0; t < t_; ++t) {
      if (problem_.penalty[as_size(t)] == alpha) std::copy_n(source.col(t), source.rows(), chosen.col(next++));
    }
    return chosen;
  }
  void scatter(const Matrix& chosen, double alpha, Matrix& target) const {
    Index next = 0;
    for (Index t = 0; t < t_; ++t) {
      if (problem_.penalty[as_size(t)] == alpha) std::copy_n(chosen.col(next++), chosen.rows(), target.col(t));
    }
  }

  /// One read: the Gram matrix about the exact weighted means. False when Cholesky can't be trusted.
  bool solve_by_gram() {
    const Design with_ones = problem_.intercept ? design_.with_ones() : design_;
    const GramSum gram = weighted_gram(with_ones, problem_.weights);
    ++fit_.n_reads;
    centre(gram, with_ones.first_target());
    fit_.condition = 1;
    for (const double alpha : distinct_penalties()) {
      Matrix penalised = gram_.copy();
      for (Index j = 0; j < p_; ++j) penalised(j, j) += scaled_penalty(alpha, j);
      auto factor = Cholesky::factor(penalised);
      if (!factor || !(factor->condition() <= max_gram_condition)) return false;
      if (alpha == distinct_penalties().front()) fit_.condition = std::sqrt(factor->condition());
      factors_.emplace_back(alpha, std::move(*factor));
    }
    fit_.method = LeastSquaresMethod::cholesky;
    for (Index j = 0; j < p_; ++j) column_length_[as_size(j)] = std::sqrt(gram_(j, j));
    solve_all(cross_, gamma_);
    set_constants();
    return refine();
  }

  /// Moves Gram matrix and cross products to the exact means, and remembers how far these are from the shifts.
  void centre(const GramSum& gram, Index first_target) {
    mean_.assign(as_size(p_ + t_), 0.0);
    gram_ = Matrix(p_, p_);
    cross_ = Matrix(p_, t_);
    const Index ones = p_;
    const auto column = [&](Index j) { return j < p_ ? j : j - p_ + first_target; };
    if (problem_.intercept) {
      for (Index j = 0; j < p_ + t_; ++j) mean_[as_size(j)] = gram.at(ones, column(j)) / gram.at(ones, ones);
    }
    const double total = problem_.intercept ? gram.at(ones, ones) : 0.0;
    const auto centred = [&](Index i, Index j) {
      return gram.at(column(i), column(j)) - total * mean_[as_size(i)] * mean_[as_size(j)];
    };
    for (Index j = 0; j < p_; ++j) {
      for (Index i = 0; i < p_; ++i) gram_(i, j) = centred(i, j);
    }
    for (Index t = 0; t < t_; ++t) {
      for (Index i = 0; i < p_; ++i) cross_(i, t) = centred(i, p_ + t);
    }
  }

  /// x = (Gram + penalty)^-1 rhs for each target with its own penalty.
  void solve_all(const Matrix& rhs, Matrix& x) const {
    for (const auto& [alpha, factor] : factors_) {
      Matrix chosen = select(rhs, alpha);
      factor.solve(chosen);
      scatter(chosen, alpha, x);
    }
    for (const auto& [alpha, factor] : few_rows_) {
      Matrix chosen = select(rhs, alpha);
      factor.solve(chosen);
      scatter(chosen, alpha, x);
    }
  }

  void set_constants() {
    if (!problem_.intercept) return;
    for (Index t = 0; t < t_; ++t) {
      double value = mean_[as_size(p_ + t)];
      for (Index j = 0; j < p_; ++j) value -= gamma_(j, t) * mean_[as_size(j)];
      constant_[as_size(t)] = value;
    }
  }

  /// Corrects the coefficients, with residuals of the data in twice the precision, until the predicted error of the next correction is far below rounding. The
  /// columns enter uncentred, since centring would round; that only changes what the constant is. False where corrections cease to shrink before.
  bool refine() {
    Design exact = design_.with_ones();
    for (Index j = 0; j < p_ + t_; ++j) exact.shift[as_size(j < p_ ? j : j + 1)] = 0;
    start_refinement();
    double previous = std::numeric_limits<double>::infinity(), previous_change = previous,
           contraction = expected_contraction();
    for (int pass = 0; pass < max_refinements; ++pass) {
      const ExactResiduals residuals = exact_residuals(exact, problem_.weights, refined_);
      ++fit_.n_reads;
      fit_.rss = residuals.squares;
      const Matrix gradient = centred_gradient(residuals);
      Matrix step(p_, t_);
      solve_all(gradient, step);
      const double size = relative_size(step);
      if (!(size < 0.5 * previous)) break;
      lower_rss(step, gradient, residuals);
      apply(step, residuals);
      // Coefficients that rows of little weight decide converge last.
      const double change = largest_change(step);
      if (pass > 0) contraction = std::max(size / previous, change / previous_change);
      previous = size;
      previous_change = change;
      fit_.correction = size * contraction;
      if (change * contraction < 0x1p-60) return true;
    }
    fit_.correction = previous;
    return previous < max_unfinished;
  }

  /// A factor of the Gram matrix has an error of about condition^2 eps, one of its rows of condition eps.
  [[nodiscard]] double expected_contraction() const {
    // Rows of very different weights lose more than the condition of the columns says.
    if (fit_.method == LeastSquaresMethod::qr && problem_.weights != nullptr) return 1.0;
    double loss = fit_.method == LeastSquaresMethod::cholesky ? fit_.condition * fit_.condition : fit_.condition;
    for (const auto& [alpha, factor] : few_rows_) loss = std::max(loss, factor.rows_to_penalty());
    return std::min(1.0, 16 * loss * eps);
  }

  /// The mean of a column, times its scale.
  [[nodiscard]] Pair raw_mean(Index j) const {
    return Pair::product(design_.shift[as_size(j)], design_.scale[as_size(j)]) + mean_[as_size(j)];
  }

  void start_refinement() {
    for (Index t = 0; t < t_; ++t) {
      Pair constant = problem_.intercept ? constant_[as_size(t)] : 0.0;
      if (problem_.intercept) {
        constant += Pair::product(design_.shift[as_size(p_ + t)], design_.scale[as_size(p_ + t)]);
      }
      for (Index j = 0; j < p_; ++j) {
        refined_(j, t) = gamma_(j, t);
        if (problem_.intercept) {
          constant -= Pair::product(gamma_(j, t), design_.shift[as_size(j)] * design_.scale[as_size(j)]);
        }
      }
      refined_.constant[as_size(t)] = constant;
    }
  }

  /// What is left of the normal equations once the constant is eliminated.
  [[nodiscard]] Matrix centred_gradient(const ExactResiduals& residuals) const {
    Matrix gradient(p_, t_);
    for (Index t = 0; t < t_; ++t) {
      const double alpha = problem_.penalty[as_size(t)];
      for (Index j = 0; j < p_; ++j) {
        Pair value = residuals.gradient(j, t);
        if (problem_.intercept) {
          const Pair sum = residuals.gradient.constant[as_size(t)], mean = raw_mean(j);
          value -= mean * sum.high;
          value -= mean.high * sum.low;
        }
        if (alpha > 0) value -= refined_(j, t) * scaled_penalty(alpha, j);
        gradient(j, t) = value.high;
      }
    }
    return gradient;
  }

  /// Largest ratio over targets of |step| to |coefficients|, both in columns of unit length.
  [[nodiscard]] double relative_size(const Matrix& step) const {
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double moved = 0, length = 0;
      for (Index j = 0; j < p_; ++j) {
        const double column = column_length_[as_size(j)];
        moved = std::max(moved, std::fabs(step(j, t)) * column);
        length = std::max(length, std::fabs(refined_(j, t).high) * column);
      }
      if (moved > 0) worst = std::max(worst, length > 0 ? moved / length : 1.0);
    }
    return worst;
  }

  /// Largest relative change of a coefficient that is not zero but for rounding.
  [[nodiscard]] double largest_change(const Matrix& step) const {
    constexpr double negligible = 0x1p-90;
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double length = 0;
      for (Index j = 0; j < p_; ++j) {
        length = std::max(length, std::fabs(refined_(j, t).high) * column_length_[as_size(j)]);
      }
      for (Index j = 0; j < p_; ++j) {
        const double value = std::fabs(refined_(j, t).high);
        if (value * column_length_[as_size(j)] > negligible * length)
          worst = std::max(worst, std::fabs(step(j, t)) / value);
      }
    }
    return worst;
  }

  void apply(const Matrix& step, const ExactResiduals& residuals) {
    for (Index t = 0; t < t_; ++t) {
      for (Index j = 0; j < p_; ++j) refined_(j, t) += step(j, t);
      if (!problem_.intercept) continue;
      Pair& constant = refined_.constant[as_size(t)];
      constant += residuals.gradient.constant[as_size(t)].high / total_weight_;
      for (Index j = 0; j < p_; ++j) constant -= raw_mean(j) * step(j, t);
    }
  }

  /// Rows reduced to a triangle (or taken as they are when there are few), then a rank-revealing solve.
  void solve_by_qr() {
    factors_.clear();
    fit_.method = LeastSquaresMethod::qr;
    CentredRows centred = centred_rows(design_, problem_.weights, problem_.intercept);
    mean_ = std::move(centred.mean);
    ++fit_.n_reads;
    const Matrix& rows = centred.rows;
    const Matrix a = rows.block(0, rows.rows(), 0, p_), b = rows.block(0, rows.rows(), p_, t_);
    measure_columns(a);
    const Vector penalties = distinct_penalties();
    for (const double alpha : penalties) {
      const LeastSquaresSolution part = solve_reduced(a, select(b, alpha), alpha);
      scatter(part.coef, alpha, gamma_);
      if (alpha != penalties.front()) continue;
      fit_.rank = part.rank;
      fit_.condition = part.condition;
      fit_.dependent_columns = part.dependent_columns;
    }
    set_constants();
    refine();
  }

  /// |r - X d|^2 = r'r - 2 d'X'r + d'Gd for the step d, and (G + penalty) d is the gradient.
  void lower_rss(const Matrix& step, const Matrix& gradient, const ExactResiduals& residuals) {
    for (Index t = 0; t < t_; ++t) {
      const double sum = problem_.intercept ? residuals.gradient.constant[as_size(t)].high : 0.0;
      double fall = sum * sum / total_weight_;
      for (Index j = 0; j < p_; ++j) {
        const double penalty = scaled_penalty(problem_.penalty[as_size(t)], j);
        fall += step(j, t) * (gradient(j, t) + penalty * (step(j, t) + 2 * refined_(j, t).high));
      }
      fit_.rss[as_size(t)] = std::max(0.0, fit_.rss[as_size(t)] - fall);
    }
  }

  void measure_columns(const Matrix& a) {
    for (Index j = 0; j < p_; ++j) {
      double square = 0;
      for (Index i = 0; i < a.rows(); ++i) square += a(i, j) * a(i, j);
      column_length_[as_size(j)] = std::sqrt(square);
    }
  }

  [[nodiscard]] Matrix stacked_on_penalty(const Matrix& a, double alpha) const {
    Matrix stacked(a.rows() + p_, p_);
    for (Index j = 0; j < p_; ++j) {
      std::copy_n(a.col(j), a.rows(), stacked.col(j));
      stacked(a.rows() + j, j) = std::sqrt(alpha) * unit_[as_size(j)];
    }
    return stacked;
  }

  /// Leaves a factor for refinement where the rank is full, or a penalty makes it so.
  [[nodiscard]] LeastSquaresSolution solve_reduced(const Matrix& a, const Matrix& b, double alpha) {
    if (alpha > 0) {
      const IndependentRows independent = independent_rows(a.copy(), b.copy());
      if (independent.rows.rows() < p_) return solve_few_rows(independent, alpha);
    }
    return solve_stacked(a, b, alpha);
  }

  [[nodiscard]] LeastSquaresSolution solve_stacked(const Matrix& a, const Matrix& b, double alpha) {
    Matrix rows = alpha > 0 ? stacked_on_penalty(a, alpha) : a.copy();
    Matrix rhs(rows.rows(), b.cols());
    for (Index t = 0; t < b.cols(); ++t) std::copy_n(b.col(t), b.rows(), rhs.col(t));
    LeastSquaresSolution solution = solve_pivoted(rows.copy(), std::move(rhs), unit_);
    if (solution.rank == p_) {
      if (auto factor = Cholesky::from_triangle(qr_triangle(std::move(rows)))) {
        factors_.emplace_back(alpha, std::move(*factor));
      }
    }
    return solution;
  }

  /// Beyond the rows' rank rounding would pass for what the penalty weighs: there coefficients are zero.
  [[nodiscard]] LeastSquaresSolution solve_few_rows(const IndependentRows& given, double alpha) {
    LeastSquaresSolution solution;
    solution.rank = p_;
    solution.coef = transposed_product(given.rows, given.rhs);
    if (given.rows.rows() == 0) return solution;
    auto factor = FewRowsRidge::factor(given.rows, alpha, unit_);
    if (!factor) return solve_stacked(given.rows, given.rhs, alpha);
    factor->solve(solution.coef, true);
    solution.condition = factor->condition();
    few_rows_.emplace_back(alpha, std::move(*factor));
    return solution;
  }

  LeastSquaresFit finish() {
    fit_.coef = Matrix(p_, t_);
    fit_.intercept.assign(as_size(t_), 0.0);
    for (Index t = 0; t < t_; ++t) {
      const double target_scale = design_.scale[as_size(p_ + t)];
      for (Index j = 0; j < p_; ++j) {
        fit_.coef(j, t) = refined_(j, t).high * unit_[as_size(j)] / target_scale;
      }
      fit_.intercept[as_size(t)] = refined_.constant[as_size(t)].high / target_scale;
      fit_.rss[as_size(t)] = fit_.rss[as_size(t)] / target_scale / target_scale;
    }
    return std::move(fit_);
  }

  const LeastSquaresProblem& problem_;
  Index p_, t_;
  Design design_;
  Vector unit_;  ///< power of two per feature: coefficient = gamma * unit / scale of the target
  Vector mean_;  ///< exact means in scaled units, less the shifts already taken out
  Matrix gram_, cross_;
  std::vector<std::pair<double, Cholesky>> factors_;
  std::vector<std::pair<double, FewRowsRidge>> few_rows_;
  Matrix gamma_;
  Vector constant_;
  PairCoefficients refined_;
  Vector column_length_;  ///< of the scaled, centred columns
  double total_weight_ = 0;
  LeastSquaresFit fit_;
};

}  // namespace

LeastSquaresFit least_squares(const LeastSquaresProblem& problem) {
  check(problem.penalty.size() == as_size(problem.targets.cols) && problem.targets.rows == problem.features.rows);
  return Solver(problem).run();
}

}  // namespace crowfly
