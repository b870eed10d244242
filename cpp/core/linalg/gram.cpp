// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/gram.hpp"

#include <algorithm>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Right panels at most that meet a left one while that is in the first-level cache (504 columns on Skylake, one thread: 28 GFLOP/s singly, 31 so).
constexpr Index max_group = 8;

double gram_operations(const Design& design) {
  const auto n = static_cast<double>(design.rows()), m = static_cast<double>(design.cols());
  return n * m * m;
}

/// The weights of one block, padded with zeros to whole vectors.
void copy_weights(const double* weights, Index begin, Index count, Index padded, AlignedBuffer<double>& target) {
  for (Index k = 0; k < padded; ++k) target[k] = k < count ? (weights == nullptr ? 1.0 : weights[begin + k]) : 0.0;
}

}  // namespace

GramSum::GramSum(Index cols, Index rows)
    : cols_(std::max<Index>(cols, 1)),
      width_(kernels::active().panel_width),
      n_panels_(ceil_div(cols_, width_)),
      left_panels_(std::max<Index>(1, ceil_div(rows, width_))),
      sum_(AlignedBuffer<double>::zeros(start(n_panels_))) {
  for (Index j = 0; j < cols_; ++j) column_.push_back(start(j / width_) + j % width_);
}

void GramSum::add(const RowBlock& a, const RowBlock& b) {
  check(a.n_panels() == n_panels_ && b.n_panels() == n_panels_ && a.padded_rows() == b.padded_rows());
  const auto& table = kernels::active();
  const Index rows = a.padded_rows();
  const auto cols = static_cast<double>(a.padded_cols());
  const double operations = static_cast<double>(rows) * cols * cols;
  const auto tile = [&](Index left, Index right) {
    const auto multiply = left == right ? table.gram_diagonal : table.gram_panel;
    multiply(a.panel(left), b.panel(right), rows, std::min(width_, cols_ - right * width_),
             sum_.data() + start(right) + left * width_ * width_, width_);
  };
  const Index group = std::clamp<Index>(n_panels_ / (2 * threads_for_work(operations)), 1, max_group);
  parallel_for_work(ceil_div(n_panels_, group), operations, [&](Index task) {
    const Index end = n_panels_ - task * group, begin = std::max<Index>(0, end - group);  // the longest first
    for (Index left = 0; left < std::min(end, left_panels_); ++left) {
      for (Index right = std::max(left, begin); right < end; ++right) tile(left, right);
    }
  });
}

void GramSum::add(const GramSum& other) {
  check(other.sum_.size() == sum_.size());
  for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
}

void ColumnReach::add(const RowBlock& block, const double* weights) {
  for (Index i = 0; i < block.n_panels(); ++i) {
    kernels::active().panel_max_abs(block.panel(i), block.padded_rows(), max_abs_.data() + i * block.width());
  }
  if (weights == nullptr) {
    total_weight_ += static_cast<double>(block.rows());
  } else {
    for (Index k = 0; k < block.rows(); ++k) total_weight_ += weights[k];
  }
}

void ColumnReach::add(const double* max_abs, double weight) {
  total_weight_ += weight;
  for (Index j = 0; j < max_abs_.size(); ++j) max_abs_[j] = std::max(max_abs_[j], max_abs[j]);
}

void ColumnReach::add(const ColumnReach& other) {
  check(other.max_abs_.size() == max_abs_.size());
  add(other.max_abs_.data(), other.total_weight_);
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

namespace {

/// Walks all blocks: `part(slot)` is what those of one slot are added to, as part.add(block, scaled block or the same, weights of its rows).
template <class PartOf>
void add_blocks(const Design& design, const double* weights, const RowPartition& partition, PartOf part_of_slot) {
  for_each_slot(partition, gram_operations(design), [&](Index slot, Range range) {
    auto& part = part_of_slot(slot);
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
      part.add(block, scaled ? *scaled : block, scaled ? weight.data() : nullptr);
    });
  });
}

struct GramPart {
  GramSum gram;
  void add(const RowBlock& a, const RowBlock& b, const double* /*weights*/) { gram.add(a, b); }
};

struct GramAndReachPart {
  GramAndReach<GramSum> sums;
  void add(const RowBlock& a, const RowBlock& b, const double* weights) {
    sums.gram.add(a, b);
    sums.reach.add(a, weights);
  }
};

}  // namespace

GramSum weighted_gram(const Design& design, const double* weights) {
  const auto partition = RowPartition::for_gram(design.rows(), design.cols());
  std::vector<std::optional<GramPart>> parts(static_cast<std::size_t>(partition.slots));
  add_blocks(design, weights, partition, [&](Index slot) -> GramPart& {
    return parts[static_cast<std::size_t>(slot)].emplace(GramPart{GramSum(design.cols())});
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->gram.add(parts[i]->gram);
  return std::move(parts[0]->gram);
}

GramAndReach<GramSum> gram_and_reach(const Design& design, const double* weights) {
  const auto partition = RowPartition::for_gram(design.rows(), design.cols());
  std::vector<std::optional<GramAndReachPart>> parts(static_cast<std::size_t>(partition.slots));
  const Index padded = RowBlock(1, design.cols()).padded_cols();
  add_blocks(design, weights, partition, [&](Index slot) -> GramAndReachPart& {
    return parts[static_cast<std::size_t>(slot)].emplace(
        GramAndReachPart{{GramSum(design.cols(), design.first_target()), ColumnReach(padded)}});
  });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    parts[0]->sums.gram.add(parts[i]->sums.gram);
    parts[0]->sums.reach.add(parts[i]->sums.reach);
  }
  return std::move(parts[0]->sums);
}

}  // namespace crowfly
