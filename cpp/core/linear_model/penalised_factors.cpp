// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/penalised_factors.hpp"

#include <algorithm>
#include <type_traits>

namespace crowfly {

void PenalisedFactors::solve(const PenaltyGroups& groups, const Matrix& rhs, Matrix& x) const {
  for (const auto& [alpha, factor] : factors_) {
    Matrix chosen = groups.select(rhs, alpha);
    std::visit([&](const auto& own) { own.solve(chosen); }, factor);
    groups.scatter(chosen, alpha, x);
  }
}

double PenalisedFactors::largest_condition() const {
  double worst = 1;
  for (const auto& [alpha, factor] : factors_) {
    if (const auto* cholesky = std::get_if<Cholesky>(&factor)) worst = std::max(worst, cholesky->condition());
  }
  return worst;
}

double PenalisedFactors::rows_to_penalty() const {
  double worst = 1;
  for (const auto& [alpha, factor] : factors_) {
    const double own = std::visit(
        [](const auto& of_rows) {
          if constexpr (std::is_same_v<std::decay_t<decltype(of_rows)>, Cholesky>) {
            return 1.0;
          } else {
            return of_rows.rows_to_penalty();
          }
        },
        factor);
    worst = std::max(worst, own);
  }
  return worst;
}

}  // namespace crowfly
