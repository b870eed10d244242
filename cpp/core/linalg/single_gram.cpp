// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/single_gram.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Rows whose products are summed in float32 before these sums are added to those in float64.
constexpr Index recent_rows = 1024;
/// Columns beyond which work is shared out inside blocks of rows, and parts of the rows otherwise: with fewer rows than that their sums take longer to clear and to
/// add up than products take (1024 x 480 on Skylake, two threads: 10.1 ms in eight parts, 5.7 in one).
constexpr Index wide_cols = 1000, narrow_parts = 8, least_part_rows = 1024;

const kernels::CoarseGram& kernel() noexcept { return kernels::active().single_gram; }

RowPartition partition_of(const Design& design) {
  const Index packed_rows = rows_to_pack(kernel());
  const Index parts =
      design.cols() > wide_cols ? 1 : std::clamp<Index>(design.rows() / least_part_rows, 1, narrow_parts);
  return {design.rows(), parts, packed_rows};
}

}  // namespace

SingleGram::SingleGram(Index cols)
    : layout_(cols, kernel().cols),
      rows_(rows_to_pack(kernel()), cols, kernel()),
      recent_(cols, kernel()),
      sum_(AlignedBuffer<double>::zeros(layout_.size())) {}

void SingleGram::add(const RowBlock& block, const double* factor) {
  if (!rows_.has_room_for(block.rows())) multiply();
  rows_.append_scaled(block, factor);
}

void SingleGram::multiply() {
  if (rows_.rows() == 0) return;
  recent_.add(rows_);
  n_recent_ += rows_.rows();
  rows_.clear();
  if (n_recent_ < recent_rows) return;
  recent_.move_to(sum_);
  n_recent_ = 0;
}

void SingleGram::finish() {
  multiply();
  recent_.move_to(sum_);
  n_recent_ = 0;
}

void SingleGram::add(const SingleGram& other) {
  check(other.sum_.size() == sum_.size());
  for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
}

GramAndReach<SingleGram> single_gram(const Design& design, const double* weights) {
  const RowPartition partition = partition_of(design);
  std::vector<std::optional<GramAndReach<SingleGram>>> parts(as_size(partition.slots));
  const auto n = static_cast<double>(design.rows()), m = static_cast<double>(design.cols());
  for_each_slot(partition, n * m * m / 2, [&](Index slot, Range range) {
    RowBlock block(partition.block_rows, design.cols());
    auto& part = parts[as_size(slot)].emplace(
        GramAndReach<SingleGram>{SingleGram(design.cols()), ColumnReach(block.padded_cols())});
    AlignedBuffer<double> root(round_up(partition.block_rows, kernels::row_padding));
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      for (Index k = 0; k < count; ++k) root[k] = weights == nullptr ? 1.0 : std::sqrt(weights[begin + k]);
      std::fill_n(root.data() + count, block.padded_rows() - count, 0.0);
      part.gram.add(block, root.data());
      part.reach.add(block, weights == nullptr ? nullptr : weights + begin);
    });
    part.gram.finish();
  });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    parts[0]->gram.add(parts[i]->gram);
    parts[0]->reach.add(parts[i]->reach);
  }
  return std::move(*parts[0]);
}

bool fit_single_gram(const double* weights, Index n) noexcept {
  if (weights == nullptr) return true;
  return std::all_of(weights, weights + n, [](double w) { return w == 0 || (w > 0x1p-60 && w < 0x1p60); });
}

}  // namespace crowfly
