// SPDX-License-Identifier: BSD-3-Clause
// Kernels of the active instruction set, so that tests can drive each of them against NumPy.
#include "arrays.hpp"
#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/gram.hpp"
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
py::tuple round_one_row(const std::string& lattice, const py::array& row, const Doubles& centre, double inverse_step) {
  const MatrixView view = matrix_view(row, "row");
  require(view.rows == 1 && view.cols == centre.size(), "centre: as many entries as the row expected");
  LatticeFrame frame{AlignedBuffer<double>::zeros(padded_depth(view.cols)), inverse_step};
  std::copy_n(centre.data(), centre.size(), frame.centre.data());
  const Metric metric(MetricKind::euclidean);
  LatticeRounder rounder(lattice_named(lattice), view, metric);
  const LatticeRow bounds = rounder.round_query(Index{0}, frame);
  py::array_t<std::int64_t> codes(view.cols);
  for (Index j = 0; j < view.cols; ++j) codes.mutable_at(j) = rounder.code(j);
  return py::make_tuple(codes, bounds.squares, bounds.moved, bounds.length);
}

/// Codes [row][column] as a tile takes them: in groups of so many bytes, of one row after the other.
template <class Code>
AlignedBuffer<Code> grouped(const py::array_t<std::int64_t, py::array::c_style>& codes, Index group_bytes) {
  const Index rows = codes.shape(0), cols = codes.shape(1), group = group_bytes / static_cast<Index>(sizeof(Code));
  AlignedBuffer<Code> target(rows * cols);
  for (Index i = 0; i < rows; ++i) {
    for (Index k = 0; k < cols; ++k) {
      target[(k / group * rows + i) * group + k % group] = static_cast<Code>(codes.at(i, k));
    }
  }
  return target;
}

/// One tile of the lattice filter, the rows of both as a caller has them: whether it has a hit, the hits of each query as bits, and the values.
py::tuple lattice_tile(const std::string& name, const py::array_t<std::int64_t, py::array::c_style>& queries,
                       const py::array_t<std::int64_t, py::array::c_style>& points,
                       const py::array_t<std::int32_t, py::array::c_style>& start,
                       const py::array_t<std::int32_t, py::array::c_style>& thresholds) {
  const kernels::Lattice& lattice = lattice_named(name);
  const Index rows = lattice.queries, cols = lattice.points;
  require(queries.ndim() == 2 && points.ndim() == 2 && queries.shape(0) == rows && points.shape(0) == cols &&
              queries.shape(1) == points.shape(1) && queries.shape(1) * lattice.code_bytes % lattice.row_multiple == 0,
          "queries, points: a tile of some whole depths expected");
  require(start.size() == cols && thresholds.size() == rows,
          "start, thresholds: one per point, one per query expected");
  const bool bytes = lattice.code_bytes == 1;
  const auto q = bytes ? grouped<std::int8_t>(queries, lattice.group) : AlignedBuffer<std::int8_t>();
  const auto x = bytes ? grouped<std::uint8_t>(points, 4) : AlignedBuffer<std::uint8_t>();
  const auto wide_q = bytes ? AlignedBuffer<std::int16_t>() : grouped<std::int16_t>(queries, lattice.group);
  const auto wide_x = bytes ? AlignedBuffer<std::int16_t>() : grouped<std::int16_t>(points, 4);
  AlignedBuffer<std::int32_t> first(cols), limits(rows), values(rows * cols);
  std::copy_n(start.data(), cols, first.data());
  std::copy_n(thresholds.data(), rows, limits.data());
  py::array_t<std::uint64_t> hits(rows);
  py::array_t<std::int32_t> found({rows, cols});
  const void* const query_codes = bytes ? static_cast<const void*>(q.data()) : wide_q.data();
  const void* const point_codes = bytes ? static_cast<const void*>(x.data()) : wide_x.data();
  const kernels::LatticeScope scope(lattice);
  const bool any = lattice.tile(query_codes, point_codes, first.data(), limits.data(),
                                queries.shape(1) * lattice.code_bytes, hits.mutable_data(), values.data());
  std::copy_n(values.data(), rows * cols, found.mutable_data());
  return py::make_tuple(any, hits, found);
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
  m.def("gram_matrix", &gram_matrix, py::arg("x"), py::arg("weights").none(true));
  m.def("column_sums", &column_sums, py::arg("x"), py::arg("weights").none(true));
  m.def("logistic_loss", &logistic_loss, py::arg("eta"), py::arg("sign"), py::arg("weight"));
  m.def("cholesky", &cholesky, py::arg("a"), py::arg("b"));
  m.def("round_row", &round_one_row, py::arg("lattice"), py::arg("row"), py::arg("centre"), py::arg("inverse_step"));
  m.def("lattice_tile", &lattice_tile, py::arg("lattice"), py::arg("queries"), py::arg("points"), py::arg("start"),
        py::arg("thresholds"));
  m.def(
      "lattice_sizes",
      [](const std::string& name) {
        const kernels::Lattice& lattice = lattice_named(name);
        py::dict sizes;
        sizes["queries"] = lattice.queries;
        sizes["points"] = lattice.points;
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
