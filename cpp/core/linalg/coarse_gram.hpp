// SPDX-License-Identifier: BSD-3-Clause
// X'WX in low precision (float32; bfloat16 with float32 sums where tiles multiply it): for steps that need only contract, never for a bound.
#pragma once

#include "linalg/row_block.hpp"

namespace crowfly {

/// The quickest of the instruction set.
[[nodiscard]] const kernels::CoarseGram& coarse_kernel() noexcept;

/// Packed row blocks in low precision, rows multiplied by factors.
class CoarseRows {
 public:
  CoarseRows(Index capacity, Index cols, const kernels::CoarseGram& kernel = coarse_kernel());

  /// Appends row k of the block times factor[k]; factors are padded like rows. Products must be in float32's range.
  void append_scaled(const RowBlock& source, const double* factor);
  void clear() noexcept { rows_ = 0; }

  [[nodiscard]] Index rows() const noexcept { return rows_; }
  /// Whether a block of so many rows can be appended.
  [[nodiscard]] bool has_room_for(Index rows) const noexcept;
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] const std::uint8_t* panel(Index i) const noexcept { return data_.data() + i * panel_bytes_; }

 private:
  const kernels::CoarseGram* kernel_;
  Index n_panels_, panel_bytes_;
  Index rows_ = 0;  ///< a multiple of what the kernel takes
  AlignedBuffer<std::uint8_t> data_;
};

/// A sum of products of such blocks. Work is shared out inside each call, unless that runs in a task.
class CoarseGramSum {
 public:
  explicit CoarseGramSum(Index cols, const kernels::CoarseGram& kernel = coarse_kernel());

  /// a'a, upper panels only.
  void add(const CoarseRows& a);
  /// a'b.
  void add(const CoarseRows& a, const CoarseRows& b);
  void add(const CoarseGramSum& other);
  void clear() noexcept { sum_.fill_zero(); }
  /// Adds upper panels to `sums`, in the order of this one's tiles, and clears them.
  void move_to(AlignedBuffer<double>& sums) noexcept;
  /// Of upper panels: i <= j.
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    return static_cast<double>(tile(i / width_, j / width_)[i % width_ * width_ + j % width_]);
  }
  /// out[j - first] = factor * entry (i, j), first <= j < last.
  void copy_row(Index i, Index first, Index last, double factor, double* out) const noexcept;

 private:
  void add(const CoarseRows& a, const CoarseRows& b, bool symmetric);

  [[nodiscard]] const float* tile(Index left, Index right) const noexcept {
    return sum_.data() + (left * n_panels_ + right) * width_ * width_;
  }

  const kernels::CoarseGram* kernel_;
  Index cols_;
  Index width_, n_panels_;  ///< tiles are [left][right][width][width]
  AlignedBuffer<float> sum_;
};

}  // namespace crowfly
