// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/hessian_product.hpp"

#include <vector>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// One slot's work space and sum. Per-class rows are [class][row], padded to whole vectors.
class ProductSum {
 public:
  ProductSum(const LogisticData& data, Index block_rows)
      : data_(data),
        vectors_(data.n_vectors()),
        block_(block_rows, data.design.cols()),
        capacity_(round_up(block_rows, kernels::row_padding)),
        probability_(capacity_ * vectors_),
        change_(capacity_ * vectors_),
        log_sum_(capacity_),
        sum_(AlignedBuffer<double>::zeros(block_.padded_cols() * vectors_)) {}

  /// Adds X' W (diag(p) - p p') X v for one block of rows.
  void add(Index begin, Index count, const AlignedBuffer<double>& parameters, const AlignedBuffer<double>& direction) {
    block_.load(data_.design, begin, count);
    const Index padded = block_.padded_rows(), cols = block_.padded_cols();
    for (Index v = 0; v < vectors_; ++v) {
      block_.times_vector(parameters.data() + v * cols, probability_.data() + v * padded);
      block_.times_vector(direction.data() + v * cols, change_.data() + v * padded);
    }
    kernels::active().softmax(probability_.data(), vectors_, padded, log_sum_.data());
    for (Index k = 0; k < padded; ++k) {
      double mean = 0;
      for (Index v = 0; v < vectors_; ++v) mean += probability_[v * padded + k] * change_[v * padded + k];
      const double weight = k >= count ? 0.0 : data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
      for (Index v = 0; v < vectors_; ++v) {
        double& change = change_[v * padded + k];
        change = weight * probability_[v * padded + k] * (change - mean);
      }
    }
    for (Index v = 0; v < vectors_; ++v) {
      block_.add_transposed_times_vector(change_.data() + v * padded, sum_.data() + v * cols);
    }
  }

  void add_to(Vector& total) const {
    const Index m = data_.design.cols(), cols = block_.padded_cols();
    for (Index v = 0; v < vectors_; ++v) {
      for (Index j = 0; j < m; ++j) total[static_cast<std::size_t>(v * m + j)] += sum_[v * cols + j];
    }
  }

 private:
  const LogisticData& data_;
  Index vectors_;
  RowBlock block_;
  Index capacity_;
  AlignedBuffer<double> probability_, change_, log_sum_, sum_;
};

}  // namespace

Vector hessian_product(const LogisticData& data, const Vector& parameters, const Vector& direction) {
  const auto partition = RowPartition::for_vectors(data.design.rows(), data.design.cols());
  const AlignedBuffer<double> point = padded_parameters(data, parameters), along = padded_parameters(data, direction);
  std::vector<std::unique_ptr<ProductSum>> parts(static_cast<std::size_t>(partition.slots));
  const double operations =
      10.0 * static_cast<double>(data.design.rows()) * static_cast<double>(data.size() + 10 * data.n_vectors());
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& part = parts[static_cast<std::size_t>(slot)] = std::make_unique<ProductSum>(data, partition.block_rows);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      part->add(begin, count, point, along);
    });
  });
  Vector total(static_cast<std::size_t>(data.size()), 0.0);
  for (const auto& part : parts) part->add_to(total);
  return total;
}

}  // namespace crowfly
