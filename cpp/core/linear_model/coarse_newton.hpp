// SPDX-License-Identifier: BSD-3-Clause
// Newton's method with Hessians in low precision, which serve for several steps near the minimum, and a start from a sample of the rows. Gradients are those of all rows in
// float64, so that steps lead to the same minimum. docs/design/logistic.md has the reasons.
#pragma once

#include <functional>

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// Some rows of the data, in blocks that are spread over them, as data of their own.
class RowSample {
 public:
  /// `blocks_apart`: one block of rows out of so many.
  RowSample(const LogisticData& data, Index blocks_apart);

  [[nodiscard]] const LogisticData& data() const noexcept { return data_; }
  /// Their share of the rows' weight.
  [[nodiscard]] double share() const noexcept { return share_; }
  /// Takes over shifts and scales.
  void set_frame(const Design& design) {
    data_.design.shift = design.shift;
    data_.design.scale = design.scale;
  }
  /// Whether every class occurs.
  [[nodiscard]] bool has_all_classes() const;

  static constexpr Index block_rows = 64;

 private:
  AlignedBuffer<char> rows_;
  std::vector<std::int32_t> classes_;
  Vector weights_;
  double share_ = 1;
  LogisticData data_;
};

struct CoarseDescent {
  Vector parameters;
  LossValue value;       ///< at these, penalty included, without Hessian
  double objective = 0;  ///< with penalty
  double decrement = 0;  ///< by the last Hessian at hand
  bool near = false;     ///< half the squared decrement is within the tolerance
  bool accepted = false;
  int n_reads = 0, n_steps = 0;
};

struct CoarseTarget {
  double tolerance;  ///< on half the squared decrement, relative to the objective
  double absolute;   ///< or of that size
  int polishing;  ///< steps that are taken beyond, as long as they shorten what is left; -1: one more that is not looked at
  int max_steps;
  /// Asked within the tolerance and after polishing; steps go on until it agrees. Null: agreed.
  std::function<bool(const CoarseDescent&)> accept;
  bool from_sample = false;  ///< the start is the minimum of a sample: near enough for a Hessian
};

/// Descends from `start`; ends early where low precision no longer contracts. `penalty`: of the scaled design's columns.
[[nodiscard]] CoarseDescent coarse_descent(const LogisticData& data, const Vector& penalty, Vector start,
                                           const CoarseTarget& target);

/// Adds the penalty to a loss and its gradient.
[[nodiscard]] double add_penalty(const Vector& penalty, const Vector& parameters, LossValue& value);

}  // namespace crowfly
