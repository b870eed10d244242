// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/ridge_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/centred_gram.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/least_squares.hpp"
#include "linear_model/ridge_basis.hpp"
#include "linear_model/ridge_refinement.hpp"
#include "linear_model/ridge_scores.hpp"
#include "linear_model/standardise.hpp"
#include "linear_model/tall_qr.hpp"

namespace crowfly {
namespace {

/// Scales further from one than this enter the penalty's metric as this: their squares must stay in range, and such penalties are nothing beside the Gram matrix or everything.
constexpr double largest_metric_scale = 0x1p300;

class PathSolver {
 public:
  explicit PathSolver(const RidgePathProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        design_(problem.features, false, problem.targets),
        constants_(problem.intercept ? constant_columns(problem.features) : std::vector<ConstantColumn>()) {
    fit_.total_weight =
        standardise(design_, problem.weights, problem.intercept, largest_safe_scale(problem.alphas)).total_weight;
    fit_.n_reads = 1;
    const auto n_alphas = problem.alphas.size(), combinations = n_alphas * as_size(t_);
    fit_.coef = Matrix(p_, static_cast<Index>(combinations));
    for (Vector* values : {&fit_.intercept, &fit_.rss, &fit_.left_out}) values->assign(combinations, 0.0);
    fit_.degrees.assign(n_alphas, 0.0);
    fit_.correction.assign(n_alphas, 0.0);
    fit_.lost_degrees.assign(n_alphas, 0.0);
    target_scale_.assign(design_.scale.begin() + p_, design_.scale.end());
  }

  RidgePathFit run() {
    if (!few_rows()) {
      read_gram();
    } else {
      read_rows();
    }
    std::vector<Index> penalised, free;
    for (std::size_t a = 0; a < problem_.alphas.size(); ++a) {
      (problem_.alphas[a] > 0 ? penalised : free).push_back(static_cast<Index>(a));
    }
    if (!penalised.empty()) solve_penalised(penalised);
    if (!free.empty()) solve_free(free);
    return std::move(fit_);
  }

 private:
  /// Rows of which none can be spared: leave-one-out errors then come from the rows themselves.
  [[nodiscard]] bool few_rows() const noexcept {
    return problem_.features.rows - (problem_.intercept && p_ > 0 ? 1 : 0) <= p_;
  }

  /// Gram matrix and cross products about the exact means, to which the design's shifts are moved.
  void read_gram() {
    const Design with_ones = problem_.intercept ? design_.with_ones() : design_;
    CentredGram centred = centred_gram(weighted_gram(with_ones, problem_.weights), p_, t_, problem_.intercept);
    ++fit_.n_reads;
    gram_ = std::move(centred.gram);
    cross_ = std::move(centred.cross);
    for (std::size_t j = 0; j < centred.mean.size(); ++j) design_.shift[j] += centred.mean[j] / design_.scale[j];
  }

  /// The rows, or the triangle they are reduced to.
  void read_rows() {
    if (rows_) return;
    rows_ = reduced_rows(design_, problem_.weights);
    ++fit_.n_reads;
    raw_ = rows_->rows() == problem_.features.rows && few_rows();
    if (!raw_) return;
    row_order_ = order_by_weight(problem_.weights, rows_->rows());
    for (Index i = 0; i < rows_->rows() && problem_.intercept; ++i) {
      const Index row = row_order_.empty() ? i : row_order_[as_size(i)];
      const double weight = problem_.weights == nullptr ? 1.0 : problem_.weights[row];
      constant_.push_back(std::sqrt(weight / fit_.total_weight));
    }
  }

  [[nodiscard]] RidgeBasis basis(const Vector& metric, double smallest_alpha) {
    if (gram_.rows() == p_ && !few_rows()) {
      if (auto result = basis_of_gram(gram_, cross_, metric, smallest_alpha)) return std::move(*result);
    }
    read_rows();
    const Index m = rows_->rows();
    return basis_of_rows(rows_->block(0, m, 0, p_), rows_->block(0, m, p_, t_), metric, constant_,
                         {smallest_alpha, problem_.refine}, raw_);
  }

  /// The diagonal of the penalty for alpha = 1 in scaled columns.
  [[nodiscard]] Vector metric() const {
    Vector result(as_size(p_));
    for (std::size_t j = 0; j < result.size(); ++j) {
      const double unit = std::max(design_.scale[j], 1 / largest_metric_scale);
      result[j] = problem_.penalty_factor[j] * unit * unit;
    }
    return result;
  }

  void solve_penalised(const std::vector<Index>& places) {
    Vector alphas;
    for (const Index a : places) alphas.push_back(problem_.alphas[as_size(a)]);
    const Vector diagonal = metric();
    const RidgeBasis shared = basis(diagonal, *std::min_element(alphas.begin(), alphas.end()));
    Matrix coef(p_, static_cast<Index>(alphas.size()) * t_);
    for (std::size_t a = 0; a < alphas.size(); ++a) {
      const Matrix part = shared.solve(alphas[a]);
      std::copy_n(part.data(), p_ * t_, coef.col(static_cast<Index>(a) * t_));
    }
    for (const ConstantColumn& constant : constants_) {
      for (Index c = 0; c < coef.cols(); ++c) coef(constant.column, c) = 0.0;
    }
    Vector exact_squares, correction;
    Vector constant(as_size(coef.cols()), 0.0);
    if (problem_.refine) {
      RefinedPath refined = refine_path(
          {design_, problem_.weights, problem_.intercept, fit_.total_weight, alphas, diagonal, shared, constants_},
          coef);
      coef = std::move(refined.coef);
      constant = std::move(refined.constant);
      exact_squares = std::move(refined.squares);
      correction = std::move(refined.correction);
      fit_.n_reads += refined.n_reads;
    } else {
      for (Index c = 0; c < coef.cols(); ++c) constant[as_size(c)] = constant_of(coef, c);
    }
    const RidgeScores scores = score(shared, alphas, places, coef);
    const Vector& squares = problem_.refine ? exact_squares : scores.squares;
    for (std::size_t a = 0; a < alphas.size(); ++a) {
      for (Index t = 0; t < t_; ++t) {
        const Index from = static_cast<Index>(a) * t_ + t, to = places[a] * t_ + t;
        const double target_scale = target_scale_[as_size(t)];
        for (Index j = 0; j < p_; ++j) fit_.coef(j, to) = coef(j, from) * design_.scale[as_size(j)] / target_scale;
        fit_.intercept[as_size(to)] = constant[as_size(from)] / target_scale;
        fit_.rss[as_size(to)] = squares[as_size(from)] / target_scale / target_scale;
        fit_.left_out[as_size(to)] = scores.left_out[as_size(from)] / target_scale / target_scale;
      }
      if (problem_.refine) fit_.correction[as_size(places[a])] = correction[a];
      if (problem_.refine && correction[a] > max_unfinished) solve_alone(places[a]);
    }
  }

  /// One penalty that the basis of all doesn't serve (far below what rounding leaves of dependent columns): least squares has other ways.
  void solve_alone(Index a) {
    const auto is_one = [](double factor) { return factor == 1; };
    if (!std::all_of(problem_.penalty_factor.begin(), problem_.penalty_factor.end(), is_one)) return;
    const LeastSquaresFit alone = least_squares({problem_.features, problem_.targets, problem_.weights,
                                                 problem_.intercept, Vector(as_size(t_), problem_.alphas[as_size(a)])});
    fit_.n_reads += alone.n_reads;
    if (!(alone.correction < fit_.correction[as_size(a)])) return;
    for (Index t = 0; t < t_; ++t) {
      const Index to = a * t_ + t;
      std::copy_n(alone.coef.col(t), p_, fit_.coef.col(to));
      fit_.intercept[as_size(to)] = alone.intercept[as_size(t)];
      fit_.rss[as_size(to)] = alone.rss[as_size(t)];
    }
    fit_.correction[as_size(a)] = alone.correction;
  }

  /// Of coefficients of scaled columns: the intercept of scaled targets.
  [[nodiscard]] double constant_of(const Matrix& coef, Index c) const {
    if (!problem_.intercept) return 0;
    const auto target = as_size(p_ + c % t_);
    double value = design_.shift[target] * design_.scale[target];
    for (Index j = 0; j < p_; ++j) value -= coef(j, c) * design_.shift[as_size(j)] * design_.scale[as_size(j)];
    return value;
  }

  /// alpha = 0 is least squares; leverages don't depend on the columns' scale there, and no feature is penalised.
  void solve_free(const std::vector<Index>& places) {
    LeastSquaresProblem plain{problem_.features, problem_.targets, problem_.weights, problem_.intercept,
                              Vector(as_size(t_), 0.0)};
    const LeastSquaresFit exact = least_squares(plain);
    fit_.n_reads += exact.n_reads;
    const RidgeBasis unpenalised = basis(Vector(as_size(p_), 0.0), 0);
    Matrix coef(p_, t_);
    for (Index t = 0; t < t_; ++t) {
      for (Index j = 0; j < p_; ++j) {
        coef(j, t) = exact.coef(j, t) / design_.scale[as_size(j)] * target_scale_[as_size(t)];
      }
    }
    const RidgeScores scores = score(unpenalised, {0.0}, {places.front()}, coef);
    for (const Index a : places) {
      for (Index t = 0; t < t_; ++t) {
        const Index to = a * t_ + t;
        const double target_scale = target_scale_[as_size(t)];
        std::copy_n(exact.coef.col(t), p_, fit_.coef.col(to));
        fit_.intercept[as_size(to)] = exact.intercept[as_size(t)];
        fit_.rss[as_size(to)] = exact.rss[as_size(t)];
        fit_.correction[as_size(a)] = exact.correction;
        fit_.left_out[as_size(to)] = scores.left_out[as_size(t)] / target_scale / target_scale;
      }
      copy_errors(places.front(), a);
    }
    for (const Index a : places) {
      fit_.degrees[as_size(a)] = fit_.degrees[as_size(places.front())];
      fit_.lost_degrees[as_size(a)] = fit_.lost_degrees[as_size(places.front())];
    }
  }

  void copy_errors(Index from, Index to) const {
    if (problem_.errors == nullptr || from == to) return;
    const Index size = problem_.features.rows * t_;
    std::copy_n(problem_.errors + from * size, size, problem_.errors + to * size);
  }

  /// Scores, and the degrees of freedom that go with them.
  RidgeScores score(const RidgeBasis& shared, const Vector& alphas, const std::vector<Index>& places,
                    const Matrix& coef) {
    const double constant = problem_.intercept ? 1 : 0;
    for (std::size_t a = 0; a < alphas.size(); ++a) {
      const auto at = as_size(places[a]);
      fit_.degrees[at] = constant + shared.degrees(alphas[a]);
      fit_.lost_degrees[at] =
          static_cast<double>(problem_.features.rows - shared.rank()) - constant + shared.lost_degrees(alphas[a]);
    }
    const ScoreProblem problem{alphas,        shared,          problem_.intercept ? 1 / fit_.total_weight : 0.0,
                               target_scale_, problem_.errors, problem_.weights,
                               row_order_,    places};
    if (raw_) return scores_of_rows(rows_->block(0, rows_->rows(), p_, t_), constant_, problem);
    ++fit_.n_reads;
    return scores_of_data(design_, problem, coef);
  }

  const RidgePathProblem& problem_;
  Index p_, t_;
  Design design_;
  std::vector<ConstantColumn> constants_;  ///< where there is an intercept
  Vector target_scale_;
  Matrix gram_, cross_;
  std::optional<Matrix> rows_;
  std::vector<Index> row_order_;  ///< of raw rows: which of the data each is
  bool raw_ = false;              ///< the rows are those of the data, at most as many as features
  Vector constant_;               ///< of unit length, to which the raw rows' columns are orthogonal
  RidgePathFit fit_;
};

}  // namespace

RidgePathFit ridge_path(const RidgePathProblem& problem) {
  check(problem.targets.rows == problem.features.rows);
  check(static_cast<Index>(problem.penalty_factor.size()) == problem.features.cols);
  return PathSolver(problem).run();
}

}  // namespace crowfly
