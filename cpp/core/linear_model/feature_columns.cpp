// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/feature_columns.hpp"

#include "base/cancel.hpp"
#include "base/parallel.hpp"

namespace crowfly {
namespace {

class SparseFeatureColumns final : public FeatureColumns {
 public:
  SparseFeatureColumns(const SparseView& columns, const Vector& scale) : columns_(columns), scale_(scale) {}

  [[nodiscard]] Index n_entries() const noexcept override { return columns_.n_entries(); }

  [[nodiscard]] double dot(Index j, const double* values) const noexcept override {
    return crowfly::dot(columns_.row(j), values) * scale_[as_size(j)];
  }

  [[nodiscard]] double weighted_square(Index j, const double* weight) const noexcept override {
    const SparseRow column = columns_.row(j);
    const double scale = scale_[as_size(j)];
    double sum = 0;
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const double x = column.values[e] * scale;
      sum += weight[column.columns[e]] * x * x;
    }
    return sum;
  }

  void add(Index j, double factor, double* target) const noexcept override {
    crowfly::add(columns_.row(j), factor * scale_[as_size(j)], target);
  }

  void add_weighted(Index j, double factor, const double* weight, double* target) const noexcept override {
    const SparseRow column = columns_.row(j);
    factor *= scale_[as_size(j)];
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const std::int32_t i = column.columns[e];
      target[i] += factor * column.values[e] * weight[i];
    }
  }

 private:
  const SparseView& columns_;
  const Vector& scale_;
};

/// Partial sums, in which compilers see vectors.
constexpr Index lanes = 8;

class DenseFeatureColumns final : public FeatureColumns {
 public:
  DenseFeatureColumns(const MatrixView& x, const Vector& shift, const Vector& scale)
      : cols_(x.cols), padded_(round_up(x.rows, lanes)), values_(padded_ * x.cols) {
    constexpr Index columns_per_task = 16;
    parallel_for_ranges(x.cols, columns_per_task, 4.0 * static_cast<double>(values_.size()), [&](Range range) {
      checkpoint();
      visit_dtype(x.dtype, [&](auto zero) {
        for (Index i = 0; i < x.rows; ++i) {
          const char* row = x.row(i);
          for (Index j = range.begin; j < range.end; ++j) {
            const auto own = static_cast<double>(load_element<decltype(zero)>(row + j * x.col_stride));
            values_[j * padded_ + i] = (own - shift[as_size(j)]) * scale[as_size(j)];
          }
        }
      });
      for (Index j = range.begin; j < range.end; ++j) {
        for (Index i = x.rows; i < padded_; ++i) values_[j * padded_ + i] = 0;
      }
    });
  }

  [[nodiscard]] Index n_entries() const noexcept override { return padded_ * cols_; }

  [[nodiscard]] double dot(Index j, const double* values) const noexcept override {
    return sum_of(j, [&](const double* x, Index i) { return x[i] * values[i]; });
  }
  [[nodiscard]] double weighted_square(Index j, const double* weight) const noexcept override {
    return sum_of(j, [&](const double* x, Index i) { return x[i] * x[i] * weight[i]; });
  }
  void add(Index j, double factor, double* target) const noexcept override {
    const double* x = column(j);
    for (Index i = 0; i < padded_; ++i) target[i] += factor * x[i];
  }
  void add_weighted(Index j, double factor, const double* weight, double* target) const noexcept override {
    const double* x = column(j);
    for (Index i = 0; i < padded_; ++i) target[i] += factor * weight[i] * x[i];
  }

 private:
  [[nodiscard]] const double* column(Index j) const noexcept { return values_.data() + j * padded_; }

  template <class Term>
  [[nodiscard]] double sum_of(Index j, Term term) const noexcept {
    const double* x = column(j);
    double sum[lanes] = {};
    for (Index i = 0; i < padded_; i += lanes) {
      for (Index lane = 0; lane < lanes; ++lane) sum[lane] += term(x, i + lane);
    }
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  }

  Index cols_, padded_;
  AlignedBuffer<double> values_;
};

}  // namespace

std::unique_ptr<FeatureColumns> sparse_feature_columns(const SparseView& columns, const Vector& scale) {
  return std::make_unique<SparseFeatureColumns>(columns, scale);
}

std::unique_ptr<FeatureColumns> dense_feature_columns(const MatrixView& x, const Vector& shift, const Vector& scale) {
  return std::make_unique<DenseFeatureColumns>(x, shift, scale);
}

}  // namespace crowfly
