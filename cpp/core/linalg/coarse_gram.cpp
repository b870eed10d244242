// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/coarse_gram.hpp"

#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Operations that take as long as one of float64: for the decision whether threads pay.
constexpr double speed = 4;

/// Right panels that meet a left one while that is in the first-level cache; they themselves are in the second-level one.
constexpr Index group = 4;

}  // namespace

const kernels::CoarseGram& coarse_kernel() noexcept { return kernels::active().coarse_gram; }

Index rows_to_pack(const kernels::CoarseGram& kernel) noexcept {
  constexpr Index least = 128, most = 256, panel_bytes = 16384;
  return most * kernel.row_bytes > panel_bytes ? least : most;
}

CoarseRows::CoarseRows(Index capacity, Index cols, const kernels::CoarseGram& kernel)
    : kernel_(&kernel),
      n_panels_(std::max<Index>(1, ceil_div(cols, kernel.cols))),
      panel_bytes_(round_up(capacity, kernel.rows) * kernel.row_bytes),
      data_(n_panels_ * panel_bytes_) {}

bool CoarseRows::has_room_for(Index rows) const noexcept {
  return (rows_ + round_up(rows, kernel_->rows)) * kernel_->row_bytes <= panel_bytes_;
}

void CoarseRows::append_scaled(const RowBlock& source, const double* factor) {
  check(has_room_for(source.rows()));
  const double operations = static_cast<double>(source.rows()) * static_cast<double>(source.padded_cols());
  parallel_for_work(n_panels_, operations, [&](Index i) {
    kernel_->coarse_pack(source.panel(0), source.capacity() * source.width(), source.n_panels(), i * kernel_->cols,
                         factor, source.padded_rows(), data_.data() + i * panel_bytes_ + rows_ * kernel_->row_bytes);
  });
  rows_ += round_up(source.rows(), kernel_->rows);
}

TileSquare::TileSquare(Index cols, Index width) : width_(width), n_panels_(std::max<Index>(1, ceil_div(cols, width))) {
  for (Index i = 0; i < n_panels_ * width_; ++i) {
    row_.push_back(tile(i / width_, 0) + i % width_ * width_);
    col_.push_back(tile(0, i / width_) + i % width_);
  }
}

CoarseGramSum::CoarseGramSum(Index cols, const kernels::CoarseGram& kernel)
    : kernel_(&kernel), cols_(cols), layout_(cols, kernel.cols), sum_(AlignedBuffer<float>::zeros(layout_.size())) {}

void CoarseGramSum::add(const CoarseRows& a) { add(a, a, true); }
void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b) { add(a, b, false); }

void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b, bool symmetric) {
  const Index width = layout_.width(), n_panels = layout_.n_panels();
  check(a.n_panels() == n_panels && b.n_panels() == n_panels && b.rows() == a.rows());
  const double cols = static_cast<double>(n_panels * width);
  parallel_for_work(ceil_div(n_panels, group), static_cast<double>(a.rows()) * cols * cols / speed, [&](Index task) {
    // The longest first.
    const Index end = n_panels - task * group, begin = std::max<Index>(0, end - group);
    const kernels::TileScope scope(*kernel_);
    const auto tile = [&](Index left, Index right) {
      const auto multiply = symmetric && left == right ? kernel_->coarse_diagonal : kernel_->coarse_tile;
      multiply(a.panel(left), b.panel(right), a.rows(), std::min(width, cols_ - right * width),
               sum_.data() + layout_.tile(left, right), width);
    };
    for (Index left = 0; left < (symmetric ? end : n_panels); ++left) {
      for (Index right = symmetric ? std::max(left, begin) : begin; right < end; ++right) tile(left, right);
    }
  });
}

void CoarseGramSum::copy_row(Index i, Index first, Index last, double factor, double* out) const noexcept {
  const Index width = layout_.width();
  for (Index j = first; j < last;) {
    const Index end = std::min(last, (j / width + 1) * width);
    const float* entry = sum_.data() + layout_.position(i, j);
    for (; j < end; ++j) *out++ = factor * static_cast<double>(*entry++);
  }
}

void CoarseGramSum::move_to(AlignedBuffer<double>& sums) noexcept {
  parallel_for_work(layout_.n_panels(), static_cast<double>(sum_.size()), [&](Index left) {
    for (Index i = layout_.tile(left, left); i < layout_.tile(left + 1, 0); ++i) {
      sums[i] += static_cast<double>(sum_[i]);
      sum_[i] = 0;
    }
  });
}

void CoarseGramSum::add(const CoarseGramSum& other) {
  check(other.sum_.size() == sum_.size());
  for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
}

}  // namespace crowfly
