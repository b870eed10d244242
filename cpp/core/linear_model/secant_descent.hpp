// SPDX-License-Identifier: BSD-3-Clause
// The descent where a Hessian costs several reads of the data: few of them, and in between what the steps themselves show of how it differs. docs/design/logistic.md,
// "Dear Hessians".
#pragma once

#include <optional>
#include <vector>

#include "linalg/secant_pairs.hpp"
#include "linear_model/coarse_iterate.hpp"

namespace crowfly {

class SecantDescent {
 public:
  [[nodiscard]] static bool pays(const LogisticData& data);

  SecantDescent(const LogisticData& data, const Vector& penalty, Vector start, const CoarseTarget& target);

  [[nodiscard]] CoarseDescent run();

 private:
  /// The reads that a Hessian of every so-manieth block of rows and the steps after it cost.
  struct Plan {
    Index stride;
    double reads;
  };

  [[nodiscard]] bool take_step();
  [[nodiscard]] bool take_up_curvatures();
  [[nodiscard]] Vector downhill() const;
  [[nodiscard]] bool is_exhausted() const;
  /// The stride of a Hessian that should come with the next read; 0: none.
  [[nodiscard]] Index due() const;
  [[nodiscard]] Plan plan(double left) const;
  /// Logarithm of how far half the squared decrement is above where it is to be.
  [[nodiscard]] double way_left(double left) const;
  /// By how much the logarithm of half the squared decrement fell per step of late.
  [[nodiscard]] double rate() const;

  const LogisticData& data_;
  CoarseTarget target_;
  CoarseIterate at_;
  CoarseDescent& state_;
  double cost_;  ///< of a Hessian of all rows and its factor, in reads
  std::optional<Cholesky> factor_;
  Vector diagonal_;  ///< until there is a factor
  SecantPairs pairs_;
  Curvatures asked_;       ///< of the last read
  bool is_exact_ = false;  ///< the factor is that of all rows, from near the minimum
  int n_hessians_ = 0;
  /// Half the squared decrements and objectives at the steps since curvatures were last taken up.
  std::vector<double> left_, objectives_;
};

}  // namespace crowfly
