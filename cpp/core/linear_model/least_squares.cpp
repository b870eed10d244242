// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/factor.hpp"
#include "linalg/products.hpp"
#include "linear_model/centred_rows.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/least_squares_refinement.hpp"
#include "linear_model/normal_equations.hpp"
#include "linear_model/shortest_solution.hpp"

namespace crowfly {
namespace {

/// Largest condition of the scaled Gram matrix at which Cholesky is trusted: its square root, 3e5, leaves a contraction of 1e-5 per refinement.
constexpr double max_gram_condition = 1e11;
/// And of one from float32's products.
constexpr double max_single_condition = 1024;
/// Share of a column's square that the columns kept so far don't explain, below which it may depend on them.
constexpr double suspicious = 1e-9;

/// The scaled, centred problem: minimise over gamma the weighted |y - x gamma - constant|^2 + sum of penalty * (unit gamma)^2.
class Solver {
 public:
  explicit Solver(const LeastSquaresProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        groups_(problem.penalty),
        constants_(problem.intercept ? constant_columns(problem.features) : std::vector<ConstantColumn>()),
        equations_(problem, constants_),
        refined_(p_, t_),
        column_length_(as_size(p_)) {
    gamma_ = Matrix(p_, t_);
    constant_.assign(as_size(t_), 0.0);
    fit_.rss.assign(as_size(t_), 0.0);
    fit_.condition = 1;
    fit_.rank = p_;
  }

  LeastSquaresFit run() {
    if (auto shortest = shortest_solution(problem_)) {
      complete(*shortest);
      return std::move(*shortest);
    }
    const bool tall = problem_.features.rows > p_;
    bool solved = tall && equations_.frame_by_sample() && solve_by_normal_equations();
    if (!equations_.has_frame()) {
      equations_.frame_by_all();
      solved = tall && solve_by_normal_equations();
    }
    if (solved) fit_.suspects.clear();
    if (!fit_.suspects.empty()) {
      fit_.n_reads += equations_.n_reads();
      return std::move(fit_);
    }
    if (!solved) solve_by_qr();
    return finish();
  }

 private:
  [[nodiscard]] double scaled_penalty(double alpha, Index j) const { return alpha * unit(j) * unit(j); }
  [[nodiscard]] double unit(Index j) const { return equations_.unit()[as_size(j)]; }

  bool solve_by_normal_equations() {
    for (const GramSource source : gram_sources) {
      if (!equations_.pays(source) || !equations_.sum_up(source)) continue;
      if (solve_normal_equations(source == GramSource::single ? max_single_condition : max_gram_condition)) return true;
      // Products in twice the precision are as good as float64's: what they can't solve these can't.
      if (source == GramSource::on_grid) break;
    }
    if (problem_.name_suspects) name_suspects();
    equations_.forget_cross_products();
    return false;
  }

  /// By the Gram matrix, which can't tell whether columns depend on others, only which do if any.
  void name_suspects() {
    if (equations_.gram().rows() != p_) return;
    Matrix gram = equations_.gram().copy();
    for (const ConstantColumn& constant : constants_) {
      for (Index j = 0; j < p_; ++j) gram(std::max(j, constant.column), std::min(j, constant.column)) = 0.0;
    }
    fit_.suspects = nearly_dependent_columns(std::move(gram), suspicious);
  }

  bool solve_normal_equations(double max_condition) {
    factors_.clear();
    fit_.condition = 1;
    const Vector& penalties = groups_.penalties();
    for (const double alpha : penalties) {
      Matrix penalised = equations_.gram().copy();
      for (Index j = 0; j < p_; ++j) penalised(j, j) += scaled_penalty(alpha, j);
      // Beside the others, so that nothing else changes.
      for (const ConstantColumn& constant : constants_) penalised(constant.column, constant.column) = 1.0;
      auto factor = Cholesky::factor(penalised);
      if (!factor || !(factor->condition() <= max_condition)) return false;
      if (alpha == penalties.front()) fit_.condition = std::sqrt(factor->condition());
      factors_.add(alpha, std::move(*factor));
    }
    fit_.method = LeastSquaresMethod::cholesky;
    for (Index j = 0; j < p_; ++j) column_length_[as_size(j)] = std::sqrt(equations_.gram()(j, j));
    mean_ = equations_.mean();
    factors_.solve(groups_, equations_.cross(), gamma_);
    set_constants();
    return refine();
  }

  bool refine() {
    RefinedSolution refined = refine_solution(
        {problem_, equations_.design(), constants_, mean_, equations_.total_weight(), groups_, factors_, column_length_,
         fit_.method, fit_.condition, equations_.gram_unit(), equations_.cross_products()},
        gamma_, constant_);
    refined_ = std::move(refined.coefficients);
    fit_.rss = std::move(refined.squares);
    fit_.correction = refined.correction;
    fit_.n_reads += refined.n_reads;
    return refined.contracted;
  }

  void set_constants() {
    for (const ConstantColumn& constant : constants_) {
      for (Index t = 0; t < t_; ++t) gamma_(constant.column, t) = 0.0;
    }
    if (!problem_.intercept) return;
    for (Index t = 0; t < t_; ++t) {
      double value = mean_[as_size(p_ + t)];
      for (Index j = 0; j < p_; ++j) value -= gamma_(j, t) * mean_[as_size(j)];
      constant_[as_size(t)] = value;
    }
  }

  /// Rows reduced to a triangle (or taken as they are when there are few), then a rank-revealing solve.
  void solve_by_qr() {
    factors_.clear();
    fit_.method = LeastSquaresMethod::qr;
    CentredRows centred = centred_rows(equations_.design(), problem_.weights, problem_.intercept);
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

  /// What only a factorisation tells, which takes longer than the fit: the dependent columns, by pivoting, or singular values where products of rows have lost them.
  void complete(LeastSquaresFit& shortest) {
    if (problem_.keep_reduced && shortest.reduced.rows() == shortest.rank) return;
    equations_.frame_by_all();
    const Matrix rows = centred_rows(equations_.design(), problem_.weights, problem_.intercept).rows;
    Matrix a = rows.block(0, rows.rows(), 0, p_);
    if (problem_.keep_reduced) {
      shortest.reduced = reduced_from_rows(in_units(std::move(a)));
    } else {
      shortest.dependent_columns = dependent_columns(std::move(a));
    }
  }

  [[nodiscard]] Matrix in_units(Matrix a) const {
    for (Index j = 0; j < p_; ++j) {
      for (Index i = 0; i < a.rows(); ++i) a(i, j) /= unit(j);
    }
    return a;
  }

  /// The Gram matrix' factor in the caller's units, of the columns that are not constant.
  [[nodiscard]] Matrix factor_in_units() const {
    const Matrix whole = factors_.first_triangle();
    std::vector<Index> kept;
    for (Index j = 0; j < p_; ++j) {
      if (!is_constant(constants_, j)) kept.push_back(j);
    }
    const auto rank = static_cast<Index>(kept.size());
    Matrix r(rank, rank);
    for (Index j = 0; j < rank; ++j) {
      const Index column = kept[as_size(j)];
      for (Index i = 0; i <= j; ++i) r(i, j) = whole(kept[as_size(i)], column) / unit(column);
    }
    return r;
  }

  /// Without a penalty constant columns are dependent ones, which fits have been solved beside.
  void count_constants() {
    if (constants_.empty() || groups_.penalties().front() > 0) return;
    fit_.rank -= static_cast<Index>(constants_.size());
    for (const ConstantColumn& constant : constants_) fit_.dependent_columns.push_back(constant.column);
    std::sort(fit_.dependent_columns.begin(), fit_.dependent_columns.end());
    fit_.condition = std::numeric_limits<double>::infinity();
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
      stacked(a.rows() + j, j) = std::sqrt(alpha) * unit(j);
    }
    return stacked;
  }

  /// A row for each constant column, of which nothing else is left.
  [[nodiscard]] Matrix stacked_on_constants(const Matrix& a) const {
    Matrix stacked(a.rows() + static_cast<Index>(constants_.size()), p_);
    for (Index j = 0; j < p_; ++j) std::copy_n(a.col(j), a.rows(), stacked.col(j));
    for (std::size_t k = 0; k < constants_.size(); ++k) {
      stacked(a.rows() + static_cast<Index>(k), constants_[k].column) = 1.0;
    }
    return stacked;
  }

  /// Leaves a factor for refinement where the rank is full, or a penalty makes it so.
  [[nodiscard]] LeastSquaresSolution solve_reduced(const Matrix& a, const Matrix& b, double alpha) {
    if (alpha > 0 && a.rows() < p_) {
      if (!row_products_) row_products_ = std::make_shared<const RowProducts>(a, equations_.unit());
      if (auto factor = WideRidge::factor(row_products_, alpha)) return solve_wide(std::move(*factor), b, alpha);
    }
    if (alpha > 0) {
      const IndependentRows independent = independent_rows(a.copy(), b.copy());
      if (independent.rows.rows() < p_) return solve_few_rows(independent, alpha);
    }
    return solve_stacked(a, b, alpha);
  }

  [[nodiscard]] LeastSquaresSolution solve_stacked(const Matrix& a, const Matrix& b, double alpha) {
    Matrix rows = alpha > 0 ? stacked_on_penalty(a, alpha) : stacked_on_constants(a);
    Matrix rhs(rows.rows(), b.cols());
    for (Index t = 0; t < b.cols(); ++t) std::copy_n(b.col(t), b.rows(), rhs.col(t));
    const bool apart = problem_.keep_reduced && !constants_.empty();
    LeastSquaresSolution solution =
        solve_pivoted(rows.copy(), std::move(rhs), equations_.unit(), problem_.keep_reduced && !apart);
    if (apart) solution.reduced = solve_pivoted(a.copy(), b.copy(), equations_.unit(), true).reduced;
    if (solution.rank == p_) {
      if (auto factor = Cholesky::from_triangle(qr_triangle(std::move(rows)))) {
        factors_.add(alpha, std::move(*factor));
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
    auto factor = FewRowsRidge::factor(given.rows, alpha, equations_.unit());
    if (!factor) return solve_stacked(given.rows, given.rhs, alpha);
    factor->solve(solution.coef, true);
    solution.condition = factor->condition();
    factors_.add(alpha, std::move(*factor));
    return solution;
  }

  [[nodiscard]] LeastSquaresSolution solve_wide(WideRidge factor, const Matrix& b, double alpha) {
    LeastSquaresSolution solution{factor.minimise(b.copy()), p_, factor.condition(), {}, {}};
    factors_.add(alpha, std::move(factor));
    return solution;
  }

  LeastSquaresFit finish() {
    if (problem_.keep_reduced && fit_.method == LeastSquaresMethod::cholesky) fit_.reduced = factor_in_units();
    fit_.n_reads += equations_.n_reads();
    count_constants();
    fit_.coef = Matrix(p_, t_);
    fit_.intercept.assign(as_size(t_), 0.0);
    for (Index t = 0; t < t_; ++t) {
      const double target_scale = equations_.design().scale[as_size(p_ + t)];
      for (Index j = 0; j < p_; ++j) {
        fit_.coef(j, t) = refined_(j, t).high * unit(j) / target_scale;
      }
      fit_.intercept[as_size(t)] = refined_.constant[as_size(t)].high / target_scale;
      fit_.rss[as_size(t)] = fit_.rss[as_size(t)] / target_scale / target_scale;
    }
    return std::move(fit_);
  }

  const LeastSquaresProblem& problem_;
  Index p_, t_;
  PenaltyGroups groups_;
  std::vector<ConstantColumn> constants_;  ///< where there is an intercept
  NormalEquations equations_;
  Vector mean_;  ///< exact means in scaled units, less the shifts already taken out
  PenalisedFactors factors_;
  std::shared_ptr<const RowProducts> row_products_;
  Matrix gamma_;
  Vector constant_;
  PairCoefficients refined_;
  Vector column_length_;  ///< of the scaled, centred columns
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
