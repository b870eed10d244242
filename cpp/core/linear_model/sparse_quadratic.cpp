// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/sparse_quadratic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/products.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Relative proximal term for supports whose columns depend on each other.
constexpr double proximal = 1e-11;
constexpr double largest_condition = 1e14;
constexpr int max_proximal_steps = 30;

/// Rounds in which coordinate descent moves all features. It lets in more of nearly dependent ones than stay; after these rounds Newton steps go on until one is
/// whole, and one feature enters at a time: each whole step then ends lower than the last, so that no support returns.
constexpr int joint_rounds = 12;

/// Rounds, apart from four per feature, before supports are suspected to return because of rounding alone, and those after that.
constexpr int least_patience = 100, most_patience = 100000, impatient_rounds = 100;

double dot(const double* a, const double* b, Index n) {
  double sum[4] = {};
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    for (Index lane = 0; lane < 4; ++lane) sum[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) sum[0] += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

}  // namespace

SparseQuadratic::SparseQuadratic(Matrix gram, Vector cross, std::vector<FeaturePenalty> penalty, Vector start,
                                 double target_norm)
    : positive_(false),
      target_norm_(target_norm),
      gram_(std::move(gram)),
      cross_(std::move(cross)),
      coef_(std::move(start)),
      correlation_(coef_.size(), 0.0),
      penalty_(std::move(penalty)) {
  check(gram_.rows() == size() && cross_.size() == coef_.size() && penalty_.size() == coef_.size());
}

void SparseQuadratic::append(const Vector& gram, double cross) {
  const Index n = size();
  check(gram.size() == as_size(n + 1));
  if (n == gram_.rows()) {
    Matrix larger(std::max<Index>(32, 2 * n), std::max<Index>(32, 2 * n));
    for (Index j = 0; j < n; ++j) std::copy_n(gram_.col(j), n, larger.col(j));
    gram_ = std::move(larger);
  }
  for (Index i = 0; i <= n; ++i) gram_(i, n) = gram_(n, i) = gram[as_size(i)];
  cross_.push_back(cross);
  coef_.push_back(0);
  correlation_.push_back(0);
  penalty_.emplace_back();
}

/// Neither penalised nor bounded.
bool SparseQuadratic::is_free(Index i) const noexcept {
  return !positive_ && penalty_[as_size(i)].l1 == 0 && gram_(i, i) > 0;
}

/// The negative gradient at a coefficient that is not zero, or is free.
double SparseQuadratic::force(Index i) const noexcept {
  const auto [l1, l2] = penalty_[as_size(i)];
  const double x = coef_[as_size(i)];
  return correlation_[as_size(i)] - (l1 == 0 ? 0 : std::copysign(l1, x)) - l2 * x;
}

bool SparseQuadratic::leaves_orthant(Index i, double step) const noexcept {
  const double x = coef_[as_size(i)];
  return !is_free(i) && (x > 0 ? x + step < 0 : x + step > 0);
}

/// The rounding error of a correlation.
double SparseQuadratic::noise(Index i) const noexcept {
  return 4 * eps * slack_ * (std::sqrt(gram_(i, i)) * length_ + penalty_[as_size(i)].l1);
}

/// A zero that should not be one.
bool SparseQuadratic::violated(Index i) const noexcept {
  if (coef_[as_size(i)] != 0 || is_free(i) || !(gram_(i, i) > 0)) return false;
  const double pull = positive_ ? correlation_[as_size(i)] : std::fabs(correlation_[as_size(i)]);
  return pull > penalty_[as_size(i)].l1 + noise(i);
}

/// The zero whose condition is violated most, in columns of unit length; -1 without any.
Index SparseQuadratic::most_violated() const noexcept {
  Index worst = -1;
  double largest = 0;
  for (Index i = 0; i < size(); ++i) {
    if (!violated(i)) continue;
    const double excess = (std::fabs(correlation_[as_size(i)]) - penalty_[as_size(i)].l1) / std::sqrt(gram_(i, i));
    if (excess <= largest) continue;
    largest = excess;
    worst = i;
  }
  return worst;
}

std::vector<Index> SparseQuadratic::support() const {
  std::vector<Index> features;
  for (Index i = 0; i < size(); ++i) {
    if (coef_[as_size(i)] != 0 || is_free(i)) features.push_back(i);
  }
  return features;
}

Vector SparseQuadratic::forces(const std::vector<Index>& features) const {
  Vector result;
  result.reserve(features.size());
  for (const Index i : features) result.push_back(force(i));
  return result;
}

/// Correlations from scratch: what many small moves have left behind goes away.
void SparseQuadratic::refresh() {
  correlation_ = cross_;
  length_ = target_norm_;
  std::vector<Index> features;
  Vector values;
  for (Index j = 0; j < size(); ++j) {
    const double x = coef_[as_size(j)];
    if (x == 0) continue;
    length_ += std::fabs(x) * std::sqrt(gram_(j, j));
    features.push_back(j);
    values.push_back(x);
  }
  subtract_columns(gram_, features, values, size(), correlation_.data());
}

void SparseQuadratic::move(Index i, double step) noexcept {
  const double* column = gram_.col(i);
  double* correlation = correlation_.data();
  const Index n = size();
  for (Index j = 0; j < n; ++j) correlation[j] -= column[j] * step;
}

/// Coordinates that leave their orthant become zero.
void SparseQuadratic::move(const std::vector<Index>& features, const Vector& step) {
  for (std::size_t k = 0; k < features.size(); ++k) {
    const Index i = features[k];
    double& x = coef_[as_size(i)];
    const double before = x;
    x = leaves_orthant(i, step[k]) ? 0 : x + step[k];
    if (x != before) move(i, x - before);
  }
}

/// Minimises along one coordinate; returns by how much the fit moved.
double SparseQuadratic::update(Index i) noexcept {
  const auto [l1, l2] = penalty_[as_size(i)];
  const double square = gram_(i, i);
  double& x = coef_[as_size(i)];
  if (!(square > 0) || (x == 0 && !is_free(i) && !violated(i))) return 0;
  const double pull = correlation_[as_size(i)] + square * x;
  const double shrunk = std::fabs(pull) - l1;
  double next = shrunk > 0 ? std::copysign(shrunk, pull) / (square + l2) : 0.0;
  if (positive_ && next < 0) next = 0;
  const double step = next - x;
  if (step == 0) return 0;
  x = next;
  move(i, step);
  return std::fabs(step) * std::sqrt(square);
}

/// One sweep over all coordinates, then `sweeps` over those that are not zero, fewer when nothing moves any more.
void SparseQuadratic::descend(int sweeps) {
  ++rounds_;
  double moved = 0;
  for (Index i = 0; i < size(); ++i) moved = std::max(moved, update(i));
  std::vector<Index> active = support();
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    checkpoint();
    double largest = 0;
    for (const Index i : active) largest = std::max(largest, update(i));
    if (largest <= 1e-4 * moved) break;
    std::erase_if(active, [&](Index i) { return coef_[as_size(i)] == 0 && !is_free(i); });
  }
}

/// Of the Hessian on these features, its diagonal times `growth`.
std::optional<Cholesky> SparseQuadratic::factor_of(const std::vector<Index>& features, double growth) const {
  return Cholesky::of_rows(static_cast<Index>(features.size()), [&](Index i, Index first, Index last, double* out) {
    const Index feature = features[as_size(i)];
    const double* column = gram_.col(feature);
    for (Index j = first; j < last; ++j) *out++ = column[features[as_size(j)]];
    if (first == i && last > i) out[first - last] = (column[feature] + penalty_[as_size(feature)].l2) * growth;
  });
}

/// One step to the minimum on the support with its signs. True when it was taken whole.
bool SparseQuadratic::newton() {
  ++rounds_;
  const std::vector<Index> features = support();
  if (features.empty()) return true;
  const auto k = static_cast<Index>(features.size());
  auto factor = factor_of(features, 1);
  const bool dependent = !factor || !factor->has_condition_below(largest_condition);
  if (dependent) {
    factor = factor_of(features, 1 + proximal);
    if (!factor) return false;
  }
  // The second step repairs the rounding errors of the first; proximal ones go on until nothing is left to gain.
  const int steps = dependent ? max_proximal_steps : 2;
  for (int step = 0; step < steps; ++step) {
    checkpoint();
    const Vector force_before = forces(features);
    Matrix solution(k, 1);
    std::copy(force_before.begin(), force_before.end(), solution.data());
    factor->solve(solution);
    const Vector direction(solution.data(), solution.data() + k);
    for (Index b = 0; b < k; ++b) {
      if (!leaves_orthant(features[as_size(b)], direction[as_size(b)])) continue;
      move_within_orthant(features, force_before, direction);
      return false;
    }
    for (Index b = 0; b < k; ++b) coef_[as_size(features[as_size(b)])] += direction[as_size(b)];
    refresh();
    const bool settled =
        std::all_of(features.begin(), features.end(), [&](Index i) { return std::fabs(force(i)) <= noise(i); });
    if (settled && step > 0) break;
  }
  return true;
}

/// A step that changes signs: cut back to the orthant where that is a descent, up to the first zero otherwise.
void SparseQuadratic::move_within_orthant(const std::vector<Index>& features, const Vector& force_before,
                                          const Vector& step) {
  Vector cut = step;
  double fraction = 1;
  std::size_t first = 0;
  for (std::size_t k = 0; k < features.size(); ++k) {
    if (!leaves_orthant(features[k], step[k])) continue;
    const double x = coef_[as_size(features[k])];
    cut[k] = -x;
    if (-x / step[k] < fraction) {
      fraction = -x / step[k];
      first = k;
    }
  }
  if (!(change_of_objective(features, force_before, cut) < 0)) {
    for (std::size_t k = 0; k < cut.size(); ++k) cut[k] = fraction * step[k];
    cut[first] = -coef_[as_size(features[first])];
  }
  move(features, cut);
}

double SparseQuadratic::change_of_objective(const std::vector<Index>& features, const Vector& force_before,
                                            const Vector& step) const {
  double change = 0;
  Vector column(features.size());
  for (std::size_t b = 0; b < features.size(); ++b) {
    const Index j = features[b];
    for (std::size_t a = 0; a < features.size(); ++a) column[a] = gram_(features[a], j);
    column[b] += penalty_[as_size(j)].l2;
    const double curvature = dot(column.data(), step.data(), static_cast<Index>(step.size()));
    change += step[b] * (0.5 * curvature - force_before[b]);
  }
  return change;
}

void SparseQuadratic::solve() {
  slack_ = 1;
  refresh();
  const int patient_rounds = least_patience + 4 * static_cast<int>(std::min<Index>(size(), most_patience));
  for (int round = 0; round < patient_rounds + impatient_rounds; ++round) {
    checkpoint();
    if (round >= patient_rounds) slack_ *= 1.5;
    const bool whole = newton();
    const Index worst = whole ? most_violated() : -1;
    if (whole && worst < 0) return;
    if (round < joint_rounds) {
      descend(std::min(4 + round, 40));
    } else if (worst >= 0) {
      update(worst);
    }
    refresh();
  }
}

}  // namespace crowfly
