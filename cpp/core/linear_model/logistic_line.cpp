// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_line.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "linear_model/logistic_rows.hpp"

namespace crowfly {
namespace {

double dot(const double* a, const double* b, Index n) {
  double sum = 0;
  for (Index k = 0; k < n; ++k) sum += a[k] * b[k];
  return sum;
}

/// sum_k c[k] a[k] b[k]
double dot(const double* c, const double* a, const double* b, Index n) {
  double sum = 0;
  for (Index k = 0; k < n; ++k) sum += c[k] * a[k] * b[k];
  return sum;
}

}  // namespace

LogisticLine::LogisticLine(const LogisticData& data, const Vector& parameters, const Vector& direction)
    : data_(data),
      vectors_(data.n_vectors()),
      stride_(data.design.rows()),
      partition_(RowPartition::for_vectors(data.design.rows(), data.design.cols())),
      start_(stride_ * vectors_),
      along_(stride_ * vectors_) {
  const AlignedBuffer<double> point = padded_parameters(data, parameters), way = padded_parameters(data, direction);
  const double operations = 4.0 * static_cast<double>(data.design.rows()) * static_cast<double>(data.size());
  for_each_slot(partition_, operations, [&](Index, Range range) {
    RowBlock block(partition_.block_rows, data.design.cols());
    AlignedBuffer<double> products(round_up(partition_.block_rows, kernels::row_padding));
    const auto multiply = [&](const AlignedBuffer<double>& by, Index v, double* to, Index count) {
      block.times_vector(by.data() + v * block.padded_cols(), products.data());
      std::copy_n(products.data(), count, to);
    };
    for_each_block(partition_, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(data.design, begin, count);
      for (Index v = 0; v < vectors_; ++v) {
        multiply(point, v, start_.data() + v * stride_ + begin, count);
        multiply(way, v, along_.data() + v * stride_ + begin, count);
      }
    });
  });
}

LineDerivatives LogisticLine::at(double length) const {
  std::vector<LineDerivatives> parts(as_size(partition_.slots));
  const double operations = 50.0 * static_cast<double>(stride_ * vectors_ * vectors_);
  for_each_slot(partition_, operations, [&](Index slot, Range range) {
    LogisticRows rows(partition_.block_rows, vectors_);
    LineDerivatives& sum = parts[as_size(slot)];
    LossSummary unused;
    for_each_block(partition_, range, [&](Index begin, Index count) {
      checkpoint();
      rows.resize(count);
      for (Index v = 0; v < vectors_; ++v) {
        const double *start = start_.data() + v * stride_ + begin, *along = along_.data() + v * stride_ + begin;
        for (Index k = 0; k < count; ++k) rows.eta(v)[k] = start[k] + length * along[k];
        std::fill(rows.eta(v) + count, rows.eta(v) + rows.padded(), 0.0);
      }
      rows.evaluate(data_.classes, data_.weights, begin, count, unused);
      for (Index v = 0; v < vectors_; ++v) {
        const double* along = along_.data() + v * stride_ + begin;
        sum.slope += dot(rows.residual(v), along, count);
        for (Index u = 0; u <= v; ++u) {
          sum.curvature +=
              (u == v ? 1 : 2) * dot(rows.curvature(u, v), along_.data() + u * stride_ + begin, along, count);
        }
      }
    });
  });
  LineDerivatives total;
  for (const LineDerivatives& part : parts) {
    total.slope += part.slope;
    total.curvature += part.curvature;
  }
  return total;
}

}  // namespace crowfly
