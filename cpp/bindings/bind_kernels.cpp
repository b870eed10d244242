// SPDX-License-Identifier: BSD-3-Clause
// Kernels of the active instruction set, so that tests can drive each of them against NumPy.
#include "arrays.hpp"
#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/coarse_gram.hpp"
#include "linalg/gram.hpp"
#include "linalg/grid_gram.hpp"
#include "linalg/single_gram.hpp"
#include "linear_model/exact_residuals.hpp"
#include "linear_model/gram_residuals.hpp"
#include "linear_model/unpacked_design.hpp"
#include "neighbors/lattice.hpp"

namespace crowfly::bindings {
namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using InPlace = void (*)(double*, kernels::Index);

Doubles map_padded(const Doubles& values, InPlace kernel) {
  const Index n = values.size();
  auto buffer = AlignedBuffer<double>::zeros(round_up(n, kernels::row_padding));
  std::copy_n(values.data(), n, buffer.data());
  kernel(buffer.data(), buffer.size());
  Doubles out(n);
  std::copy_n(buffer.data(), n, out.mutable_data());
  return out;
}

const kernels::Lattice& lattice_named(const std::string& name) {
  require(name == "byte" || name == "word", "lattice: 'byte' or 'word' expected");
  return name == "byte" ? kernels::active().byte_lattice : kernels::active().word_lattice;
}

/// One row rounded as the filter does it: the integers, their squared length, and upper bounds of how far rounding moved the row and of its length.
py::tuple round_one_row(const std::string& lattice, const py::array& row, const Doubles& centre, double inverse_step,
                        bool single) {
  const MatrixView view = matrix_view(row, "row");
  require(view.rows == 1 && view.cols == centre.size(), "centre: as many entries as the row expected");
  LatticeFrame frame{AlignedBuffer<double>::zeros(padded_depth(view.cols)), inverse_step, {}};
  std::copy_n(centre.data(), centre.size(), frame.centre.data());
  if (single) {
    require(lattice == "byte" && view.dtype == DType::f32, "single: a row of float32 and lattice 'byte' expected");
    frame.allow_single();
  }
  const Metric metric(MetricKind::euclidean);
  LatticeRounder rounder(lattice_named(lattice), view, metric);
  const LatticeRow bounds = rounder.round_query(Index{0}, frame);
  py::array_t<std::int64_t> codes(view.cols);
  for (Index j = 0; j < view.cols; ++j) codes.mutable_at(j) = rounder.code(j);
  return py::make_tuple(codes, bounds.squares, bounds.moved, bounds.length());
}

/// Codes [row][column] as a scan takes them: panels of rows, each in groups of so many bytes, of one row after the other.
template <class Code>
AlignedBuffer<std::uint8_t> panels_of(const py::array_t<std::int64_t, py::array::c_style>& codes, Index height,
                                      Index group_bytes) {
  constexpr auto size = static_cast<Index>(sizeof(Code));
  const Index rows = codes.shape(0), cols = codes.shape(1), group = group_bytes / size;
  AlignedBuffer<std::uint8_t> target(rows * cols * size);
  for (Index i = 0; i < rows; ++i) {
    for (Index k = 0; k < cols; ++k) {
      const auto code = static_cast<Code>(codes.at(i, k));
      const Index slot = i / height * height * cols + (k / group * height + i % height) * group + k % group;
      std::memcpy(target.data() + slot * size, &code, sizeof(Code));
    }
  }
  return target;
}

/// One panel of queries and some of points, the rows of both as a caller has them: values, queries and places of the hits among every `step`-th panel, and the next
/// panel where room for `capacity` hits ran out.
py::tuple lattice_scan(const std::string& name, const py::array_t<std::int64_t, py::array::c_style>& queries,
                       const py::array_t<std::int64_t, py::array::c_style>& points,
                       const py::array_t<std::int32_t, py::array::c_style>& start,
                       const py::array_t<std::int32_t, py::array::c_style>& thresholds, Index step, Index capacity) {
  const kernels::Lattice& lattice = lattice_named(name);
  const Index rows = lattice.queries, cols = lattice.points;
  require(queries.ndim() == 2 && points.ndim() == 2 && queries.shape(0) == rows && points.shape(0) % cols == 0 &&
              queries.shape(1) == points.shape(1) && queries.shape(1) * lattice.code_bytes % lattice.row_multiple == 0,
          "queries, points: a panel and some whole panels of some whole depths expected");
  require(start.size() == points.shape(0) && thresholds.size() == rows,
          "start, thresholds: one per point, one per query expected");
  require(step >= 1 && capacity >= lattice.max_hits(), "step, capacity: 1 or more, room for max_hits expected");
  const Index n_panels = points.shape(0) / cols, row_bytes = queries.shape(1) * lattice.code_bytes;
  const bool bytes = lattice.code_bytes == 1;
  const auto query_codes = bytes ? panels_of<std::int8_t>(queries, rows, lattice.group)
                                 : panels_of<std::int16_t>(queries, rows, lattice.group);
  const auto point_codes = bytes ? panels_of<std::uint8_t>(points, cols, 4) : panels_of<std::int16_t>(points, cols, 4);
  AlignedBuffer<std::int32_t> first(start.size()), limits(rows);
  std::copy_n(start.data(), start.size(), first.data());
  std::copy_n(thresholds.data(), rows, limits.data());
  AlignedBuffer<kernels::LatticeHit> hits(capacity);
  const kernels::LatticeFound found = [&] {
    const kernels::LatticeScope scope(lattice);
    return lattice.scan({.queries = query_codes.data(),
                         .points = point_codes.data(),
                         .start = first.data(),
                         .thresholds = limits.data(),
                         .row_bytes = row_bytes,
                         .n_panels = n_panels,
                         .step = step,
                         .hits = hits.data(),
                         .capacity = capacity});
  }();
  py::array_t<std::int32_t> out({found.n_hits, Index{3}});
  for (Index i = 0; i < found.n_hits; ++i) {
    out.mutable_at(i, 0) = hits[i].value;
    out.mutable_at(i, 1) = hits[i].query;
    out.mutable_at(i, 2) = hits[i].place;
  }
  return py::make_tuple(out, found.next_panel);
}

/// X' diag(w) X, packed and summed as a fit does it.
Doubles gram_matrix(const py::array& x, const OptionalDoubles& weights) {
  const MatrixView view = matrix_view(x, "x");
  const GramSum sum = weighted_gram(Design(view, false, {}), doubles(weights, view.rows, "weights"));
  Doubles out({view.cols, view.cols});
  for (Index i = 0; i < view.cols; ++i) {
    for (Index j = 0; j < view.cols; ++j) out.mutable_at(i, j) = sum.at(i, j);
  }
  return out;
}

/// (left X)' (right X) in low precision, rows times their factors, all entries; `symmetric` where both factors are the same.
Doubles coarse_gram_matrix(const py::array& x, const Doubles& left, const Doubles& right, bool symmetric) {
  const MatrixView view = matrix_view(x, "x");
  require(left.size() == view.rows && right.size() == view.rows, "left, right: one factor per row expected");
  RowBlock block(view.rows, view.cols);
  block.load(Design(view, false, {}), 0, view.rows);
  CoarseRows rows[2] = {{view.rows, view.cols}, {view.rows, view.cols}};
  CoarseGramSum sum(view.cols);
  auto factor = AlignedBuffer<double>::zeros(block.padded_rows());
  for (int side = 0; side < 2; ++side) {
    std::copy_n((side == 0 ? left : right).data(), view.rows, factor.data());
    rows[side].append_scaled(block, factor.data());
  }
  if (symmetric) {
    sum.add(rows[0]);
  } else {
    sum.add(rows[0], rows[1]);
  }
  Doubles out({view.cols, view.cols});
  for (Index i = 0; i < view.cols; ++i) {
    for (Index j = 0; j < view.cols; ++j) out.mutable_at(i, j) = symmetric && i > j ? sum.at(j, i) : sum.at(i, j);
  }
  return out;
}

PairCoefficients one_target(const Doubles& high, const Doubles& low, Index n_features) {
  require(high.size() == n_features + 1 && low.size() == n_features + 1,
          "high, low: one number per column and one for the constant expected");
  PairCoefficients coefficients(n_features, 1);
  const auto pair = [&](Index j) { return Pair::sum(high.data()[j], low.data()[j]); };
  for (Index j = 0; j < n_features; ++j) coefficients(j, 0) = pair(j);
  coefficients.constant[0] = pair(n_features);
  return coefficients;
}

/// High and low parts of the gradient, constant last, of one target.
Doubles gradient_of(const ExactResiduals& found, Index n_features) {
  Doubles gradient({n_features + 1, Index{2}});
  for (Index j = 0; j <= n_features; ++j) {
    const Pair entry = j < n_features ? found.gradient(j, 0) : found.gradient.constant[0];
    gradient.mutable_at(j, 0) = entry.high;
    gradient.mutable_at(j, 1) = entry.low;
  }
  return gradient;
}

/// High and low parts of the gradient X' W (y - X coef) and 1' W (...), then the bounds on errors of its entries and of residuals. Of one target.
py::tuple residual_gradient(const py::array& x, const py::array& y, const Doubles& high, const Doubles& low,
                            const OptionalDoubles& weights, bool on_grid) {
  const MatrixView view = matrix_view(x, "x"), target = matrix_view(y, "y");
  require(target.rows == view.rows && target.cols == 1, "y: one column, with the rows of x, expected");
  const ExactResiduals found =
      exact_residuals(Design(view, true, target), doubles(weights, view.rows, "weights"),
                      one_target(high, low, view.cols), on_grid ? PairProducts::on_grid : PairProducts::split);
  return py::make_tuple(gradient_of(found, view.cols), found.squares[0], found.gradient_error[0],
                        found.residual_error[0]);
}

/// The same gradient and squares from cross products, and bounds on the errors of an entry and of the squares.
py::tuple gram_residual_gradient(const py::array& x, const py::array& y, const Doubles& high, const Doubles& low) {
  const MatrixView view = matrix_view(x, "x"), target = matrix_view(y, "y");
  require(target.rows == view.rows && target.cols == 1, "y: one column, with the rows of x, expected");
  const ExactResiduals found =
      gram_residuals(grid_gram(Design(view, true, target)).gram, one_target(high, low, view.cols), true);
  return py::make_tuple(gradient_of(found, view.cols), found.squares[0], found.gradient_error[0],
                        found.squares_error[0]);
}

/// (X - shift) coef, and (X - shift)' weight, of rows or columns that lie in memory as they are.
py::tuple shifted_row_products(const py::array& x, const Doubles& shift, const Doubles& coef, const Doubles& weight) {
  const MatrixView view = matrix_view(x, "x");
  require(view.rows_are_arrays() || view.columns_are_arrays(), "x: float32 or float64 numbers side by side expected");
  require(shift.size() == view.cols && coef.size() == view.cols, "shift, coef: one number per column expected");
  require(weight.size() == view.rows, "weight: one number per row expected");
  Design design(view, false, {});
  std::copy_n(shift.data(), view.cols, design.shift.begin());
  UnpackedDesign rows(design);
  AlignedBuffer<double> products(round_up(view.rows, kernels::row_padding));
  auto sum = AlignedBuffer<double>::zeros(rows.padded_cols());
  rows.set_parameters(coef.data());
  rows.times_parameters(0, view.rows, products.data());
  rows.add_transposed(0, view.rows, weight.data(), sum.data());
  Doubles predictors(view.rows), sums(view.cols);
  std::copy_n(products.data(), view.rows, predictors.mutable_data());
  std::copy_n(sum.data(), view.cols, sums.mutable_data());
  return py::make_tuple(predictors, sums);
}

/// X' diag(w) X in float32's products.
Doubles single_gram_matrix(const py::array& x, const OptionalDoubles& weights) {
  const MatrixView view = matrix_view(x, "x");
  const auto sums = single_gram(Design(view, false, {}), doubles(weights, view.rows, "weights"));
  Doubles out({view.cols, view.cols});
  for (Index i = 0; i < view.cols; ++i) {
    for (Index j = 0; j < view.cols; ++j) out.mutable_at(i, j) = sums.gram.at(i, j);
  }
  return out;
}

/// High and low parts of X' X with products cut at grids, and what the error of an entry is at most: the product of its two columns'.
py::tuple grid_gram_matrix(const py::array& x) {
  const MatrixView view = matrix_view(x, "x");
  const auto sums = grid_gram(Design(view, false, {}));
  Doubles high({view.cols, view.cols}), low({view.cols, view.cols}), reach(view.cols);
  for (Index i = 0; i < view.cols; ++i) {
    reach.mutable_at(i) = sums.gram.reach(i);
    for (Index j = 0; j < view.cols; ++j) {
      const Pair entry = sums.gram.at(i, j);
      high.mutable_at(i, j) = entry.high;
      low.mutable_at(i, j) = entry.low;
    }
  }
  return py::make_tuple(high, low, reach, sums.gram.in_range());
}

py::tuple column_sums(const py::array& x, const OptionalDoubles& weights) {
  const MatrixView view = matrix_view(x, "x");
  ColumnStatistics statistics = column_statistics(Design(view, false, {}), doubles(weights, view.rows, "weights"));
  return py::make_tuple(owned_array(std::move(statistics.sum)), owned_array(std::move(statistics.max_abs)),
                        statistics.total_weight);
}

/// Loss, residuals and curvatures of the binary logistic loss.
py::tuple logistic_loss(const Doubles& eta, const Doubles& sign, const Doubles& weight) {
  const Index n = eta.size(), padded = round_up(n, kernels::row_padding);
  require(sign.size() == n && weight.size() == n, "eta, sign, weight: one length expected");
  auto buffer = AlignedBuffer<double>::zeros(5 * padded);
  const auto part = [&](Index i) { return buffer.data() + i * padded; };
  std::copy_n(eta.data(), n, part(0));
  std::copy_n(sign.data(), n, part(1));
  std::copy_n(weight.data(), n, part(2));
  const double loss = kernels::active().logistic_terms(part(0), part(1), part(2), padded, part(3), part(4));
  Doubles residual(n), curvature(n);
  std::copy_n(part(3), n, residual.mutable_data());
  std::copy_n(part(4), n, curvature.mutable_data());
  return py::make_tuple(loss, residual, curvature);
}

/// Solution of a x = b, condition estimate and trace of the inverse, the latter two of `a` scaled to unit diagonal; None where `a` is not positive definite.
py::object cholesky(const Doubles& a, const Doubles& b) {
  require(a.ndim() == 2 && a.shape(0) == a.shape(1) && b.size() == a.shape(0),
          "a, b: a square matrix and its right-hand side expected");
  const Index n = a.shape(0);
  Matrix matrix(n, n), x(n, 1);
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = b.data()[i];
    for (Index j = 0; j < n; ++j) matrix(i, j) = a.at(i, j);
  }
  const auto factor = Cholesky::factor(matrix);
  if (!factor) return py::none();
  factor->solve(x);
  Doubles solution(n);
  std::copy_n(x.data(), n, solution.mutable_data());
  return py::make_tuple(solution, factor->condition(), factor->inverse_trace());
}

}  // namespace

void bind_kernels(py::module_& m) {
  m.def("exponential", [](const Doubles& x) { return map_padded(x, kernels::active().exponential); }, py::arg("x"));
  m.def("log_one_plus", [](const Doubles& x) { return map_padded(x, kernels::active().log_one_plus); }, py::arg("x"));
  m.def("coarse_gram_matrix", &coarse_gram_matrix, py::arg("x"), py::arg("left"), py::arg("right"),
        py::arg("symmetric"));
  m.def("gram_matrix", &gram_matrix, py::arg("x"), py::arg("weights").none(true));
  m.def("single_gram_matrix", &single_gram_matrix, py::arg("x"), py::arg("weights").none(true));
  m.def("grid_gram_matrix", &grid_gram_matrix, py::arg("x"));
  m.def("residual_gradient", &residual_gradient, py::arg("x"), py::arg("y"), py::arg("high"), py::arg("low"),
        py::arg("weights").none(true), py::arg("on_grid"));
  m.def("gram_residual_gradient", &gram_residual_gradient, py::arg("x"), py::arg("y"), py::arg("high"), py::arg("low"));
  m.def("shifted_row_products", &shifted_row_products, py::arg("x"), py::arg("shift"), py::arg("coef"),
        py::arg("weight"));
  m.def("column_sums", &column_sums, py::arg("x"), py::arg("weights").none(true));
  m.def("logistic_loss", &logistic_loss, py::arg("eta"), py::arg("sign"), py::arg("weight"));
  m.def("cholesky", &cholesky, py::arg("a"), py::arg("b"));
  m.def("round_row", &round_one_row, py::arg("lattice"), py::arg("row"), py::arg("centre"), py::arg("inverse_step"),
        py::arg("single") = false);
  m.def("lattice_scan", &lattice_scan, py::arg("lattice"), py::arg("queries"), py::arg("points"), py::arg("start"),
        py::arg("thresholds"), py::arg("step"), py::arg("capacity"));
  m.def(
      "lattice_sizes",
      [](const std::string& name) {
        const kernels::Lattice& lattice = lattice_named(name);
        py::dict sizes;
        sizes["queries"] = lattice.queries;
        sizes["points"] = lattice.points;
        sizes["max_hits"] = lattice.max_hits();
        sizes["depth"] = lattice.row_multiple / lattice.code_bytes;
        sizes["levels"] = lattice.levels;
        sizes["offset"] = lattice.offset;
        return sizes;
      },
      py::arg("lattice"));
  m.def("tile_sizes", [] {
    py::dict sizes;
    sizes["panel_width"] = kernels::active().panel_width;
    sizes["gram_rows"] = kernels::active().gram_rows;
    return sizes;
  });
  bind_kernel_timing(m);
}

}  // namespace crowfly::bindings
