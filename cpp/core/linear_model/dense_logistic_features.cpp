// SPDX-License-Identifier: BSD-3-Clause
// Features of a dense matrix: those worked on are a packed copy of their columns, or X itself.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "linear_model/feature_columns.hpp"
#include "linear_model/logistic_features.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

class DenseLoss final : public LossFunction {
 public:
  explicit DenseLoss(const LogisticData& data) : data_(data) {}
  [[nodiscard]] Index cols() const override { return data_.design.cols(); }
  [[nodiscard]] Index n_vectors() const override { return data_.n_vectors(); }
  [[nodiscard]] LossValue evaluate(const Vector& parameters) override {
    return evaluate_loss(data_, parameters, HessianPart::full);
  }

 private:
  const LogisticData& data_;
};

class DenseFeatures final : public LogisticFeatures {
 public:
  explicit DenseFeatures(const LogisticProblem& problem)
      : LogisticFeatures(problem),
        all_(problem.features, false, {}),
        data_{all_, problem.classes, problem.weights, problem.n_classes},
        loss_(data_) {
    ColumnStatistics statistics = standardise(all_, problem.weights, problem.intercept, largest_safe_scale(true));
    shift_ = all_.shift;
    scale_ = all_.scale;
    max_abs_ = std::move(statistics.max_abs);
    total_weight_ = statistics.total_weight;
  }

  [[nodiscard]] const FeatureColumns* columns() override {
    const Index n = problem_.rows(), p = problem_.cols();
    if (n_vectors() > 1 || n > p || n * p > most_copied) return nullptr;
    if (one_by_one_ == nullptr) {
      one_by_one_ = dense_feature_columns(all_.features, shift_, scale_);
      ++n_copies_;
    }
    return one_by_one_.get();
  }

  [[nodiscard]] DualPoint dual_point(const Vector& parameters, const Vector& correction) const override {
    return crowfly::dual_point(data_, parameters, correction);
  }
  [[nodiscard]] double dual_loss(const Vector& parameters, const Vector& correction, double scale) const override {
    return crowfly::dual_loss(data_, parameters, correction, scale);
  }

  [[nodiscard]] TransposedProducts transposed_products(const DualPoint& point) const override {
    TransposedProducts products;
    products.values = crowfly::transposed_products(all_, point.residual, n_vectors());
    products.ones_error = 0.5 * eps * (longest_chain(all_) + 8) * point.size;
    for (Index v = 0; v < n_vectors(); ++v) {
      for (Index j = 0; j < all_.cols(); ++j) {
        const double reach = (max_abs(j) + std::fabs(shift(j))) * scale(j);
        products.errors.push_back(products.ones_error * reach);
      }
    }
    return products;
  }

  /// As newton.cpp has it.
  [[nodiscard]] PredictorError predictor_error(const Vector& parameters) const override {
    double largest = 0, moved = 0;
    std::size_t i = 0;
    for (Index v = 0; v < n_vectors(); ++v) {
      double own = 0, rounded = 0;
      for (const Index j : features()) {
        const double coef = std::fabs(parameters[i++]), reach = (max_abs(j) + std::fabs(shift(j))) * scale(j);
        own += coef * reach;
        rounded += coef * (reach + 2 * std::fabs(shift(j)) * scale(j));
      }
      const double constant = problem_.intercept ? std::fabs(parameters[i++]) : 0.0;
      largest = std::max(largest, own + constant);
      moved = std::max(moved, eps * static_cast<double>(size() + 3) * (rounded + constant));
    }
    return {0.5 * eps * predictor_chain(size() + 1) * largest, moved};
  }

 private:
  void select() override {
    MatrixView view = all_.features;
    if (!is_all()) view = copied_columns();
    Design design(view, false, {});
    for (std::size_t k = 0; k < features().size(); ++k) {
      design.shift[k] = shift(features()[k]);
      design.scale[k] = scale(features()[k]);
    }
    data_.design = problem_.intercept ? design.with_ones() : design;
  }
  [[nodiscard]] LossFunction& selected() override { return loss_; }

  [[nodiscard]] MatrixView copied_columns() {
    const MatrixView& view = all_.features;
    const Index n = view.rows, m = size();
    columns_ = AlignedBuffer<double>(n * m);
    constexpr Index rows_per_task = 256;
    parallel_for_ranges(n, rows_per_task, 4.0 * static_cast<double>(n * m), [&](Range range) {
      checkpoint();
      visit_dtype(view.dtype, [&](auto zero) {
        for (Index i = range.begin; i < range.end; ++i) {
          const char* row = view.row(i);
          for (Index k = 0; k < m; ++k)
            columns_[i * m + k] =
                static_cast<double>(load_element<decltype(zero)>(row + features()[as_size(k)] * view.col_stride));
        }
      });
    });
    ++n_copies_;
    constexpr Index item = sizeof(double);
    return {reinterpret_cast<const char*>(columns_.data()), n, m, m * item, item, DType::f64};
  }

  /// Entries that are copied column by column: half a gigabyte.
  static constexpr Index most_copied = Index{1} << 26;

  Design all_;
  std::unique_ptr<FeatureColumns> one_by_one_;
  AlignedBuffer<double> columns_;
  LogisticData data_;
  DenseLoss loss_;
};

}  // namespace

std::unique_ptr<LogisticFeatures> dense_features(const LogisticProblem& problem) {
  return std::make_unique<DenseFeatures>(problem);
}

}  // namespace crowfly
