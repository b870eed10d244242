// SPDX-License-Identifier: BSD-3-Clause
// Loss and gradient in float64, and if asked for the Hessian in low precision, in one read of the data.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "linalg/cholesky.hpp"
#include "linear_model/logistic_loss.hpp"
#include "linear_model/unpacked_design.hpp"

namespace crowfly {

/// What a read is to yield besides loss and gradient.
struct Curvatures {
  Index hessian_stride =
      0;               ///< the Hessian is that of every so-manieth block of rows, extrapolated to all; 0: there is none
  bool ahead = false;  ///< where there are many columns, with curvatures as steps far from the minimum meet them
  bool diagonal = false;  ///< that of the Hessian instead, extrapolated from some of the rows
};

/// Keeps its work space from one evaluation to the next: at the sizes that it is for, memory fresh from the system costs as much as a read.
class CoarseLoss {
 public:
  explicit CoarseLoss(const LogisticData& data);
  ~CoarseLoss();
  CoarseLoss(const CoarseLoss&) = delete;
  CoarseLoss& operator=(const CoarseLoss&) = delete;

  /// Whether Hessians of this size are affordable here at all.
  [[nodiscard]] static bool serves(const LogisticData& data);

  /// The longest row of additions behind an entry of a gradient.
  [[nodiscard]] static double gradient_chain(const LogisticData& data);

  /// Without penalty. `hessian` and `blocks` of the result stay empty; `reach` is there the first time.
  [[nodiscard]] LossValue evaluate(const Vector& parameters, Curvatures wanted);

  /// Of the last evaluation that had one.
  [[nodiscard]] Vector diagonal() const;

  /// What the products of a Hessian of all rows cost, in reads without one; and with its factor.
  [[nodiscard]] static double product_cost(const LogisticData& data);
  [[nodiscard]] static double hessian_cost(const LogisticData& data);

  /// Factor of the Hessian of the last evaluation that had one, plus `penalty` (one entry per column, the same for all classes). Of several classes outer products of the
  /// directions that change all of them alike are added (docs/design/logistic.md). Empty where low precision leaves nothing positive definite.
  [[nodiscard]] std::optional<Cholesky> factor(const Vector& penalty);

 private:
  class Part;

  [[nodiscard]] static RowPartition partition(const LogisticData& data, bool hessian);
  [[nodiscard]] LossValue sum_parts(const AlignedBuffer<double>& parameters, Curvatures wanted);
  void sum_wide_hessian();

  const LogisticData& data_;
  double root_scale_;  ///< a power of two that brings roots of the weights to at most one
  bool has_reach_ = false;
  std::optional<UnpackedDesign> unpacked_;
  bool wide_;                    ///< curvatures are kept, and the Hessian is a sum of its own
  bool is_summed_ = false;       ///< that of the last evaluation
  AlignedBuffer<double> roots_;  ///< of the curvatures, where it is wide
  std::vector<std::unique_ptr<Part>> gradients_, hessians_;
  std::unique_ptr<Part> wide_hessian_;
};

}  // namespace crowfly
