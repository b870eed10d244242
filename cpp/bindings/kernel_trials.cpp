// SPDX-License-Identifier: BSD-3-Clause
#include "kernel_trials.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace crowfly::bindings {
namespace {

using kernels::KernelTable;
using kernels::Reduction;

/// The trial's numbers are products of sizes.
template <class... Sizes>
double times(Sizes... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

std::string text(Index n) { return std::to_string(n); }

// --- Neighbours ---------------------------------------------------------------------------------------------------------

template <class Code>
const kernels::Lattice& lattice_of(const KernelTable& t) {
  return sizeof(Code) == 1 ? t.byte_lattice : t.word_lattice;
}

/// Thresholds that no value meets: what nearly every tile of a search sees.
template <class Code>
Trial lattice_scan(const KernelTable& t, Index size) {
  constexpr Index n_panels = 2 / static_cast<Index>(sizeof(Code));
  const kernels::Lattice& lattice = lattice_of<Code>(t);
  const Index rows = lattice.queries, cols = n_panels * lattice.points;
  const Index row_bytes = round_up(size * lattice.code_bytes, lattice.row_multiple),
              depth = row_bytes / lattice.code_bytes;
  Trial trial;
  trial.shape = text(rows) + " x " + text(cols) + ", depth " + text(depth);
  trial.work = {Precision::int8, times(2, rows, cols, depth), times(row_bytes, rows + cols) + times(4, rows + cols), 0};
  auto *queries = trial.array<Code>(depth * rows), *points = trial.array<Code>(depth * cols);
  auto *start = trial.array<std::int32_t>(cols), *thresholds = trial.array<std::int32_t>(rows);
  // Not among the trial's arrays: none is found, so their cache isn't touched.
  const auto hits = std::make_shared<AlignedBuffer<kernels::LatticeHit>>(lattice.max_hits());
  std::fill_n(thresholds, rows, 1 << 30);
  const kernels::LatticeScan scan{.queries = queries,
                                  .points = points,
                                  .start = start,
                                  .thresholds = thresholds,
                                  .row_bytes = row_bytes,
                                  .n_panels = n_panels,
                                  .step = 1,
                                  .hits = hits->data(),
                                  .capacity = lattice.max_hits()};
  trial.call = [scan, hits, kernel = lattice.scan] { kernel(scan); };
  return trial;
}

template <class Code, class T>
Trial lattice_round(const KernelTable& t, Index n) {
  const auto size = static_cast<Index>(sizeof(T)), code = static_cast<Index>(sizeof(Code));
  Trial trial;
  trial.shape = text(n) + " features";
  // Difference, scale, two bounds, two for the rounding, the way moved, three products with their sums, the offset.
  trial.work = {Precision::float64, times(14, n), times(size + 8, n), times(code, n)};
  auto* row = trial.array<T>(n);
  auto* centre = trial.array(round_up(n, kernels::row_padding));
  auto* codes = trial.array<Code>(round_up(n, kernels::row_padding));
  auto* sums = trial.array<kernels::LatticeSums>(1);
  const kernels::Lattice& lattice = lattice_of<Code>(t);
  trial.call = [=, kernel = size == 4 ? lattice.round_f32 : lattice.round_f64] {
    kernel(row, centre, 100.0, 127.0, 128.0, n, codes, sums);
  };
  return trial;
}

Trial lattice_round_single(const KernelTable& t, Index n) {
  Trial trial;
  trial.shape = text(n) + " features";
  trial.work = {Precision::float32, times(14, n), times(8, n), times(1, n)};
  auto* row = trial.array<float>(n);
  auto* centre = trial.array<float>(round_up(n, kernels::single_padding));
  auto* codes = trial.array<std::uint8_t>(round_up(n, kernels::single_padding));
  auto* sums = trial.array<kernels::LatticeSums>(1);
  trial.call = [=, kernel = t.byte_lattice.round_single] {
    kernel(row, centre, 100.0F, 127.0F, 128.0F, n, codes, sums);
  };
  return trial;
}

template <class T>
Trial distance_columns(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  const auto size = static_cast<Index>(sizeof(T));
  Trial trial;
  trial.shape = text(n) + " points, " + text(features) + " features";
  trial.work = {Precision::float64, times(3, n, features), times(size, n, features) + times(8, features), times(8, n)};
  auto* query = trial.array(features);
  auto* columns = trial.array<T>(n * features);
  auto* out = trial.array(n);
  constexpr auto reduction = static_cast<int>(Reduction::squared_difference);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.distance_columns_f32[reduction] : t.distance_columns_f64[reduction]] {
    kernel(query, columns, features, -1.0, out);
  };
  return trial;
}

Trial box_columns(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  Trial trial;
  trial.shape = text(n) + " boxes, " + text(features) + " features";
  trial.work = {Precision::float64, times(6, n, features), times(16, n, features) + times(8, features), times(8, n)};
  auto *query = trial.array(features), *boxes = trial.array(2 * n * features), *out = trial.array(n);
  trial.call = [=, kernel = t.box_columns[static_cast<int>(Reduction::squared_difference)]] {
    kernel(query, boxes, features, -1.0, out);
  };
  return trial;
}

Trial periodic_columns(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  Trial trial;
  trial.shape = text(n) + " points, " + text(features) + " features";
  trial.work = {Precision::float64, times(6, n, features), times(8, n, features) + times(16, features), times(8, n)};
  auto *query = trial.array(features), *columns = trial.array(n * features), *period = trial.array(features),
       *out = trial.array(n);
  trial.call = [=, kernel = t.periodic_columns[static_cast<int>(Reduction::squared_difference)]] {
    kernel(query, columns, period, features, -1.0, out);
  };
  return trial;
}

Trial periodic_boxes(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  Trial trial;
  trial.shape = text(n) + " boxes, " + text(features) + " features";
  trial.work = {Precision::float64, times(12, n, features), times(16, n, features) + times(16, features), times(8, n)};
  auto *query = trial.array(features), *boxes = trial.array(2 * n * features), *period = trial.array(features),
       *out = trial.array(n);
  trial.call = [=, kernel = t.periodic_boxes[static_cast<int>(Reduction::squared_difference)]] {
    kernel(query, boxes, period, features, -1.0, out);
  };
  return trial;
}

Trial periodic_rows(const KernelTable& t, Index depth) {
  constexpr Index rows = 32;
  Trial trial;
  trial.shape = text(rows) + " rows, depth " + text(depth);
  trial.work = {Precision::float64, times(6, rows, depth), times(8, rows + 2, depth), times(8, rows)};
  auto *query = trial.array(depth), *points = trial.array(rows * depth), *period = trial.array(depth),
       *out = trial.array(rows);
  trial.call = [=, kernel = t.periodic_rows[static_cast<int>(Reduction::squared_difference)]] {
    kernel(query, points, period, rows, depth, out);
  };
  return trial;
}

/// Powers are timed at p = 3, by repeated squaring: the difference, then two times a product and a square.
template <Reduction reduction>
Trial distance_rows(const KernelTable& t, Index size) {
  constexpr Index rows = 32, group = 4;
  constexpr int operations = reduction == Reduction::squared_difference ? 3
                             : reduction == Reduction::power_difference ? 6
                                                                        : 2;
  const Index depth = round_up(size, kernels::distance_lanes);
  Trial trial;
  trial.shape = text(rows) + " rows, depth " + text(depth);
  trial.work = {Precision::float64, times(operations, rows, depth), times(8, rows + rows / group, depth),
                times(8, rows)};
  auto *query = trial.array(depth), *points = trial.array(rows * depth), *out = trial.array(rows);
  trial.call = [=, kernel = t.distance_rows[static_cast<int>(reduction)]] {
    kernel(query, points, rows, depth, 3.0, out);
  };
  return trial;
}

/// A query and `n` rows as a caller stores them, with the work of measuring the squares between them.
template <class T>
struct StoredRows {
  StoredRows(Trial& trial, Index n, Index features)
      : query(trial.array(round_up(features, kernels::distance_lanes))),
        points(trial.array<T>(n * features)),
        out(trial.array(n)) {
    trial.shape = text(n) + " rows, " + text(features) + " features";
    trial.work = {Precision::float64, times(3, n, features), times(sizeof(T), n, features) + times(8, features),
                  times(8, n)};
  }
  double* query;
  T* points;
  double* out;
};

template <class T>
Trial stored_distance(const KernelTable& t, Index features) {
  constexpr Index n = 32, size = sizeof(T);
  Trial trial;
  const StoredRows<T> rows(trial, n, features);
  constexpr auto reduction = static_cast<int>(Reduction::squared_difference);
  trial.call = [=, kernel = size == 4 ? t.stored_distance_f32[reduction] : t.stored_distance_f64[reduction]] {
    kernel(rows.query, rows.points, features * size, n, features, 2.0, rows.out);
  };
  return trial;
}

template <class T>
Trial picked_squares(const KernelTable& t, Index features) {
  constexpr Index n = 8;
  Trial trial;
  const StoredRows<T> rows(trial, n, features);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.picked_squares_f32 : t.picked_squares_f64] {
    std::array<const void*, n> addresses;
    for (Index r = 0; r < n; ++r) addresses[static_cast<std::size_t>(r)] = rows.points + r * features;
    kernel(rows.query, addresses.data(), n, features, rows.out);
  };
  return trial;
}

// --- Packed row blocks --------------------------------------------------------------------------------------------------

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

// --- Logistic losses ----------------------------------------------------------------------------------------------------
// Operations of the bodies in logistic_kernel.inl.hpp; what works in place stays in its range when repeated.

constexpr int exponential_operations = 44, log_one_plus_operations = 39;
constexpr int logistic_operations = exponential_operations + log_one_plus_operations + 14;

Trial logistic_terms(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " rows";
  trial.work = {Precision::float64, times(logistic_operations, n), times(24, n), times(16, n)};
  auto *eta = trial.array(n), *sign = trial.array(n), *weight = trial.array(n);
  auto *residual = trial.array(n), *curvature = trial.array(n);
  for (Index k = 0; k < n; ++k) sign[k] = k % 3 == 0 ? -1.0 : 1.0;
  trial.call = [=, kernel = t.logistic_terms] { kernel(eta, sign, weight, n, residual, curvature); };
  return trial;
}

/// The logarithm of each row's sum is the C library's and not counted.
Trial softmax(const KernelTable& t, Index size) {
  constexpr Index classes = 8;
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " rows, " + text(classes) + " classes";
  trial.work = {Precision::float64, times(exponential_operations + 4, classes, n), times(24, classes, n),
                times(16, classes, n) + times(8, n)};
  auto *eta = trial.array(classes * n), *log_sum = trial.array(n);
  trial.call = [=, kernel = t.softmax] { kernel(eta, classes, n, log_sum); };
  return trial;
}

template <class T>
Trial finite_max_abs(const KernelTable& t, Index n) {
  Trial trial;
  trial.shape = text(n) + " values";
  trial.work = {Precision::float64, times(3, n), times(static_cast<Index>(sizeof(T)), n), 0};
  const auto* values = trial.array<T>(n);
  auto* out = trial.array(1);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.finite_max_abs_f32 : t.finite_max_abs_f64] { *out = kernel(values, n); };
  return trial;
}

Trial in_place(void (*kernel)(double*, Index), int operations, Index size) {
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " values";
  trial.work = {Precision::float64, times(operations, n), times(8, n), times(8, n)};
  auto* values = trial.array(n);
  trial.call = [=] { kernel(values, n); };
  return trial;
}

Trial exponential(const KernelTable& t, Index n) { return in_place(t.exponential, exponential_operations, n); }
Trial log_one_plus(const KernelTable& t, Index n) { return in_place(t.log_one_plus, log_one_plus_operations, n); }

// --- The machine's limits -----------------------------------------------------------------------------------------------

template <Precision precision>
Trial fma_chain(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::fma_multiple);
  Trial trial;
  trial.shape = text(n) + " multiply-adds";
  trial.work = {precision, times(2, n), 0, 0};
  trial.call = [=, kernel = precision == Precision::float32 ? t.fma_chain_f32 : t.fma_chain_f64] { kernel(n); };
  return trial;
}

Trial byte_chain(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::byte_multiple);
  Trial trial;
  trial.shape = text(n) + " products";
  trial.work = {Precision::int8, times(2, n), 0, 0};
  trial.call = [=, kernel = t.byte_chain] { kernel(n); };
  return trial;
}

Trial read_stream(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::stream_multiple);
  Trial trial;
  trial.shape = text(n) + " doubles";
  trial.work = {Precision::float64, times(n), times(8, n), 0};
  const auto* values = trial.array(n);
  trial.call = [=, kernel = t.read_stream] { kernel(values, n); };
  return trial;
}

Trial write_stream(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::stream_multiple);
  Trial trial;
  trial.shape = text(n) + " doubles";
  trial.work = {Precision::float64, 0, 0, times(8, n)};
  auto* target = trial.array(n);
  trial.call = [=, kernel = t.write_stream] { kernel(1.0, n, target); };
  return trial;
}

// --- The list -----------------------------------------------------------------------------------------------------------

const TrialEntry entries[] = {
    {"lattice_scan byte", 16, lattice_scan<std::uint8_t>},
    {"lattice_scan byte", 128, lattice_scan<std::uint8_t>},
    {"lattice_scan byte", 256, lattice_scan<std::uint8_t>},
    {"lattice_scan word", 128, lattice_scan<std::int16_t>},
    {"lattice_scan word", 256, lattice_scan<std::int16_t>},
    {"lattice_round_f32 byte", 128, lattice_round<std::uint8_t, float>},
    {"lattice_round_f64 byte", 128, lattice_round<std::uint8_t, double>},
    {"lattice_round_single byte", 128, lattice_round_single},
    {"lattice_round_f32 word", 128, lattice_round<std::int16_t, float>},
    {"lattice_round_f64 word", 128, lattice_round<std::int16_t, double>},
    {"distance_columns_f32 squared_difference", 3, distance_columns<float>},
    {"distance_columns_f64 squared_difference", 3, distance_columns<double>},
    {"box_columns squared_difference", 3, box_columns},
    {"distance_rows squared_difference", 64, distance_rows<Reduction::squared_difference>},
    {"distance_rows absolute_difference", 64, distance_rows<Reduction::absolute_difference>},
    {"distance_rows maximum_difference", 64, distance_rows<Reduction::maximum_difference>},
    {"distance_rows power_difference", 64, distance_rows<Reduction::power_difference>},
    {"periodic_rows squared_difference", 64, periodic_rows},
    {"periodic_columns squared_difference", 3, periodic_columns},
    {"periodic_boxes squared_difference", 3, periodic_boxes},
    {"stored_distance_f32 squared_difference", 64, stored_distance<float>},
    {"stored_distance_f64 squared_difference", 64, stored_distance<double>},
    {"picked_squares_f32", 64, picked_squares<float>},
    {"picked_squares_f64", 64, picked_squares<double>},
    {"gram_tile", 64, gram_tile},
    {"gram_panel", 64, gram_panel<false>},
    {"gram_diagonal", 64, gram_panel<true>},
    {"coarse_pack", 32, coarse_pack},
    {"coarse_tile", 32, coarse_tile<false>},
    {"coarse_diagonal", 32, coarse_tile<true>},
    {"pack_rows_f32", 64, pack_rows<float>},
    {"pack_rows_f64", 64, pack_rows<double>},
    {"panel_times_vector", 96, panel_times_vector},
    {"panel_transposed_times_vector", 96, panel_transposed_times_vector},
    {"rows_times_vector_f32", 24, shifted_rows<float, false>},
    {"rows_times_vector_f64", 24, shifted_rows<double, false>},
    {"rows_transposed_times_vector_f32", 24, shifted_rows<float, true>},
    {"rows_transposed_times_vector_f64", 24, shifted_rows<double, true>},
    {"panel_times_pair", 96, panel_times_pair},
    {"panel_transposed_times_pair", 96, panel_transposed_times_pair},
    {"grid_times_columns", 96, grid_times_columns},
    {"grid_times_rows", 96, grid_times_rows},
    {"grid_gram_panel", 48, grid_gram<false>},
    {"grid_gram_diagonal", 48, grid_gram<true>},
    {"scale_pairs", 512, scale_pairs},
    {"panel_max_abs", 96, panel_max_abs},
    {"finite_max_abs_f32", 2048, finite_max_abs<float>},
    {"finite_max_abs_f64", 2048, finite_max_abs<double>},
    {"scale_panel_rows", 64, scale_panel_rows},
    {"logistic_terms", 512, logistic_terms},
    {"softmax", 256, softmax},
    {"exponential", 1024, exponential},
    {"log_one_plus", 1024, log_one_plus},
};

const TrialEntry probes[] = {
    {"fma_chain_f32", 192'000, fma_chain<Precision::float32>},
    {"fma_chain_f64", 192'000, fma_chain<Precision::float64>},
    {"byte_chain", 786'432, byte_chain},
    {"read_stream", 3072, read_stream},
    {"write_stream", 3072, write_stream},
};

}  // namespace

std::span<const TrialEntry> kernel_trials() noexcept { return entries; }
std::span<const TrialEntry> probe_trials() noexcept { return probes; }

}  // namespace crowfly::bindings
