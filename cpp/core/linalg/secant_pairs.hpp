// SPDX-License-Identifier: BSD-3-Clause
// What steps have shown of a Hessian beyond an approximation of it: the limited-memory update of Broyden, Fletcher, Goldfarb and Shanno
// (Nocedal 1980, Mathematics of Computation 35).
#pragma once

#include <deque>

#include "linalg/conjugate_gradient.hpp"

namespace crowfly {

class SecantPairs {
 public:
  /// Keeps that many of the last ones.
  explicit SecantPairs(std::size_t capacity) : capacity_(capacity) {}

  /// A move and how it changed the gradient. One that shows no curvature is left out.
  void add(Vector move, Vector change);
  void clear() noexcept { pairs_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return pairs_.empty(); }

  /// The inverse Hessian times `v`; `inverse` is that of the approximation, positive definite. `rescale`: the approximation is right but for a factor that changes,
  /// which the last pair shows.
  [[nodiscard]] Vector solve(Vector v, const LinearMap& inverse, bool rescale) const;

 private:
  struct Pair {
    Vector move, change;
    double curvature;  ///< move . change
  };

  std::size_t capacity_;
  std::deque<Pair> pairs_;
};

}  // namespace crowfly
