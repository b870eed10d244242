// SPDX-License-Identifier: BSD-3-Clause
// The one way in which data rows enter a computation: a few hundred rows at a time, any dtype and layout, widened to float64, shifted, scaled and packed
// into panels of `panel_width` columns. Everything after it (Gram, gradients, predictors) is a kernel on packed panels without remainders.
#pragma once

#include <functional>

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"
#include "base/parallel.hpp"
#include "kernels/kernel_table.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

/// The columns of a block: features, then (optionally) a column of ones, then targets. Column j enters as (x - shift[j]) * scale[j].
struct Design {
  MatrixView features;
  bool ones = false;
  MatrixView targets;
  Vector shift, scale;  ///< one entry per column

  Design(const MatrixView& x, bool with_ones, const MatrixView& y);
  /// The same columns with one of ones between features and targets.
  [[nodiscard]] Design with_ones() const;
  [[nodiscard]] Index rows() const noexcept { return features.rows; }
  [[nodiscard]] Index cols() const noexcept { return features.cols + (ones ? 1 : 0) + targets.cols; }
  [[nodiscard]] Index first_target() const noexcept { return features.cols + (ones ? 1 : 0); }
};

/// Packed rows. `capacity` rows at most; rows past the last one of the data are zero up to a multiple of `row_padding`.
class RowBlock {
 public:
  RowBlock(Index capacity, Index cols);

  /// Packs rows [begin, begin + count) of the design; uses the pool when called outside of a task.
  void load(const Design& design, Index begin, Index count);

  [[nodiscard]] Index rows() const noexcept { return rows_; }
  [[nodiscard]] Index padded_rows() const noexcept { return round_up(rows_, kernels::row_padding); }
  [[nodiscard]] Index capacity() const noexcept { return capacity_; }
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] Index width() const noexcept { return width_; }
  [[nodiscard]] Index padded_cols() const noexcept { return n_panels_ * width_; }
  [[nodiscard]] double* panel(Index i) noexcept { return data_.data() + i * capacity_ * width_; }
  [[nodiscard]] const double* panel(Index i) const noexcept { return data_.data() + i * capacity_ * width_; }

  [[nodiscard]] double at(Index k, Index j) const noexcept { return panel(j / width_)[k * width_ + j % width_]; }

  /// target[k] = sum over columns of block[k][j] * coef[j]; coef has padded_cols() entries, target padded_rows().
  void times_vector(const double* coef, double* target) const;
  /// target[j] += sum over rows of block[k][j] * weight[k]; target has padded_cols() entries.
  void add_transposed_times_vector(const double* weight, double* target) const;
  /// The same in twice the precision, vectors as sums high + low.
  void times_pair(const double* high, const double* low, double* target_high, double* target_low) const;
  void add_transposed_times_pair(const double* high, const double* low, double* target_high, double* target_low) const;
  /// Makes this a block of `rows` rows, to be written panel by panel; the caller zeroes those past them up to padded_rows().
  void resize(Index rows);
  /// This block becomes `source` with row k multiplied by weight[k].
  void assign_scaled(const RowBlock& source, const double* weight);

 private:
  void load_panel(const Design& design, Index i, Index begin, Index first_row, Index count);

  Index capacity_, width_, n_panels_;
  Index rows_ = 0;
  AlignedBuffer<double> data_;
};

/// How rows are cut: `slots` independent parts, each walked in blocks of `block_rows`. Depends on the shape alone, so that sums over parts, taken in order, have
/// the same bits for any number of threads. One slot of a wide design is shared out by columns, inside each block.
struct RowPartition {
  Index n_rows;
  Index slots;
  Index block_rows;

  /// For sums of `cols` numbers per part.
  [[nodiscard]] static RowPartition for_vectors(Index n_rows, Index cols);
  /// Symmetric matrices that sums of pairs take: both triangles of high and of low parts.
  static constexpr double halves_of_pairs = 4;

  /// For that many symmetric cols x cols sums of doubles per part, which are to take at most so many bytes in all where there is a choice.
  [[nodiscard]] static RowPartition for_gram(Index n_rows, Index cols, double matrices = 1,
                                             double most_bytes = 16 * 1024 * 1024);
  [[nodiscard]] Range slot(Index i) const noexcept { return part_of(n_rows, slots, i); }
};

/// Runs `work(slot, range)` for each slot, in parallel; `operations` is the whole cost, to keep small problems on one thread.
void for_each_slot(const RowPartition& partition, double operations, const std::function<void(Index, Range)>& work);

/// Calls `work(begin, count)` for the blocks of one slot's range, in order.
template <class Work>
void for_each_block(const RowPartition& partition, Range range, Work work) {
  for (Index begin = range.begin; begin < range.end; begin += partition.block_rows) {
    work(begin, range.end - begin < partition.block_rows ? range.end - begin : partition.block_rows);
  }
}

}  // namespace crowfly
