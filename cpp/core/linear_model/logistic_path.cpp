// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linear_model/column_descent.hpp"
#include "linear_model/descent_newton.hpp"
#include "linear_model/logistic_features.hpp"
#include "linear_model/logistic_path_dual.hpp"
#include "linear_model/proximal_newton.hpp"
#include "linear_model/truncated_newton.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a step may be expected to gain, relative to the objective, where a minimum ends: while features are still missing, and at last.
constexpr double early_precision = 1e-3, last_precision = 4 * eps;

/// The squared violation of the optimality conditions, relative to the objective, where descent along columns ends: Newton's last steps take over there.
constexpr double descent_precision = 1e-12;
/// The root of that is about this part of the gap, relative to the objective.
constexpr double violation_of_gap = 0.05;
/// From this tolerance on a gap is looked at before these steps, and nothing is polished when it is met: more digits were not asked for.
constexpr double loose_tolerance = 1e-9;

/// Features added at a time, at least.
constexpr Index smallest_addition = 32, largest_smallest_addition = 128;

/// Sparse features: parameters up to which the Hessian is formed, and the most without any penalty to do without it.
constexpr Index most_of_hessian = 400, most_free = 500;

class PathFitter {
 public:
  PathFitter(const LogisticProblem& problem, const LogisticPathSettings& settings)
      : problem_(problem),
        features_(LogisticFeatures::of(problem)),
        set_(*features_),
        p_(problem.cols()),
        vectors_(set_.n_vectors()),
        dual_(problem, set_) {
    n_reads_ = 1;
    for (Index j = 0; j < p_; ++j) {
      const double scale = set_.scale(j), factor = settings.penalty_factor[as_size(j)];
      reach_.push_back((set_.max_abs(j) + std::fabs(set_.shift(j))) * scale);
      const bool out = std::isinf(factor) || set_.max_abs(j) == 0;
      unit_.push_back(
          out ? FeaturePenalty{infinity, 0}
              : FeaturePenalty{settings.l1_ratio * factor * scale, (1 - settings.l1_ratio) * factor * scale * scale});
    }
    selects_ = std::any_of(unit_.begin(), unit_.end(),
                           [](const FeaturePenalty& own) { return own.l1 > 0 && std::isfinite(own.l1); });
    coef_ = Matrix(p_, vectors_);
    intercept_ = problem.intercept
                     ? logits_of_shares(problem.classes, problem.weights, problem.rows(), problem.n_classes)
                     : Vector(as_size(vectors_), 0.0);
    if ((set_.is_all() || set_.columns() != nullptr) && !settings.alphas.empty()) return;
    (void)fit(infinity);
    for (Index j = 0; j < p_; ++j) {
      const double l1 = unit_[as_size(j)].l1;
      if (l1 > 0 && std::isfinite(l1) && dual_.exceeds(j, 0, 1))
        largest_alpha_ = std::max(largest_alpha_, dual_.pull(j) / l1);
    }
  }

  [[nodiscard]] double largest_alpha() const noexcept { return largest_alpha_; }

  LogisticFit fit(double alpha) {
    const double last = std::min(alpha_, std::max(alpha, largest_alpha_));
    alpha_ = alpha;
    fit_ = {};
    penalty_of_all_.clear();
    for (Index j = 0; j < p_; ++j) penalty_of_all_.push_back(penalty_of(j, alpha));
    take_free();
    const double violation = descend();
    const bool started = std::isfinite(violation);
    if (fit_.status == LogisticStatus::separated) return finish_separated();
    // Gradients change at most as fast as the penalty, in nearly all data (Tibshirani et al. 2012, the strong rule).
    if (std::isfinite(alpha) && !started) take_excess(std::max(0.0, 2 * alpha - last), 0);
    const double last_of_all = final_precision();
    bool only_look = std::sqrt(violation) <= violation_of_gap * problem_.tolerance && is_loose() &&
                     std::none_of(unit_.begin(), unit_.end(), is_free);
    for (double precision = started ? last_of_all : early_precision;;) {
      checkpoint();
      const bool without_hessian = does_without_hessian();
      LossFunction& loss = set_.loss(!without_hessian && selects_);
      products_of_hessian_ = without_hessian ? loss.with_products() : nullptr;
      if (set_.is_all() || std::isinf(alpha)) precision = last_of_all;
      set_penalties();
      const ProximalFit inner = minimum_on_set(loss, precision, only_look ? 0 : steps_left());
      fit_.n_iterations += inner.n_steps;
      n_reads_ += set_.is_all() ? inner.n_evaluations : 0;
      keep(inner.parameters);
      if (inner.status == LogisticStatus::separated && std::isfinite(alpha)) return finish_separated();
      dual_.correlate(inner, penalty_, products_of_hessian_);
      n_reads_ += dual_.take_reads();
      if (std::isinf(alpha)) return {};
      const GapBound bound = dual_.bound(inner, here());
      n_reads_ += dual_.take_reads();
      fit_.gap = bound.gap;
      fit_.rounding = bound.rounding;
      const bool stopped = inner.status != LogisticStatus::converged && !only_look;
      const bool met = fit_.gap <= problem_.tolerance * inner.objective;
      if (stopped || (met && is_loose())) return finish(inner);
      // The objective is flat: where digits were asked for, features that pull and steps are left while the gap no longer tells.
      if (!take_excess(alpha, 1) && precision <= last_precision && !only_look) return finish(inner);
      if (fit_.n_iterations >= problem_.max_iterations) return finish(inner, LogisticStatus::iteration_limit);
      if (!added_ && !only_look) precision = precision > last_of_all ? last_of_all : last_precision;
      only_look = false;
    }
  }

 private:
  [[nodiscard]] bool is_loose() const noexcept { return problem_.tolerance >= loose_tolerance; }
  [[nodiscard]] double final_precision() const noexcept {
    constexpr double share = 0.1;
    return is_loose() ? std::min(early_precision, share * problem_.tolerance) : last_precision;
  }
  [[nodiscard]] int steps_left() const noexcept { return problem_.max_iterations - fit_.n_iterations; }

  /// At infinite alpha whatever is penalised is left out.
  [[nodiscard]] FeaturePenalty penalty_of(Index j, double alpha) const noexcept {
    const auto [l1, l2] = unit_[as_size(j)];
    if (std::isinf(l1)) return {infinity, 0};
    if (std::isinf(alpha)) return {l1 == 0 && l2 == 0 ? 0 : infinity, 0};
    return {alpha * l1, alpha * l2};
  }

  /// Whether to do without the Hessian: many sparse columns are worked on, and nearly all are penalised.
  [[nodiscard]] bool does_without_hessian() const {
    if (problem_.columns == nullptr) return false;
    Index free = problem_.intercept ? 1 : 0, most = most_of_hessian;
    for (Index j = 0; j < p_; ++j) {
      // Of several classes with an l1 part descent does not always end at the last digits: where the Hessian is affordable, it is formed.
      if (set_.has(j) && vectors_ > 1 && penalty_of_all_[as_size(j)].l1 > 0) most = LogisticFeatures::max_size;
      if (set_.has(j) && is_free(penalty_of_all_[as_size(j)])) ++free;
    }
    return free * vectors_ <= most_free && set_.size() * vectors_ > most;
  }

  [[nodiscard]] ProximalFit minimum_on_set(LossFunction& loss, double precision, int steps) const {
    if (products_of_hessian_ == nullptr)
      return proximal_newton(loss, penalty_, reach_in_set_, start(), precision, steps);
    const bool smooth =
        std::all_of(penalty_.begin(), penalty_.end(), [](const FeaturePenalty& own) { return own.l1 == 0; });
    if (!smooth) return descent_newton(*products_of_hessian_, penalty_, reach_in_set_, start(), precision, steps);
    return truncated_newton(*products_of_hessian_, penalty_, reach_in_set_, start(),
                            std::max(last_precision, problem_.tolerance), steps);
  }

  /// Descends along the columns to near the minimum, and takes those that are not zero there or pull. Returns what is left of the violation; infinity where that
  /// doesn't pay.
  double descend() {
    if (std::isinf(alpha_) || set_.is_all()) return infinity;
    const FeatureColumns* columns = set_.columns();
    if (columns == nullptr) return infinity;
    const std::vector<FeaturePenalty>& penalty = penalty_of_all_;
    ColumnFit start;
    for (Index j = 0; j < p_; ++j) start.coef.push_back(coef_(j, 0));
    start.intercept = intercept_[0];
    const double root = violation_of_gap * problem_.tolerance;
    const double precision = is_loose() ? std::max(descent_precision, root * root) : descent_precision;
    ColumnFit found = descend_on_columns(problem_, *columns, penalty, start, precision, steps_left() / 2);
    fit_.n_iterations += found.n_steps;
    n_reads_ += found.n_steps + 1;
    if (found.separated) {
      fit_.status = LogisticStatus::separated;
      for (Index j = 0; j < p_; ++j) coef_(j, 0) = found.coef[as_size(j)];
      intercept_[0] = found.intercept;
      return infinity;
    }
    // Far from the minimum many coefficients are not zero that will be: they'd all be worked on.
    constexpr double far = 1e-3;
    const auto zeros = std::count(found.coef.begin(), found.coef.end(), 0.0);
    const bool too_many = p_ - zeros > LogisticFeatures::max_size && problem_.columns == nullptr;
    const bool failed = too_many || !(found.violation <= far);
    if (failed) found = descend_on_columns(problem_, *columns, penalty, std::move(start), precision, 0);
    dual_.take_gradients(std::move(found.gradient));
    if (failed) return infinity;
    for (Index j = 0; j < p_; ++j) {
      coef_(j, 0) = found.coef[as_size(j)];
      if (coef_(j, 0) != 0) set_.insert(j);
    }
    intercept_[0] = found.intercept;
    // Gradients still move: those that come close may pull at the minimum.
    constexpr double most = 0.5, per_root = 100;
    take_excess(alpha_ * (1 - std::min(most, per_root * std::sqrt(found.violation))), 0);
    return found.violation;
  }

  [[nodiscard]] PathPoint here() const noexcept { return {coef_, intercept_, penalty_of_all_}; }

  void take_free() {
    for (Index j = 0; j < p_; ++j) {
      if (penalty_of_all_[as_size(j)].l1 == 0) set_.insert(j);
    }
  }

  /// Takes features whose gradient exceeds their l1 penalty at `limit_alpha`, by `margin` times its error, most exceeding ones first and no more than there are
  /// already. False when there are none.
  bool take_excess(double limit_alpha, double margin) {
    struct Candidate {
      double excess;
      Index feature;
    };
    std::vector<Candidate> candidates;
    added_ = false;
    if (set_.is_all()) return false;
    for (Index j = 0; j < p_; ++j) {
      const double l1 = penalty_of(j, limit_alpha).l1;
      if (set_.has(j) || std::isinf(l1)) continue;
      if (dual_.exceeds(j, l1, margin)) candidates.push_back({dual_.pull(j) / unit_[as_size(j)].l1, j});
    }
    const Index least = std::clamp(p_ / 8, smallest_addition, largest_smallest_addition);
    const auto limit = as_size(std::max(least, set_.size()));
    if (candidates.size() > limit) {
      const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(limit);
      std::nth_element(candidates.begin(), end, candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.excess != b.excess ? a.excess > b.excess : a.feature < b.feature;
      });
      candidates.erase(end, candidates.end());
    }
    for (const Candidate& candidate : candidates) set_.insert(candidate.feature);
    added_ = !candidates.empty();
    return added_;
  }

  void set_penalties() {
    penalty_.clear();
    reach_in_set_.clear();
    for (const Index j : set_.features()) {
      penalty_.push_back(penalty_of_all_[as_size(j)]);
      reach_in_set_.push_back(reach_[as_size(j)]);
    }
    if (!problem_.intercept) return;
    penalty_.push_back({0, 0});
    reach_in_set_.push_back(1);
  }

  [[nodiscard]] Vector start() const {
    Vector parameters;
    for (Index v = 0; v < vectors_; ++v) {
      for (const Index j : set_.features()) parameters.push_back(coef_(j, v));
      if (problem_.intercept) parameters.push_back(intercept_[as_size(v)]);
    }
    return parameters;
  }

  void keep(const Vector& parameters) {
    std::size_t i = 0;
    for (Index v = 0; v < vectors_; ++v) {
      for (const Index j : set_.features()) coef_(j, v) = parameters[i++];
      if (problem_.intercept) intercept_[as_size(v)] = parameters[i++];
    }
  }

  /// Classes are separated without a penalty: where the steps ended is all there is to tell.
  LogisticFit finish_separated() {
    fit_.status = LogisticStatus::separated;
    fit_.gap = infinity;
    fit_.objective = fit_.gradient_norm = std::numeric_limits<double>::quiet_NaN();
    take_coefficients();
    return std::move(fit_);
  }

  LogisticFit finish(const ProximalFit& inner) { return finish(inner, inner.status); }

  LogisticFit finish(const ProximalFit& inner, LogisticStatus status) {
    // Where no step lowers the objective, what is left of the gap is rounding, unless it is far larger.
    constexpr double few = 16, many = 1000;
    const double near = std::max(many * problem_.tolerance * inner.objective, few * fit_.rounding);
    if (fit_.gap <= problem_.tolerance * inner.objective) status = LogisticStatus::converged;
    if (status == LogisticStatus::converged && std::isfinite(fit_.gap) && fit_.gap > near)
      status = LogisticStatus::no_descent;
    fit_.status = status;
    fit_.objective = inner.objective;
    fit_.gradient_norm = dual_.subgradient_norm(here());
    const bool any_free = std::any_of(unit_.begin(), unit_.end(), is_free) || alpha_ == 0;
    fit_.may_be_separated = any_free && (inner.moved > 0.01 || std::isinf(fit_.gap));
    take_coefficients();
    return std::move(fit_);
  }

  /// In the caller's units; and the reads so far are this fit's.
  void take_coefficients() {
    fit_.coef = Matrix(p_, vectors_);
    fit_.intercept.assign(as_size(vectors_), 0.0);
    for (Index v = 0; v < vectors_; ++v) {
      double intercept = intercept_[as_size(v)];
      for (Index j = 0; j < p_; ++j) {
        const double coef = coef_(j, v) * set_.scale(j);
        fit_.coef(j, v) = coef;
        if (coef != 0) intercept -= coef * set_.shift(j);
      }
      if (problem_.intercept) fit_.intercept[as_size(v)] = intercept;
    }
    centre_intercepts();
    fit_.n_reads = n_reads_ + set_.n_copies();
    n_reads_ = -set_.n_copies();
  }

  /// Of several classes only differences matter: intercepts sum to zero, as Newton's do.
  void centre_intercepts() {
    if (vectors_ == 1) return;
    double mean = 0;
    for (const double value : fit_.intercept) mean += value / static_cast<double>(vectors_);
    for (double& value : fit_.intercept) value -= mean;
    if (!problem_.intercept) fit_.intercept.assign(as_size(vectors_), 0.0);
  }

  const LogisticProblem& problem_;
  std::unique_ptr<LogisticFeatures> features_;
  LogisticFeatures& set_;
  Index p_, vectors_;
  std::vector<FeaturePenalty> unit_;  ///< at alpha = 1, per feature of the scaled design
  Vector reach_;                      ///< bound on the magnitudes of a feature
  Matrix coef_;                       ///< p x vectors, of the scaled design
  Vector intercept_;
  PathDual dual_;
  // Of the last fit: penalties of all features, penalties and reach of the columns worked on.
  std::vector<FeaturePenalty> penalty_of_all_, penalty_;
  Vector reach_in_set_;
  LossWithProducts* products_of_hessian_ = nullptr;  ///< of the last fit, where it did without the Hessian
  double alpha_ = infinity, largest_alpha_ = 0;
  bool selects_ = false;  ///< some feature has an l1 penalty
  bool added_ = false;
  int n_reads_ = 0;
  LogisticFit fit_;
};

Vector grid(double largest, double ratio, Index count) {
  // Where no feature pulls, every alpha has the same fit.
  const double first = largest > 0 ? largest : 1;
  Vector alphas;
  for (Index k = 0; k < count; ++k) {
    const double place = count == 1 ? 0.0 : static_cast<double>(k) / static_cast<double>(count - 1);
    alphas.push_back(first * std::pow(ratio, place));
  }
  return alphas;
}

}  // namespace

LogisticPath logistic_path(const LogisticProblem& problem, const LogisticPathSettings& settings) {
  check(problem.n_classes >= 2 && settings.penalty_factor.size() == as_size(problem.cols()));
  PathFitter fitter(problem, settings);
  LogisticPath path;
  path.alphas =
      settings.alphas.empty() ? grid(fitter.largest_alpha(), settings.ratio, settings.n_alphas) : settings.alphas;
  for (const double alpha : path.alphas) path.fits.push_back(fitter.fit(alpha));
  return path;
}

}  // namespace crowfly
