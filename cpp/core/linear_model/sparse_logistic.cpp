// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/sparse_logistic.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/cancel.hpp"
#include "linear_model/logistic_rows.hpp"

namespace crowfly {
namespace {

/// Rows of a task, whose sums are added up in order.
constexpr Index rows_per_task = 1024;

/// Two classes: the weighted change of each row's predictor.
class BinaryImage final : public HessianImage {
 public:
  BinaryImage(const SparseDesign& design, const double* curvature, AlignedBuffer<double> change)
      : design_(design), curvature_(curvature), change_(std::move(change)) {
    for (Index i = 0; i < change_.size(); ++i) change_[i] *= curvature_[i];
  }

  [[nodiscard]] double at(Index j) const override {
    return j == design_.n_features() ? blocked_sum(change_.data(), design_.rows())
                                     : dot(design_.column(j), change_.data());
  }

  void move(Index j, double step) override {
    if (j == design_.n_features()) {
      for (Index i = 0; i < change_.size(); ++i) change_[i] += step * curvature_[i];
      return;
    }
    const SparseRow column = design_.column(j);
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const Index i = column.columns[e];
      change_[i] += step * column.values[e] * curvature_[i];
    }
  }

 private:
  const SparseDesign& design_;
  const double* curvature_;
  AlignedBuffer<double> change_;
};

/// More classes: the change of each predictor, and its mean over the classes' probabilities.
class SoftmaxImage final : public HessianImage {
 public:
  SoftmaxImage(const SparseLogisticData& data, const double* probability, AlignedBuffer<double> change)
      : data_(data),
        probability_(probability),
        change_(std::move(change)),
        mean_(AlignedBuffer<double>::zeros(data.design.rows())) {
    const Index n = data_.design.rows();
    for (Index v = 0; v < data_.n_vectors(); ++v) {
      for (Index i = 0; i < n; ++i) mean_[i] += probability_[v * n + i] * change_[v * n + i];
    }
  }

  [[nodiscard]] double at(Index parameter) const override {
    double sum = 0;
    visit(parameter, [&](Index i, Index place, double x) {
      const double weight = data_.weights == nullptr ? 1.0 : data_.weights[i];
      sum += x * weight * probability_[place] * (change_[place] - mean_[i]);
    });
    return sum;
  }

  void move(Index parameter, double step) override {
    visit(parameter, [&](Index i, Index place, double x) {
      change_[place] += step * x;
      mean_[i] += step * x * probability_[place];
    });
  }

 private:
  /// Calls `per_entry(row, place of row and vector, value)`.
  template <class PerEntry>
  void visit(Index parameter, PerEntry per_entry) const {
    const Index n = data_.design.rows(), m = data_.design.cols(), v = parameter / m, j = parameter % m;
    if (j == data_.design.n_features()) {
      for (Index i = 0; i < n; ++i) per_entry(i, v * n + i, 1.0);
      return;
    }
    const SparseRow column = data_.design.column(j);
    for (std::size_t e = 0; e < column.columns.size(); ++e)
      per_entry(column.columns[e], v * n + column.columns[e], column.values[e]);
  }

  const SparseLogisticData& data_;
  const double* probability_;
  AlignedBuffer<double> change_, mean_;
};

}  // namespace

SparseLoss::SparseLoss(SparseLogisticData data)
    : data_(std::move(data)),
      residual_(data_.design.rows() * data_.n_vectors()),
      state_(data_.design.rows() * data_.n_vectors()) {}

LossValue SparseLoss::evaluate_gradient(const Vector& parameters) {
  const Index n = data_.design.rows(), m = cols(), vectors = n_vectors();
  const Index tasks = ceil_div(n, rows_per_task);
  std::vector<LossSummary> parts(as_size(tasks));
  const double operations = static_cast<double>(vectors) * static_cast<double>(2 * data_.design.n_entries() + 40 * n);
  parallel_for_work(tasks, operations, [&](Index task) {
    checkpoint();
    const Index begin = task * rows_per_task, count = std::min(rows_per_task, n - begin);
    LogisticRows rows(count, vectors);
    for (Index v = 0; v < vectors; ++v) data_.design.predict(begin, count, parameters.data() + v * m, rows.eta(v));
    rows.evaluate(data_.classes, data_.weights, begin, count, parts[as_size(task)]);
    for (Index v = 0; v < vectors; ++v) {
      std::copy_n(rows.residual(v), count, residual_.data() + v * n + begin);
      std::copy_n(vectors == 1 ? rows.curvature(0, 0) : rows.eta(v), count, state_.data() + v * n + begin);
    }
  });
  for (std::size_t task = 1; task < parts.size(); ++task) parts[0].merge(parts[task]);
  LossValue value;
  value.loss = parts[0].loss;
  value.smallest_margin = parts[0].smallest_margin;
  value.largest_margin = parts[0].largest_margin;
  value.gradient.resize(as_size(size()));
  for (Index v = 0; v < vectors; ++v)
    data_.design.transposed_times(residual_.data() + v * n, value.gradient.data() + v * m);
  return value;
}

void SparseLoss::curvatures(Index u, Index v, AlignedBuffer<double>& target) const {
  const Index n = data_.design.rows();
  if (n_vectors() == 1) {
    std::copy_n(state_.data(), n, target.data());
    return;
  }
  const double *p = state_.data() + v * n, *other = state_.data() + u * n;
  for (Index i = 0; i < n; ++i) target[i] = weight(i) * p[i] * (u == v ? 1.0 - p[i] : -other[i]);
}

LossValue SparseLoss::evaluate(const Vector& parameters) {
  LossValue value = evaluate_gradient(parameters);
  value.hessian = Matrix(size(), size());
  AlignedBuffer<double> curvature(data_.design.rows());
  for (Index v = 0; v < n_vectors(); ++v) {
    for (Index u = v; u < n_vectors(); ++u) {
      curvatures(u, v, curvature);
      data_.design.weighted_gram(curvature.data(), value.hessian, u * cols(), v * cols(), u != v);
    }
  }
  return value;
}

Vector SparseLoss::hessian_diagonal() const {
  Vector diagonal(as_size(size()));
  AlignedBuffer<double> curvature(data_.design.rows());
  for (Index v = 0; v < n_vectors(); ++v) {
    curvatures(v, v, curvature);
    data_.design.weighted_squares(curvature.data(), diagonal.data() + v * cols());
  }
  return diagonal;
}

Vector SparseLoss::hessian_times(const Vector& direction) const {
  const Index n = data_.design.rows(), m = cols(), vectors = n_vectors();
  AlignedBuffer<double> change(n * vectors);
  const double operations = static_cast<double>(vectors) * static_cast<double>(2 * data_.design.n_entries() + 4 * n);
  parallel_for_work(ceil_div(n, rows_per_task), operations, [&](Index task) {
    checkpoint();
    const Index begin = task * rows_per_task, count = std::min(rows_per_task, n - begin);
    for (Index v = 0; v < vectors; ++v)
      data_.design.predict(begin, count, direction.data() + v * m, change.data() + v * n + begin);
    for (Index i = begin; i < begin + count; ++i) {
      if (vectors == 1) {
        change[i] *= state_[i];
        continue;
      }
      double mean = 0;
      for (Index v = 0; v < vectors; ++v) mean += state_[v * n + i] * change[v * n + i];
      for (Index v = 0; v < vectors; ++v)
        change[v * n + i] = weight(i) * state_[v * n + i] * (change[v * n + i] - mean);
    }
  });
  Vector image(as_size(size()));
  for (Index v = 0; v < vectors; ++v) data_.design.transposed_times(change.data() + v * n, image.data() + v * m);
  return image;
}

void SparseLoss::predict(const Vector& direction, AlignedBuffer<double>& change) const {
  const Index n = data_.design.rows();
  const double operations = 2.0 * static_cast<double>(n_vectors() * data_.design.n_entries());
  parallel_for_ranges(n, rows_per_task, operations, [&](Range range) {
    for (Index v = 0; v < n_vectors(); ++v)
      data_.design.predict(range.begin, range.size(), direction.data() + v * cols(),
                           change.data() + v * n + range.begin);
  });
}

std::unique_ptr<HessianImage> SparseLoss::image_of(const Vector& direction) const {
  AlignedBuffer<double> change(data_.design.rows() * n_vectors());
  predict(direction, change);
  if (n_vectors() == 1) return std::make_unique<BinaryImage>(data_.design, state_.data(), std::move(change));
  return std::make_unique<SoftmaxImage>(data_, state_.data(), std::move(change));
}

}  // namespace crowfly
