// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/secant_pairs.hpp"

#include <cmath>
#include <utility>

namespace crowfly {
namespace {

/// Curvature along a move, relative to the lengths of both, below which rounding may have made it.
constexpr double least_curvature = 1e-12;

void add_multiple(Vector& target, double factor, const Vector& v) noexcept {
  for (std::size_t i = 0; i < target.size(); ++i) target[i] += factor * v[i];
}

}  // namespace

void SecantPairs::add(Vector move, Vector change) {
  const double curvature = dot(move, change);
  const double lengths = std::sqrt(dot(move, move)) * std::sqrt(dot(change, change));
  if (!(curvature > least_curvature * lengths) || !std::isfinite(lengths)) return;
  if (pairs_.size() == capacity_) pairs_.pop_front();
  pairs_.push_back({std::move(move), std::move(change), curvature});
}

Vector SecantPairs::solve(Vector v, const LinearMap& inverse, bool rescale) const {
  Vector along(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    along[i] = dot(pairs_[i].move, v) / pairs_[i].curvature;
    add_multiple(v, -along[i], pairs_[i].change);
  }
  Vector result = inverse(v);
  if (rescale && !pairs_.empty()) {
    const Pair& last = pairs_.back();
    const double factor = last.curvature / dot(last.change, inverse(last.change));
    for (double& value : result) value *= factor;
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double back = dot(pairs_[i].change, result) / pairs_[i].curvature;
    add_multiple(result, along[i] - back, pairs_[i].move);
  }
  return result;
}

}  // namespace crowfly
