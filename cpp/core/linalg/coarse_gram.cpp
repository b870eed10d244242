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

CoarseGramSum::CoarseGramSum(Index cols, const kernels::CoarseGram& kernel)
    : kernel_(&kernel),
      cols_(cols),
      width_(kernel.cols),
      n_panels_(std::max<Index>(1, ceil_div(cols, width_))),
      sum_(AlignedBuffer<float>::zeros(n_panels_ * n_panels_ * width_ * width_)) {}

void CoarseGramSum::add(const CoarseRows& a) { add(a, a, true); }
void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b) { add(a, b, false); }

void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b, bool symmetric) {
  check(a.n_panels() == n_panels_ && b.n_panels() == n_panels_ && b.rows() == a.rows());
  const double cols = static_cast<double>(n_panels_ * width_);
  parallel_for_work(ceil_div(n_panels_, group), static_cast<double>(a.rows()) * cols * cols / speed, [&](Index task) {
    // The longest first.
    const Index end = n_panels_ - task * group, begin = std::max<Index>(0, end - group);
    const kernels::TileScope scope(*kernel_);
    const auto tile = [&](Index left, Index right) {
      const auto multiply = symmetric && left == right ? kernel_->coarse_diagonal : kernel_->coarse_tile;
      multiply(a.panel(left), b.panel(right), a.rows(), std::min(width_, cols_ - right * width_),
               sum_.data() + (left * n_panels_ + right) * width_ * width_, width_);
    };
    for (Index left = 0; left < (symmetric ? end : n_panels_); ++left) {
      for (Index right = symmetric ? std::max(left, begin) : begin; right < end; ++right) tile(left, right);
    }
  });
}

void CoarseGramSum::copy_row(Index i, Index first, Index last, double factor, double* out) const noexcept {
  for (Index j = first; j < last;) {
    const Index panel = j / width_, end = std::min(last, (panel + 1) * width_);
    const float* row = tile(i / width_, panel) + i % width_ * width_ - panel * width_;
    for (; j < end; ++j) out[j - first] = factor * static_cast<double>(row[j]);
  }
}

void CoarseGramSum::move_to(AlignedBuffer<double>& sums) noexcept {
  const Index row = n_panels_ * width_ * width_;
  parallel_for_work(n_panels_, static_cast<double>(sum_.size()), [&](Index left) {
    for (Index i = left * row + left * width_ * width_; i < (left + 1) * row; ++i) {
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
