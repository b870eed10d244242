// SPDX-License-Identifier: BSD-3-Clause
// The logistic loss along a line: one read of the data, then as many lengths as it takes to find the minimum.
#pragma once

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// Derivatives with respect to the length of the way gone.
struct LineDerivatives {
  double slope = 0, curvature = 0;
};

/// Keeps two numbers per row and vector: predictors at the parameters, and along the direction.
class LogisticLine {
 public:
  LogisticLine(const LogisticData& data, const Vector& parameters, const Vector& direction);

  /// Of the loss, without penalty, at parameters + length * direction.
  [[nodiscard]] LineDerivatives at(double length) const;

 private:
  const LogisticData& data_;
  Index vectors_, stride_;
  RowPartition partition_;
  AlignedBuffer<double> start_, along_;
};

}  // namespace crowfly
