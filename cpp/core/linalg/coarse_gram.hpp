// SPDX-License-Identifier: BSD-3-Clause
// X'WX in low precision (float32; bfloat16 with float32 sums where tiles multiply it): for steps that need only contract, never for a bound.
#pragma once

#include <vector>

#include "linalg/row_block.hpp"

namespace crowfly {

/// The quickest of the instruction set.
[[nodiscard]] const kernels::CoarseGram& coarse_kernel() noexcept;

/// How many rows to pack before they are multiplied: so few that panels stay in the first-level cache, and enough that sums are read and written seldom (Skylake, AVX2,
/// Gram matrix of 100k x 500 in float32: 404 ms with 256 rows, 337 with 128).
[[nodiscard]] Index rows_to_pack(const kernels::CoarseGram& kernel = coarse_kernel()) noexcept;

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

/// Where the entries of a square of tiles lie, [left][right][width][width]: looked up, since a division takes as long as many additions.
class TileSquare {
 public:
  TileSquare(Index cols, Index width);

  [[nodiscard]] Index size() const noexcept { return n_panels_ * n_panels_ * width_ * width_; }
  [[nodiscard]] Index width() const noexcept { return width_; }
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] Index tile(Index left, Index right) const noexcept {
    return (left * n_panels_ + right) * width_ * width_;
  }
  [[nodiscard]] Index position(Index i, Index j) const noexcept { return row_[as_size(i)] + col_[as_size(j)]; }

 private:
  Index width_, n_panels_;
  std::vector<Index> row_, col_;
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
  [[nodiscard]] double at(Index i, Index j) const noexcept { return static_cast<double>(sum_[layout_.position(i, j)]); }
  /// out[j - first] = factor * entry (i, j), first <= j < last.
  void copy_row(Index i, Index first, Index last, double factor, double* out) const noexcept;

 private:
  void add(const CoarseRows& a, const CoarseRows& b, bool symmetric);

  const kernels::CoarseGram* kernel_;
  Index cols_;
  TileSquare layout_;
  AlignedBuffer<float> sum_;
};

}  // namespace crowfly
