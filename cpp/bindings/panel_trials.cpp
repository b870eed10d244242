// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdint>

#include "kernel_trials.hpp"

namespace crowfly::bindings {
namespace {

using kernels::KernelTable;

Trial gram_tile(const KernelTable& t, Index rows) {
  const Index m = t.gram_rows, width = t.panel_width;
  Trial trial;
  trial.shape = text(m) + " x " + text(width) + ", " + text(rows) + " rows";
  trial.work = {Precision::float64, times(2, m, width, rows), times(8, m * width + (m + width) * rows),
                times(8, m, width)};
  auto *a = trial.array(rows * width), *b = trial.array(rows * width), *c = trial.array(m * width);
  trial.call = [=, kernel = t.gram_tile] { kernel(a, b, rows, c, width); };
  return trial;
}

template <bool diagonal>
Trial gram_panel(const KernelTable& t, Index rows) {
  const Index width = t.panel_width, products = diagonal ? width * (width + 1) / 2 : width * width;
  Trial trial;
  trial.shape = text(width) + " x " + text(width) + ", " + text(rows) + " rows";
  trial.work = {Precision::float64, times(2, products, rows), times(8, width * width + 2 * width * rows),
                times(8, width, width)};
  auto *a = trial.array(rows * width), *b = diagonal ? a : trial.array(rows * width), *c = trial.array(width * width);
  trial.call = [=, kernel = diagonal ? t.gram_diagonal : t.gram_panel] { kernel(a, b, rows, width, c, width); };
  return trial;
}

Trial solve_block(const KernelTable& t, Index blocks) {
  const Index width = t.panel_width;
  Trial trial;
  trial.shape = text(blocks) + " of " + text(width) + " x " + text(width);
  trial.work = {Precision::float64, times(blocks, width, width, width), times(8, (blocks + 1) * width, width),
                times(8, blocks * width, width)};
  auto *triangle = trial.array(width * width), *target = trial.array(blocks * width * width);
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j < width; ++j) triangle[i * width + j] = i == j ? 1 : 0;
  }
  trial.call = [=, kernel = t.solve_block] {
    for (Index b = 0; b < blocks; ++b) kernel(triangle, target + b * width * width);
  };
  return trial;
}

Trial coarse_pack(const KernelTable& t, Index size) {
  const kernels::CoarseGram& coarse = t.coarse_gram;
  const Index rows = round_up(size, coarse.rows), width = t.panel_width, n_panels = (coarse.cols + width - 1) / width;
  Trial trial;
  trial.shape = text(rows) + " rows of " + text(coarse.cols);
  trial.work = {Precision::float64, times(rows, coarse.cols), times(8, rows, coarse.cols),
                times(rows, coarse.row_bytes)};
  auto *panels = trial.array(n_panels * rows * width), *weight = trial.array(rows);
  auto* out = trial.array<std::uint8_t>(rows * coarse.row_bytes);
  trial.call = [=, kernel = coarse.coarse_pack] { kernel(panels, rows * width, n_panels, 0, weight, rows, out); };
  return trial;
}

/// Products of bfloat16 are measured by the limit of those of bytes, which are twice as fast.
template <bool diagonal>
Trial coarse_tile(const KernelTable& t, Index size) {
  const kernels::CoarseGram& coarse = t.coarse_gram;
  const Index rows = round_up(size, coarse.rows), cols = coarse.cols;
  Trial trial;
  trial.shape = text(cols) + " x " + text(cols) + ", " + text(rows) + " rows";
  trial.work = {coarse.unit > 0x1p-20 ? Precision::int8 : Precision::float32,
                times(diagonal ? 1 : 2, cols, diagonal ? cols + 1 : cols, rows),
                times(2, rows, coarse.row_bytes) + times(4, cols, cols), times(4, cols, cols)};
  auto *a = trial.array<std::uint8_t>(rows * coarse.row_bytes), *b = trial.array<std::uint8_t>(rows * coarse.row_bytes);
  auto* c = trial.array<float>(cols * cols);
  trial.call = [=, kernel = diagonal ? coarse.coarse_diagonal : coarse.coarse_tile] {
    kernel(a, b, rows, cols, c, cols);
  };
  return trial;
}

template <class T>
Trial pack_rows(const KernelTable& t, Index rows) {
  const Index width = t.panel_width, stride = width * static_cast<Index>(sizeof(T));
  Trial trial;
  trial.shape = text(rows) + " rows of " + text(width);
  trial.work = {Precision::float64, times(2, rows, width), times(stride, rows), times(8, rows, width)};
  auto *shift = trial.array(width), *scale = trial.array(width), *panel = trial.array(rows * width);
  auto* source = trial.array<T>(rows * width);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.pack_rows_f32 : t.pack_rows_f64] {
    kernel(source, stride, rows, width, shift, scale, panel);
  };
  return trial;
}

template <class T>
Trial pack_columns(const KernelTable& t, Index rows) {
  const Index width = t.panel_width, size = static_cast<Index>(sizeof(T));
  Trial trial;
  trial.shape = text(rows) + " rows of " + text(width);
  trial.work = {Precision::float64, times(2, rows, width), times(size, rows, width), times(8, rows, width)};
  auto *shift = trial.array(width), *scale = trial.array(width), *panel = trial.array(rows * width);
  auto* source = trial.array<T>(rows * width);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.pack_columns_f32 : t.pack_columns_f64] {
    kernel(source, rows * size, rows, width, shift, scale, panel);
  };
  return trial;
}

/// A trial with one panel; `operations` per element, `row_bytes` stored per row, `column_bytes` per column, both also loaded.
Trial panel_trial(const KernelTable& t, Index rows, int operations, Index row_bytes, Index column_bytes) {
  Trial trial;
  trial.shape = text(rows) + " rows of " + text(t.panel_width);
  trial.work = {Precision::float64, times(operations, rows, t.panel_width),
                times(8, rows, t.panel_width) + times(8, rows + t.panel_width),
                times(row_bytes, rows) + times(column_bytes, t.panel_width)};
  return trial;
}

Trial panel_times_vector(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, 2, 8, 0);
  auto *panel = trial.array(rows * t.panel_width), *coef = trial.array(t.panel_width), *out = trial.array(rows);
  trial.call = [=, kernel = t.panel_times_vector] { kernel(panel, coef, rows, out); };
  return trial;
}

Trial panel_transposed_times_vector(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, 2, 0, 8);
  auto *panel = trial.array(rows * t.panel_width), *weight = trial.array(rows), *out = trial.array(t.panel_width);
  trial.call = [=, kernel = t.panel_transposed_times_vector] { kernel(panel, weight, rows, out); };
  return trial;
}

/// A subtraction and a multiply-add per number, in the caller's memory.
template <class T, bool transposed>
Trial shifted_rows(const KernelTable& t, Index n_rows) {
  constexpr Index cols = 100;
  Trial trial;
  trial.shape = text(n_rows) + " rows of " + text(cols);
  trial.work = {Precision::float64, times(3, n_rows, cols), times(static_cast<Index>(sizeof(T)), n_rows, cols), 0};
  const Index padded = round_up(cols, kernels::row_padding);
  auto* source = trial.array<T>(n_rows * cols);
  auto *shift = trial.array(padded), *factors = trial.array(std::max(padded, n_rows)),
       *out = trial.array(std::max(padded, n_rows));
  constexpr bool single = sizeof(T) == sizeof(float);
  const auto kernel = transposed ? (single ? t.rows_transposed_times_vector_f32 : t.rows_transposed_times_vector_f64)
                                 : (single ? t.rows_times_vector_f32 : t.rows_times_vector_f64);
  trial.call = [=] { kernel({source, cols * static_cast<Index>(sizeof(T)), n_rows, cols, shift}, factors, out); };
  return trial;
}

/// The same, columns being contiguous.
template <class T, bool transposed>
Trial shifted_columns(const KernelTable& t, Index n_rows) {
  constexpr Index cols = 100;
  Trial trial;
  trial.shape = text(n_rows) + " rows of " + text(cols);
  trial.work = {Precision::float64, times(3, n_rows, cols), times(static_cast<Index>(sizeof(T)), n_rows, cols), 0};
  const Index padded = round_up(cols, kernels::row_padding), most = std::max(padded, n_rows + kernels::row_padding);
  auto* source = trial.array<T>(n_rows * cols);
  auto *shift = trial.array(padded), *factors = trial.array(most), *out = trial.array(most);
  constexpr bool single = sizeof(T) == sizeof(float);
  const auto kernel = transposed
                          ? (single ? t.columns_transposed_times_vector_f32 : t.columns_transposed_times_vector_f64)
                          : (single ? t.columns_times_vector_f32 : t.columns_times_vector_f64);
  trial.call = [=] { kernel({source, n_rows * static_cast<Index>(sizeof(T)), n_rows, cols, shift}, factors, out); };
  return trial;
}

/// An exact product, an exact sum and two roundings more per entry: 13 operations, one of them a multiply-add that counts twice.
constexpr Index pair_operations = 14;

Trial panel_times_pair(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, pair_operations, 16, 0);
  auto *panel = trial.array(rows * t.panel_width), *high = trial.array(t.panel_width),
       *low = trial.array(t.panel_width);
  auto *out_high = trial.array(rows), *out_low = trial.array(rows);
  trial.call = [=, kernel = t.panel_times_pair] { kernel(panel, high, low, rows, out_high, out_low); };
  return trial;
}

Trial panel_transposed_times_pair(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, pair_operations, 0, 16);
  auto *panel = trial.array(rows * t.panel_width), *high = trial.array(rows), *low = trial.array(rows);
  auto *out_high = trial.array(t.panel_width), *out_low = trial.array(t.panel_width);
  trial.call = [=, kernel = t.panel_transposed_times_pair] { kernel(panel, high, low, rows, out_high, out_low); };
  return trial;
}

/// Products cut at a grid: two additions and three multiply-adds per entry and vector of pairs, two of each of doubles.
constexpr Index grid_operations = 8, grid_gram_operations = 6, grid_vectors = 4;

Trial grid_times_columns(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, grid_operations * grid_vectors, 16 * grid_vectors, 0);
  rows = round_up(rows, kernels::row_padding);
  auto *panel = trial.array(rows * t.panel_width), *factors = trial.array(2 * grid_vectors * t.panel_width),
       *grid = trial.array(grid_vectors), *out = trial.array(2 * grid_vectors * rows);
  trial.call = [=, kernel = t.grid_times_columns, width = t.panel_width] {
    kernel(panel, {factors, factors + grid_vectors * width, grid, width, grid_vectors}, rows,
           {out, out + grid_vectors * rows, rows});
  };
  return trial;
}

Trial grid_times_rows(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, grid_operations * grid_vectors, 0, 16 * grid_vectors);
  rows = round_up(rows, kernels::row_padding);
  auto *panel = trial.array(rows * t.panel_width), *factors = trial.array(2 * grid_vectors * rows),
       *grid = trial.array(grid_vectors), *out = trial.array(2 * grid_vectors * t.panel_width);
  trial.call = [=, kernel = t.grid_times_rows, width = t.panel_width] {
    kernel(panel, {factors, factors + grid_vectors * rows, grid, rows, grid_vectors}, rows,
           {out, out + grid_vectors * width, width});
  };
  return trial;
}

template <bool diagonal>
Trial grid_gram(const KernelTable& t, Index rows) {
  const Index width = t.panel_width, products = diagonal ? width * (width + 1) / 2 : width * width;
  Trial trial;
  trial.shape = text(width) + " x " + text(width) + ", " + text(rows) + " rows";
  trial.work = {Precision::float64, times(grid_gram_operations, products, rows),
                times(16, width * width + width * rows), times(16, width, width)};
  auto *a = trial.array(rows * width), *b = diagonal ? a : trial.array(rows * width), *start = trial.array(2 * width),
       *out = trial.array(2 * width * width);
  trial.call = [=, kernel = diagonal ? t.grid_gram_diagonal : t.grid_gram_panel] {
    kernel(a, b, rows, width, {start, start + width}, {out, out + width * width, width});
  };
  return trial;
}

Trial scale_pairs(const KernelTable& t, Index n) {
  Trial trial;
  trial.shape = text(n) + " values";
  trial.work = {Precision::float64, times(pair_operations, n), times(24, n), times(16, n)};
  auto *weight = trial.array(n), *high = trial.array(n), *low = trial.array(n);
  trial.call = [=, kernel = t.scale_pairs] { kernel(weight, n, high, low); };
  return trial;
}

Trial panel_max_abs(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, 1, 0, 8);
  auto *panel = trial.array(rows * t.panel_width), *out = trial.array(t.panel_width);
  trial.call = [=, kernel = t.panel_max_abs] { kernel(panel, rows, out); };
  return trial;
}

Trial scale_panel_rows(const KernelTable& t, Index rows) {
  Trial trial = panel_trial(t, rows, 1, 8 * t.panel_width, 0);
  auto *panel = trial.array(rows * t.panel_width), *weight = trial.array(rows);
  auto* target = trial.array(rows * t.panel_width);
  trial.call = [=, kernel = t.scale_panel_rows] { kernel(panel, weight, rows, target); };
  return trial;
}

const TrialEntry entries[] = {
    {"gram_tile", 64, gram_tile},
    {"gram_panel", 64, gram_panel<false>},
    {"gram_diagonal", 64, gram_panel<true>},
    {"solve_block", 2, solve_block},
    {"coarse_pack", 32, coarse_pack},
    {"coarse_tile", 32, coarse_tile<false>},
    {"coarse_diagonal", 32, coarse_tile<true>},
    {"pack_rows_f32", 64, pack_rows<float>},
    {"pack_rows_f64", 64, pack_rows<double>},
    {"pack_columns_f32", 64, pack_columns<float>},
    {"pack_columns_f64", 64, pack_columns<double>},
    {"panel_times_vector", 96, panel_times_vector},
    {"panel_transposed_times_vector", 96, panel_transposed_times_vector},
    {"rows_times_vector_f32", 24, shifted_rows<float, false>},
    {"rows_times_vector_f64", 24, shifted_rows<double, false>},
    {"rows_transposed_times_vector_f32", 24, shifted_rows<float, true>},
    {"rows_transposed_times_vector_f64", 24, shifted_rows<double, true>},
    {"columns_times_vector_f32", 24, shifted_columns<float, false>},
    {"columns_times_vector_f64", 24, shifted_columns<double, false>},
    {"columns_transposed_times_vector_f32", 24, shifted_columns<float, true>},
    {"columns_transposed_times_vector_f64", 24, shifted_columns<double, true>},
    {"panel_times_pair", 96, panel_times_pair},
    {"panel_transposed_times_pair", 96, panel_transposed_times_pair},
    {"grid_times_columns", 96, grid_times_columns},
    {"grid_times_rows", 96, grid_times_rows},
    {"grid_gram_panel", 48, grid_gram<false>},
    {"grid_gram_diagonal", 48, grid_gram<true>},
    {"scale_pairs", 512, scale_pairs},
    {"panel_max_abs", 96, panel_max_abs},
    {"scale_panel_rows", 64, scale_panel_rows},
};

}  // namespace

std::span<const TrialEntry> panel_trials() noexcept { return entries; }

}  // namespace crowfly::bindings
