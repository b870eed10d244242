// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Per-row arrays of one block, padded to whole vectors; padding has weight zero.
struct RowArrays {
  RowArrays(Index capacity, Index n_vectors)
      : padded(round_up(capacity, kernels::row_padding)),
        eta(padded * n_vectors),
        residual(padded * n_vectors),
        curvature(padded),
        weight(padded),
        sign(padded),
        log_sum(padded) {}
  Index padded;
  AlignedBuffer<double> eta, residual, curvature, weight, sign, log_sum;
};

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
        gradient_(AlignedBuffer<double>::zeros(padded_cols_ * vectors_)) {
    for (Index v = 0; v < vectors_; ++v) {
      for (Index u = v; u < (part == HessianPart::full ? vectors_ : v + 1); ++u)
        pairs_.push_back({u, v, GramSum(data.design.cols())});
    }
  }

  void add(Index begin, Index count, const AlignedBuffer<double>& parameters) {
    block_.load(data_.design, begin, count);
    const Index padded = block_.padded_rows();
    for (Index k = 0; k < padded; ++k) {
      rows_.weight[k] = k >= count ? 0.0 : data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
    }
    for (Index v = 0; v < vectors_; ++v) {
      block_.times_vector(parameters.data() + v * padded_cols_, rows_.eta.data() + v * padded);
    }
    if (vectors_ == 1) {
      add_binary(begin, count);
    } else {
      add_multinomial(begin, count);
    }
    for (Index v = 0; v < vectors_; ++v) {
      block_.add_transposed_times_vector(rows_.residual.data() + v * padded, gradient_.data() + v * padded_cols_);
    }
  }

  void merge(const LossSum& other) {
    loss_ += other.loss_;
    smallest_margin_ = std::min(smallest_margin_, other.smallest_margin_);
    largest_margin_ = std::max(largest_margin_, other.largest_margin_);
    for (Index i = 0; i < gradient_.size(); ++i) gradient_[i] += other.gradient_[i];
    for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i].sum.add(other.pairs_[i].sum);
  }

  [[nodiscard]] LossValue value() const {
    const Index m = data_.design.cols();
    LossValue result;
    result.loss = loss_;
    result.smallest_margin = smallest_margin_;
    result.largest_margin = largest_margin_;
    result.gradient.resize(as_size(data_.size()));
    for (Index v = 0; v < vectors_; ++v) {
      for (Index j = 0; j < m; ++j) result.gradient[as_size(v * m + j)] = gradient_[v * padded_cols_ + j];
    }
    if (pairs_.size() == as_size(vectors_) && vectors_ > 1) {
      for (const Pair& pair : pairs_) copy_block(pair.sum, result.blocks.emplace_back(m, m), 0, 0);
    } else {
      result.hessian = Matrix(data_.size(), data_.size());
      for (const Pair& pair : pairs_) copy_block(pair.sum, result.hessian, pair.row * m, pair.col * m);
    }
    return result;
  }

 private:
  /// The block of the Hessian in which row vector `row` meets column vector `col`.
  struct Pair {
    Index row, col;
    GramSum sum;
  };

  void copy_block(const GramSum& sum, Matrix& target, Index row, Index col) const {
    for (Index j = 0; j < data_.design.cols(); ++j) {
      for (Index i = 0; i < data_.design.cols(); ++i) target(row + i, col + j) = sum.at(i, j);
    }
  }

  void add_binary(Index begin, Index count) {
    for (Index k = 0; k < rows_.padded; ++k) rows_.sign[k] = k < count && data_.classes[begin + k] == 1 ? 1.0 : -1.0;
    const Index padded = block_.padded_rows();
    loss_ += kernels::active().logistic_terms(rows_.eta.data(), rows_.sign.data(), rows_.weight.data(), padded,
                                              rows_.residual.data(), rows_.curvature.data());
    for (Index k = 0; k < count; ++k) {
      if (rows_.weight[k] > 0) note_margin(rows_.sign[k] * rows_.eta[k]);
    }
    scaled_.assign_scaled(block_, rows_.curvature.data());
    pairs_[0].sum.add(block_, scaled_);
  }

  void add_multinomial(Index begin, Index count) {
    const Index padded = block_.padded_rows();
    double* eta = rows_.eta.data();
    for (Index k = 0; k < count; ++k) rows_.sign[k] = eta[data_.classes[begin + k] * padded + k];
    for (Index k = 0; k < count; ++k) {
      if (rows_.weight[k] > 0) note_margins(begin, k);
    }
    kernels::active().softmax(eta, vectors_, padded, rows_.log_sum.data());
    for (Index v = 0; v < vectors_; ++v) {
      double* residual = rows_.residual.data() + v * padded;
      for (Index k = 0; k < padded; ++k) residual[k] = rows_.weight[k] * eta[v * padded + k];
    }
    for (Index k = 0; k < count; ++k) {
      const Index own = data_.classes[begin + k];
      // -(sum of the others' probabilities): 1 - p would lose the tail.
      double others = 0;
      for (Index v = 0; v < vectors_; ++v) others += v == own ? 0.0 : eta[v * padded + k];
      rows_.residual[own * padded + k] = -rows_.weight[k] * others;
      // log_sum - eta would lose a small loss to the size of eta.
      loss_ += rows_.weight[k] * (others < 0.5 ? -std::log1p(-others) : rows_.log_sum[k] - rows_.sign[k]);
    }
    for (Pair& pair : pairs_) {
      for (Index k = 0; k < padded; ++k) {
        const double p = eta[pair.col * padded + k];
        rows_.curvature[k] = rows_.weight[k] * p * (pair.row == pair.col ? 1.0 - p : -eta[pair.row * padded + k]);
      }
      scaled_.assign_scaled(block_, rows_.curvature.data());
      pair.sum.add(block_, scaled_);
    }
  }

  void note_margin(double margin) {
    smallest_margin_ = std::min(smallest_margin_, margin);
    largest_margin_ = std::max(largest_margin_, margin);
  }
  void note_margins(Index begin, Index k) {
    const Index own = data_.classes[begin + k], padded = block_.padded_rows();
    for (Index v = 0; v < vectors_; ++v) {
      if (v != own) note_margin(rows_.sign[k] - rows_.eta[v * padded + k]);
    }
  }

  const LogisticData& data_;
  Index vectors_, padded_cols_;
  RowBlock block_, scaled_;
  RowArrays rows_;
  AlignedBuffer<double> gradient_;
  std::vector<Pair> pairs_;
  double loss_ = 0;
  double smallest_margin_ = std::numeric_limits<double>::infinity(), largest_margin_ = -smallest_margin_;
};

/// Parts of a Hessian sum, limited so that their matrices together stay below 64 MiB.
RowPartition partition_for(const LogisticData& data, HessianPart part) {
  RowPartition partition = RowPartition::for_gram(data.design.rows(), data.design.cols());
  const auto m = static_cast<double>(data.design.cols()), v = static_cast<double>(data.n_vectors());
  const double bytes = 8 * m * m * (part == HessianPart::full ? v * (v + 1) / 2 : v);
  partition.slots = std::clamp<Index>(static_cast<Index>(64.0 * 1024 * 1024 / bytes), 1, partition.slots);
  return partition;
}

}  // namespace

Vector logits_of_shares(const LogisticData& data) {
  Vector share(as_size(data.n_classes), 0.0);
  for (Index i = 0; i < data.design.rows(); ++i) {
    share[as_size(data.classes[i])] += data.weights == nullptr ? 1.0 : data.weights[i];
  }
  for (double& value : share) value = std::log(value);
  if (data.n_vectors() == 1) return {share[1] - share[0]};
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
  const RowPartition partition = partition_for(data, hessian);
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
