// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "kernel_trials.hpp"

namespace crowfly::bindings {
namespace {

using kernels::KernelTable;
using kernels::Reduction;

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

Trial single_columns(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  Trial trial;
  trial.shape = text(n) + " points, " + text(features) + " features";
  trial.work = {Precision::float32, times(3, n, features), times(4, n, features) + times(4, features), 0};
  auto *query = trial.array<float>(features), *columns = trial.array<float>(n * features);
  trial.call = [=, kernel = t.single_columns[static_cast<int>(Reduction::squared_difference)]] {
    kernel(query, columns, features, -1.0F);
  };
  return trial;
}

Trial single_boxes(const KernelTable& t, Index features) {
  constexpr Index n = kernels::column_block;
  Trial trial;
  trial.shape = text(n) + " boxes, " + text(features) + " features";
  trial.work = {Precision::float32, times(6, n, features), times(8, n, features) + times(8, features), times(4, n)};
  auto *low = trial.array<float>(features), *high = trial.array<float>(features);
  auto *boxes = trial.array<float>(2 * n * features), *out = trial.array<float>(n);
  trial.call = [=, kernel = t.single_boxes[static_cast<int>(Reduction::squared_difference)]] {
    kernel({low, high}, boxes, features, -1.0F, out);
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
    {"single_columns squared_difference", 8, single_columns},
    {"single_boxes squared_difference", 8, single_boxes},
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
};

}  // namespace

std::span<const TrialEntry> neighbor_trials() noexcept { return entries; }

}  // namespace crowfly::bindings
