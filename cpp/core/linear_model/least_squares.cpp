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
#include "linear_model/standardise.hpp"
#include "linear_model/tall_qr.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Largest condition of the scaled Gram matrix at which Cholesky is trusted: its square root, 3e5, leaves a contraction of 1e-5 per refinement.
constexpr double max_gram_condition = 1e11;
constexpr int max_refinements = 4;

/// The scaled, centred problem: minimise over gamma the weighted |y - x gamma - constant|^2 + sum of penalty * (unit gamma)^2.
class Solver {
 public:
  explicit Solver(const LeastSquaresProblem& problem)
      : problem_(problem),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        design_(problem.features, false, problem.targets) {
    const bool penalised =
        std::any_of(problem.penalty.begin(), problem.penalty.end(), [](double alpha) { return alpha > 0; });
    standardise(design_, problem.weights, problem.intercept, largest_safe_scale(penalised));
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
    solve_all(cross_, gamma_);
    set_constants();
    refine();
    return true;
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
  }

  void set_constants() {
    if (!problem_.intercept) return;
    for (Index t = 0; t < t_; ++t) {
      double value = mean_[as_size(p_ + t)];
      for (Index j = 0; j < p_; ++j) value -= gamma_(j, t) * mean_[as_size(j)];
      constant_[as_size(t)] = value;
    }
  }

  struct Residuals {
    Matrix gradient;  ///< p x t, X' W r
    Vector sum;       ///< t, sum of W r
    Vector squares;   ///< t, r' W r
    double total_weight = 0;
  };

  /// One read: residuals of the current coefficients and their products with the columns.
  Residuals residual_pass() {
    ++fit_.n_reads;
    const auto partition = RowPartition::for_vectors(design_.rows(), design_.cols());
    const Index padded = RowBlock(1, design_.cols()).padded_cols();
    AlignedBuffer<double> coef = AlignedBuffer<double>::zeros(padded * t_);
    for (Index t = 0; t < t_; ++t) {
      for (Index j = 0; j < p_; ++j) coef[t * padded + j] = -gamma_(j, t);
      coef[t * padded + p_ + t] = 1.0;
    }
    struct Part {
      AlignedBuffer<double> gradient;
      Vector sum, squares;
      double total_weight = 0;
    };
    std::vector<Part> parts(as_size(partition.slots));
    const double operations = 4.0 * static_cast<double>(design_.rows()) * static_cast<double>(padded * t_);
    for_each_slot(partition, operations, [&](Index slot, Range range) {
      Part& part = parts[as_size(slot)];
      part.gradient = AlignedBuffer<double>::zeros(padded * t_);
      part.sum.assign(as_size(t_), 0.0);
      part.squares.assign(as_size(t_), 0.0);
      RowBlock block(partition.block_rows, design_.cols());
      AlignedBuffer<double> residual(round_up(partition.block_rows, kernels::row_padding));
      for_each_block(partition, range, [&](Index begin, Index count) {
        checkpoint();
        block.load(design_, begin, count);
        const double* weights = problem_.weights == nullptr ? nullptr : problem_.weights + begin;
        for (Index k = 0; k < count; ++k) part.total_weight += weights == nullptr ? 1.0 : weights[k];
        for (Index t = 0; t < t_; ++t) {
          block.times_vector(coef.data() + t * padded, residual.data());
          for (Index k = 0; k < count; ++k) {
            const double r = residual[k] - constant_[as_size(t)];
            residual[k] = weights == nullptr ? r : weights[k] * r;
            part.sum[as_size(t)] += residual[k];
            part.squares[as_size(t)] += residual[k] * r;
          }
          std::fill_n(residual.data() + count, block.padded_rows() - count, 0.0);
          block.add_transposed_times_vector(residual.data(), part.gradient.data() + t * padded);
        }
      });
    });
    Residuals result{Matrix(p_, t_), Vector(as_size(t_), 0.0), Vector(as_size(t_), 0.0), 0.0};
    for (const Part& part : parts) {
      result.total_weight += part.total_weight;
      for (Index t = 0; t < t_; ++t) {
        result.sum[as_size(t)] += part.sum[as_size(t)];
        result.squares[as_size(t)] += part.squares[as_size(t)];
        for (Index j = 0; j < p_; ++j) result.gradient(j, t) += part.gradient[t * padded + j];
      }
    }
    return result;
  }

  /// Corrects the coefficients with residuals of the data until the predicted error of the next correction is below rounding.
  void refine() {
    double previous = std::numeric_limits<double>::infinity();
    for (int pass = 0; pass < max_refinements; ++pass) {
      Residuals residuals = residual_pass();
      fit_.rss = residuals.squares;
      Matrix gradient = std::move(residuals.gradient);
      for (Index t = 0; t < t_; ++t) {
        for (Index j = 0; j < p_; ++j) {
          gradient(j, t) -= mean_[as_size(j)] * residuals.sum[as_size(t)] +
                            scaled_penalty(problem_.penalty[as_size(t)], j) * gamma_(j, t);
        }
      }
      Matrix step(p_, t_);
      solve_all(gradient, step);
      const double size = relative_size(step);
      if (!(size < 0.5 * previous)) break;
      apply(step, residuals);
      previous = size;
      if (size * fit_.condition * fit_.condition * eps <= eps || size <= 4 * eps) break;
    }
  }

  /// Largest ratio over targets of |step| to |coefficients|, both in columns of unit length.
  [[nodiscard]] double relative_size(const Matrix& step) const {
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double moved = 0, length = 0;
      for (Index j = 0; j < p_; ++j) {
        const double column = std::sqrt(gram_(j, j));
        moved = std::max(moved, std::fabs(step(j, t)) * column);
        length = std::max(length, std::fabs(gamma_(j, t)) * column);
      }
      if (moved > 0) worst = std::max(worst, length > 0 ? moved / length : 1.0);
    }
    return worst;
  }

  void apply(const Matrix& step, const Residuals& residuals) {
    for (Index t = 0; t < t_; ++t) {
      if (problem_.intercept) {
        constant_[as_size(t)] += residuals.sum[as_size(t)] / residuals.total_weight;
        for (Index j = 0; j < p_; ++j) constant_[as_size(t)] -= step(j, t) * mean_[as_size(j)];
      }
      for (Index j = 0; j < p_; ++j) gamma_(j, t) += step(j, t);
    }
    if (problem_.penalty == Vector(as_size(t_), 0.0)) lower_rss(step);
  }

  /// The residual sum after a Newton step without penalty: it falls by step' Gram step.
  void lower_rss(const Matrix& step) {
    for (Index t = 0; t < t_; ++t) {
      double fall = 0;
      for (Index j = 0; j < p_; ++j) {
        for (Index i = 0; i < p_; ++i) fall += step(i, t) * gram_(i, j) * step(j, t);
      }
      fit_.rss[as_size(t)] = std::max(0.0, fit_.rss[as_size(t)] - fall);
    }
  }

  /// Rows reduced to a triangle (or taken as they are when there are few), then a rank-revealing solve.
  void solve_by_qr() {
    factors_.clear();
    fit_.method = LeastSquaresMethod::qr;
    if (problem_.intercept && !mean_.empty()) {
      for (Index j = 0; j < p_ + t_; ++j) design_.shift[as_size(j)] += mean_[as_size(j)] / design_.scale[as_size(j)];
    }
    mean_.assign(as_size(p_ + t_), 0.0);
    const Matrix rows = reduced_rows(design_, problem_.weights);
    ++fit_.n_reads;
    const Matrix a = rows.block(0, rows.rows(), 0, p_), b = rows.block(0, rows.rows(), p_, t_);
    const Vector penalties = distinct_penalties();
    for (const double alpha : penalties) {
      LeastSquaresSolution part = solve_reduced(a, select(b, alpha), alpha);
      if (alpha == penalties.front()) {
        fit_.rank = part.rank;
        fit_.condition = part.condition;
        fit_.dependent_columns = std::move(part.dependent_columns);
      }
      scatter(part.coef, alpha, gamma_);
    }
    const Residuals residuals = residual_pass();
    fit_.rss = residuals.squares;
    for (Index t = 0; t < t_ && problem_.intercept; ++t) {
      const double moved = residuals.sum[as_size(t)] / residuals.total_weight;
      constant_[as_size(t)] += moved;
      fit_.rss[as_size(t)] = std::max(0.0, fit_.rss[as_size(t)] - moved * residuals.sum[as_size(t)]);
    }
  }

  [[nodiscard]] LeastSquaresSolution solve_reduced(const Matrix& a, Matrix b, double alpha) const {
    if (alpha == 0) return solve_pivoted(a.copy(), std::move(b), unit_);
    if (a.rows() < p_) return ridge_of_few_rows(a, b, alpha, unit_);
    Matrix stacked(a.rows() + p_, p_), rhs(a.rows() + p_, b.cols());
    for (Index j = 0; j < p_; ++j) {
      std::copy_n(a.col(j), a.rows(), stacked.col(j));
      stacked(a.rows() + j, j) = std::sqrt(alpha) * unit_[as_size(j)];
    }
    for (Index t = 0; t < b.cols(); ++t) std::copy_n(b.col(t), b.rows(), rhs.col(t));
    return solve_pivoted(std::move(stacked), std::move(rhs), unit_);
  }

  LeastSquaresFit finish() {
    fit_.coef = Matrix(p_, t_);
    fit_.intercept.assign(as_size(t_), 0.0);
    for (Index t = 0; t < t_; ++t) {
      const double target_scale = design_.scale[as_size(p_ + t)];
      double intercept = design_.shift[as_size(p_ + t)] + constant_[as_size(t)] / target_scale;
      for (Index j = 0; j < p_; ++j) {
        fit_.coef(j, t) = gamma_(j, t) * unit_[as_size(j)] / target_scale;
        intercept -= fit_.coef(j, t) * design_.shift[as_size(j)];
      }
      if (problem_.intercept) fit_.intercept[as_size(t)] = intercept;
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
  Matrix gamma_;
  Vector constant_;
  LeastSquaresFit fit_;
};

}  // namespace

LeastSquaresFit least_squares(const LeastSquaresProblem& problem) {
  check(problem.penalty.size() == as_size(problem.targets.cols) && problem.targets.rows == problem.features.rows);
  return Solver(problem).run();
}

}  // namespace crowfly
