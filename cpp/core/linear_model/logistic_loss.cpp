// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_loss.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "linear_model/logistic_rows.hpp"

namespace crowfly {
namespace {

/// One slot's sums, and how a block is added to them.
class LossSum {
 public:
  LossSum(const LogisticData& data, const RowPartition& partition, HessianPart part)
      : data_(data),
        vectors_(data.n_vectors()),
        padded_cols_(RowBlock(1, data.design.cols()).padded_cols()),
        block_(partition.block_rows, data.design.cols()),
        scaled_(partition.block_rows, data.design.cols()),
        rows_(partition.block_rows, vectors_),
        gradient_(AlignedBuffer<double>::zeros(padded_cols_ * vectors_)),
        part_(part),
        pairs_(data.design.cols(), vectors_, part) {}

  void add(Index begin, Index count, const AlignedBuffer<double>& parameters) {
    block_.load(data_.design, begin, count);
    rows_.resize(count);
    for (Index v = 0; v < vectors_; ++v) block_.times_vector(parameters.data() + v * padded_cols_, rows_.eta(v));
    rows_.evaluate(data_.classes, data_.weights, begin, count, summary_);
    pairs_.add(block_, scaled_, [&](Index u, Index v) { return rows_.curvature(u, v); });
    for (Index v = 0; v < vectors_; ++v) {
      block_.add_transposed_times_vector(rows_.residual(v), gradient_.data() + v * padded_cols_);
    }
  }

  void merge(const LossSum& other) {
    summary_.merge(other.summary_);
    for (Index i = 0; i < gradient_.size(); ++i) gradient_[i] += other.gradient_[i];
    pairs_.merge(other.pairs_);
  }

  [[nodiscard]] LossValue value() const {
    const Index m = data_.design.cols();
    LossValue result;
    result.loss = summary_.loss;
    result.smallest_margin = summary_.smallest_margin;
    result.largest_margin = summary_.largest_margin;
    result.gradient.resize(as_size(data_.size()));
    for (Index v = 0; v < vectors_; ++v) {
      for (Index j = 0; j < m; ++j) result.gradient[as_size(v * m + j)] = gradient_[v * padded_cols_ + j];
    }
    if (part_ == HessianPart::diagonal_blocks && vectors_ > 1) {
      result.blocks = pairs_.blocks();
    } else {
      result.hessian = pairs_.matrix();
    }
    return result;
  }

 private:
  const LogisticData& data_;
  Index vectors_, padded_cols_;
  RowBlock block_, scaled_;
  LogisticRows rows_;
  AlignedBuffer<double> gradient_;
  HessianPart part_;
  PairSums pairs_;
  LossSummary summary_;
};

}  // namespace

RowPartition hessian_partition(const LogisticData& data, HessianPart part) {
  const auto v = static_cast<double>(data.n_vectors());
  const double matrices = part == HessianPart::full ? v * (v + 1) / 2 : v;
  return RowPartition::for_gram(data.design.rows(), data.design.cols(), matrices, 64.0 * 1024 * 1024);
}

Vector logits_of_shares(const LogisticData& data) {
  Vector logits = logits_of_shares(data.classes, data.weights, data.design.rows(), data.n_classes);
  if (data.two_vectors) logits = {-0.5 * logits[0], 0.5 * logits[0]};
  return logits;
}

Vector logits_of_shares(const std::int32_t* classes, const double* weights, Index n, Index n_classes) {
  Vector share(as_size(n_classes), 0.0);
  for (Index i = 0; i < n; ++i) share[as_size(classes[i])] += weights == nullptr ? 1.0 : weights[i];
  for (double& value : share) value = std::log(value);
  if (n_classes == 2) return {share[1] - share[0]};
  double mean = 0;
  for (const double value : share) mean += value / static_cast<double>(share.size());
  for (double& value : share) value -= mean;
  return share;
}

AlignedBuffer<double> padded_parameters(const LogisticData& data, const Vector& parameters) {
  const Index m = data.design.cols(), padded = RowBlock(1, m).padded_cols();
  auto result = AlignedBuffer<double>::zeros(padded * data.n_vectors());
  for (Index v = 0; v < data.n_vectors(); ++v) std::copy_n(parameters.data() + v * m, m, result.data() + v * padded);
  return result;
}

LossValue evaluate_loss(const LogisticData& data, const Vector& parameters, HessianPart hessian) {
  const RowPartition partition = hessian_partition(data, hessian);
  const AlignedBuffer<double> padded = padded_parameters(data, parameters);
  std::vector<std::unique_ptr<LossSum>> parts(as_size(partition.slots));
  const auto m = static_cast<double>(data.design.cols()), v = static_cast<double>(data.n_vectors());
  const double operations = static_cast<double>(data.design.rows()) * v * (20 + v * m * m);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& part = parts[as_size(slot)] = std::make_unique<LossSum>(data, partition, hessian);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      part->add(begin, count, padded);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->merge(*parts[i]);
  return parts[0]->value();
}

void linear_predictor(const MatrixView& x, const double* coef, const double* intercept, Index n_vectors, double* out) {
  const Design design(x, false, {});
  const auto partition = RowPartition::for_vectors(x.rows, x.cols);
  const Index padded_cols = RowBlock(1, x.cols).padded_cols();
  auto padded = AlignedBuffer<double>::zeros(padded_cols * n_vectors);
  for (Index v = 0; v < n_vectors; ++v) std::copy_n(coef + v * x.cols, x.cols, padded.data() + v * padded_cols);
  const double operations = static_cast<double>(x.rows) * static_cast<double>(padded_cols * n_vectors);
  for_each_slot(partition, operations, [&](Index, Range range) {
    RowBlock block(partition.block_rows, x.cols);
    AlignedBuffer<double> value(round_up(partition.block_rows, kernels::row_padding));
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      for (Index v = 0; v < n_vectors; ++v) {
        block.times_vector(padded.data() + v * padded_cols, value.data());
        for (Index k = 0; k < count; ++k) out[(begin + k) * n_vectors + v] = value[k] + intercept[v];
      }
    });
  });
}

void class_probabilities(const double* predictors, Index n, Index n_classes, bool logarithm, double* out) {
  constexpr Index block_rows = 256;
  const Index vectors = n_classes == 2 ? 1 : n_classes;
  parallel_for_work(ceil_div(n, block_rows), 50.0 * static_cast<double>(n * n_classes), [&](Index task) {
    const Index begin = task * block_rows, count = std::min(block_rows, n - begin);
    const Index padded = round_up(count, kernels::row_padding);
    auto eta = AlignedBuffer<double>::zeros(padded * n_classes);
    AlignedBuffer<double> log_sum(padded), own(logarithm ? padded * n_classes : 0);
    for (Index k = 0; k < count; ++k) {
      for (Index v = 0; v < vectors; ++v) {
        // Infinity stands for a predictor that overflowed: a probability of one, not the NaN of infinity less infinity.
        eta[(n_classes == 2 ? 1 : v) * padded + k] = std::clamp(predictors[(begin + k) * vectors + v], -1e300, 1e300);
      }
    }
    if (logarithm) std::copy_n(eta.data(), padded * n_classes, own.data());
    kernels::active().softmax(eta.data(), n_classes, padded, log_sum.data());
    for (Index k = 0; k < count; ++k) {
      for (Index v = 0; v < n_classes; ++v) {
        const Index i = v * padded + k;
        out[(begin + k) * n_classes + v] = logarithm ? own[i] - log_sum[k] : eta[i];
      }
    }
  });
}

}  // namespace crowfly
