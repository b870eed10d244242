// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/gram.hpp"

#include <algorithm>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

double gram_operations(const Design& design) {
  const auto n = static_cast<double>(design.rows()), m = static_cast<double>(design.cols());
  return n * m * m;
}

/// The weights of one block, padded with zeros to whole vectors.
void copy_weights(const double* weights, Index begin, Index count, Index padded, AlignedBuffer<double>& target) {
  for (Index k = 0; k < padded; ++k) target[k] = k < count ? (weights == nullptr ? 1.0 : weights[begin + k]) : 0.0;
}

}  // namespace

GramSum::GramSum(Index cols)
    : width_(kernels::active().panel_width),
      stride_(round_up(std::max<Index>(cols, 1), width_)),
      sum_(AlignedBuffer<double>::zeros(stride_ * stride_)) {}

void GramSum::add(const RowBlock& a, const RowBlock& b) {
  check(a.padded_cols() == stride_ && b.padded_cols() == stride_ && a.padded_rows() == b.padded_rows());
  const auto& table = kernels::active();
  const Index rows = a.padded_rows();
  const double operations = static_cast<double>(rows) * static_cast<double>(stride_) * static_cast<double>(stride_);
  parallel_for_work(a.n_panels(), operations, [&](Index task) {
    const Index right = a.n_panels() - 1 - task;  // the longest first
    for (Index left = 0; left <= right; ++left) {
      for (Index i = 0; i < width_; i += table.gram_rows) {
        table.gram_tile(a.panel(left) + i, b.panel(right), rows,
                        sum_.data() + (left * width_ + i) * stride_ + right * width_, stride_);
      }
    }
  });
}

void GramSum::add(const GramSum& other) {
  check(other.stride_ == stride_);
  for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
}

ColumnStatistics column_statistics(const Design& design, const double* weights) {
  const auto partition = RowPartition::for_vectors(design.rows(), design.cols());
  struct Part {
    double total_weight = 0;
    AlignedBuffer<double> sum, max_abs;
  };
  std::vector<Part> parts(static_cast<std::size_t>(partition.slots));
  const double operations = static_cast<double>(design.rows()) * static_cast<double>(design.cols());
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    RowBlock block(partition.block_rows, design.cols());
    AlignedBuffer<double> weight(round_up(partition.block_rows, kernels::row_padding));
    Part& part = parts[static_cast<std::size_t>(slot)];
    part.sum = AlignedBuffer<double>::zeros(block.padded_cols());
    part.max_abs = AlignedBuffer<double>::zeros(block.padded_cols());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      copy_weights(weights, begin, count, block.padded_rows(), weight);
      for (Index k = 0; k < count; ++k) part.total_weight += weight[k];
      block.add_transposed_times_vector(weight.data(), part.sum.data());
      for (Index i = 0; i < block.n_panels(); ++i) {
        kernels::active().panel_max_abs(block.panel(i), block.padded_rows(), part.max_abs.data() + i * block.width());
      }
    });
  });
  ColumnStatistics result;
  result.sum.assign(static_cast<std::size_t>(design.cols()), 0.0);
  result.max_abs.assign(static_cast<std::size_t>(design.cols()), 0.0);
  for (const Part& part : parts) {
    result.total_weight += part.total_weight;
    for (Index j = 0; j < design.cols(); ++j) {
      const auto at = static_cast<std::size_t>(j);
      result.sum[at] += part.sum[j];
      result.max_abs[at] = std::max(result.max_abs[at], part.max_abs[j]);
    }
  }
  return result;
}

GramSum weighted_gram(const Design& design, const double* weights) {
  const auto partition = RowPartition::for_gram(design.rows(), design.cols());
  std::vector<std::optional<GramSum>> parts(static_cast<std::size_t>(partition.slots));
  for_each_slot(partition, gram_operations(design), [&](Index slot, Range range) {
    auto& sum = parts[static_cast<std::size_t>(slot)].emplace(design.cols());
    RowBlock block(partition.block_rows, design.cols());
    std::optional<RowBlock> scaled;
    AlignedBuffer<double> weight(round_up(partition.block_rows, kernels::row_padding));
    if (weights != nullptr) scaled.emplace(partition.block_rows, design.cols());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      if (scaled) {
        copy_weights(weights, begin, count, block.padded_rows(), weight);
        scaled->assign_scaled(block, weight.data());
      }
      sum.add(block, scaled ? *scaled : block);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->add(*parts[i]);
  return std::move(*parts[0]);
}

}  // namespace crowfly
