// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/pair_gram.hpp"

#include <algorithm>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/pair_math.hpp"

namespace crowfly {
namespace {

/// Rows whose products are added up between two renormalisations: the low parts stay small, and their own rounding with them.
constexpr Index max_rows = 256;

/// Vector operations per product, for the decision whether threads pay.
constexpr double cost_of_product = 12;

}  // namespace

PairGram::PairGram(Index cols)
    : cols_(cols),
      width_(kernels::active().panel_width),
      stride_(round_up(std::max<Index>(cols, 1), width_)),
      high_(AlignedBuffer<double>::zeros(cols * stride_)),
      low_(AlignedBuffer<double>::zeros(cols * stride_)) {}

void PairGram::add_rows(const RowBlock& block, Index first, Index count, const double* weights) {
  check(block.padded_cols() == stride_ && first + count <= block.padded_rows() && count <= max_rows);
  const auto rows = static_cast<double>(count), m = static_cast<double>(stride_);
  parallel_for_work(block.n_panels(), cost_of_product / 2 * rows * m * m, [&](Index task) {
    const Index last = std::min((task + 1) * width_, cols_);
    for (Index i = task * width_; i < last; ++i) add_column(block, first, count, weights, i);
  });
}

void PairGram::add_column(const RowBlock& block, Index first, Index count, const double* weights, Index i) {
  alignas(cache_line) double factor[max_rows], factor_low[max_rows];
  for (Index k = 0; k < count; ++k) {
    const double x = block.at(first + k, i);
    const Pair weighted = weights == nullptr ? Pair(x) : Pair::product(weights[first + k], x);
    factor[k] = weighted.high;
    factor_low[k] = weighted.low;
  }
  double *high = high_.data() + i * stride_, *low = low_.data() + i * stride_;
  for (Index j = i / width_; j < block.n_panels(); ++j) {
    kernels::active().panel_transposed_times_pair(block.panel(j) + first * width_, factor, factor_low, count,
                                                  high + j * width_, low + j * width_);
  }
  for (Index j = i / width_ * width_; j < stride_; ++j) {
    const double sum = high[j] + low[j];
    low[j] -= sum - high[j];
    high[j] = sum;
  }
}

void PairGram::add(const PairGram& other) {
  check(other.cols_ == cols_);
  for (Index i = 0; i < high_.size(); ++i) {
    const Pair sum = pair_of(high_[i], low_[i]) + pair_of(other.high_[i], other.low_[i]);
    high_[i] = sum.high;
    low_[i] = sum.low;
  }
}

void PairGram::subtract(const PairGram& other) {
  check(other.cols_ == cols_);
  for (Index i = 0; i < high_.size(); ++i) {
    const Pair rest = pair_of(high_[i], low_[i]) - pair_of(other.high_[i], other.low_[i]);
    high_[i] = rest.high;
    low_[i] = rest.low;
  }
}

void PairGram::clear() noexcept {
  high_.fill_zero();
  low_.fill_zero();
}

void PairGram::assign(const PairGram& other) {
  check(other.cols_ == cols_);
  std::copy_n(other.high_.data(), high_.size(), high_.data());
  std::copy_n(other.low_.data(), low_.size(), low_.data());
}

Pair PairGram::at(Index i, Index j) const noexcept {
  const Index k = position(i, j);
  return pair_of(high_[k], low_[k]);
}

void PairGram::set(Index i, Index j, Pair value) noexcept {
  const Index k = position(i, j);
  high_[k] = value.high;
  low_[k] = value.low;
}

void PairGram::scale(const Vector& factor) noexcept {
  for (Index i = 0; i < cols_; ++i) {
    for (Index j = i; j < cols_; ++j) {
      const Index k = position(i, j);
      // One after the other: their product may overflow where the entry times both does not.
      high_[k] = high_[k] * factor[as_size(i)] * factor[as_size(j)];
      low_[k] = low_[k] * factor[as_size(i)] * factor[as_size(j)];
    }
  }
}

PairGram pair_gram(const Design& design, const double* weights) {
  const auto partition = RowPartition::for_gram(design.rows(), design.cols(), RowPartition::halves_of_pairs);
  check(partition.block_rows <= max_rows);
  std::vector<std::optional<PairGram>> parts(as_size(partition.slots));
  const auto n = static_cast<double>(design.rows()), m = static_cast<double>(design.cols());
  for_each_slot(partition, cost_of_product / 2 * n * m * m, [&](Index slot, Range range) {
    PairGram& sum = parts[as_size(slot)].emplace(design.cols());
    RowBlock block(std::min(partition.block_rows, std::max<Index>(range.size(), 1)), design.cols());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      sum.add_rows(block, 0, count, weights == nullptr ? nullptr : weights + begin);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->add(*parts[i]);
  return std::move(*parts[0]);
}

}  // namespace crowfly
