// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/row_block.hpp"

#include <algorithm>
#include <bit>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/pair.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly {
namespace {

/// Bytes of rows that are packed together, while the next ones are on their way; of wide rows some at least, so that a call has work.
constexpr Index chunk_bytes = 16384, least_chunk = 4;

/// How kernels can read features, if they can.
enum class Layout { rows, columns, other };
Layout layout_of(const MatrixView& x) {
  if (x.sparse != nullptr) return Layout::other;
  if (x.rows_are_arrays()) return Layout::rows;
  return x.columns_are_arrays() ? Layout::columns : Layout::other;
}

/// The first `cols` features from this one on, by the kernel for the layout, which is not `other`.
void pack_features(const MatrixView& x, Layout layout, Index row, Index count, Index first, Index cols,
                   const double* shift, const double* scale, double* target) {
  const auto& table = kernels::active();
  const char* source = x.row(row) + first * x.col_stride;
  const bool single = x.dtype == DType::f32;
  if (layout == Layout::rows) {
    const auto kernel = single ? table.pack_rows_f32 : table.pack_rows_f64;
    kernel(source, x.row_stride, count, cols, shift, scale, target);
  } else {
    const auto kernel = single ? table.pack_columns_f32 : table.pack_columns_f64;
    kernel(source, x.col_stride, count, cols, shift, scale, target);
  }
}

void pack_column(const MatrixView& x, Index row, Index count, Index col, double shift, double scale, double* target,
                 Index width) {
  const char* source = x.row(row) + col * x.col_stride;
  visit_dtype(x.dtype, [&](auto zero) {
    for (Index k = 0; k < count; ++k) {
      const auto value = static_cast<double>(load_element<decltype(zero)>(source + k * x.row_stride));
      target[k * width] = (value - shift) * scale;
    }
  });
}

/// Columns [first, first + cols), whose shifts and scales are given, side by side: the order of memory where rows are contiguous.
void pack_by_rows(const MatrixView& x, Index row, Index count, Index first, Index cols, const double* shift,
                  const double* scale, double* target, Index width) {
  const char* source = x.row(row) + first * x.col_stride;
  visit_dtype(x.dtype, [&](auto zero) {
    for (Index k = 0; k < count; ++k) {
      for (Index j = 0; j < cols; ++j) {
        const auto value =
            static_cast<double>(load_element<decltype(zero)>(source + k * x.row_stride + j * x.col_stride));
        target[k * width + j] = (value - shift[j]) * scale[j];
      }
    }
  });
}

/// Features [first, last) of rows of a sparse matrix.
void pack_entries(const Design& design, Index begin, Index count, Range features, double* target, Index width) {
  const MatrixView& x = design.features;
  for (Index k = 0; k < count; ++k, target += width) {
    const auto enter = [&](Index j, double value) {
      target[j - features.begin] = (value - design.shift[as_size(j)]) * design.scale[as_size(j)];
    };
    for (Index j = features.begin; j < features.end; ++j) enter(j, 0.0);
    const SparseRow row = x.sparse->row(x.first_row + begin + k);
    const auto at = std::lower_bound(row.columns.begin(), row.columns.end(), features.begin) - row.columns.begin();
    for (auto e = static_cast<std::size_t>(at); e < row.columns.size() && row.columns[e] < features.end; ++e) {
      enter(row.columns[e], row.values[e]);
    }
  }
}

}  // namespace

Design::Design(const MatrixView& x, bool with_ones, const MatrixView& y) : features(x), ones(with_ones), targets(y) {
  shift.assign(static_cast<std::size_t>(cols()), 0.0);
  scale.assign(static_cast<std::size_t>(cols()), 1.0);
}

Design Design::with_ones() const {
  Design extended = *this;
  extended.ones = true;
  extended.shift.insert(extended.shift.begin() + features.cols, 0.0);
  extended.scale.insert(extended.scale.begin() + features.cols, 1.0);
  return extended;
}

RowBlock::RowBlock(Index capacity, Index cols)
    : capacity_(round_up(capacity, kernels::row_padding)),
      width_(kernels::active().panel_width),
      n_panels_(std::max<Index>(1, ceil_div(cols, width_))),
      data_(capacity_ * width_ * n_panels_) {}

void RowBlock::load(const Design& design, Index begin, Index count) {
  check(count <= capacity_);
  rows_ = count;
  const double operations = static_cast<double>(count) * static_cast<double>(padded_cols());
  for (Index i = 0; i < n_panels_; ++i) {
    std::fill_n(panel(i) + count * width_, (padded_rows() - count) * width_, 0.0);
  }
  if (worth_threads(operations) || layout_of(design.features) != Layout::rows) {
    parallel_for_work(n_panels_, operations, [&](Index i) { load_panel(design, i, begin, 0, count); });
    return;
  }
  // A few rows at a time over all panels, so that memory is read in its own order. The next ones are asked for panel by panel: all at once they would fill the queue of
  // requests and be waited for (100k x 200 float64 least squares, Zen 3, two threads: 130 ms, 90 so).
  const Index step = std::min(std::max<Index>(1, count),
                              std::max(least_chunk, chunk_bytes / std::max<Index>(1, design.features.row_stride)));
  const MatrixView& x = design.features;
  const Index row_bytes = x.cols * x.item_size();
  const bool in_one_piece = x.row_stride == row_bytes;
  for (Index k = 0; k < count; k += step) {
    const char* next = x.row(begin + k + step);
    const Index ahead = in_one_piece ? step * row_bytes : 0;
    for (Index i = 0; i < n_panels_; ++i) {
      const Range lines = part_of(ceil_div(ahead, Index{cache_line}), n_panels_, i);
      for (Index line = lines.begin; line < lines.end; ++line) __builtin_prefetch(next + line * Index{cache_line});
      load_panel(design, i, begin + k, k, std::min(step, count - k));
    }
  }
}

/// Rows [begin, begin + count) of the design become rows [first_row, ...) of one panel.
void RowBlock::load_panel(const Design& design, Index i, Index begin, Index first_row, Index count) {
  const Index p = design.features.cols;
  const Layout layout = layout_of(design.features);
  const bool sparse = design.features.sparse != nullptr;
  double* target = panel(i) + first_row * width_;
  const Index first = i * width_, last = std::min(first + width_, design.cols());
  const Index n_fast = layout == Layout::other ? 0 : std::clamp<Index>(p - first, 0, width_);
  if (n_fast > 0) {
    pack_features(design.features, layout, begin, count, first, n_fast, design.shift.data() + first,
                  design.scale.data() + first, target);
  } else {
    std::fill_n(target, count * width_, 0.0);
  }
  if (sparse) pack_entries(design, begin, count, {first, std::clamp(p, first, last)}, target, width_);
  for (Index j = sparse ? std::max(first, p) : first + n_fast; j < last; ++j) {
    double* column = target + (j - first);
    const double *shift = design.shift.data() + j, *scale = design.scale.data() + j;
    if (j < p) {
      pack_column(design.features, begin, count, j, *shift, *scale, column, width_);
    } else if (j < design.first_target()) {
      for (Index k = 0; k < count; ++k) column[k * width_] = 1.0;
    } else {
      pack_by_rows(design.targets, begin, count, j - design.first_target(), last - j, shift, scale, column, width_);
      break;
    }
  }
}

void RowBlock::times_vector(const double* coef, double* target) const {
  std::fill_n(target, padded_rows(), 0.0);
  for (Index i = 0; i < n_panels_; ++i) {
    kernels::active().panel_times_vector(panel(i), coef + i * width_, padded_rows(), target);
  }
}

void RowBlock::add_transposed_times_vector(const double* weight, double* target) const {
  for (Index i = 0; i < n_panels_; ++i) {
    kernels::active().panel_transposed_times_vector(panel(i), weight, padded_rows(), target + i * width_);
  }
}

void RowBlock::times_pair(const double* high, const double* low, double* target_high, double* target_low) const {
  std::fill_n(target_high, padded_rows(), 0.0);
  std::fill_n(target_low, padded_rows(), 0.0);
  for (Index i = 0; i < n_panels_; ++i) {
    kernels::active().panel_times_pair(panel(i), high + i * width_, low + i * width_, padded_rows(), target_high,
                                       target_low);
  }
  // After cancellation the low parts are not small beside the high ones, and products with them are rounded.
  for (Index k = 0; k < padded_rows(); ++k) {
    const Pair normal = Pair::sum(target_high[k], target_low[k]);
    target_high[k] = normal.high;
    target_low[k] = normal.low;
  }
}

void RowBlock::add_transposed_times_pair(const double* high, const double* low, double* target_high,
                                         double* target_low) const {
  for (Index i = 0; i < n_panels_; ++i) {
    kernels::active().panel_transposed_times_pair(panel(i), high, low, padded_rows(), target_high + i * width_,
                                                  target_low + i * width_);
  }
}

void RowBlock::resize(Index rows) {
  check(rows <= capacity_);
  rows_ = rows;
}

void RowBlock::assign_scaled(const RowBlock& source, const double* weight) {
  rows_ = source.rows_;
  const double operations = static_cast<double>(padded_rows()) * static_cast<double>(padded_cols());
  parallel_for_work(n_panels_, operations, [&](Index i) {
    kernels::active().scale_panel_rows(source.panel(i), weight, padded_rows(), panel(i));
  });
}

namespace {

// At most this many parts, so that their sums stay small against the data; at least this many rows in each.
constexpr Index max_slots = 64, min_slot_rows = 1024;

Index slots_for(Index rows) { return std::clamp<Index>(rows / min_slot_rows, 1, max_slots); }

}  // namespace

RowPartition RowPartition::for_vectors(Index n_rows, Index cols) {
  // A block of up to 256 KiB: it stays in the second-level cache between packing and use.
  const Index rows = std::clamp<Index>(32768 / std::max<Index>(cols, 1), kernels::row_padding, 128);
  return {n_rows, slots_for(n_rows), round_up(rows, kernels::row_padding)};
}

RowPartition RowPartition::for_gram(Index n_rows, Index cols, double matrices, double most_bytes) {
  // Panels of so many rows are at hand again while they are multiplied (200 columns on Skylake, AVX2: 26.8 GFLOP/s with 256 rows, 32.5 so).
  constexpr Index block_rows = 128;
  // Of wide designs many parts, in a number that any number of threads shares well, or one.
  constexpr Index narrow_cols = 192, min_parts = 16;
  const double bytes = 4 * matrices * static_cast<double>(cols) * static_cast<double>(cols);
  const Index affordable = static_cast<Index>(std::min(most_bytes / bytes, 1.0 * max_slots));
  const Index parts = std::max<Index>(1, std::min(slots_for(n_rows), affordable));
  if (cols <= narrow_cols) return {n_rows, parts, block_rows};
  const auto power = static_cast<Index>(std::bit_floor(as_size(parts)));
  return {n_rows, power >= min_parts ? power : 1, block_rows};
}

void for_each_slot(const RowPartition& partition, double operations, const std::function<void(Index, Range)>& work) {
  parallel_for_work(partition.slots, operations, [&](Index i) { work(i, partition.slot(i)); });
}

}  // namespace crowfly
