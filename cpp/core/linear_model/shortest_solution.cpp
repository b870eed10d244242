// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/shortest_solution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "linalg/cholesky.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon(), infinity = std::numeric_limits<double>::infinity();

/// Of the products of rows of unit length: a step of refinement then contracts by 1e-4; and where their factor's singular values, off by eps times its root, are kept.
constexpr double max_condition = 1e11, max_condition_reduced = 1e8;
/// Conditions are estimated from below, rarely by more than a factor of three.
constexpr double estimate_slack = 10;
/// How far above the cut-off for the rank the least pivot has to be known to lie.
constexpr double rank_slack = 1e3;
constexpr int max_steps = 8;
/// Least squared singular value, relative to the trace of the products (means included), above rounding of these.
constexpr double least_of_trace = 0x1p-44;
/// Sums of magnitudes of v below which its low parts, or theirs times columns, are out of the range of doubles.
constexpr double smallest_dual = 0x1p-900;
/// What each coefficient is to be known to, relative to itself.
constexpr double goal = 0x1p-60;

/// The products of rows where nothing is constant along them: with an intercept a reflection takes the vector of ones to the first row, which is left out.
class RowFactor {
 public:
  [[nodiscard]] static std::optional<RowFactor> of(const RowSystem& system, bool intercept) {
    RowFactor result;
    result.axis_ = intercept ? axis(system.rows()) : Vector{};
    const Matrix products = intercept ? result.reflected(system.products()) : system.products().copy();
    double least = infinity;
    for (Index i = 0; i < products.rows(); ++i) {
      if (!std::isfinite(products(i, i))) return std::nullopt;
      least = std::min(least, products(i, i));
    }
    auto factor = Cholesky::factor(products);
    if (!factor) return std::nullopt;
    result.factor_.emplace(std::move(*factor));
    result.least_singular_ = std::sqrt(least / (estimate_slack * result.condition()));
    return result;
  }

  [[nodiscard]] double condition() const noexcept { return factor_->condition(); }
  [[nodiscard]] Index rank() const noexcept { return static_cast<Index>(factor_->scale().size()); }
  /// A lower bound on the rows' least singular value, by the estimate of the condition.
  [[nodiscard]] double least_singular() const noexcept { return least_singular_; }
  [[nodiscard]] Matrix triangle() const { return factor_->triangle(); }

  /// The products' inverse times the residual.
  [[nodiscard]] Vector solve(const PairVector& residual, Index n) const {
    Vector values(residual.high.data(), residual.high.data() + n);
    const Index skipped = axis_.empty() ? 0 : 1;
    reflect(values);
    Matrix inside(n - skipped, 1);
    std::copy(values.begin() + skipped, values.end(), inside.data());
    factor_->solve(inside);
    std::fill(values.begin(), values.begin() + skipped, 0.0);
    std::copy_n(inside.data(), n - skipped, values.begin() + skipped);
    reflect(values);
    return values;
  }

 private:
  /// 1 - 2 w w' for this unit vector w takes ones to a multiple of the first unit vector.
  [[nodiscard]] static Vector axis(Index n) {
    const double one = 1 / std::sqrt(static_cast<double>(n)), length = std::sqrt(2 + 2 * one);
    Vector w(as_size(n), one / length);
    w[0] = (one + 1) / length;
    return w;
  }

  void reflect(Vector& values) const {
    double along = 0;
    for (std::size_t i = 0; i < axis_.size(); ++i) along += axis_[i] * values[i];
    for (std::size_t i = 0; i < axis_.size(); ++i) values[i] -= 2 * along * axis_[i];
  }

  [[nodiscard]] Matrix reflected(const Matrix& k) const {
    const Index n = k.rows();
    Vector along(as_size(n), 0.0);
    double both = 0;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) along[as_size(i)] += k(i, j) * axis_[as_size(j)];
    }
    for (Index i = 0; i < n; ++i) both += along[as_size(i)] * axis_[as_size(i)];
    Matrix result(n - 1, n - 1);
    for (Index j = 1; j < n; ++j) {
      const double w = axis_[as_size(j)], a = along[as_size(j)];
      for (Index i = 1; i < n; ++i) {
        result(i - 1, j - 1) =
            k(i, j) - 2 * (axis_[as_size(i)] * a + along[as_size(i)] * w) + 4 * both * axis_[as_size(i)] * w;
      }
    }
    return result;
  }

  Vector axis_;  ///< empty without an intercept
  std::optional<Cholesky> factor_;
  double least_singular_ = 0;
};

/// One target: x = X'v with 1'v = 0 where there is a constant, refined until X x + constant is y.
class Shortest {
 public:
  Shortest(const RowSystem& system, const RowFactor& factor, bool intercept)
      : system_(system),
        factor_(factor),
        intercept_(intercept),
        n_(system.rows()),
        dual_(system.padded_rows()),
        coef_(system.padded_cols()) {}

  /// Whether corrections shrank to rounding.
  bool solve(const MatrixView& targets, Index t) {
    PairVector residual(system_.padded_rows());
    for (Index i = 0; i < n_; ++i) residual.set(i, targets.at(i, t));
    double previous = infinity, contraction = std::min(1.0, 16 * factor_.condition() * eps);
    settle_constant(residual);
    for (int step = 0; step < max_steps; ++step) {
      move_dual(factor_.solve(residual, n_));
      PairVector next = system_.transposed_times(dual_);
      const Change change = change_to(next);
      coef_ = std::move(next);
      if (!(change.relative < 0.5 * previous)) break;
      residual = residual_of(targets, t);
      if (std::isfinite(previous)) contraction = std::max(change.relative / previous, eps);
      previous = change.relative;
      const double size = largest();
      correction_ = size > 0 ? change.of_largest * contraction + rounding() / size : 0;
      if (change.relative * contraction < goal) break;
    }
    drop_rounding();
    const double size = size_of_dual();
    return correction_ < max_unfinished && (size == 0 || size > smallest_dual);
  }

  [[nodiscard]] double coef(Index j) const noexcept { return coef_.high[j]; }
  [[nodiscard]] double constant() const noexcept { return constant_.high; }
  [[nodiscard]] double squares() const noexcept { return squares_; }
  [[nodiscard]] double correction() const noexcept { return correction_; }

 private:
  /// The largest relative change of a coefficient, and the largest change relative to the largest coefficient, in columns of unit length.
  struct Change {
    double relative = 0, of_largest = 0;
  };

  [[nodiscard]] double size_of_dual() const {
    double size = 0;
    for (Index i = 0; i < n_; ++i) size += std::fabs(dual_.high[i]);
    return size;
  }

  /// The largest coefficient, in columns of unit length.
  [[nodiscard]] double largest() const {
    double size = 0;
    for (Index j = 0; j < system_.cols(); ++j) size = std::max(size, std::fabs(coef_.high[j]) * system_.length(j));
    return size;
  }

  /// Below that a coefficient is zero but for the rounding of X'v.
  [[nodiscard]] double floor_of(Index j, double size_of_dual) const {
    return system_.roundoff() * system_.max_abs(j) * size_of_dual;
  }

  /// How far the rounding of residuals moves coefficients: their length over the least singular value. Times the longest column.
  [[nodiscard]] double rounding() const {
    double longest = 0;
    for (Index j = 0; j < system_.cols(); ++j) longest = std::max(longest, system_.length(j));
    return system_.roundoff() * std::sqrt(static_cast<double>(n_)) * reach_ / factor_.least_singular() * longest;
  }

  Change change_to(const PairVector& next) const {
    Change change;
    const double size = size_of_dual();
    double largest_coef = 0;
    for (Index j = 0; j < system_.cols(); ++j) {
      const double moved = std::fabs((next.at(j) - coef_.at(j)).high), value = std::fabs(next.high[j]);
      const bool counts = value * goal > floor_of(j, size);
      if (counts) change.relative = std::max(change.relative, moved / value);
      change.of_largest = std::max(change.of_largest, moved * system_.length(j));
      largest_coef = std::max(largest_coef, value * system_.length(j));
      // Also where it is not a number.
      if (!(moved < infinity)) change.relative = infinity;
    }
    if (largest_coef > 0) change.of_largest /= largest_coef;
    return change;
  }

  void move_dual(const Vector& step) {
    for (Index i = 0; i < n_; ++i) dual_.set(i, dual_.at(i) + step[as_size(i)]);
    if (!intercept_) return;
    const Pair mean = mean_of(dual_);
    for (Index i = 0; i < n_; ++i) dual_.set(i, dual_.at(i) - mean);
  }

  [[nodiscard]] Pair mean_of(const PairVector& values) const {
    const auto n = static_cast<double>(n_);
    Pair sum;
    for (Index i = 0; i < n_; ++i) sum += values.at(i);
    const Pair mean = sum.high / n;
    return mean + Pair((sum - mean * n).high / n);
  }

  /// Takes the mean out of a residual, into the constant.
  void settle_constant(PairVector& residual) {
    if (!intercept_) return;
    constant_ = mean_of(residual);
    for (Index i = 0; i < n_; ++i) residual.set(i, residual.at(i) - constant_);
  }

  PairVector residual_of(const MatrixView& targets, Index t) {
    PairVector residual = system_.times(coef_);
    for (Index i = 0; i < n_; ++i) residual.set(i, Pair(targets.at(i, t)) - residual.at(i));
    settle_constant(residual);
    squares_ = reach_ = 0;
    double largest_target = 0;
    for (Index i = 0; i < n_; ++i) {
      squares_ += residual.high[i] * residual.high[i];
      largest_target = std::max(largest_target, std::fabs(targets.at(i, t)));
    }
    for (Index j = 0; j < system_.cols(); ++j) reach_ += std::fabs(coef_.high[j]) * system_.max_abs(j);
    reach_ += largest_target;
    return residual;
  }

  void drop_rounding() {
    const double size = size_of_dual();
    for (Index j = 0; j < system_.cols(); ++j) {
      if (!(std::fabs(coef_.high[j]) > floor_of(j, size))) coef_.set(j, 0.0);
    }
  }

  const RowSystem& system_;
  const RowFactor& factor_;
  bool intercept_;
  Index n_;
  PairVector dual_, coef_;
  Pair constant_;
  double squares_ = 0, correction_ = infinity;
  double reach_ = 0;  ///< sums of the magnitudes of the terms of residuals, at most
};

/// Whether the least pivot of the QR factorisation of columns of unit length is above the cut-off for the rank: it is at least the least singular value over the root of
/// the number of columns that are left for it, and the largest pivot is one.
bool has_full_rank(const RowSystem& system, const RowFactor& factor) {
  double longest = 0;
  for (Index j = 0; j < system.cols(); ++j) longest = std::max(longest, system.length(j));
  const auto p = static_cast<double>(system.cols());
  double trace = 0;
  for (Index i = 0; i < system.rows(); ++i) trace += system.products()(i, i);
  const double least = factor.least_singular();
  return least * least > least_of_trace * trace &&
         least / longest > rank_slack * 10 * std::max(p, 10.0) * eps * std::sqrt(p);
}

/// Fewer independent rows than columns, if all but the constant are.
bool is_wide(Index rows, Index cols, bool intercept) {
  const Index rank = rows - (intercept ? 1 : 0);
  return rank > 0 && rank < cols;
}

std::optional<LeastSquaresFit> solve(const RowSystem& system, const MatrixView& targets, bool intercept,
                                     bool keep_reduced) {
  const auto factor = RowFactor::of(system, intercept);
  if (!factor || !(factor->condition() <= max_condition) || !has_full_rank(system, *factor)) return std::nullopt;
  const Index p = system.cols(), t = targets.cols;
  LeastSquaresFit fit;
  fit.coef = Matrix(p, t);
  fit.intercept.assign(as_size(t), 0.0);
  fit.rss.assign(as_size(t), 0.0);
  for (Index k = 0; k < t; ++k) {
    Shortest target(system, *factor, intercept);
    if (!target.solve(targets, k)) return std::nullopt;
    for (Index j = 0; j < p; ++j) fit.coef(j, k) = target.coef(j);
    fit.intercept[as_size(k)] = target.constant();
    fit.rss[as_size(k)] = target.squares();
    fit.correction = std::max(fit.correction, target.correction());
  }
  fit.rank = factor->rank();
  fit.condition = infinity;
  fit.method = LeastSquaresMethod::cholesky;
  fit.n_reads = 1;
  if (keep_reduced && factor->condition() <= max_condition_reduced) fit.reduced = factor->triangle();
  return fit;
}

}  // namespace

std::optional<LeastSquaresFit> shortest_solution(const LeastSquaresProblem& problem) {
  const MatrixView& features = problem.features;
  const bool penalised =
      std::any_of(problem.penalty.begin(), problem.penalty.end(), [](double alpha) { return alpha != 0; });
  if (penalised || problem.weights != nullptr || features.sparse != nullptr ||
      !is_wide(features.rows, features.cols, problem.intercept)) {
    return std::nullopt;
  }
  return solve(DenseRows(features, problem.intercept), problem.targets, problem.intercept, problem.keep_reduced);
}

std::optional<LeastSquaresFit> shortest_solution(const SparseView& features, const MatrixView& targets,
                                                 bool intercept) {
  if (!is_wide(features.rows, features.cols, intercept)) return std::nullopt;
  return solve(SparseRows(features, intercept), targets, intercept, false);
}

}  // namespace crowfly
