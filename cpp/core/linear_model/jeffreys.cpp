// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/jeffreys.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// One slot's work space and sum.
class JeffreysSum {
 public:
  JeffreysSum(const LogisticData& data, Index block_rows, Index padded_cols)
      : data_(data),
        block_(block_rows, data.design.cols()),
        scaled_(block_rows, data.design.cols()),
        eta_(round_up(block_rows, kernels::row_padding)),
        product_(eta_.size()),
        square_(eta_.size()),
        curvature_(eta_.size()),
        gram_(data.design.cols()),
        sum_(AlignedBuffer<double>::zeros(padded_cols)) {}

  void add(Index begin, Index count, const AlignedBuffer<double>& parameters, const AlignedBuffer<double>& root) {
    block_.load(data_.design, begin, count);
    const Index padded = block_.padded_rows(), cols = block_.padded_cols();
    block_.times_vector(parameters.data(), eta_.data());
    std::fill_n(square_.data(), padded, 0.0);
    for (Index j = 0; j < data_.design.cols(); ++j) {
      block_.times_vector(root.data() + j * cols, product_.data());
      for (Index k = 0; k < padded; ++k) square_[k] += product_[k] * product_[k];
    }
    for (Index k = 0; k < padded; ++k) {
      const double weight = k >= count ? 0.0 : data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
      const double e = std::exp(-std::fabs(eta_[k])), curvature = e / ((1 + e) * (1 + e));
      const double leverage = weight * curvature * square_[k];
      square_[k] = leverage * -0.5 * std::tanh(0.5 * eta_[k]);
      curvature_[k] = leverage * curvature;
    }
    scaled_.assign_scaled(block_, curvature_.data());
    gram_.add(block_, scaled_);
    block_.add_transposed_times_vector(square_.data(), sum_.data());
  }

  [[nodiscard]] const AlignedBuffer<double>& sum() const noexcept { return sum_; }
  [[nodiscard]] GramSum& gram() noexcept { return gram_; }

 private:
  const LogisticData& data_;
  RowBlock block_, scaled_;
  AlignedBuffer<double> eta_, product_, square_, curvature_;
  GramSum gram_;
  AlignedBuffer<double> sum_;
};

}  // namespace

JeffreysTerms jeffreys_terms(const LogisticData& data, const Vector& parameters, const Matrix& root) {
  const Index m = data.design.cols(), padded = RowBlock(1, m).padded_cols();
  const auto partition = RowPartition::for_gram(data.design.rows(), m);
  const AlignedBuffer<double> point = padded_parameters(data, parameters);
  auto columns = AlignedBuffer<double>::zeros(padded * m);
  for (Index j = 0; j < m; ++j) std::copy_n(root.col(j), m, columns.data() + j * padded);
  std::vector<std::unique_ptr<JeffreysSum>> parts(as_size(partition.slots));
  const double operations = 3.0 * static_cast<double>(data.design.rows()) * static_cast<double>(m * (m + 2));
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& part = parts[as_size(slot)] = std::make_unique<JeffreysSum>(data, partition.block_rows, padded);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      part->add(begin, count, point, columns);
    });
  });
  JeffreysTerms total{Vector(as_size(m), 0.0), Matrix(m, m)};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (Index j = 0; j < m; ++j) total.gradient[as_size(j)] += parts[i]->sum()[j];
    if (i > 0) parts[0]->gram().add(parts[i]->gram());
  }
  for (Index j = 0; j < m; ++j) {
    for (Index i = j; i < m; ++i) total.curvature(i, j) = parts[0]->gram().at(i, j);
  }
  return total;
}

}  // namespace crowfly
