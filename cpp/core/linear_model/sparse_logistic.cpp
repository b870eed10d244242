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

}  // namespace crowfly
