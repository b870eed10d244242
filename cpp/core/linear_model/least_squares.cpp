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
#include "linalg/single_gram.hpp"
#include "linalg/spectral.hpp"
#include "linear_model/centred_rows.hpp"
#include "linear_model/exact_residuals.hpp"
#include "linear_model/few_rows_ridge.hpp"
#include "linear_model/penalty_groups.hpp"
#include "linear_model/sampled_frame.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Largest condition of the scaled Gram matrix at which Cholesky is trusted: its square root, 3e5, leaves a contraction of 1e-5 per refinement.
constexpr double max_gram_condition = 1e11;
constexpr int max_refinements = 8;
/// From so many columns on, more for several targets, a Gram matrix in float32 pays for one more read; and the condition up to which it contracts fast enough.
constexpr Index min_single_columns = 96, columns_per_target = 12;
constexpr double max_single_condition = 1024;
/// A coefficient that is smaller beside the largest is zero but for rounding.
constexpr double negligible = 0x1p-90;

/// The scaled, centred problem: minimise over gamma the weighted |y - x gamma - constant|^2 + sum of penalty * (unit gamma)^2.
class Solver {
 public:
  explicit Solver(const LeastSquaresProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        groups_(problem.penalty),
        design_(problem.features, false, problem.targets),
        refined_(p_, t_),
        column_length_(as_size(p_)) {
    gamma_ = Matrix(p_, t_);
    constant_.assign(as_size(t_), 0.0);
    fit_.rss.assign(as_size(t_), 0.0);
    fit_.condition = 1;
    fit_.rank = p_;
  }

  LeastSquaresFit run() {
    const bool tall = problem_.features.rows > p_;
    const double largest_scale = largest_safe_scale(problem_.penalty);
    bool solved = false;
    if (tall && standardise_by_sample(design_, problem_.weights, problem_.intercept, largest_scale)) {
      set_units();
      solved = solve_by_normal_equations();
    }
    if (frame_ != Frame::fits) {
      total_weight_ = standardise(design_, problem_.weights, problem_.intercept, largest_scale).total_weight;
      ++fit_.n_reads;
      set_units();
      frame_ = Frame::fits;
      solved = tall && solve_by_normal_equations();
    }
    if (!solved) solve_by_qr();
    return finish();
  }

 private:
  /// Shifts and scales of the design: of a sample, still to be held against all rows, or known to do.
  enum class Frame { sampled, fits, refuted };

  void set_units() { unit_.assign(design_.scale.begin(), design_.scale.begin() + p_); }

  [[nodiscard]] double scaled_penalty(double alpha, Index j) const {
    return alpha * unit_[as_size(j)] * unit_[as_size(j)];
  }

  bool solve_by_normal_equations() {
    if (p_ >= min_single_columns + columns_per_target * t_ &&
        fit_single_gram(problem_.weights, problem_.features.rows) &&
        solve_by(&single_gram, SingleGram::unit, max_single_condition)) {
      return true;
    }
    return frame_ != Frame::refuted && solve_by(&gram_and_reach, eps, max_gram_condition);
  }

  /// One read: the Gram matrix about the exact weighted means, by `sum_up`, which knows it to `unit`. False where it, or the frame, can't be trusted.
  template <class Gram>
  bool solve_by(GramAndReach<Gram> (*sum_up)(const Design&, const double*), double unit, double max_condition) {
    const Design with_ones = problem_.intercept ? design_.with_ones() : design_;
    const GramAndReach<Gram> sums = sum_up(with_ones, problem_.weights);
    ++fit_.n_reads;
    CentredGram centred = centred_gram(sums.gram, p_, t_, problem_.intercept);
    if (frame_ == Frame::fits) {
      check(entries_are_small(sums.reach));
    } else {
      const bool fits =
          adjust_frame(design_, centred, sums.reach, problem_.intercept, largest_safe_scale(problem_.penalty));
      frame_ = fits ? Frame::fits : Frame::refuted;
      total_weight_ = sums.reach.total_weight();
      set_units();
    }
    gram_ = std::move(centred.gram);
    cross_ = std::move(centred.cross);
    mean_ = std::move(centred.mean);
    gram_unit_ = unit;
    return frame_ == Frame::fits && solve_normal_equations(max_condition);
  }

  /// Whether shifts and scales are those of the data, on whose size products on grids rely.
  [[nodiscard]] bool entries_are_small(const ColumnReach& reach) const {
    for (Index j = 0; j < p_ + t_; ++j) {
      const double most = reach.max_abs(j < p_ || !problem_.intercept ? j : j + 1) +
                          std::fabs(design_.shift[as_size(j)] * design_.scale[as_size(j)]);
      if (!(most <= 2 * largest_entry)) return false;
    }
    return true;
  }

  bool solve_normal_equations(double max_condition) {
    factors_.clear();
    fit_.condition = 1;
    const Vector& penalties = groups_.penalties();
    for (const double alpha : penalties) {
      Matrix penalised = gram_.copy();
      for (Index j = 0; j < p_; ++j) penalised(j, j) += scaled_penalty(alpha, j);
      auto factor = Cholesky::factor(penalised);
      if (!factor || !(factor->condition() <= max_condition)) return false;
      if (alpha == penalties.front()) fit_.condition = std::sqrt(factor->condition());
      factors_.emplace_back(alpha, std::move(*factor));
    }
    fit_.method = LeastSquaresMethod::cholesky;
    for (Index j = 0; j < p_; ++j) column_length_[as_size(j)] = std::sqrt(gram_(j, j));
    solve_all(cross_, gamma_);
    set_constants();
    return refine();
  }

  /// x = (Gram + penalty)^-1 rhs for each target with its own penalty.
  void solve_all(const Matrix& rhs, Matrix& x) const {
    for (const auto& [alpha, factor] : factors_) {
      Matrix chosen = groups_.select(rhs, alpha);
      factor.solve(chosen);
      groups_.scatter(chosen, alpha, x);
    }
    for (const auto& [alpha, factor] : few_rows_) {
      Matrix chosen = groups_.select(rhs, alpha);
      factor.solve(chosen);
      groups_.scatter(chosen, alpha, x);
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
    // After QR the factor's condition says too little of how far errors of gradients reach.
    auto products = fit_.method == LeastSquaresMethod::cholesky ? PairProducts::on_grid : PairProducts::split;
    for (int pass = 0; pass < max_refinements; ++pass) {
      const ExactResiduals residuals = exact_residuals(exact, problem_.weights, refined_, products);
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
      const double change = largest_change(step, residuals);
      if (std::isfinite(previous)) contraction = std::max(size / previous, change / previous_change);
      previous = size;
      previous_change = change;
      fit_.correction = size * contraction;
      if (products == PairProducts::on_grid && !errors_are_small(residuals)) {
        // What remains was beneath the rounding of these steps: the next may be no shorter.
        products = PairProducts::split;
        previous = previous_change = std::numeric_limits<double>::infinity();
      } else if (change * contraction < 0x1p-60) {
        return true;
      }
    }
    fit_.correction = std::isfinite(previous) ? previous : fit_.correction;
    return fit_.correction < max_unfinished;
  }

  /// Whether what products on grids were rounded by can't move a coefficient by 2^-60 of itself, nor the residuals by 2^-56 of them.
  [[nodiscard]] bool errors_are_small(const ExactResiduals& residuals) const {
    double worst_condition = 1;
    for (const auto& [alpha, factor] : factors_) worst_condition = std::max(worst_condition, factor.condition());
    for (Index t = 0; t < t_; ++t) {
      const double off = residuals.residual_error[as_size(t)], of_gradient = residuals.gradient_error[as_size(t)];
      if (!(total_weight_ * off * off <= 0x1p-112 * residuals.squares[as_size(t)])) return false;
      // Columns of unit length, those of the penalty included.
      Vector length(as_size(p_));
      double shortest = std::numeric_limits<double>::infinity(), offset = 0, longest_coefficient = 0;
      for (Index j = 0; j < p_; ++j) {
        length[as_size(j)] = std::sqrt(gram_(j, j) + scaled_penalty(problem_.penalty[as_size(t)], j));
        shortest = std::min(shortest, length[as_size(j)]);
        offset = std::max(offset, size_of_mean(j) / length[as_size(j)]);
        longest_coefficient = std::max(longest_coefficient, std::fabs(refined_(j, t).high) * length[as_size(j)]);
      }
      // Sums of |x| with errors of residuals, by Cauchy and Schwarz: of the column, and of the constant's gradient times its mean.
      const double from_residuals = std::sqrt(total_weight_) * (1 + 2 * std::sqrt(total_weight_) * offset);
      // How far that reaches; Hager's estimate is rarely off by more than a factor of three.
      const double moved = 4 * worst_condition * (off * from_residuals + (1 + largest_entry) * of_gradient / shortest);
      double moved_constant = off + of_gradient / total_weight_;
      for (Index j = 0; j < p_; ++j) {
        moved_constant += size_of_mean(j) * moved / length[as_size(j)];
        const double value = std::fabs(refined_(j, t).high) * length[as_size(j)];
        if (value > negligible * longest_coefficient && !(moved <= 0x1p-60 * value)) return false;
      }
      if (matters(refined_.constant[as_size(t)], t) &&
          !(moved_constant <= 0x1p-60 * std::fabs(refined_.constant[as_size(t)].high))) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] double size_of_mean(Index j) const { return problem_.intercept ? std::fabs(raw_mean(j).high) : 0.0; }

  /// Whether a constant is more than rounding, beside the means that it is made of.
  [[nodiscard]] bool matters(Pair constant, Index t) const {
    if (!problem_.intercept) return false;
    double size = std::fabs(raw_mean(p_ + t).high);
    for (Index j = 0; j < p_; ++j) size += size_of_mean(j) * std::fabs(refined_(j, t).high);
    return std::fabs(constant.high) > negligible * size;
  }

  /// What a step changes the constant by.
  [[nodiscard]] Pair constant_step(const Matrix& step, const ExactResiduals& residuals, Index t) const {
    Pair change = residuals.gradient.constant[as_size(t)].high / total_weight_;
    for (Index j = 0; j < p_; ++j) change -= raw_mean(j) * step(j, t);
    return change;
  }

  /// The largest coefficient of target t, in columns of unit length.
  [[nodiscard]] double longest(Index t) const {
    double length = 0;
    for (Index j = 0; j < p_; ++j) {
      length = std::max(length, std::fabs(refined_(j, t).high) * column_length_[as_size(j)]);
    }
    return length;
  }

  /// A factor of the Gram matrix has an error of about condition^2 eps, one of its rows of condition eps.
  [[nodiscard]] double expected_contraction() const {
    // Rows of very different weights lose more than the condition of the columns says.
    if (fit_.method == LeastSquaresMethod::qr && problem_.weights != nullptr) return 1.0;
    if (fit_.method == LeastSquaresMethod::cholesky) {
      return std::min(1.0, 16 * fit_.condition * fit_.condition * gram_unit_);
    }
    double loss = fit_.condition;
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

  /// Largest relative change of a coefficient or constant that is not zero but for rounding.
  [[nodiscard]] double largest_change(const Matrix& step, const ExactResiduals& residuals) const {
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      const double length = longest(t);
      for (Index j = 0; j < p_; ++j) {
        const double value = std::fabs(refined_(j, t).high);
        if (value * column_length_[as_size(j)] > negligible * length)
          worst = std::max(worst, std::fabs(step(j, t)) / value);
      }
      const Pair constant = refined_.constant[as_size(t)];
      if (matters(constant, t)) {
        // Not the sum: errors of the terms, whose share of them contracts, needn't cancel as they do.
        double moved = std::fabs(residuals.gradient.constant[as_size(t)].high) / total_weight_;
        for (Index j = 0; j < p_; ++j) moved += size_of_mean(j) * std::fabs(step(j, t));
        worst = std::max(worst, moved / std::fabs(constant.high));
      }
    }
    return worst;
  }

  void apply(const Matrix& step, const ExactResiduals& residuals) {
    for (Index t = 0; t < t_; ++t) {
      for (Index j = 0; j < p_; ++j) refined_(j, t) += step(j, t);
      if (!problem_.intercept) continue;
      refined_.constant[as_size(t)] += constant_step(step, residuals, t);
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
    const Vector& penalties = groups_.penalties();
    for (const double alpha : penalties) {
      LeastSquaresSolution part = solve_reduced(a, groups_.select(b, alpha), alpha);
      groups_.scatter(part.coef, alpha, gamma_);
      if (alpha != penalties.front()) continue;
      fit_.reduced = std::move(part.reduced);
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

  /// The Gram matrix' factor in the caller's units.
  [[nodiscard]] Matrix factor_in_units() const {
    Matrix r = factors_.front().second.triangle();
    for (Index j = 0; j < p_; ++j) {
      for (Index i = 0; i <= j; ++i) r(i, j) /= unit_[as_size(j)];
    }
    return r;
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
    LeastSquaresSolution solution = solve_pivoted(rows.copy(), std::move(rhs), unit_, problem_.keep_reduced);
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
    if (problem_.keep_reduced && fit_.method == LeastSquaresMethod::cholesky) fit_.reduced = factor_in_units();
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
  PenaltyGroups groups_;
  Design design_;
  Vector unit_;  ///< power of two per feature: coefficient = gamma * unit / scale of the target
  Vector mean_;  ///< exact means in scaled units, less the shifts already taken out
  Matrix gram_, cross_;
  double gram_unit_ = eps;  ///< to which gram_ is known
  std::vector<std::pair<double, Cholesky>> factors_;
  std::vector<std::pair<double, FewRowsRidge>> few_rows_;
  Matrix gamma_;
  Vector constant_;
  PairCoefficients refined_;
  Vector column_length_;  ///< of the scaled, centred columns
  double total_weight_ = 0;
  Frame frame_ = Frame::sampled;
  LeastSquaresFit fit_;
};

}  // namespace

LeastSquaresFit least_squares(const LeastSquaresProblem& problem) {
  check(problem.penalty.size() == as_size(problem.targets.cols) && problem.targets.rows == problem.features.rows);
  check(!problem.keep_reduced ||
        std::all_of(problem.penalty.begin(), problem.penalty.end(), [](double alpha) { return alpha == 0; }));
  return Solver(problem).run();
}

}  // namespace crowfly
