// SPDX-License-Identifier: BSD-3-Clause
// Features of a sparse matrix: scaled, never centred; those worked on are gathered by rows and by columns.
#include <cmath>
#include <limits>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linear_model/feature_columns.hpp"
#include "linear_model/sparse_logistic.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr Index columns_per_task = 64;

class SparseFeatures final : public LogisticFeatures {
 public:
  explicit SparseFeatures(const LogisticProblem& problem) : LogisticFeatures(problem), columns_(*problem.columns) {
    rounds_up_ = false;
    shift_.assign(as_size(problem.cols()), 0.0);
    max_abs_.assign(as_size(problem.cols()), 0.0);
    scale_.assign(as_size(problem.cols()), 1.0);
    parallel_for_ranges(problem.cols(), columns_per_task, static_cast<double>(columns_.n_entries()), [&](Range range) {
      for (Index j = range.begin; j < range.end; ++j) {
        double& largest = max_abs_[as_size(j)];
        for (const double value : columns_.row(j).values) largest = std::max(largest, std::fabs(value));
        const double scale = largest > 0 ? std::ldexp(1.0, -std::ilogb(largest)) : 1.0;
        scale_[as_size(j)] = std::min(scale, largest_safe_scale(true));
      }
    });
    for (Index i = 0; i < problem.rows(); ++i) total_weight_ += problem.weights == nullptr ? 1.0 : problem.weights[i];
    if (!(total_weight_ > 0))
      throw InvalidArgument("sample_weight: at least one weight must be positive, all are zero");
  }

  [[nodiscard]] const FeatureColumns* columns() override {
    if (n_vectors() > 1) return nullptr;
    if (one_by_one_ == nullptr) one_by_one_ = sparse_feature_columns(columns_, scale_);
    return one_by_one_.get();
  }

  [[nodiscard]] DualPoint dual_point(const Vector& parameters, const Vector& correction) const override {
    return crowfly::dual_point(loss_->data(), parameters, correction);
  }
  [[nodiscard]] double dual_loss(const Vector& parameters, const Vector& correction, double scale) const override {
    return crowfly::dual_loss(loss_->data(), parameters, correction, scale);
  }

  [[nodiscard]] TransposedProducts transposed_products(const DualPoint& point) const override {
    const Index p = columns_.rows, n = columns_.cols, vectors = n_vectors();
    TransposedProducts products{Vector(as_size(p * vectors)), Vector(as_size(p * vectors)), 0.0};
    const double operations = 3.0 * static_cast<double>(columns_.n_entries() * vectors);
    parallel_for_ranges(p, columns_per_task, operations, [&](Range range) {
      checkpoint();
      for (Index j = range.begin; j < range.end; ++j) {
        const SparseRow column = columns_.row(j);
        const double chain = dot_chain(static_cast<Index>(column.columns.size())) + 8;
        for (Index v = 0; v < vectors; ++v) {
          const DotWithSize product = blocked_dot(column, point.residual.data() + v * n);
          products.values[as_size(v * p + j)] = product.sum * scale(j);
          products.errors[as_size(v * p + j)] = 0.5 * eps * chain * product.size * scale(j);
        }
      }
    });
    // Residuals are added up in blocks of 256; what the blocks add, the certificate does.
    constexpr double block = 256;
    products.ones_error = 0.5 * eps * (std::min(block, static_cast<double>(n)) + 8) * point.size;
    return products;
  }

  /// Scales are powers of two and nothing is shifted: coefficients in the caller's units are not rounded.
  [[nodiscard]] PredictorError predictor_error(const Vector& parameters) const override {
    const SparseDesign& design = loss_->data().design;
    double largest = 0;
    for (Index v = 0; v < n_vectors(); ++v)
      largest = std::max(largest, design.largest_size(parameters.data() + v * design.cols()));
    return {0.5 * eps * (static_cast<double>(design.longest_row()) + 8) * largest, 0.0};
  }

 private:
  void select() override {
    loss_.emplace(SparseLogisticData{SparseDesign(columns_, features(), scale_, problem_.intercept), problem_.classes,
                                     problem_.weights, problem_.n_classes});
    if (!is_all()) ++n_copies_;
  }
  [[nodiscard]] LossFunction& selected() override { return *loss_; }

  const SparseView& columns_;
  std::unique_ptr<FeatureColumns> one_by_one_;
  std::optional<SparseLoss> loss_;
};

}  // namespace

std::unique_ptr<LogisticFeatures> sparse_features(const LogisticProblem& problem) {
  return std::make_unique<SparseFeatures>(problem);
}

}  // namespace crowfly
