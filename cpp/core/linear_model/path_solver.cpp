// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/path_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Up to so many features are worked on all at once; above, at least so many are added at a time.
constexpr Index all_at_once = 256, smallest_addition = 32;

/// Between solutions, as ratios of alphas.
constexpr double longest_stride = 1.25, smallest_alpha_on_the_way = 1e-4;

}  // namespace

PathSolver::PathSolver(CorrelationSource& source, std::vector<FeaturePenalty> unit, bool positive)
    : source_(source),
      unit_(std::move(unit)),
      positive_(positive),
      quadratic_(positive, std::sqrt(source.target_square())),
      is_taken_(unit_.size(), 0) {
  const Index p = source.n_features();
  check(static_cast<Index>(unit_.size()) == p);
  // Columns of zeros never move, and would only be in the way.
  for (Index j = 0; j < p; ++j) {
    if (!(source.square(j) > 0)) unit_[as_size(j)].l1 = infinity;
  }
  const auto is_free = [&](Index j) { return unit_[as_size(j)].l1 == 0 && !positive; };
  Index n_free = 0;
  for (Index j = 0; j < p; ++j) n_free += is_free(j) ? 1 : 0;
  if (n_free > max_free_features)
    throw InvalidArgument("X: at most " + std::to_string(max_free_features) +
                          " features without an l1 penalty expected, got " + std::to_string(n_free) +
                          "; use lstsq, which has a ridge penalty");
  for (Index j = 0; j < p; ++j) {
    const bool out = !std::isfinite(unit_[as_size(j)].l1);
    if (!out && (p <= all_at_once || is_free(j))) take(j);
  }
  alpha_ = infinity;
  set_penalties(alpha_);
  minimise();
  for (Index j = 0; j < p; ++j) {
    const double l1 = unit_[as_size(j)].l1;
    const bool is_noise = pull(j) <= correlations_.error * source.length(j);
    if (l1 > 0 && std::isfinite(l1) && !is_noise) largest_alpha_ = std::max(largest_alpha_, pull(j) / l1);
  }
}

/// At infinite alpha whatever is penalised is left out.
FeaturePenalty PathSolver::penalty(Index j, double alpha) const noexcept {
  const auto [l1, l2] = unit_[as_size(j)];
  if (std::isinf(alpha)) return {l1 == 0 && l2 == 0 ? 0 : infinity, 0};
  return {alpha * l1, alpha * l2};
}

void PathSolver::take(Index j) {
  const Vector products = source_.take(j);
  quadratic_.append(products, source_.cross(j));
  taken_.push_back(j);
  is_taken_[as_size(j)] = 1;
}

void PathSolver::set_penalties(double alpha) {
  for (std::size_t k = 0; k < taken_.size(); ++k) {
    quadratic_.set_penalty(static_cast<Index>(k), penalty(taken_[k], alpha));
  }
}

double PathSolver::pull(Index j) const noexcept {
  const double r = correlations_.values[as_size(j)];
  return positive_ ? std::max(0.0, r) : std::fabs(r);
}

/// Takes features whose correlation exceeds their l1 penalty at `limit_alpha`, by `margin` times its error, most exceeding ones first and no more than there are
/// already. False when there are none.
bool PathSolver::take_excess(double alpha, double limit_alpha, double margin) {
  struct Candidate {
    double excess;
    Index feature;
  };
  std::vector<Candidate> candidates;
  for (Index j = 0; j < source_.n_features(); ++j) {
    if (is_taken_[as_size(j)] != 0 || !std::isfinite(unit_[as_size(j)].l1)) continue;
    const double length = source_.length(j);
    const double excess = pull(j) - penalty(j, limit_alpha).l1 - margin * correlations_.error * length;
    if (excess > 0) candidates.push_back({excess / length, j});
  }
  if (candidates.empty()) return false;
  const auto limit = std::max(as_size(smallest_addition), taken_.size());
  if (candidates.size() > limit) {
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(limit);
    std::nth_element(candidates.begin(), end, candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.excess != b.excess ? a.excess > b.excess : a.feature < b.feature;
    });
    candidates.erase(end, candidates.end());
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.feature < b.feature; });
  for (const Candidate& candidate : candidates) take(candidate.feature);
  set_penalties(alpha);
  return true;
}

void PathSolver::minimise() {
  quadratic_.solve();
  correlations_ = source_.correlations(quadratic_.coef());
}

void PathSolver::solve(double alpha) {
  const double last = std::min(alpha_, std::max(alpha, largest_alpha_));
  // Far from the last solution features would be chosen by correlations that say little: a short path leads there.
  const double near = std::max(alpha, last * smallest_alpha_on_the_way);
  if (source_.n_features() > all_at_once && last > longest_stride * near) {
    const int strides = static_cast<int>(std::ceil(std::log(last / near) / std::log(longest_stride)));
    for (int s = 1; s < strides; ++s) approach(last * std::pow(near / last, s / static_cast<double>(strides)));
  }
  solve_near(alpha);
}

/// On the way to another alpha the features that are worked on matter, not whether one is missing: what one is missing shows at the next.
void PathSolver::approach(double alpha) {
  choose_features(alpha);
  minimise();
}

void PathSolver::solve_near(double alpha) {
  choose_features(alpha);
  do {
    minimise();
  } while (take_excess(alpha, alpha, 1));
}

void PathSolver::choose_features(double alpha) {
  checkpoint();
  // Correlations change at most as fast as the penalty, in nearly all data (Tibshirani et al. 2012, the strong rule).
  const double last = std::min(alpha_, std::max(alpha, largest_alpha_));
  alpha_ = alpha;
  set_penalties(alpha);
  take_excess(alpha, std::max(0.0, 2 * alpha - last), 0);
}

Vector PathSolver::coef() const {
  Vector result(unit_.size(), 0.0);
  for (std::size_t k = 0; k < taken_.size(); ++k) result[as_size(taken_[k])] = quadratic_.coef()[k];
  return result;
}

Certificate PathSolver::certificate() const {
  std::vector<FeaturePenalty> penalties;
  Vector length;
  for (Index j = 0; j < source_.n_features(); ++j) {
    const bool out = !std::isfinite(unit_[as_size(j)].l1);
    penalties.push_back(out ? FeaturePenalty{infinity, 0} : penalty(j, alpha_));
    length.push_back(source_.length(j));
  }
  return certify(correlations_, length, coef(), penalties, positive_);
}

}  // namespace crowfly
