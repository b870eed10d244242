// SPDX-License-Identifier: BSD-3-Clause
// The fits of one target along a path of alphas: which features are worked on, until no other violates its optimality condition.
#pragma once

#include <vector>

#include "linear_model/correlation_source.hpp"
#include "linear_model/duality_gap.hpp"
#include "linear_model/sparse_quadratic.hpp"

namespace crowfly {

/// The most features without an l1 penalty, which all have to be worked on at once.
inline constexpr Index max_free_features = 6000;

class PathSolver {
 public:
  /// `unit`: the penalties at alpha = 1. An infinite l1 leaves a feature out.
  PathSolver(CorrelationSource& source, std::vector<FeaturePenalty> unit, bool positive);

  /// The smallest alpha at which no penalised feature has a coefficient.
  [[nodiscard]] double largest_alpha() const noexcept { return largest_alpha_; }
  /// The minimum at `alpha`, from the last one's.
  void solve(double alpha);

  /// One coefficient per feature.
  [[nodiscard]] Vector coef() const;
  [[nodiscard]] Certificate certificate() const;
  [[nodiscard]] int rounds() const noexcept { return quadratic_.rounds(); }

 private:
  [[nodiscard]] FeaturePenalty penalty(Index j, double alpha) const noexcept;
  void take(Index j);
  void set_penalties(double alpha);
  [[nodiscard]] double pull(Index j) const noexcept;
  bool take_excess(double alpha, double limit_alpha, double margin);
  void minimise();
  void solve_near(double alpha);
  void approach(double alpha);
  void choose_features(double alpha);

  CorrelationSource& source_;
  std::vector<FeaturePenalty> unit_;
  bool positive_;
  SparseQuadratic quadratic_;
  Correlations correlations_;
  std::vector<Index> taken_;
  std::vector<char> is_taken_;
  double alpha_ = 0, largest_alpha_ = 0;
};

}  // namespace crowfly
