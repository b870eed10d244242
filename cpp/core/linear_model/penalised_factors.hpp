// SPDX-License-Identifier: BSD-3-Clause
// What refinement multiplies gradients by: inverses of a penalised Gram matrix, one per penalty, however each was factored.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "linalg/cholesky.hpp"
#include "linear_model/few_rows_ridge.hpp"
#include "linear_model/penalty_groups.hpp"
#include "linear_model/wide_ridge.hpp"

namespace crowfly {

class PenalisedFactors {
 public:
  using Factor = std::variant<Cholesky, FewRowsRidge, WideRidge>;

  void clear() noexcept { factors_.clear(); }
  void add(double alpha, Factor factor) { factors_.emplace_back(alpha, std::move(factor)); }

  /// x = (Gram + penalty)^-1 rhs for each target with its own penalty; targets without a factor are left as they are.
  void solve(const PenaltyGroups& groups, const Matrix& rhs, Matrix& x) const;
  /// R of the first factor R'R, which has to be a Cholesky factor.
  [[nodiscard]] Matrix first_triangle() const { return std::get<Cholesky>(factors_.front().second).triangle(); }
  /// The largest condition of a Cholesky factor, at least one.
  [[nodiscard]] double largest_condition() const;
  /// By how much rounding grows in the worst of the others, at least one.
  [[nodiscard]] double rows_to_penalty() const;

 private:
  std::vector<std::pair<double, Factor>> factors_;
};

}  // namespace crowfly
