// SPDX-License-Identifier: BSD-3-Clause
// Loss, gradient and Hessian of binary and multinomial logistic regression in one read of the data.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "linear_model/pair_sums.hpp"

namespace crowfly {

/// The data of a fit. Two classes have one vector of coefficients (for the second class), K > 2 have K.
struct LogisticData {
  Design design;                ///< features and, with an intercept, ones; no targets
  const std::int32_t* classes;  ///< n class numbers in [0, n_classes)
  const double* weights;        ///< n values, or null for ones
  Index n_classes;
  bool two_vectors = false;  ///< two classes have two vectors, which sum to zero, as more have

  [[nodiscard]] Index n_vectors() const noexcept { return n_classes == 2 && !two_vectors ? 1 : n_classes; }
  [[nodiscard]] Index size() const noexcept { return n_vectors() * design.cols(); }
};

/// Sums over rows, without penalty. Parameter v * design.cols() + j is column j of vector v.
struct LossValue {
  double loss = 0;
  Vector gradient;
  Matrix hessian;              ///< lower triangle; empty unless asked for
  std::vector<Matrix> blocks;  ///< one lower triangle per class; empty unless asked for
  /// Over rows of positive weight, own class' predictor minus another's: the smallest positive means that the parameters separate the classes.
  double smallest_margin = 0, largest_margin = 0;
  double curvature = 0;  ///< two classes: their sum over rows
  Vector reach;          ///< largest magnitudes in the columns; empty unless asked for
};

[[nodiscard]] LossValue evaluate_loss(const LogisticData& data, const Vector& parameters, HessianPart part);

/// Parts of a sum of Hessians, limited so that their matrices together stay below 64 MiB.
[[nodiscard]] RowPartition hessian_partition(const LogisticData& data, HessianPart part);

/// Predictors that depend on no feature and fit best, one per vector: logarithms of the classes' shares of the weight.
[[nodiscard]] Vector logits_of_shares(const LogisticData& data);
[[nodiscard]] Vector logits_of_shares(const std::int32_t* classes, const double* weights, Index n, Index n_classes);

/// Each vector's parameters padded with zeros to whole panels.
[[nodiscard]] AlignedBuffer<double> padded_parameters(const LogisticData& data, const Vector& parameters);

/// out[i * n_vectors + v] = x_i . coef(v, .) + intercept[v], row-major; coef is n_vectors x p, row-major.
void linear_predictor(const MatrixView& x, const double* coef, const double* intercept, Index n_vectors, double* out);

/// Replaces rows of linear predictors by probabilities, n x n_classes (a sigmoid's two columns from one predictor when n_classes is 2).
/// `logarithm` gives their logarithms, accurate in the tails.
void class_probabilities(const double* predictors, Index n, Index n_classes, bool logarithm, double* out);

}  // namespace crowfly
