// SPDX-License-Identifier: BSD-3-Clause
// The columns of a design one at a time, centred and scaled as they are worked on.
#pragma once

#include <memory>

#include "linalg/matrix.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {

class FeatureColumns {
 public:
  FeatureColumns() = default;
  FeatureColumns(const FeatureColumns&) = delete;
  FeatureColumns& operator=(const FeatureColumns&) = delete;
  virtual ~FeatureColumns() = default;

  /// Of all columns together.
  [[nodiscard]] virtual Index n_entries() const noexcept = 0;
  /// Sum over rows of x_ij values[i].
  [[nodiscard]] virtual double dot(Index j, const double* values) const noexcept = 0;
  /// Sum over rows of weight[i] x_ij^2.
  [[nodiscard]] virtual double weighted_square(Index j, const double* weight) const noexcept = 0;
  /// target[i] += factor x_ij.
  virtual void add(Index j, double factor, double* target) const noexcept = 0;
  /// target[i] += factor weight[i] x_ij.
  virtual void add_weighted(Index j, double factor, const double* weight, double* target) const noexcept = 0;
};

/// The rows of `columns`, which is kept by reference as is `scale`, are the columns of X; each is multiplied by its scale.
[[nodiscard]] std::unique_ptr<FeatureColumns> sparse_feature_columns(const SparseView& columns, const Vector& scale);

/// A copy of the columns of x, each less its shift and multiplied by its scale.
[[nodiscard]] std::unique_ptr<FeatureColumns> dense_feature_columns(const MatrixView& x, const Vector& shift,
                                                                    const Vector& scale);

}  // namespace crowfly
