// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_dual.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "linear_model/sparse_logistic.hpp"

namespace crowfly {
namespace {

/// One row: its class, and per class the probability and c of the header. Class k is at k * stride.
struct Row {
  Index index, own;
  double weight;
  const double* probability;
  const double* change;
  Index stride;
};

/// Predictors of blocks of rows, dense or sparse.
class DensePredictors {
 public:
  DensePredictors(const LogisticData& data, Index block_rows) : data_(data), block_(block_rows, data.design.cols()) {}
  void load(Index begin, Index count) { block_.load(data_.design, begin, count); }
  void times(const AlignedBuffer<double>& parameters, Index v, double* target) const {
    block_.times_vector(parameters.data() + v * block_.padded_cols(), target);
  }

 private:
  const LogisticData& data_;
  RowBlock block_;
};

class SparsePredictors {
 public:
  SparsePredictors(const SparseLogisticData& data, Index) : data_(data) {}
  void load(Index begin, Index count) {
    begin_ = begin;
    count_ = count;
  }
  void times(const AlignedBuffer<double>& parameters, Index v, double* target) const {
    data_.design.predict(begin_, count_, parameters.data() + v * data_.design.cols(), target);
    std::fill(target + count_, target + round_up(count_, kernels::row_padding), 0.0);
  }

 private:
  const SparseLogisticData& data_;
  Index begin_ = 0, count_ = 0;
};

DensePredictors predictors_of(const LogisticData& data, Index block_rows) { return {data, block_rows}; }
SparsePredictors predictors_of(const SparseLogisticData& data, Index block_rows) { return {data, block_rows}; }

RowPartition partition_of(const Design& design) { return RowPartition::for_vectors(design.rows(), design.cols()); }
RowPartition partition_of(const SparseDesign& design) {
  constexpr Index typical_entries = 32;
  return RowPartition::for_vectors(design.rows(), typical_entries);
}

AlignedBuffer<double> laid_out(const LogisticData& data, const Vector& parameters) {
  return padded_parameters(data, parameters);
}
AlignedBuffer<double> laid_out(const SparseLogisticData&, const Vector& parameters) {
  AlignedBuffer<double> copy(static_cast<Index>(parameters.size()));
  std::copy(parameters.begin(), parameters.end(), copy.data());
  return copy;
}

double operations_of(const LogisticData& data) {
  return 10.0 * static_cast<double>(data.design.rows()) * static_cast<double>(data.size() + 10 * data.n_classes);
}
double operations_of(const SparseLogisticData& data) {
  return static_cast<double>(data.n_classes) *
         static_cast<double>(4 * data.design.n_entries() + 100 * data.design.rows());
}

/// Probabilities and their changes for blocks of rows; one per slot.
template <class Data>
class RowPass {
 public:
  RowPass(const Data& data, Index block_rows)
      : data_(data),
        predictors_(predictors_of(data, block_rows)),
        padded_(round_up(block_rows, kernels::row_padding)),
        probability_(AlignedBuffer<double>::zeros(padded_ * data.n_classes)),
        change_(AlignedBuffer<double>::zeros(padded_ * data.n_classes)),
        log_sum_(padded_) {}

  template <class PerRow>
  void run(Index begin, Index count, const AlignedBuffer<double>& parameters, const AlignedBuffer<double>& correction,
           PerRow per_row) {
    predictors_.load(begin, count);
    const Index stride = round_up(count, kernels::row_padding);
    // Of two classes the first has no vector: its predictor is zero.
    const Index first = data_.n_classes - data_.n_vectors();
    std::fill_n(probability_.data(), first * stride, 0.0);
    std::fill_n(change_.data(), first * stride, 0.0);
    for (Index v = 0; v < data_.n_vectors(); ++v) {
      predictors_.times(parameters, v, probability_.data() + (first + v) * stride);
      predictors_.times(correction, v, change_.data() + (first + v) * stride);
    }
    kernels::active().softmax(probability_.data(), data_.n_classes, stride, log_sum_.data());
    for (Index k = 0; k < count; ++k) {
      double mean = 0;
      for (Index c = 0; c < data_.n_classes; ++c) mean += probability_[c * stride + k] * change_[c * stride + k];
      for (Index c = 0; c < data_.n_classes; ++c) change_[c * stride + k] -= mean;
      per_row(Row{begin + k, data_.classes[begin + k], data_.weights == nullptr ? 1.0 : data_.weights[begin + k],
                  probability_.data() + k, change_.data() + k, stride});
    }
  }

 private:
  const Data& data_;
  decltype(predictors_of(std::declval<const Data&>(), 0)) predictors_;
  Index padded_;
  AlignedBuffer<double> probability_, change_, log_sum_;
};

/// Calls `per_row(slot, row)` for all rows, slots in parallel.
template <class Data, class PerRow>
void for_each_row(const Data& data, const RowPartition& partition, const Vector& parameters, const Vector& correction,
                  PerRow per_row) {
  const AlignedBuffer<double> point = laid_out(data, parameters), along = laid_out(data, correction);
  for_each_slot(partition, operations_of(data), [&](Index slot, Range range) {
    RowPass<Data> pass(data, partition.block_rows);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      pass.run(begin, count, point, along, [&](const Row& row) { per_row(slot, row); });
    });
  });
}

/// (1 + a) log(1 + a) - a, with its digits where a is small.
double divergence_term(double a) {
  if (std::fabs(a) > 0.01) return std::max(0.0, (1 + a) * std::log1p(a) - a);
  double tail = 0;
  for (int i = 9; i >= 2; --i) tail = 1.0 / (i * (i - 1)) - a * tail;
  return a * a * tail;
}

/// KL of the scaled and corrected probabilities of a row from those of the fit.
double divergence(const Row& row, Index n_classes, double scale) {
  double sum = 0, moved = 0;
  for (Index c = 0; c < n_classes; ++c) {
    if (c == row.own) continue;
    const double p = row.probability[c * row.stride], a = (scale - 1) + scale * row.change[c * row.stride];
    sum += p * divergence_term(a);
    moved += p * a;
  }
  if (moved == 0) return sum;
  const double own = row.probability[row.own * row.stride];
  return own > 0 ? sum + own * divergence_term(-moved / own) : std::numeric_limits<double>::infinity();
}

template <class Data>
DualPoint dual_point_of(const Data& data, const Vector& parameters, const Vector& correction) {
  const RowPartition partition = partition_of(data.design);
  const Index n = data.design.rows(), vectors = data.n_vectors(), first = data.n_classes - vectors;
  DualPoint point;
  point.residual = AlignedBuffer<double>(n * vectors);
  Vector size(as_size(partition.slots * vectors), 0.0);
  std::vector<char> feasible(as_size(partition.slots), 1);
  for_each_row(data, partition, parameters, correction, [&](Index slot, const Row& row) {
    double others = 0;
    for (Index c = 0; c < data.n_classes; ++c) {
      const double left = 1 + row.change[c * row.stride], q = row.probability[c * row.stride] * left;
      if (!(left > 0)) feasible[as_size(slot)] = 0;
      if (c == row.own) continue;
      others += q;
      if (c >= first) point.residual[(c - first) * n + row.index] = row.weight * q;
    }
    if (row.own >= first) point.residual[(row.own - first) * n + row.index] = -row.weight * others;
    for (Index v = 0; v < vectors; ++v) {
      size[as_size(slot * vectors + v)] += std::fabs(point.residual[v * n + row.index]);
    }
  });
  for (Index v = 0; v < vectors; ++v) {
    double sum = 0;
    for (Index slot = 0; slot < partition.slots; ++slot) sum += size[as_size(slot * vectors + v)];
    point.size = std::max(point.size, sum);
  }
  point.feasible = std::all_of(feasible.begin(), feasible.end(), [](char ok) { return ok != 0; });
  return point;
}

template <class Data>
double dual_loss_of(const Data& data, const Vector& parameters, const Vector& correction, double scale) {
  const RowPartition partition = partition_of(data.design);
  Vector parts(as_size(partition.slots), 0.0);
  for_each_row(data, partition, parameters, correction, [&](Index slot, const Row& row) {
    parts[as_size(slot)] += row.weight * divergence(row, data.n_classes, scale);
  });
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

}  // namespace

DualPoint dual_point(const LogisticData& data, const Vector& parameters, const Vector& correction) {
  return dual_point_of(data, parameters, correction);
}
DualPoint dual_point(const SparseLogisticData& data, const Vector& parameters, const Vector& correction) {
  return dual_point_of(data, parameters, correction);
}
double dual_loss(const LogisticData& data, const Vector& parameters, const Vector& correction, double scale) {
  return dual_loss_of(data, parameters, correction, scale);
}
double dual_loss(const SparseLogisticData& data, const Vector& parameters, const Vector& correction, double scale) {
  return dual_loss_of(data, parameters, correction, scale);
}

Vector transposed_products(const Design& design, const AlignedBuffer<double>& residual, Index n_vectors) {
  const RowPartition partition = partition_of(design);
  const Index n = design.rows(), cols = design.cols(), padded_cols = RowBlock(1, cols).padded_cols();
  std::vector<AlignedBuffer<double>> parts(as_size(partition.slots));
  const double operations = 2.0 * static_cast<double>(n) * static_cast<double>(cols * n_vectors);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& sum = parts[as_size(slot)] = AlignedBuffer<double>::zeros(padded_cols * n_vectors);
    RowBlock block(partition.block_rows, cols);
    AlignedBuffer<double> weight(round_up(partition.block_rows, kernels::row_padding));
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      for (Index v = 0; v < n_vectors; ++v) {
        std::copy_n(residual.data() + v * n + begin, count, weight.data());
        std::fill(weight.data() + count, weight.data() + block.padded_rows(), 0.0);
        block.add_transposed_times_vector(weight.data(), sum.data() + v * padded_cols);
      }
    });
  });
  Vector total(as_size(cols * n_vectors), 0.0);
  for (const auto& part : parts) {
    for (Index v = 0; v < n_vectors; ++v) {
      for (Index j = 0; j < cols; ++j) total[as_size(v * cols + j)] += part[v * padded_cols + j];
    }
  }
  return total;
}

double longest_chain(const Design& design) {
  const RowPartition partition = partition_of(design);
  const Index rows = ceil_div(design.rows(), partition.slots);
  return static_cast<double>(std::min(partition.block_rows, rows) + ceil_div(rows, partition.block_rows) +
                             partition.slots);
}

}  // namespace crowfly
