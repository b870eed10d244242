// SPDX-License-Identifier: BSD-3-Clause
// Least squares and ridge from moments in twice the precision. docs/design/moments.md has the error considerations.
#pragma once

#include <vector>

#include "linalg/factor.hpp"
#include "linalg/pair_gram.hpp"
#include "linear_model/least_squares.hpp"

namespace crowfly {

/// Moments of features, a column of ones, and targets, in this order, column j times scale[j].
struct MomentView {
  const PairGram& gram;
  const Vector& scale;  ///< powers of two, one per column
  const Vector& peak;   ///< per column, the largest diagonal that errors may come from
  Index n_rows;         ///< at least as many as went into any of its sums
};

/// Solves systems of one shape, one after the other, in the same workspace.
class MomentSolver {
 public:
  MomentSolver(Index n_features, Index n_targets);

  /// `penalty`: one per target, in the caller's units; with one above zero, no scale above largest_safe_scale(true). The condition is left at 1 unless asked for.
  /// Total weight must be positive.
  [[nodiscard]] LeastSquaresFit solve(const MomentView& moments, bool intercept, const Vector& penalty,
                                      bool with_condition);

 private:
  void centre(const MomentView& moments, bool intercept);
  void clear(Index feature);
  void factor(const MomentView& moments, double alpha);
  [[nodiscard]] double smallest_pivot(const MomentView& moments);
  [[nodiscard]] Index next_pivot(double cut) const;
  [[nodiscard]] bool eliminate(Index pivot, double alpha, double unit, double cut);
  void reduce_row(Index pivot);
  [[nodiscard]] Pair factor_at(Index k, Index j) const noexcept;
  void set_factor(Index k, Index j, Pair value) noexcept;
  void solve_targets(const MomentView& moments, const Vector& penalty, double alpha, LeastSquaresFit& fit);
  [[nodiscard]] bool determines_all() const;
  [[nodiscard]] std::vector<Pair> back_substituted(Index target) const;
  [[nodiscard]] LeastSquaresSolution shortest(const MomentView& moments) const;
  [[nodiscard]] double condition() const;
  void finish_target(const MomentView& moments, Index target, double alpha, const std::vector<Pair>& gamma,
                     LeastSquaresFit& fit) const;

  Index p_, t_, width_, stride_;
  bool intercept_ = true;
  AlignedBuffer<double> system_high_, system_low_;  ///< centred, [p + t][stride]
  std::vector<Pair> mean_;                          ///< scaled, features and targets
  AlignedBuffer<double> factor_high_, factor_low_;  ///< rows of the factor, columns as in the system: [panel][p][width]
  AlignedBuffer<double> row_high_, row_low_;        ///< the row under way
  AlignedBuffer<double> multiplier_high_, multiplier_low_, zero_;
  std::vector<Pair> rest_;  ///< what is left of each diagonal
  Vector start_;            ///< what it was, penalty included
  std::vector<bool> used_, independent_, cleared_;
  std::vector<Index> order_;  ///< columns in the order of their elimination
};

}  // namespace crowfly
