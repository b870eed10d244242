// SPDX-License-Identifier: BSD-3-Clause
// Targets by their penalties: those with the same one share a factor.
#pragma once

#include "linalg/matrix.hpp"

namespace crowfly {

class PenaltyGroups {
 public:
  /// One penalty per target.
  explicit PenaltyGroups(const Vector& penalty);

  /// Each penalty once, the smallest first.
  [[nodiscard]] const Vector& penalties() const noexcept { return distinct_; }
  /// The columns of `source` whose target has the penalty `alpha`.
  [[nodiscard]] Matrix select(const Matrix& source, double alpha) const;
  /// The other way round.
  void scatter(const Matrix& chosen, double alpha, Matrix& target) const;

 private:
  Vector penalty_;
  Vector distinct_;
};

}  // namespace crowfly
