// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linear_model/coarse_fit.hpp"
#include "linear_model/hessian_product.hpp"
#include "linear_model/logistic_line.hpp"
#include "linear_model/logistic_loss.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 50, max_stuck = 5, max_lengths = 40;
/// Predictors of all rows that are kept for a search along a line, and how far from one its outcome may be for the next full step to be tried without.
constexpr Index max_line = Index{1} << 22;
constexpr double bend = 0.1, max_length = 1024;
/// Share of the objective by which no step may raise it, whatever rounding does.
constexpr double most_rounding = 1e-6;

/// Several classes: above the first number of parameters steps come from conjugate gradients (about as fast as a factorisation at 200, several times
/// faster at 600); above the second the full Hessian is not formed for the certificate either.
constexpr Index min_iterative_size = 200, max_dense_size = 4000;
constexpr int max_gradient_steps = 500;

constexpr const char* overflow_message =
    "X, alpha, sample_weight: magnitudes so far apart that sums of their products overflow float64; rescale them";

class Newton {
 public:
  explicit Newton(const LogisticProblem& problem)
      : problem_(problem),
        data_{Design(problem.features, false, {}), problem.classes, problem.weights, problem.n_classes},
        p_(problem.features.cols) {
    if (problem.intercept) data_.design = data_.design.with_ones();
    cols_ = data_.design.cols();
    total_weight_ = problem.weights == nullptr
                        ? static_cast<double>(problem.features.rows)
                        : std::accumulate(problem.weights, problem.weights + problem.features.rows, 0.0);
    if (CoarseFit::pays(problem, data_)) coarse_.emplace(problem, data_);
    framed_by_sample_ = coarse_ && coarse_->is_framed_by_sample();
    frame(framed_by_sample_ ? coarse_->sample()->data() : data_);
    parameters_.assign(as_size(data_.size()), 0.0);
    start_at_class_shares();
  }

  LogisticFit run() {
    if (coarse_ && run_coarsely(*coarse_)) return finish(LogisticStatus::converged);
    if (framed_by_sample_) frame_anew();
    evaluate(part_per_step());
    if (!std::isfinite(objective_)) throw InvalidArgument(overflow_message);
    double previous_decrement = 0;
    for (;; ++fit_.n_iterations) {
      if (problem_.penalty == 0 && value_.smallest_margin > 0) return finish(LogisticStatus::separated);
      const Vector step = newton_step();
      const double slope = dot(value_.gradient, step), decrement = std::sqrt(std::max(0.0, -slope));
      fit_.gap = certified_gap(decrement);
      if (fit_.gap <= problem_.tolerance * objective_ || decrement * decrement <= eps * objective_ ||
          (!factor_ && !polished_ && is_near(decrement))) {
        fit_.may_be_separated = may_be_separated(step);
        // The objective is flat: a gap at rounding level still leaves half the coefficients' digits open. One more step closes them.
        if (polished_ || decrement == 0) return finish(LogisticStatus::converged);
        polished_ = true;
      }
      // Means that a few outliers have moved far from the other rows make these nearly collinear with the constant.
      n_stuck_ = was_flat_ && decrement > 0.5 * previous_decrement ? n_stuck_ + 1 : 0;
      previous_decrement = decrement;
      if (n_stuck_ >= max_stuck && problem_.intercept && !framed_by_medians_ && problem_.features.sparse == nullptr) {
        framed_by_medians_ = true;
        frame_anew();
        evaluate(part_per_step());
        continue;
      }
      if (fit_.n_iterations >= problem_.max_iterations) {
        return finish(polished_ ? LogisticStatus::converged : LogisticStatus::iteration_limit);
      }
      if (!descend(step, slope)) return finish(polished_ ? LogisticStatus::converged : LogisticStatus::no_descent);
    }
  }

 private:
  /// Shifts, scales and what follows from them, by the statistics of these rows.
  void frame(const LogisticData& rows) {
    Design features(rows.design.features, false, {});
    const ColumnStatistics statistics =
        standardise(features, rows.weights, problem_.intercept, largest_safe_scale(problem_.penalty > 0));
    if (framed_by_medians_) shift_to_medians(features, statistics.max_abs);
    if (&rows == &data_) ++fit_.n_reads;
    columns_.penalty.clear();
    columns_.reach.clear();
    for (Index j = 0; j < p_; ++j) {
      const double scale = features.scale[as_size(j)], shift = features.shift[as_size(j)];
      const double factor = problem_.penalty_factor.empty() ? 1.0 : problem_.penalty_factor[as_size(j)];
      columns_.penalty.push_back(problem_.penalty * factor * scale * scale);
      is_penalised_ = is_penalised_ && columns_.penalty.back() > 0;
      columns_.reach.push_back((statistics.max_abs[as_size(j)] + std::fabs(shift)) * scale);
      data_.design.scale[as_size(j)] = scale;
      data_.design.shift[as_size(j)] = shift;
    }
    if (problem_.intercept) {
      columns_.penalty.push_back(0.0);
      columns_.reach.push_back(1.0);
    }
    if (coarse_ && coarse_->sample() != nullptr) coarse_->sample()->set_frame(data_.design);
  }

  /// The frame of all rows, with parameters that mean the same in it.
  void frame_anew() {
    const Design old = data_.design;
    framed_by_sample_ = false;
    frame(data_);
    for (Index v = 0; v < data_.n_vectors(); ++v) {
      double* parameters = parameters_.data() + v * cols_;
      for (Index j = 0; j < p_; ++j) {
        const double coef = parameters[j] * old.scale[as_size(j)];
        parameters[j] = coef / data_.design.scale[as_size(j)];
        if (problem_.intercept) parameters[p_] += coef * (data_.design.shift[as_size(j)] - old.shift[as_size(j)]);
      }
    }
    for (const double value : parameters_) {
      if (std::isfinite(value)) continue;
      std::fill(parameters_.begin(), parameters_.end(), 0.0);
      start_at_class_shares();
      return;
    }
  }

  /// True when the minimum is reached and certified; otherwise the exact method goes on from where this ended.
  bool run_coarsely(CoarseFit& coarse) {
    CoarseResult result = coarse.run(columns_, parameters_);
    fit_.n_reads += result.n_reads;
    fit_.n_iterations += result.found.n_steps;
    fit_.gap = result.gap;
    parameters_ = std::move(result.found.parameters);
    if (!result.found.accepted) return false;
    value_ = std::move(result.found.value);
    objective_ = result.found.objective;
    return true;
  }

  /// Without an intercept all predictors start at zero; with one, at the logarithm of the classes' shares.
  void start_at_class_shares() {
    if (!problem_.intercept) return;
    const Vector logits = logits_of_shares(data_);
    for (Index v = 0; v < data_.n_vectors(); ++v) parameters_[as_size(v * cols_ + cols_ - 1)] = logits[as_size(v)];
  }

  [[nodiscard]] bool iterative() const { return data_.n_vectors() > 1 && data_.size() > min_iterative_size; }
  [[nodiscard]] HessianPart part_per_step() const {
    return iterative() ? HessianPart::diagonal_blocks : HessianPart::full;
  }
  /// Half the squared decrement, which the gap can't be far below, is within the tolerance.
  [[nodiscard]] bool is_near(double decrement) const {
    return 0.5 * decrement * decrement <= problem_.tolerance * objective_;
  }

  /// Loss with penalty, gradient and Hessian at the current parameters.
  void evaluate(HessianPart part) {
    value_ = evaluate_loss(data_, parameters_, part);
    ++fit_.n_reads;
    objective_ = value_.loss;
    for (Index i = 0; i < data_.size(); ++i) {
      objective_ += 0.5 * columns_.penalty_of(i) * parameters_[as_size(i)] * parameters_[as_size(i)];
      value_.gradient[as_size(i)] += columns_.penalty_of(i) * parameters_[as_size(i)];
      if (part == HessianPart::full) {
        value_.hessian(i, i) += columns_.penalty_of(i);
      } else {
        value_.blocks[as_size(i / cols_)](i % cols_, i % cols_) += columns_.penalty_of(i);
      }
    }
  }

  /// Far from the optimum an approximate step is as good and much cheaper; the last one is exact, for the certificate.
  Vector newton_step() {
    if (!iterative()) return exact_step();
    Vector step = iterative_step();
    const double decrement = std::sqrt(std::max(0.0, -dot(value_.gradient, step)));
    if (!polished_ || !is_near(decrement) || data_.size() > max_dense_size) return step;
    evaluate(HessianPart::full);
    return exact_step();
  }

  Vector exact_step() {
    Matrix hessian = value_.hessian.copy();
    fix_gauge(hessian, cols_, data_.n_vectors());
    auto factor = Cholesky::factor(hessian);
    certified_ = can_certify(factor);
    if (!factor) factor = damped_factor(hessian);
    Matrix step(data_.size(), 1);
    for (Index i = 0; i < data_.size(); ++i) step(i, 0) = -value_.gradient[as_size(i)];
    factor->solve(step);
    factor_ = std::move(factor);
    return {step.col(0), step.col(0) + data_.size()};
  }

  /// Dependent columns without penalty: a touch of ridge, growing until Cholesky goes through. The step still descends; nothing is certified.
  [[nodiscard]] static Cholesky damped_factor(const Matrix& hessian) {
    for (double ridge = 1e-13;; ridge *= 10) {
      if (!(ridge < 1e10)) throw InvalidArgument(overflow_message);
      Matrix damped = hessian.copy();
      for (Index i = 0; i < damped.rows(); ++i) {
        const double diagonal = damped(i, i);
        damped(i, i) = diagonal > 0 && std::isfinite(diagonal) ? diagonal * (1 + ridge) : 1.0;
      }
      if (auto factor = Cholesky::factor(damped)) return std::move(*factor);
    }
  }

  /// Conjugate gradients on the Newton system, preconditioned by the diagonal blocks, to an accuracy that follows the gradient down (Dembo, Eisenstat and
  /// Steihaug 1982, SIAM Journal on Numerical Analysis 19), so that the outer iteration stays superlinear.
  Vector iterative_step() {
    certified_ = false;
    factor_.reset();
    std::vector<Cholesky> factors;
    for (const Matrix& block : value_.blocks) {
      auto factor = Cholesky::factor(block);
      factors.push_back(factor ? std::move(*factor) : damped_factor(block));
    }
    const auto precondition = [&](const Vector& r) { return solve_blocks(factors, r); };
    const auto hessian = [&](const Vector& direction) {
      Vector image = hessian_product(data_, parameters_, direction);
      ++fit_.n_reads;
      for (Index i = 0; i < data_.size(); ++i) image[as_size(i)] += columns_.penalty_of(i) * direction[as_size(i)];
      return image;
    };
    Vector downhill(value_.gradient);
    for (double& value : downhill) value = -value;
    const double size = std::sqrt(std::max(0.0, dot(downhill, precondition(downhill))));
    if (fit_.n_iterations == 0) first_size_ = size;
    const double reduction = polished_ ? 1e-8 : std::clamp(size / std::max(first_size_, size), 1e-6, 0.1);
    return conjugate_gradient(hessian, precondition, downhill, reduction, max_gradient_steps);
  }

  /// Block by block, then without the part that is the same for all classes (see fix_gauge).
  [[nodiscard]] Vector solve_blocks(const std::vector<Cholesky>& factors, const Vector& r) const {
    const Index vectors = data_.n_vectors();
    Vector z(r.size());
    for (Index v = 0; v < vectors; ++v) {
      Matrix part(cols_, 1);
      std::copy_n(r.data() + v * cols_, cols_, part.col(0));
      factors[as_size(v)].solve(part);
      std::copy_n(part.col(0), cols_, z.data() + v * cols_);
    }
    for (Index j = 0; j < cols_; ++j) {
      double mean = 0;
      for (Index v = 0; v < vectors; ++v) mean += z[as_size(v * cols_ + j)] / static_cast<double>(vectors);
      for (Index v = 0; v < vectors; ++v) z[as_size(v * cols_ + j)] -= mean;
    }
    return z;
  }

  /// The bound costs p^3 / 3: it is worked out only where it can be small enough, or be the last word.
  [[nodiscard]] double certified_gap(double decrement) const {
    const bool last = fit_.n_iterations >= problem_.max_iterations;
    if (!certified_ || !(last || is_near(decrement))) return infinity;
    return bound_by_factor(columns_, data_.n_vectors(), *factor_, decrement);
  }

  /// What float64 adds to the gap: the objective is a sum of losses that carry the rounding of their predictors, the decrement likewise (a gradient can't be known better than the residuals in it), and coefficients are rounded when they are turned
  /// back into the caller's units.
  [[nodiscard]] double rounding_allowance() const {
    const double moved = rounding_of_result();
    return 4 * eps * objective_ + loss_rounding_here() + moved * moved;
  }

  /// What rounding of predictors does to the objective: far more than their size says where offsets cancel in them.
  [[nodiscard]] double loss_rounding_here() const {
    const double off = 0.5 * eps * predictor_chain(cols_) * columns_.predictor_size(parameters_);
    return loss_rounding(off, objective_, largest_weight(problem_), data_.n_vectors());
  }

  [[nodiscard]] double largest_predictor() const {
    return std::max(std::fabs(value_.smallest_margin), std::fabs(value_.largest_margin));
  }

  /// Bound on the Hessian's norm of what rounding coefficients and intercepts in the caller's units does to the parameters: predictors move by
  /// at most `moved`, and a row's curvature is at most 1/4 (two classes) or 1/2 of its weight.
  [[nodiscard]] double rounding_of_result() const {
    double moved = 0;
    for (Index v = 0; v < data_.n_vectors(); ++v) {
      double size = columns_.predictor_size(parameters_, v);
      for (Index j = 0; j < p_; ++j) {
        size += 2 * std::fabs(parameters_[as_size(v * cols_ + j)] * data_.design.scale[as_size(j)] *
                              data_.design.shift[as_size(j)]);
      }
      moved = std::max(moved, eps * static_cast<double>(cols_ + 2) * size);
    }
    const double curvature = (data_.n_vectors() == 1 ? 0.25 : 0.5) * total_weight_;
    return std::sqrt(curvature) * moved + eps * std::sqrt(2 * objective_);
  }

  /// Without a penalty the objective may approach its infimum only at infinity (quasi-complete separation: Albert and Anderson 1984, Biometrika 71).
  /// Newton's steps then go on moving predictors although the objective is flat, or the Hessian is singular along them. Dependent columns and rows
  /// of great leverage look alike: whoever called has to decide.
  [[nodiscard]] bool may_be_separated(const Vector& step) const {
    double moved = 0;
    for (std::size_t i = 0; i < step.size(); ++i)
      moved += std::fabs(step[i]) * columns_.reach[i % columns_.reach.size()];
    return !is_penalised_ && (!certified_ || moved > 0.01);
  }

  /// Moves along the step until the objective falls sufficiently. False when no length makes it fall.
  bool descend(const Vector& step, double slope) {
    const Vector start = parameters_;
    const double before = objective_;
    // Predictors of size m carry m eps of rounding, and so, relatively, do the losses in the exponential tail.
    const double rounding =
        std::max((16 + 8 * largest_predictor()) * eps * before, std::min(loss_rounding_here(), most_rounding * before));
    const auto falls = [&](double length) {
      for (std::size_t j = 0; j < start.size(); ++j) parameters_[j] = start[j] + length * step[j];
      evaluate(part_per_step());
      was_flat_ = before - objective_ <= rounding;
      return objective_ <= before + sufficient_decrease * length * slope + rounding;
    };
    // The last step is for digits: slopes along it are rounding.
    if ((!is_bent_ || polished_) && falls(1)) return true;
    double length = minimum_along(start, step, slope);
    is_bent_ = length < 1 - bend || length > 1 + bend;
    for (int i = 0; i < max_halvings; ++i, length /= 2) {
      if (falls(length)) return true;
    }
    parameters_ = start;
    evaluate(part_per_step());
    return false;
  }

  /// Where the slope along a step is a tenth of what it was, roughly: by Newton's method between lengths that are too short and too long. Where predictors of all rows are too many to keep, half the step, which is to be halved further.
  [[nodiscard]] double minimum_along(const Vector& start, const Vector& step, double slope) {
    if (data_.design.rows() * data_.n_vectors() > max_line) return is_bent_ ? 1 : 0.5;
    const LogisticLine line(data_, start, step);
    ++fit_.n_reads;
    double shorter = 0, longer = infinity, length = 1;
    for (int i = 0; i < max_lengths; ++i) {
      LineDerivatives here = line.at(length);
      for (Index j = 0; j < data_.size(); ++j) {
        const double penalised = columns_.penalty_of(j) * step[as_size(j)];
        here.slope += penalised * (start[as_size(j)] + length * step[as_size(j)]);
        here.curvature += penalised * step[as_size(j)];
      }
      if (std::fabs(here.slope) <= 0.1 * std::fabs(slope)) break;
      // Written so that NaN, of predictors that overflow, is too far.
      (here.slope <= 0 ? shorter : longer) = length;
      const bool bracketed = std::isfinite(longer);
      if (!bracketed && length >= max_length) break;
      const double farthest = bracketed ? longer : std::min(4 * length, max_length);
      const double next = length - here.slope / here.curvature;
      length = next > shorter && next < farthest ? next : bracketed ? 0.5 * (shorter + longer) : farthest;
    }
    return length;
  }

  LogisticFit finish(LogisticStatus status) {
    fit_.status = status;
    fit_.objective = objective_;
    fit_.gap += rounding_allowance();
    const Index vectors = data_.n_vectors();
    fit_.coef = Matrix(p_, vectors);
    fit_.intercept.assign(as_size(vectors), 0.0);
    double squares = 0;
    for (Index v = 0; v < vectors; ++v) {
      const double constant_gradient = problem_.intercept ? value_.gradient[as_size(v * cols_ + p_)] : 0.0;
      double intercept = problem_.intercept ? parameters_[as_size(v * cols_ + p_)] : 0.0;
      for (Index j = 0; j < p_; ++j) {
        const double shift = data_.design.shift[as_size(j)], scale = data_.design.scale[as_size(j)];
        const double coef = parameters_[as_size(v * cols_ + j)] * scale;
        fit_.coef(j, v) = coef;
        intercept -= coef * shift;
        const double gradient = value_.gradient[as_size(v * cols_ + j)] / scale + shift * constant_gradient;
        squares += gradient * gradient;
      }
      if (problem_.intercept) fit_.intercept[as_size(v)] = intercept;
      squares += constant_gradient * constant_gradient;
    }
    fit_.gradient_norm = std::sqrt(squares);
    return std::move(fit_);
  }

  const LogisticProblem& problem_;
  LogisticData data_;
  Index p_, cols_ = 0;
  ColumnBounds columns_;
  Vector parameters_;
  LossValue value_;
  double objective_ = 0, first_size_ = 0, total_weight_ = 0;
  bool framed_by_sample_ = false;
  bool framed_by_medians_ = false;
  bool was_flat_ = false;                        ///< the last step lowered the objective by no more than rounding
  bool is_bent_ = false;                         ///< the last step's full length was far from the best
  int n_stuck_ = 0;                              ///< such steps in a row that did not shorten the next one either
  bool polished_ = false, is_penalised_ = true;  ///< the latter: every feature
  std::optional<CoarseFit> coarse_;
  std::optional<Cholesky> factor_;
  bool certified_ = false;
  LogisticFit fit_;
};

}  // namespace

LogisticFit logistic_newton(const LogisticProblem& problem) {
  check(problem.n_classes >= 2);
  return Newton(problem).run();
}

}  // namespace crowfly
