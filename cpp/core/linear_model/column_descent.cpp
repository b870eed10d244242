// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/column_descent.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "linear_model/logistic_rows.hpp"
#include "linear_model/sparse_design.hpp"

namespace crowfly {
namespace {

constexpr Index rows_per_task = 1024;
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 20;

/// Sweeps over the columns of one model; they end when they gain less than this of what the first gained.
constexpr int max_sweeps = 10;
constexpr double enough_descent = 0.01;

/// Near the minimum, where Newton's steps are few, a model is expected to lower the squared violation by this factor; anywhere, all but a few models to lower that
/// or the objective by the others.
constexpr double near = 1e-6, fast = 0.1, slow = 0.5, slow_objective = 0.9;
constexpr int most_slow_models = 5;

class ColumnDescent {
 public:
  ColumnDescent(const LogisticProblem& problem, const FeatureColumns& columns,
                const std::vector<FeaturePenalty>& penalty, ColumnFit start)
      : problem_(problem),
        columns_(columns),
        penalty_(penalty),
        n_(problem.rows()),
        padded_(round_up(n_, kernels::row_padding)),
        fit_(std::move(start)),
        target_(fit_.coef),
        intercept_target_(fit_.intercept),
        eta_(AlignedBuffer<double>::zeros(padded_)),
        trial_(AlignedBuffer<double>::zeros(padded_)),
        change_(AlignedBuffer<double>::zeros(padded_)),
        residual_(AlignedBuffer<double>::zeros(padded_)),
        curvature_(AlignedBuffer<double>::zeros(padded_)) {
    is_free_ = std::all_of(penalty.begin(), penalty.end(), [](const FeaturePenalty& own) {
      return std::isinf(own.l1) || (own.l1 == 0 && own.l2 == 0);
    });
    std::fill_n(eta_.data(), n_, fit_.intercept);
    for (Index j = 0; j < cols(); ++j) {
      if (fit_.coef[as_size(j)] != 0) columns_.add(j, fit_.coef[as_size(j)], eta_.data());
    }
    fit_.gradient.assign(as_size(cols()), 0.0);
    objective_ = evaluate(eta_) + penalty_at(0);
  }

  ColumnFit run(double precision, int max_steps) {
    while (std::isfinite(objective_)) {
      fit_.separated = is_free_ && separates(smallest_margin_, largest_margin_);
      if (fit_.separated) break;
      differentiate();
      const double before = std::exchange(fit_.violation, take_violating() / objective_);
      if (fit_.n_steps >= max_steps || fit_.violation <= precision || is_tedious(before)) break;
      minimise_model();
      ++fit_.n_steps;
      if (!descend()) break;
    }
    return std::move(fit_);
  }

 private:
  /// A column that moves, and the curvature along it.
  struct Active {
    Index column;
    double curvature;
  };

  [[nodiscard]] bool is_tedious(double before) {
    if (fit_.violation > slow * before && objective_ > slow_objective * last_objective_) ++slow_models_;
    last_objective_ = objective_;
    return slow_models_ > most_slow_models || (fit_.violation <= near && fit_.violation > fast * before);
  }

  [[nodiscard]] Index cols() const noexcept { return static_cast<Index>(penalty_.size()); }
  [[nodiscard]] bool is_out(Index j) const noexcept { return std::isinf(penalty_[as_size(j)].l1); }

  /// The loss; residuals and curvatures go with it.
  double evaluate(const AlignedBuffer<double>& eta) {
    const Index tasks = ceil_div(n_, rows_per_task);
    std::vector<LossSummary> parts(as_size(tasks));
    parallel_for_work(tasks, 40.0 * static_cast<double>(n_), [&](Index task) {
      checkpoint();
      const Index begin = task * rows_per_task, count = std::min(rows_per_task, n_ - begin);
      LogisticRows rows(count, 1);
      std::copy_n(eta.data() + begin, count, rows.eta(0));
      rows.evaluate(problem_.classes, problem_.weights, begin, count, parts[as_size(task)]);
      std::copy_n(rows.residual(0), count, residual_.data() + begin);
      std::copy_n(rows.curvature(0, 0), count, curvature_.data() + begin);
    });
    for (std::size_t task = 1; task < parts.size(); ++task) parts[0].merge(parts[task]);
    smallest_margin_ = parts[0].smallest_margin;
    largest_margin_ = parts[0].largest_margin;
    return parts[0].loss;
  }

  [[nodiscard]] double coef_at(std::size_t j, double length) const noexcept {
    return length == 1 ? target_[j] : fit_.coef[j] + length * (target_[j] - fit_.coef[j]);
  }

  /// This part of the way to the target.
  [[nodiscard]] double penalty_at(double length) const {
    double sum = 0;
    for (std::size_t j = 0; j < target_.size(); ++j) {
      const double x = coef_at(j, length);
      if (x != 0 && std::isfinite(penalty_[j].l1))
        sum += (penalty_[j].l1 + 0.5 * penalty_[j].l2 * std::fabs(x)) * std::fabs(x);
    }
    return sum;
  }

  void differentiate() {
    constexpr Index columns_per_task = 64;
    parallel_for_ranges(cols(), columns_per_task, 2.0 * static_cast<double>(columns_.n_entries()), [&](Range range) {
      checkpoint();
      for (Index j = range.begin; j < range.end; ++j) {
        if (!is_out(j)) fit_.gradient[as_size(j)] = columns_.dot(j, residual_.data());
      }
    });
    if (problem_.intercept) slope_ = blocked_sum(residual_.data(), n_);
  }

  /// What the optimality condition of a column is violated by.
  [[nodiscard]] double excess(Index j) const noexcept {
    const auto [l1, l2] = penalty_[as_size(j)];
    const double x = fit_.coef[as_size(j)], slope = fit_.gradient[as_size(j)] + l2 * x;
    return x == 0 ? std::max(0.0, std::fabs(slope) - l1) : std::fabs(slope + std::copysign(l1, x));
  }

  /// Collects the columns to move; returns the square of the violation.
  double take_violating() {
    active_.clear();
    for (Index j = 0; j < cols(); ++j) {
      if (!is_out(j) && (fit_.coef[as_size(j)] != 0 || excess(j) > 0)) active_.push_back({j, 0.0});
    }
    const double share = static_cast<double>(active_.size()) / static_cast<double>(std::max<Index>(1, cols()));
    constexpr Index columns_per_task = 16;
    parallel_for_ranges(static_cast<Index>(active_.size()), columns_per_task,
                        3.0 * share * static_cast<double>(columns_.n_entries()), [&](Range range) {
                          checkpoint();
                          for (Index k = range.begin; k < range.end; ++k) {
                            Active& own = active_[as_size(k)];
                            own.curvature = columns_.weighted_square(own.column, curvature_.data());
                          }
                        });
    std::erase_if(active_, [](const Active& own) { return !(own.curvature > 0); });
    double squares = 0;
    for (const Active& own : active_) {
      const double off = excess(own.column);
      squares += off * off / (own.curvature + penalty_[as_size(own.column)].l2);
    }
    total_curvature_ = problem_.intercept ? blocked_sum(curvature_.data(), n_) : 0.0;
    if (total_curvature_ > 0) squares += slope_ * slope_ / total_curvature_;
    return squares;
  }

  void minimise_model() {
    change_.fill_zero();
    const double first = sweep();
    // Zeros that the gradients let in but the first sweep left alone are looked at again with the next gradients.
    std::erase_if(active_, [&](const Active& own) { return target_[as_size(own.column)] == 0; });
    for (int k = 1; k < max_sweeps; ++k) {
      checkpoint();
      if (sweep() <= enough_descent * first) break;
    }
  }

  /// Minimises the model along one coefficient after the other; returns by how much it fell, about.
  double sweep() {
    double gained = 0;
    if (total_curvature_ > 0) gained += move_intercept();
    for (const Active& own : active_) gained += move(own);
    return gained;
  }

  double move(const Active& own) {
    const std::size_t j = as_size(own.column);
    const auto [l1, l2] = penalty_[j];
    double& x = target_[j];
    const double slope = fit_.gradient[j] + columns_.dot(own.column, change_.data());
    const double pull = own.curvature * x - slope, shrunk = std::fabs(pull) - l1;
    const double next = shrunk > 0 ? std::copysign(shrunk, pull) / (own.curvature + l2) : 0.0;
    const double step = next - x;
    if (step == 0) return 0;
    x = next;
    columns_.add_weighted(own.column, step, curvature_.data(), change_.data());
    return step * step * (own.curvature + l2);
  }

  double move_intercept() {
    const double step = -(slope_ + blocked_sum(change_.data(), n_)) / total_curvature_;
    intercept_target_ += step;
    for (Index i = 0; i < n_; ++i) change_[i] += step * curvature_[i];
    return step * step * total_curvature_;
  }

  /// Of the objective along the step, to first order in the loss.
  [[nodiscard]] double expected_change() const {
    double change = slope_ * (intercept_target_ - fit_.intercept);
    for (std::size_t j = 0; j < target_.size(); ++j) {
      const double from = fit_.coef[j], to = target_[j];
      if (from == to) continue;
      const auto [l1, l2] = penalty_[j];
      change += (fit_.gradient[j] + 0.5 * l2 * (to + from)) * (to - from) + l1 * (std::fabs(to) - std::fabs(from));
    }
    return std::min(0.0, change);
  }

  /// Moves towards the target until the objective falls sufficiently. False, and back at the start, when no length makes it fall.
  bool descend() {
    const double expected = expected_change();
    change_.fill_zero();
    for (std::size_t j = 0; j < target_.size(); ++j) {
      const double step = target_[j] - fit_.coef[j];
      if (step != 0) columns_.add(static_cast<Index>(j), step, change_.data());
    }
    const double along = intercept_target_ - fit_.intercept;
    double length = 1;
    for (int i = 0; i < max_halvings; ++i, length /= 2) {
      for (Index k = 0; k < n_; ++k) trial_[k] = eta_[k] + length * (change_[k] + along);
      const double objective = evaluate(trial_) + penalty_at(length);
      if (!(objective < objective_ + sufficient_decrease * length * expected)) continue;
      objective_ = objective;
      for (std::size_t j = 0; j < target_.size(); ++j) fit_.coef[j] = target_[j] = coef_at(j, length);
      fit_.intercept = intercept_target_ = fit_.intercept + length * along;
      std::swap(eta_, trial_);
      return true;
    }
    return false;
  }

  const LogisticProblem& problem_;
  const FeatureColumns& columns_;
  const std::vector<FeaturePenalty>& penalty_;
  Index n_, padded_;
  ColumnFit fit_;
  Vector target_;  ///< the model's minimum as far as it was found
  double intercept_target_, objective_ = 0, last_objective_ = 0, slope_ = 0, total_curvature_ = 0;
  double smallest_margin_ = 0, largest_margin_ = 0;
  bool is_free_;  ///< nothing is penalised
  std::vector<Active> active_;
  int slow_models_ = 0;
  /// Per row: predictors, those of a step that is tried, the step's change of them (times the curvature while it is looked for).
  AlignedBuffer<double> eta_, trial_, change_, residual_, curvature_;
};

}  // namespace

ColumnFit descend_on_columns(const LogisticProblem& problem, const FeatureColumns& columns,
                             const std::vector<FeaturePenalty>& penalty, ColumnFit start, double precision,
                             int max_steps) {
  check(problem.n_classes == 2 && penalty.size() == start.coef.size());
  return ColumnDescent(problem, columns, penalty, std::move(start)).run(precision, max_steps);
}

}  // namespace crowfly
