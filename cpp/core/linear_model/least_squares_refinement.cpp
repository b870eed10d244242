// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/least_squares_refinement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linear_model/gram_residuals.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr int max_refinements = 8;
/// A coefficient that is smaller beside the largest is zero but for rounding.
constexpr double negligible = 0x1p-90;

/// What residuals are had from, the quickest first.
enum class Source { cross_products, rows_on_grid, rows_split };

class Refinement {
 public:
  explicit Refinement(const FactoredProblem& factored)
      : factored_(factored),
        problem_(factored.problem),
        design_(factored.design),
        p_(problem_.features.cols),
        t_(problem_.targets.cols),
        solution_{PairCoefficients(p_, t_), Vector(as_size(t_), 0.0)},
        refined_(solution_.coefficients) {}

  RefinedSolution run(const Matrix& gamma, const Vector& constant) {
    begin(gamma, constant);
    solution_.contracted = refine();
    return std::move(solution_);
  }

 private:
  [[nodiscard]] double scaled_penalty(double alpha, Index j) const {
    const double unit = design_.scale[as_size(j)];
    return alpha * unit * unit;
  }

  void begin(const Matrix& gamma, const Vector& start) {
    for (Index t = 0; t < t_; ++t) {
      Pair constant = problem_.intercept ? start[as_size(t)] : 0.0;
      if (problem_.intercept) {
        constant += Pair::product(design_.shift[as_size(p_ + t)], design_.scale[as_size(p_ + t)]);
      }
      for (Index j = 0; j < p_; ++j) {
        refined_(j, t) = gamma(j, t);
        if (problem_.intercept) {
          constant -= Pair::product(gamma(j, t), design_.shift[as_size(j)] * design_.scale[as_size(j)]);
        }
      }
      refined_.constant[as_size(t)] = constant;
    }
  }

  /// Corrects the coefficients, with residuals of the data in twice the precision, until the predicted error of the next correction is far below rounding. The
  /// columns enter uncentred, since centring would round; that only changes what the constant is. False where corrections cease to shrink before.
  bool refine() {
    Design exact = design_.with_ones();
    for (Index j = 0; j < p_ + t_; ++j) exact.shift[as_size(j < p_ ? j : j + 1)] = 0;
    double previous = std::numeric_limits<double>::infinity(), previous_change = previous,
           contraction = expected_contraction();
    Source source = first_source();
    for (int pass = 0; pass < max_refinements; ++pass) {
      const ExactResiduals residuals = residuals_from(source, exact);
      solution_.squares = residuals.squares;
      const Matrix gradient = centred_gradient(residuals);
      Matrix step(p_, t_);
      factored_.factors.solve(factored_.groups, gradient, step);
      const double size = relative_size(step);
      if (!(size < 0.5 * previous)) break;
      lower_rss(step, gradient, residuals);
      apply(step, residuals);
      // Coefficients that rows of little weight decide converge last.
      const double change = largest_change(step, residuals);
      if (std::isfinite(previous)) contraction = std::max(size / previous, change / previous_change);
      previous = size;
      previous_change = change;
      solution_.correction = size * contraction;
      if (source != Source::rows_split && !errors_are_small(residuals)) {
        // What remains was beneath the rounding of these steps: the next may be no shorter.
        source = source == Source::cross_products ? Source::rows_on_grid : Source::rows_split;
        previous = previous_change = std::numeric_limits<double>::infinity();
      } else if (change * contraction < 0x1p-60) {
        return true;
      }
    }
    solution_.correction = std::isfinite(previous) ? previous : solution_.correction;
    return solution_.correction < max_unfinished;
  }

  [[nodiscard]] Source first_source() const {
    // After QR the factor's condition says too little of how far errors of gradients reach.
    if (factored_.method != LeastSquaresMethod::cholesky) return Source::rows_split;
    return factored_.cross_products != nullptr ? Source::cross_products : Source::rows_on_grid;
  }

  ExactResiduals residuals_from(Source source, const Design& rows) {
    if (source == Source::cross_products) {
      return gram_residuals(*factored_.cross_products, refined_, problem_.intercept);
    }
    ++solution_.n_reads;
    return exact_residuals(rows, problem_.weights, refined_,
                           source == Source::rows_on_grid ? PairProducts::on_grid : PairProducts::split);
  }

  /// Whether what products on grids were rounded by can't move a coefficient by 2^-60 of itself, nor the residuals by 2^-56 of them.
  [[nodiscard]] bool errors_are_small(const ExactResiduals& residuals) const {
    const double worst_condition = factored_.factors.largest_condition();
    for (Index t = 0; t < t_; ++t) {
      const double off = residuals.residual_error[as_size(t)], of_gradient = residuals.gradient_error[as_size(t)];
      if (!(factored_.total_weight * off * off <= 0x1p-112 * residuals.squares[as_size(t)])) return false;
      if (!(residuals.squares_error[as_size(t)] <= 0x1p-56 * residuals.squares[as_size(t)])) return false;
      // Columns of unit length, those of the penalty included.
      Vector length(as_size(p_));
      double shortest = std::numeric_limits<double>::infinity(), offset = 0, longest_coefficient = 0;
      for (Index j = 0; j < p_; ++j) {
        // Never corrected, and of no length where there is no penalty.
        if (is_constant(factored_.constants, j)) continue;
        length[as_size(j)] =
            std::hypot(factored_.column_length[as_size(j)], std::sqrt(scaled_penalty(problem_.penalty[as_size(t)], j)));
        shortest = std::min(shortest, length[as_size(j)]);
        offset = std::max(offset, size_of_mean(j) / length[as_size(j)]);
        longest_coefficient = std::max(longest_coefficient, std::fabs(refined_(j, t).high) * length[as_size(j)]);
      }
      // Sums of |x| with errors of residuals, by Cauchy and Schwarz: of the column, and of the constant's gradient times its mean.
      const double from_residuals =
          std::sqrt(factored_.total_weight) * (1 + 2 * std::sqrt(factored_.total_weight) * offset);
      // How far that reaches; Hager's estimate is rarely off by more than a factor of three.
      const double moved = 4 * worst_condition * (off * from_residuals + (1 + largest_entry) * of_gradient / shortest);
      double moved_constant = off + of_gradient / factored_.total_weight;
      for (Index j = 0; j < p_; ++j) {
        if (is_constant(factored_.constants, j)) continue;
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
    Pair change = residuals.gradient.constant[as_size(t)].high / factored_.total_weight;
    for (Index j = 0; j < p_; ++j) change -= raw_mean(j) * step(j, t);
    return change;
  }

  /// The largest coefficient of target t, in columns of unit length.
  [[nodiscard]] double longest(Index t) const {
    double length = 0;
    for (Index j = 0; j < p_; ++j) {
      length = std::max(length, std::fabs(refined_(j, t).high) * factored_.column_length[as_size(j)]);
    }
    return length;
  }

  /// A factor of the Gram matrix has an error of about condition^2 eps, one of its rows of condition eps.
  [[nodiscard]] double expected_contraction() const {
    // Rows of very different weights lose more than the condition of the columns says.
    if (factored_.method == LeastSquaresMethod::qr && problem_.weights != nullptr) return 1.0;
    if (factored_.method == LeastSquaresMethod::cholesky) {
      return std::min(1.0, 16 * factored_.condition * factored_.condition * factored_.gram_unit);
    }
    const double loss = std::max(factored_.condition, factored_.factors.rows_to_penalty());
    return std::min(1.0, 16 * loss * eps);
  }

  /// The mean of a column, times its scale.
  [[nodiscard]] Pair raw_mean(Index j) const {
    return Pair::product(design_.shift[as_size(j)], design_.scale[as_size(j)]) + factored_.mean[as_size(j)];
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
      for (const ConstantColumn& constant : factored_.constants) gradient(constant.column, t) = 0.0;
    }
    return gradient;
  }

  /// Largest ratio over targets of |step| to |coefficients|, both in columns of unit length.
  [[nodiscard]] double relative_size(const Matrix& step) const {
    double worst = 0;
    for (Index t = 0; t < t_; ++t) {
      double moved = 0, length = 0;
      for (Index j = 0; j < p_; ++j) {
        const double column = factored_.column_length[as_size(j)];
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
        if (value * factored_.column_length[as_size(j)] > negligible * length)
          worst = std::max(worst, std::fabs(step(j, t)) / value);
      }
      const Pair constant = refined_.constant[as_size(t)];
      if (matters(constant, t)) {
        // Not the sum: errors of the terms, whose share of them contracts, needn't cancel as they do.
        double moved = std::fabs(residuals.gradient.constant[as_size(t)].high) / factored_.total_weight;
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

  /// |r - X d|^2 = r'r - 2 d'X'r + d'Gd for the step d, and (G + penalty) d is the gradient.
  void lower_rss(const Matrix& step, const Matrix& gradient, const ExactResiduals& residuals) {
    for (Index t = 0; t < t_; ++t) {
      const double sum = problem_.intercept ? residuals.gradient.constant[as_size(t)].high : 0.0;
      double fall = sum * sum / factored_.total_weight;
      for (Index j = 0; j < p_; ++j) {
        const double penalty = scaled_penalty(problem_.penalty[as_size(t)], j);
        fall += step(j, t) * (gradient(j, t) + penalty * (step(j, t) + 2 * refined_(j, t).high));
      }
      double& squares = solution_.squares[as_size(t)];
      const double left = squares - fall;
      // Less than both are rounded by is nothing.
      squares = left > 0x1p-48 * squares ? left : 0.0;
    }
  }

  const FactoredProblem& factored_;
  const LeastSquaresProblem& problem_;
  const Design& design_;
  Index p_, t_;
  RefinedSolution solution_;
  PairCoefficients& refined_;
};

}  // namespace

RefinedSolution refine_solution(const FactoredProblem& factored, const Matrix& gamma, const Vector& constant) {
  return Refinement(factored).run(gamma, constant);
}

}  // namespace crowfly
