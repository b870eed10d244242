// SPDX-License-Identifier: BSD-3-Clause
// The features of a logistic path, dense or sparse, and those of them that are worked on.
#pragma once

#include <memory>
#include <vector>

#include "linear_model/logistic_dual.hpp"
#include "linear_model/logistic_loss.hpp"
#include "linear_model/newton.hpp"

namespace crowfly {

class FeatureColumns;
class LossWithProducts;

/// The loss as a function of the coefficients of the columns worked on.
class LossFunction {
 public:
  LossFunction() = default;
  LossFunction(const LossFunction&) = delete;
  LossFunction& operator=(const LossFunction&) = delete;
  virtual ~LossFunction() = default;

  /// Features and, with an intercept, ones.
  [[nodiscard]] virtual Index cols() const = 0;
  [[nodiscard]] virtual Index n_vectors() const = 0;
  [[nodiscard]] Index size() const { return cols() * n_vectors(); }
  /// With the full Hessian.
  [[nodiscard]] virtual LossValue evaluate(const Vector& parameters) = 0;
  /// Itself, if it can do without the Hessian.
  [[nodiscard]] virtual LossWithProducts* with_products() { return nullptr; }
};

/// H d for a direction d that changes one coefficient at a time, H the Hessian where the loss was evaluated last.
class HessianImage {
 public:
  HessianImage() = default;
  HessianImage(const HessianImage&) = delete;
  HessianImage& operator=(const HessianImage&) = delete;
  virtual ~HessianImage() = default;

  [[nodiscard]] virtual double at(Index parameter) const = 0;
  virtual void move(Index parameter, double step) = 0;
};

class LossWithProducts : public LossFunction {
 public:
  /// Without the Hessian, of which the next two tell something at these parameters.
  [[nodiscard]] virtual LossValue evaluate_gradient(const Vector& parameters) = 0;
  [[nodiscard]] virtual Vector hessian_diagonal() const = 0;
  [[nodiscard]] virtual Vector hessian_times(const Vector& direction) const = 0;
  /// Of this direction at first.
  [[nodiscard]] virtual std::unique_ptr<HessianImage> image_of(const Vector& direction) const = 0;
  [[nodiscard]] LossWithProducts* with_products() override { return this; }
};

/// X'r for every feature and vector, [vector][feature], and how wrong each may be; what a sum of the residuals themselves may be wrong by.
struct TransposedProducts {
  Vector values, errors;
  double ones_error = 0;
};

/// What predictors may be wrong by: as they are computed, and because coefficients are rounded to the caller's units.
struct PredictorError {
  double computed = 0, returned = 0;
};

class LogisticFeatures {
 public:
  /// Up to so many features are worked on all at once.
  static constexpr Index all_at_once = 64;
  /// Parameters, of which the Hessian is formed.
  static constexpr Index max_size = 8000;

  /// Dense or sparse as the problem has it; both are kept by reference. Reads X once for the scales.
  [[nodiscard]] static std::unique_ptr<LogisticFeatures> of(const LogisticProblem& problem);
  LogisticFeatures(const LogisticFeatures&) = delete;
  LogisticFeatures& operator=(const LogisticFeatures&) = delete;
  virtual ~LogisticFeatures() = default;

  [[nodiscard]] Index n_vectors() const noexcept { return problem_.n_classes == 2 ? 1 : problem_.n_classes; }
  /// Feature j is solved as (x - shift[j]) * scale[j]; its largest magnitude as it is.
  [[nodiscard]] double shift(Index j) const noexcept { return shift_[as_size(j)]; }
  [[nodiscard]] double scale(Index j) const noexcept { return scale_[as_size(j)]; }
  [[nodiscard]] double max_abs(Index j) const noexcept { return max_abs_[as_size(j)]; }
  [[nodiscard]] double total_weight() const noexcept { return total_weight_; }

  [[nodiscard]] bool has(Index j) const noexcept { return is_in_[as_size(j)] != 0; }
  [[nodiscard]] bool is_all() const noexcept { return n_in_ == problem_.cols(); }
  [[nodiscard]] Index size() const noexcept { return n_in_; }
  void insert(Index j) noexcept;
  /// The loss of the features inserted so far. `features()` tells which they are, in order. `limited`: throws InvalidArgument where these are too many
  /// for a Hessian.
  [[nodiscard]] LossFunction& loss(bool limited);
  [[nodiscard]] const std::vector<Index>& features() const noexcept { return features_; }
  /// Copies of columns so far, one read of X each.
  [[nodiscard]] int n_copies() const noexcept { return n_copies_; }

  /// All features one at a time, of two classes, where descent along them pays; else null.
  [[nodiscard]] virtual const FeatureColumns* columns() { return nullptr; }

  // Of the features worked on, see logistic_dual.hpp.
  [[nodiscard]] virtual DualPoint dual_point(const Vector& parameters, const Vector& correction) const = 0;
  [[nodiscard]] virtual double dual_loss(const Vector& parameters, const Vector& correction, double scale) const = 0;
  /// Of all features.
  [[nodiscard]] virtual TransposedProducts transposed_products(const DualPoint& point) const = 0;
  [[nodiscard]] virtual PredictorError predictor_error(const Vector& parameters) const = 0;

 protected:
  explicit LogisticFeatures(const LogisticProblem& problem);
  /// Makes the loss of features().
  virtual void select() = 0;
  [[nodiscard]] virtual LossFunction& selected() = 0;

  const LogisticProblem& problem_;
  Vector shift_, scale_, max_abs_;
  double total_weight_ = 0;
  int n_copies_ = 0;
  /// Beyond half of the features the others are taken, too: a copy would save little.
  bool rounds_up_ = true;

 private:
  std::vector<char> is_in_;
  Index n_in_ = 0;
  std::vector<Index> features_;
};

[[nodiscard]] std::unique_ptr<LogisticFeatures> dense_features(const LogisticProblem& problem);
[[nodiscard]] std::unique_ptr<LogisticFeatures> sparse_features(const LogisticProblem& problem);

}  // namespace crowfly
