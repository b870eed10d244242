// SPDX-License-Identifier: BSD-3-Clause
// Minimum of a quadratic with an l1 penalty on a few features, from their Gram matrix: Newton on the support, coordinate descent to find it.
// docs/design/lasso.md.
#pragma once

#include <optional>
#include <vector>

#include "linalg/cholesky.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

/// What a feature pays: l1 |x| + l2 x^2 / 2. An infinite l1 leaves it out.
struct FeaturePenalty {
  double l1 = 0, l2 = 0;
};

/// minimise 1/2 x'Gx - c'x + sum_j (l1_j |x_j| + l2_j x_j^2 / 2), x >= 0 if `positive`. Features may be added between solutions, which start from the last.
class SparseQuadratic {
 public:
  /// `target_norm`: the root of y'y where c = X'y, which tells the rounding level of correlations.
  SparseQuadratic(bool positive, double target_norm) : positive_(positive), target_norm_(target_norm) {}

  /// All features at once, starting from `start`; `gram` has both its triangles.
  SparseQuadratic(Matrix gram, Vector cross, std::vector<FeaturePenalty> penalty, Vector start, double target_norm);

  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(coef_.size()); }
  /// `gram` has the products with all features so far and, last, the feature's own square.
  void append(const Vector& gram, double cross);
  void set_penalty(Index i, FeaturePenalty penalty) noexcept { penalty_[as_size(i)] = penalty; }
  void solve();

  [[nodiscard]] const Vector& coef() const noexcept { return coef_; }
  /// Newton steps and runs of coordinate descent so far.
  [[nodiscard]] int rounds() const noexcept { return rounds_; }

 private:
  [[nodiscard]] bool is_free(Index i) const noexcept;
  [[nodiscard]] double force(Index i) const noexcept;
  [[nodiscard]] bool leaves_orthant(Index i, double step) const noexcept;
  [[nodiscard]] double noise(Index i) const noexcept;
  [[nodiscard]] bool violated(Index i) const noexcept;
  [[nodiscard]] Index most_violated() const noexcept;
  [[nodiscard]] std::vector<Index> support() const;
  [[nodiscard]] Vector forces(const std::vector<Index>& features) const;
  void refresh();
  void move(Index i, double step) noexcept;
  void move(const std::vector<Index>& features, const Vector& step);
  double update(Index i) noexcept;
  void descend(int sweeps);
  [[nodiscard]] std::optional<Cholesky> factor_of(const std::vector<Index>& features, double growth) const;
  bool newton();
  void move_within_orthant(const std::vector<Index>& features, const Vector& force_before, const Vector& step);
  [[nodiscard]] double change_of_objective(const std::vector<Index>& features, const Vector& force_before,
                                           const Vector& step) const;

  bool positive_;
  double target_norm_;
  Matrix gram_;  ///< capacity x capacity, the first size() rows and columns in use
  Vector cross_, coef_, correlation_;
  std::vector<FeaturePenalty> penalty_;
  double slack_ = 1;  ///< multiplies the rounding level when supports return because of it
  double length_ = 0;
  int rounds_ = 0;
};

}  // namespace crowfly
