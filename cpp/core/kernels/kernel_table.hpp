// SPDX-License-Identifier: BSD-3-Clause
// The contract between drivers and kernels: one table per instruction set, chosen once at load. Everything in it works on packed, 64-byte aligned,
// padded buffers with sizes that are multiples of the tile, so no kernel has a remainder loop. Kernels don't allocate, throw or start threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crowfly::kernels {

using Index = std::ptrdiff_t;

template <int n>
struct Constant {
  static constexpr int value = n;
};

/// Lanes of the documented summation order of distances (docs/design/neighbors.md), the same on every instruction set.
inline constexpr Index distance_lanes = 8;

/// Arrays of one value per row are padded to a multiple of this many entries.
inline constexpr Index row_padding = 8;
/// Likewise, in float32 arithmetic.
inline constexpr Index single_padding = 16;

/// The probes of the machine's limits work on multiples of so many multiply-adds, and of so many doubles.
inline constexpr Index fma_multiple = 192;
inline constexpr Index byte_multiple = 98304;
inline constexpr Index stream_multiple = 64;

/// Points of a block that is stored by column.
inline constexpr Index column_block = 16;

/// Sums behind the metrics, before any root is taken. The first three are monotone in every difference, operation by operation.
enum class Reduction : int { squared_difference, absolute_difference, maximum_difference, power_difference };
inline constexpr int n_reductions = 4, n_monotone_reductions = 3;

/// What rounding a row to the lattice tells, in squared steps: of the integers, and of the way each moved. Sums of up to 2^20 terms carry
/// a relative error below 2^-32, those of float32 arithmetic below 2^-13; the first is exact.
struct LatticeSums {
  double squares, moved;
};

/// A pair whose sum reaches the query's threshold. `place` counts points from the first panel of the scan, whichever panels it looks at.
struct LatticeHit {
  std::int32_t value, query, place;
};

/// One panel of queries, and panels of points one after another, of which every `step`-th is looked at.
///   queries: [row_bytes / group][queries][group bytes]; points: [n_panels][row_bytes / 4][points][4 bytes]; start: [n_panels][points];
///   thresholds: one per query; hits: room for `capacity`, at least max_hits() of the lattice.
struct LatticeScan {
  const void* queries;
  const void* points;
  const std::int32_t* start;
  const std::int32_t* thresholds;
  Index row_bytes;
  Index n_panels;
  Index step;
  LatticeHit* hits;
  Index capacity;
};

/// The first panel that was not looked at, for want of room for its hits; a panel beyond the last otherwise.
struct LatticeFound {
  Index next_panel;
  Index n_hits;
};

/// The lattice filter: sums of products of integers from -levels to levels, in tiles of `queries` x `points` (at most 64 points). Those of queries are stored as they
/// are, those of points with `offset` added, in `code_bytes` bytes each (1: then unsigned; or 2), in rows of a multiple of `row_multiple` bytes.
struct Lattice {
  Index queries;
  Index points;
  Index code_bytes;
  Index row_multiple;
  Index group;  ///< bytes
  Index levels;
  Index offset;
  Index speed;  ///< products at a time, compared with words

  /// Three tiles: one may be multiplied while the hits of two aren't taken.
  [[nodiscard]] constexpr Index max_hits() const noexcept { return 3 * queries * points; }

  /// value(i, j) = start[j] + q_i . (x_j + offset), exactly, in 32 bits; the caller sees to it that nothing overflows, differences from thresholds neither. Hits are
  /// the pairs with value(i, j) >= thresholds[i], panel by panel, query by query. At least one panel is looked at.
  /// To be called between enter and leave on the same thread, with no code of others in between: see LatticeScope.
  LatticeFound (*scan)(const LatticeScan& scan);
  using ThreadState = void (*)();
  ThreadState enter;
  ThreadState leave;

  /// codes[j] = (row[j] - centre[j]) * inverse_step, rounded to an integer, at most `largest` in magnitude, plus offset; what the rounding did goes to
  /// `sums`. `centre` and `codes` are padded to a multiple of row_padding entries, centre with zeros; past the features up to there, codes of zero may be
  /// written.
  using Round = void (*)(const void* row, const double* centre, double inverse_step, double largest, double offset,
                         Index n_features, void* codes, LatticeSums* sums);
  Round round_f32;
  Round round_f64;
  /// The same in float32 arithmetic, with single_padding. Null where codes are words.
  using RoundSingle = void (*)(const float* row, const float* centre, float inverse_step, float largest, float offset,
                               Index n_features, void* codes, LatticeSums* sums);
  RoundSingle round_single;
};

/// Sums of products of columns in low precision: the matrix of a Newton step that need only contract. Columns come in panels of `cols`, rows in multiples of `rows`.
struct CoarseGram {
  Index cols;
  Index rows;
  Index row_bytes;  ///< of a packed panel, per row
  double unit;      ///< relative rounding of a packed number
  double speed;     ///< multiply-adds, roughly, that take as long as reading and widening a number of the caller's

  /// Packs columns [first, first + cols) of a packed row block, row k times weight[k]: `panels` of panel_width columns each, `stride` numbers apart, `n_panels` of them; columns
  /// past the last panel and rows past n_rows (a multiple of row_padding), up to a multiple of `rows`, become zero. Products of numbers and weights must be in float32's range.
  void (*coarse_pack)(const double* panels, Index stride, Index n_panels, Index first, const double* weight,
                      Index n_rows, void* out);
  /// c[i * c_stride + j] += sum over k of left[k][i] * right[k][j], at least for j < `cols`, for packed panels of n_rows, a multiple of `rows`; in float32.
  /// To be called between enter and leave on the same thread, with no code of others in between: see TileScope.
  using Tile = void (*)(const void* left, const void* right, Index n_rows, Index cols, float* c, Index c_stride);
  Tile coarse_tile;
  /// Of a panel with itself, at least where i <= j.
  Tile coarse_diagonal;
  Lattice::ThreadState enter;
  Lattice::ThreadState leave;
};

/// `count` vectors of pairs, `stride` numbers apart. Sums of products with vector t are cut at the last place of grid[t], 1.5 times a power of two.
struct GridFactors {
  const double* high;
  const double* low;
  const double* grid;
  Index stride;
  Index count;
};
/// Sums of products of column i of one panel with column j of another begin at left[i] right[j], 1.5 times a power of two.
struct GridStart {
  const double* left;
  const double* right;
};
struct PairTargets {
  double* high;
  double* low;
  Index stride;
};

/// Rows in the caller's memory, `row_stride` bytes apart, the elements of each contiguous; `shift` is padded with zeros to a multiple of row_padding entries.
struct ShiftedRows {
  const void* source;
  Index row_stride;
  Index n_rows;
  Index cols;
  const double* shift;
};

/// The same where columns are `col_stride` bytes apart and the elements of each contiguous.
struct ShiftedColumns {
  const void* source;
  Index col_stride;
  Index n_rows;
  Index cols;
  const double* shift;
};

/// Of pairs that were scaled: the sum of weight times square, and the largest magnitude times weight.
struct PairSums {
  double squares, max_abs;
};

/// Rounding of a difference, a square and n sums in float32, twice over, and what squares lose below the normal numbers, four times.
[[nodiscard]] constexpr double single_error(Index n_features) noexcept {
  return 0x1p-23 * static_cast<double>(n_features + 3);
}
[[nodiscard]] constexpr double single_underflow(Index n_features) noexcept {
  return 0x1p-148 * static_cast<double>(n_features + 1);
}

/// A query, feature by feature between two float32 numbers: the same, if it is made of such.
struct SingleQuery {
  const float* low;
  const float* high;
};

struct KernelTable {
  const char* name;

  /// Coarse and quick, or finer (13 times at 256 features, less the more there are) at half the speed.
  Lattice byte_lattice;
  Lattice word_lattice;

  /// out[i] = the reduction over all features of query - point i, in float64, in the documented order, for column_block points.
  ///   columns: [n_features][column_block].
  /// Returns bit i set where out[i] <= limit.
  using DistanceColumns = std::uint64_t (*)(const double* query, const void* columns, Index n_features, double limit,
                                            double* out);
  DistanceColumns distance_columns_f32[n_monotone_reductions];
  DistanceColumns distance_columns_f64[n_monotone_reductions];

  /// out[i] = a lower bound of the same for every point between the corners of box i: of what distance_columns computes, not just of the real number.
  ///   boxes: [n_features][2][column_block], low corners and high corners.
  using BoxColumns = std::uint64_t (*)(const double* query, const double* boxes, Index n_features, double limit,
                                       double* out);
  BoxColumns box_columns[n_monotone_reductions];

  /// The same two in float32, features in any order: for points, whose query must be made of float32 numbers, an estimate; for boxes one of the lower bound. Both are rounded by no more than
  /// single_error(n_features) of themselves and single_underflow(n_features), unless they overflow.
  using SingleColumns = std::uint64_t (*)(const float* query, const float* columns, Index n_features, float limit);
  SingleColumns single_columns[n_monotone_reductions];
  using SingleBoxes = std::uint64_t (*)(SingleQuery query, const float* boxes, Index n_features, float limit,
                                        float* out);
  SingleBoxes single_boxes[n_monotone_reductions];

  /// out[i] = the reduction over all features of query - rows[i], in float64, in the documented order.
  ///   query: depth values; rows: [n_rows][depth]; depth a multiple of distance_lanes, padded with zeros on both sides.
  /// `power` is read by power_difference only.
  using DistanceRows = void (*)(const double* query, const double* rows, Index n_rows, Index depth, double power,
                                double* out);
  DistanceRows distance_rows[n_reductions];

  /// The same in a box that repeats: of every difference d and period L, the smaller of |d| and L - |d|. Coordinates lie in [0, L); L is infinite where space is
  /// open, and in the padding.
  ///   period: depth values.
  using PeriodicRows = void (*)(const double* query, const double* rows, const double* period, Index n_rows,
                                Index depth, double* out);
  PeriodicRows periodic_rows[n_monotone_reductions];

  /// distance_columns and box_columns likewise.
  using PeriodicColumns = std::uint64_t (*)(const double* query, const double* columns, const double* period,
                                            Index n_features, double limit, double* out);
  PeriodicColumns periodic_columns[n_monotone_reductions];
  PeriodicColumns periodic_boxes[n_monotone_reductions];

  /// The same of rows as the caller stores them: `n_features` contiguous elements, `row_stride` bytes apart. The query is padded as above.
  using StoredDistance = void (*)(const double* query, const void* rows, Index row_stride, Index n_rows,
                                  Index n_features, double power, double* out);
  StoredDistance stored_distance_f32[n_reductions];
  StoredDistance stored_distance_f64[n_reductions];

  /// The sums of squares, of rows from anywhere, given by their addresses: what the lattice leaves to be computed.
  using PickedSquares = void (*)(const double* query, const void* const* rows, Index n_rows, Index n_features,
                                 double* out);
  PickedSquares picked_squares_f32;
  PickedSquares picked_squares_f64;

  /// Columns per panel of a packed row block: panels are [rows][panel_width], panel_width a multiple of gram_rows.
  Index panel_width;
  Index gram_rows;

  /// c[i * c_stride + j] += sum over k of a[k * panel_width + i] * b[k * panel_width + j], i < gram_rows, j < panel_width.
  void (*gram_tile)(const double* a, const double* b, Index n_rows, double* c, Index c_stride);

  /// The same for all i < panel_width and at least j < cols; of the second, at least where i <= j besides.
  using GramPanel = void (*)(const double* a, const double* b, Index n_rows, Index cols, double* c, Index c_stride);
  GramPanel gram_panel;
  GramPanel gram_diagonal;

  /// target := inverse of triangle', times target; both panel_width x panel_width by rows, `triangle` upper and regular.
  /// Rows are multiplied by reciprocals of the diagonal: a rounding more than a division has.
  void (*solve_block)(const double* triangle, double* target);

  /// The quickest, and that of float32.
  CoarseGram coarse_gram;
  CoarseGram single_gram;

  /// Copies `cols` <= panel_width values per row, each (x - shift[j]) * scale[j], into a panel; columns past `cols` become zero. Rows are
  /// `row_stride` bytes apart, their elements contiguous.
  using PackRows = void (*)(const void* source, Index row_stride, Index n_rows, Index cols, const double* shift,
                            const double* scale, double* panel);
  PackRows pack_rows_f32;
  PackRows pack_rows_f64;
  /// The same where columns are `col_stride` bytes apart and their elements contiguous.
  using PackColumns = void (*)(const void* source, Index col_stride, Index n_rows, Index cols, const double* shift,
                               const double* scale, double* panel);
  PackColumns pack_columns_f32;
  PackColumns pack_columns_f64;

  /// out[k] += sum over j of panel[k][j] * coef[j].
  void (*panel_times_vector)(const double* panel, const double* coef, Index n_rows, double* out);

  /// out[j] += sum over k of panel[k][j] * weight[k].
  void (*panel_transposed_times_vector)(const double* panel, const double* weight, Index n_rows, double* out);

  /// out[k] = sum over j of (row[k][j] - shift[j]) * coef[j], and out[j] += sum over k of (row[k][j] - shift[j]) * weight[k]; coef and the second out are padded like the shift,
  /// coef with zeros.
  using RowProduct = void (*)(const ShiftedRows& rows, const double* factors, double* out);
  RowProduct rows_times_vector_f32;
  RowProduct rows_times_vector_f64;
  RowProduct rows_transposed_times_vector_f32;
  RowProduct rows_transposed_times_vector_f64;
  /// The same by columns; the first out has room for rows up to a multiple of row_padding.
  using ColumnProduct = void (*)(const ShiftedColumns& columns, const double* factors, double* out);
  ColumnProduct columns_times_vector_f32;
  ColumnProduct columns_times_vector_f64;
  ColumnProduct columns_transposed_times_vector_f32;
  ColumnProduct columns_transposed_times_vector_f64;

  /// Products with a panel in twice the precision, all vectors as sums high + low: out[k] += sum over j of panel[k][j] * coef[j], and out[j] += sum over k of
  /// panel[k][j] * weight[k]. The error is below about 2^-100 times the sum of the magnitudes.
  using PairProduct = void (*)(const double* panel, const double* high, const double* low, Index n_rows,
                               double* out_high, double* out_low);
  PairProduct panel_times_pair;
  PairProduct panel_transposed_times_pair;

  /// Products of a panel with several vectors of pairs, added to pairs: of its columns with factors[t][j] for each row, and of its rows with factors[t][k] for each
  /// column. Quicker than the pairs above; the error depends on the grids (linalg/grid.hpp). n_rows is a multiple of row_padding.
  using GridProduct = void (*)(const double* panel, const GridFactors& factors, Index n_rows, const PairTargets& out);
  GridProduct grid_times_columns;
  GridProduct grid_times_rows;
  /// Like gram_panel and gram_diagonal, added to pairs.
  using GridGram = void (*)(const double* a, const double* b, Index n_rows, Index cols, const GridStart& start,
                            const PairTargets& out);
  GridGram grid_gram_panel;
  GridGram grid_gram_diagonal;

  /// Pairs high[k] + low[k], normalised, times weight[k] (null: ones); n a multiple of row_padding.
  PairSums (*scale_pairs)(const double* weight, Index n, double* high, double* low);

  /// out[j] = max(out[j], |panel[k][j]|) over k.
  void (*panel_max_abs)(const double* panel, Index n_rows, double* out);

  /// The largest magnitude of n contiguous values, or NaN if one of them is not finite.
  using FiniteMaxAbs = double (*)(const void* values, Index n);
  FiniteMaxAbs finite_max_abs_f32;
  FiniteMaxAbs finite_max_abs_f64;

  /// target[k][j] = weight[k] * panel[k][j].
  void (*scale_panel_rows)(const double* panel, const double* weight, Index n_rows, double* target);

  /// Binary logistic loss at the linear predictors `eta`, labels as `sign` (+1 or -1). n a multiple of row_padding.
  ///   residual[k] = weight[k] * d loss / d eta; curvature[k] = weight[k] * d2 loss / d eta2.
  /// Returns sum of weight[k] * log(1 + exp(-sign[k] * eta[k])). Relative error of each term below 4 ulp, in the tails too.
  double (*logistic_terms)(const double* eta, const double* sign, const double* weight, Index n, double* residual,
                           double* curvature);

  /// Softmax over classes, values as [n_classes][n], n a multiple of row_padding: eta is replaced by the probabilities,
  /// log_sum[k] = log of the sum over classes of exp(eta[., k]).
  void (*softmax)(double* eta, Index n_classes, Index n, double* log_sum);

  /// values[i] = exp(values[i]); n a multiple of row_padding. For tests and predictions.
  void (*exponential)(double* values, Index n);

  /// values[i] = log(1 + values[i]) for values in [0, 1]; n a multiple of row_padding.
  void (*log_one_plus)(double* values, Index n);

  /// Probes of this machine's limits, for bench/kernels.py alone.
  ///   n multiply-adds (counted in elements, a multiple of fma_multiple) on registers, in chains enough to fill the pipelines.
  using FmaChain = double (*)(Index n);
  FmaChain fma_chain_f32;
  FmaChain fma_chain_f64;
  ///   n products of bytes (a multiple of byte_multiple) likewise, between enter and leave of byte_lattice.
  std::int32_t (*byte_chain)(Index n);
  ///   The sum of n values, and n values set; n a multiple of stream_multiple.
  double (*read_stream)(const double* values, Index n);
  void (*write_stream)(double value, Index n, double* target);
};

}  // namespace crowfly::kernels
