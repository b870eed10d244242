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
#include "linalg/gram.hpp"
#include "linalg/grid_gram.hpp"
#include "linalg/products.hpp"
#include "linalg/single_gram.hpp"
#include "linear_model/centred_rows.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/least_squares_refinement.hpp"
#include "linear_model/sampled_frame.hpp"
#include "linear_model/shortest_solution.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Largest condition of the scaled Gram matrix at which Cholesky is trusted: its square root, 3e5, leaves a contraction of 1e-5 per refinement.
constexpr double max_gram_condition = 1e11;
/// From so many columns on, more for several targets, a Gram matrix in float32 pays for one more read; and the condition up to which it contracts fast enough.
constexpr Index min_single_columns = 96, columns_per_target = 12;
constexpr double max_single_condition = 1024;
/// Squared distance of mean and shift, in variances, above which the sample was a bad one.
constexpr double max_shift_variances = 16;
/// Cross products about zero have no shift that might be refuted. Not infinity, whose product with the square of a column of zeros is no number.
constexpr double any_shift_variances = std::numeric_limits<double>::max();
/// Columns up to which cross products of a block stay in the second-level cache.
constexpr Index max_cross_products = 160;
/// Pairs of columns per feature and target up to which their products in twice the precision take no longer than in float64 and a read for residuals: 13 with Zen 4's separate adders.
constexpr Index products_per_residual = 13;

/// The scaled, centred problem: minimise over gamma the weighted |y - x gamma - constant|^2 + sum of penalty * (unit gamma)^2.
class Solver {
 public:
  explicit Solver(const LeastSquaresProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        groups_(problem.penalty),
        design_(problem.features, false, problem.targets),
        constants_(problem.intercept ? constant_columns(problem.features) : std::vector<ConstantColumn>()),
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
    const double largest_scale = largest_safe_scale(problem_.penalty);
    bool solved = false;
    if (tall && standardise_by_sample(design_, problem_.weights, problem_.intercept, largest_scale)) {
      shift_to_constants(design_, constants_);
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
    if (frame_ != Frame::refuted && grid_gram_pays()) {
      if (const auto solved = solve_by_cross_products()) return *solved;
    }
    return frame_ != Frame::refuted && solve_by(&gram_and_reach, eps, max_gram_condition);
  }

  [[nodiscard]] Design with_ones() const { return problem_.intercept ? design_.with_ones() : design_; }

  /// One read: the Gram matrix about the exact weighted means, by `sum_up`, which knows it to `unit`. False where it, or the frame, can't be trusted.
  template <class Gram>
  bool solve_by(GramAndReach<Gram> (*sum_up)(const Design&, const double*), double unit, double max_condition) {
    const GramAndReach<Gram> sums = sum_up(with_ones(), problem_.weights);
    ++fit_.n_reads;
    gram_unit_ = unit;
    return take(centred_gram(sums.gram, p_, t_, problem_.intercept), sums.reach, max_shift_variances) &&
           solve_normal_equations(max_condition);
  }

  /// False where the frame was refuted.
  bool take(CentredGram centred, const ColumnReach& reach, double most_variances) {
    if (frame_ == Frame::fits) {
      check(entries_are_small(reach));
    } else {
      const bool fits = adjust_frame(design_, centred, reach, problem_.intercept, largest_safe_scale(problem_.penalty),
                                     most_variances);
      frame_ = fits ? Frame::fits : Frame::refuted;
      total_weight_ = reach.total_weight();
      set_units();
    }
    gram_ = std::move(centred.gram);
    cross_ = std::move(centred.cross);
    mean_ = std::move(centred.mean);
    return frame_ == Frame::fits;
  }

  /// Whether cross products in twice the precision take less than those of float64 and a read for residuals.
  [[nodiscard]] bool grid_gram_pays() const {
    // About zero nothing is known of what a constant column is but for its mean.
    const bool shift_counts =
        std::any_of(constants_.begin(), constants_.end(), [](const auto& constant) { return constant.value != 0; });
    return !shift_counts && problem_.weights == nullptr && problem_.features.sparse == nullptr &&
           p_ + t_ < max_cross_products && (p_ + t_) * (p_ + t_) <= products_per_residual * p_ * t_;
  }

  /// One read in all: cross products about zero, where shifts would round, from which residuals are had as well. Nothing where they don't suffice to centre columns.
  std::optional<bool> solve_by_cross_products() {
    const Vector shift = std::exchange(design_.shift, Vector(design_.shift.size(), 0.0)), scale = design_.scale;
    GramAndReach<GridGram> sums = grid_gram(with_ones());
    ++fit_.n_reads;
    std::optional<bool> solved;
    CentredGram centred = centred_gram(sums.gram, p_, t_, problem_.intercept);
    if (sums.gram.in_range() && is_known(centred, sums.gram)) {
      gram_unit_ = eps;
      solved = take(std::move(centred), sums.reach, any_shift_variances);
      if (*solved) {
        sums.gram.scale(change_of_scale(scale));
        cross_products_ = &sums.gram;
        solved = solve_normal_equations(max_gram_condition);
        cross_products_ = nullptr;
      }
    }
    if (!solved || !*solved) design_.shift = shift;
    return solved;
  }

  /// Whether the lengths of centred columns are those of exact products, up to a few units of float64.
  [[nodiscard]] bool is_known(const CentredGram& centred, const GridGram& gram) const {
    for (Index j = 0; j < p_; ++j) {
      // The mean is below the column's reach: taking it out at most doubles what the column is off by, in either factor.
      const double error = 2 * gram.reach(j);
      if (!(error * error <= eps * centred.gram(j, j))) return false;
    }
    return true;
  }

  /// Of the columns with ones.
  [[nodiscard]] Vector change_of_scale(const Vector& before) const {
    Vector factor(before.size());
    for (std::size_t j = 0; j < before.size(); ++j) factor[j] = design_.scale[j] / before[j];
    if (problem_.intercept) factor.insert(factor.begin() + p_, 1.0);
    return factor;
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
      // Beside the others, so that nothing else changes.
      for (const ConstantColumn& constant : constants_) penalised(constant.column, constant.column) = 1.0;
      auto factor = Cholesky::factor(penalised);
      if (!factor || !(factor->condition() <= max_condition)) return false;
      if (alpha == penalties.front()) fit_.condition = std::sqrt(factor->condition());
      factors_.add(alpha, std::move(*factor));
    }
    fit_.method = LeastSquaresMethod::cholesky;
    for (Index j = 0; j < p_; ++j) column_length_[as_size(j)] = std::sqrt(gram_(j, j));
    factors_.solve(groups_, cross_, gamma_);
    set_constants();
    return refine();
  }

  bool refine() {
    RefinedSolution refined =
        refine_solution({problem_, design_, constants_, mean_, total_weight_, groups_, factors_, column_length_,
                         fit_.method, fit_.condition, gram_unit_, cross_products_},
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

  /// What only a factorisation tells, which takes longer than the fit: the dependent columns, by pivoting, or singular values where products of rows have lost them.
  void complete(LeastSquaresFit& shortest) {
    if (problem_.keep_reduced && shortest.reduced.rows() == shortest.rank) return;
    standardise(design_, problem_.weights, problem_.intercept, largest_safe_scale(problem_.penalty));
    set_units();
    const Matrix rows = centred_rows(design_, problem_.weights, problem_.intercept).rows;
    Matrix a = rows.block(0, rows.rows(), 0, p_);
    if (problem_.keep_reduced) {
      shortest.reduced = reduced_from_rows(in_units(std::move(a)));
    } else {
      shortest.dependent_columns = dependent_columns(std::move(a));
    }
  }

  [[nodiscard]] Matrix in_units(Matrix a) const {
    for (Index j = 0; j < p_; ++j) {
      for (Index i = 0; i < a.rows(); ++i) a(i, j) /= unit_[as_size(j)];
    }
    return a;
  }

  /// The Gram matrix' factor in the caller's units, of the columns that are not constant.
  [[nodiscard]] Matrix factor_in_units() const {
    const Matrix whole = factors_.first_triangle();
    std::vector<Index> kept;
    for (Index j = 0; j < p_; ++j) {
      if (!is_constant(j)) kept.push_back(j);
    }
    const auto rank = static_cast<Index>(kept.size());
    Matrix r(rank, rank);
    for (Index j = 0; j < rank; ++j) {
      const Index column = kept[as_size(j)];
      for (Index i = 0; i <= j; ++i) r(i, j) = whole(kept[as_size(i)], column) / unit_[as_size(column)];
    }
    return r;
  }

  [[nodiscard]] bool is_constant(Index j) const {
    return std::any_of(constants_.begin(), constants_.end(),
                       [=](const auto& constant) { return constant.column == j; });
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
      stacked(a.rows() + j, j) = std::sqrt(alpha) * unit_[as_size(j)];
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
      if (!row_products_) row_products_ = std::make_shared<const RowProducts>(a, unit_);
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
    LeastSquaresSolution solution = solve_pivoted(rows.copy(), std::move(rhs), unit_, problem_.keep_reduced && !apart);
    if (apart) solution.reduced = solve_pivoted(a.copy(), b.copy(), unit_, true).reduced;
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
    auto factor = FewRowsRidge::factor(given.rows, alpha, unit_);
    if (!factor) return solve_stacked(given.rows, given.rhs, alpha);
    factor->solve(solution.coef, true);
    solution.condition = factor->condition();
    factors_.add(alpha, std::move(*factor));
    return solution;
  }

  [[nodiscard]] LeastSquaresSolution solve_wide(WideRidge factor, const Matrix& b, double alpha) {
    LeastSquaresSolution solution{factor.minimise(b.copy()), p_, factor.condition(), {}};
    factors_.add(alpha, std::move(factor));
    return solution;
  }

  LeastSquaresFit finish() {
    if (problem_.keep_reduced && fit_.method == LeastSquaresMethod::cholesky) fit_.reduced = factor_in_units();
    count_constants();
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
  std::vector<ConstantColumn> constants_;  ///< where there is an intercept
  Vector unit_;  ///< power of two per feature: coefficient = gamma * unit / scale of the target
  Vector mean_;  ///< exact means in scaled units, less the shifts already taken out
  Matrix gram_, cross_;
  double gram_unit_ = eps;  ///< to which gram_ is known
  const GridGram* cross_products_ = nullptr;
  PenalisedFactors factors_;
  std::shared_ptr<const RowProducts> row_products_;
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
