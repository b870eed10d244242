// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/grid_gram.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/grid.hpp"
#include "linalg/pair_math.hpp"

namespace crowfly {
namespace {

/// Vector operations per product, for the decision whether threads pay.
constexpr double cost_of_product = 4;

/// Squares of columns between which products and their remainders, 2^-106 of them, are normal numbers.
constexpr double smallest_square = 0x1p-600, largest_square = 0x1p600;

struct Part {
  GridGram gram;
  ColumnReach reach;
  AlignedBuffer<double> most;

  Part(Index cols, Index padded) : gram(cols), reach(padded), most(padded) {}

  void add(const RowBlock& block) {
    most.fill_zero();
    for (Index i = 0; i < block.n_panels(); ++i) {
      kernels::active().panel_max_abs(block.panel(i), block.padded_rows(), most.data() + i * block.width());
    }
    gram.add(block, most.data());
    reach.add(most.data(), static_cast<double>(block.rows()));
  }
};

}  // namespace

GridGram::GridGram(Index cols)
    : cols_(cols),
      width_(kernels::active().panel_width),
      stride_(round_up(std::max<Index>(cols, 1), width_)),
      high_(AlignedBuffer<double>::zeros(stride_ * stride_)),
      low_(AlignedBuffer<double>::zeros(stride_ * stride_)),
      left_(stride_),
      right_(stride_),
      squares_(as_size(cols), 0.0) {}

void GridGram::add(const RowBlock& block, const double* max_abs) {
  check(block.padded_cols() == stride_);
  const auto& table = kernels::active();
  const Index rows = block.padded_rows();
  const double factor = grid_factor(rows);
  for (Index j = 0; j < stride_; ++j) {
    right_[j] = power_above(max_abs[j]);
    left_[j] = factor * right_[j];
  }
  const auto operations = cost_of_product / 2 * static_cast<double>(rows) * static_cast<double>(stride_ * stride_);
  parallel_for_work(block.n_panels(), operations, [&](Index task) {
    const Index right = block.n_panels() - 1 - task;  // the longest first
    const Index cols = std::min(width_, cols_ - right * width_);
    const auto targets = [&](Index left) {
      const Index at = left * width_ * stride_ + right * width_;
      return kernels::PairTargets{high_.data() + at, low_.data() + at, stride_};
    };
    const auto start = [&](Index left) {
      return kernels::GridStart{left_.data() + left * width_, right_.data() + right * width_};
    };
    for (Index left = 0; left < right; ++left) {
      table.grid_gram_panel(block.panel(left), block.panel(right), rows, cols, start(left), targets(left));
    }
    table.grid_gram_diagonal(block.panel(right), block.panel(right), rows, cols, start(right), targets(right));
  });
  for (Index j = 0; j < cols_; ++j) squares_[as_size(j)] += right_[j] * right_[j];
  // Products are cut; then each block is added to a pair, which is at most `rows` times their bounds.
  error_ = std::max(error_, grid_error(rows, 1.0)) + 0x1p-103 * static_cast<double>(rows);
}

void GridGram::add(const GridGram& other) {
  check(other.cols_ == cols_);
  for (Index i = 0; i < high_.size(); ++i) {
    const Pair sum = pair_of(high_[i], low_[i]) + pair_of(other.high_[i], other.low_[i]);
    high_[i] = sum.high;
    low_[i] = sum.low;
  }
  for (Index j = 0; j < cols_; ++j) squares_[as_size(j)] += other.squares_[as_size(j)];
  // Adding pairs rounds by 2^-104 of the sum, which is at most a block's rows times its bounds.
  error_ = std::max(error_, other.error_) + 0x1p-95;
}

void GridGram::scale(const Vector& factor) noexcept {
  for (Index i = 0; i < cols_; ++i) {
    squares_[as_size(i)] *= factor[as_size(i)] * factor[as_size(i)];
    for (Index j = i; j < cols_; ++j) {
      const Index k = i * stride_ + j;
      high_[k] = high_[k] * factor[as_size(i)] * factor[as_size(j)];
      low_[k] = low_[k] * factor[as_size(i)] * factor[as_size(j)];
    }
  }
}

Pair GridGram::at(Index i, Index j) const noexcept {
  const Index k = i <= j ? i * stride_ + j : j * stride_ + i;
  return pair_of(high_[k], low_[k]);
}

bool GridGram::in_range() const noexcept {
  for (Index i = 0; i < cols_; ++i) {
    const double square = squares_[as_size(i)];
    if (square != 0 && !(square > smallest_square && square < largest_square)) return false;
    for (Index j = i; j < cols_; ++j) {
      if (!std::isfinite(high_[i * stride_ + j] + low_[i * stride_ + j])) return false;
    }
  }
  return true;
}

GramAndReach<GridGram> grid_gram(const Design& design) {
  const auto partition = RowPartition::for_gram(design.rows(), design.cols(), RowPartition::halves_of_pairs);
  std::vector<std::optional<Part>> parts(as_size(partition.slots));
  const auto n = static_cast<double>(design.rows()), m = static_cast<double>(design.cols());
  for_each_slot(partition, cost_of_product / 2 * n * m * m, [&](Index slot, Range range) {
    RowBlock block(partition.block_rows, design.cols());
    Part& part = parts[as_size(slot)].emplace(design.cols(), block.padded_cols());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      part.add(block);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    parts[0]->gram.add(parts[i]->gram);
    parts[0]->reach.add(parts[i]->reach);
  }
  return {std::move(parts[0]->gram), std::move(parts[0]->reach)};
}

}  // namespace crowfly
