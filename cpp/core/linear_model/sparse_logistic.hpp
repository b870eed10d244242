// SPDX-License-Identifier: BSD-3-Clause
// Logistic loss of sparse data. docs/design/logistic-l1.md.
#pragma once

#include <cstdint>

#include "linear_model/logistic_features.hpp"
#include "linear_model/sparse_design.hpp"

namespace crowfly {

/// As LogisticData, for sparse features.
struct SparseLogisticData {
  SparseDesign design;
  const std::int32_t* classes;
  const double* weights;
  Index n_classes;

  [[nodiscard]] Index n_vectors() const noexcept { return n_classes == 2 ? 1 : n_classes; }
  [[nodiscard]] Index size() const noexcept { return n_vectors() * design.cols(); }
};

class SparseLoss final : public LossWithProducts {
 public:
  explicit SparseLoss(SparseLogisticData data);

  [[nodiscard]] const SparseLogisticData& data() const noexcept { return data_; }
  [[nodiscard]] Index cols() const override { return data_.design.cols(); }
  [[nodiscard]] Index n_vectors() const override { return data_.n_vectors(); }
  [[nodiscard]] LossValue evaluate(const Vector& parameters) override;
  [[nodiscard]] LossValue evaluate_gradient(const Vector& parameters) override;
  [[nodiscard]] Vector hessian_diagonal() const override;
  [[nodiscard]] Vector hessian_times(const Vector& direction) const override;
  [[nodiscard]] std::unique_ptr<HessianImage> image_of(const Vector& direction) const override;

 private:
  [[nodiscard]] double weight(Index i) const noexcept { return data_.weights == nullptr ? 1.0 : data_.weights[i]; }
  /// change = X direction, [vector][row].
  void predict(const Vector& direction, AlignedBuffer<double>& change) const;
  /// Weight times the second derivative with respect to the predictors of vectors u and v, for each row.
  void curvatures(Index u, Index v, AlignedBuffer<double>& target) const;

  SparseLogisticData data_;
  AlignedBuffer<double> residual_;  ///< [vector][row]
  AlignedBuffer<double> state_;     ///< [vector][row]: curvatures of one vector, probabilities of several
};

[[nodiscard]] DualPoint dual_point(const SparseLogisticData& data, const Vector& parameters, const Vector& correction);
[[nodiscard]] double dual_loss(const SparseLogisticData& data, const Vector& parameters, const Vector& correction,
                               double scale);

}  // namespace crowfly
