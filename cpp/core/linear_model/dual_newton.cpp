// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/dual_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/products.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Three to seven steps are usual, twenty where features are correlated at 0.8.
constexpr int most_steps = 80;
/// Whole steps on the same features, of which each but the first repairs the rounding errors of the one before.
constexpr int last_steps = 3;

AlignedBuffer<double> copy_of(const AlignedBuffer<double>& values) {
  AlignedBuffer<double> copy(values.size());
  std::copy_n(values.data(), values.size(), copy.data());
  return copy;
}

}  // namespace

DualNewton::DualNewton(const PackedColumns& columns, Index target, Vector inverse_root)
    : columns_(columns),
      target_(columns.target(target)),
      inverse_root_(std::move(inverse_root)),
      theta_(copy_of(target_)) {
  check(inverse_root_.size() == as_size(columns.n_features()));
  pull_ = pulls(theta_);
}

AlignedBuffer<double> DualNewton::pulls(const AlignedBuffer<double>& along) const {
  AlignedBuffer<double> result = columns_.transposed_times(along);
  for (std::size_t j = 0; j < inverse_root_.size(); ++j) result[static_cast<Index>(j)] *= inverse_root_[j];
  return result;
}

DualNewton::Active DualNewton::active() const {
  Active result(inverse_root_.size());
  for (std::size_t j = 0; j < result.size(); ++j) result[j] = pull_[static_cast<Index>(j)] > 0 ? 1 : 0;
  return result;
}

Matrix DualNewton::columns_of(const std::vector<Index>& features) const {
  const RowBlock& block = columns_.block();
  Matrix result(block.rows(), static_cast<Index>(features.size()));
  for (Index k = 0; k < result.cols(); ++k) {
    const Index j = features[as_size(k)];
    for (Index i = 0; i < result.rows(); ++i) result(i, k) = block.at(i, j) * inverse_root_[as_size(j)];
  }
  return result;
}

/// From the last features where few have changed: what is subtracted leaves rounding errors, but the matrix only decides how fast steps converge.
bool DualNewton::factor(const Active& now) {
  std::vector<Index> added, removed, all;
  for (std::size_t j = 0; j < now.size(); ++j) {
    const bool was = !active_.empty() && active_[j] != 0, is = now[j] != 0;
    if (is) all.push_back(static_cast<Index>(j));
    if (is && !was) added.push_back(static_cast<Index>(j));
    if (was && !is) removed.push_back(static_cast<Index>(j));
  }
  const bool afresh = active_.empty() || added.size() + removed.size() >= all.size();
  active_ = now;
  const Index n = columns_.block().rows();
  const auto add = [&](const std::vector<Index>& features, double sign) {
    if (features.empty()) return;
    const Matrix products = product_with_transpose(columns_of(features));
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) hessian_(i, j) += sign * products(i, j);
    }
  };
  if (afresh) {
    hessian_ = Matrix(n, n);
    for (Index i = 0; i < n; ++i) hessian_(i, i) = 1;
    add(all, 1);
  } else if (factor_ && added.empty() && removed.empty()) {
    return true;
  } else {
    add(added, 1);
    add(removed, -1);
  }
  factor_ = Cholesky::factor(hessian_);
  return factor_.has_value();
}

/// theta - y + sum of a_j max(0, a_j'theta), for the features of active_.
Vector DualNewton::gradient() {
  const Index n = columns_.block().rows();
  auto coef = AlignedBuffer<double>::zeros(columns_.block().padded_cols());
  double squares = 0;
  reach_ = 0;
  for (std::size_t j = 0; j < active_.size(); ++j) {
    if (active_[j] == 0) continue;
    const auto at = static_cast<Index>(j);
    coef[at] = pull_[at] * inverse_root_[j];
    reach_ += std::fabs(coef[at]) * std::sqrt(columns_.square(at));
  }
  auto fit = AlignedBuffer<double>::zeros(columns_.block().padded_rows());
  columns_.block().times_vector(coef.data(), fit.data());
  Vector result(as_size(n));
  for (Index i = 0; i < n; ++i) {
    squares += target_[i] * target_[i];
    result[as_size(i)] = theta_[i] - target_[i] + fit[i];
  }
  reach_ += std::sqrt(squares);
  return result;
}

/// Where the objective is least along `direction`, from its slope here, which grows from one change of a pull's sign to the next, linearly in between.
double DualNewton::best_step(const AlignedBuffer<double>& direction, double slope) const {
  struct Crossing {
    double at;
    Index feature;
  };
  const AlignedBuffer<double> change = pulls(direction);
  double curvature = 0;
  for (Index i = 0; i < direction.size(); ++i) curvature += direction[i] * direction[i];
  const double least_curvature = curvature;
  std::vector<Crossing> crossings;
  for (Index j = 0; j < columns_.n_features(); ++j) {
    if (pull_[j] > 0) curvature += change[j] * change[j];
    if ((pull_[j] > 0) != (change[j] > 0) && change[j] != 0) crossings.push_back({-pull_[j] / change[j], j});
  }
  std::sort(crossings.begin(), crossings.end(),
            [](const Crossing& a, const Crossing& b) { return a.at != b.at ? a.at < b.at : a.feature < b.feature; });
  for (const auto& [at, j] : crossings) {
    if (slope + at * curvature >= 0) break;
    const double sign = change[j] > 0 ? 1 : -1;
    slope += sign * pull_[j] * change[j];
    curvature = std::max(least_curvature, curvature + sign * change[j] * change[j]);
  }
  return -slope / curvature;
}

bool DualNewton::minimise() {
  const Index n = columns_.block().rows();
  for (int step = 0, alike = 0; step < most_steps; ++step) {
    checkpoint();
    const Active now = active();
    alike = now == active_ ? alike + 1 : 0;
    if (!factor(now)) return false;
    const Vector slope = gradient();
    Matrix solution(n, 1);
    std::copy(slope.begin(), slope.end(), solution.data());
    factor_->solve(solution);
    auto direction = AlignedBuffer<double>::zeros(columns_.block().padded_rows());
    double decrement = 0;
    for (Index i = 0; i < n; ++i) {
      direction[i] = -solution(i, 0);
      decrement += slope[as_size(i)] * solution(i, 0);
    }
    if (alike >= last_steps || decrement <= eps * eps * reach_ * reach_) return true;
    ++steps_;
    const double length = best_step(direction, -decrement);
    for (Index i = 0; i < n; ++i) theta_[i] += length * direction[i];
    pull_ = pulls(theta_);
  }
  return true;
}

Vector DualNewton::coef() const {
  Vector result(inverse_root_.size());
  for (std::size_t j = 0; j < result.size(); ++j) {
    result[j] = std::max(0.0, pull_[static_cast<Index>(j)]) * inverse_root_[j];
  }
  return result;
}

}  // namespace crowfly
