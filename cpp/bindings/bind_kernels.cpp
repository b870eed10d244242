// SPDX-License-Identifier: BSD-3-Clause
// Kernels of the active instruction set, so that tests can drive each of them against NumPy.
#include "arrays.hpp"
#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/packed_points.hpp"

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

/// One row rounded as the filter does it: the float32 values, their length and how far rounding moved the row, upper bounds both.
py::tuple round_one_row(const Doubles& row, const Doubles& centre, int exponent) {
  require(row.size() == centre.size(), "centre: as many entries as the row expected");
  const Frame frame{{centre.data(), centre.data() + centre.size()}, exponent};
  py::array_t<float> rounded(row.size());
  const RoundedRow bounds = round_row(row.data(), row.size(), frame, rounded.mutable_data(), 1, 0);
  return py::make_tuple(rounded, bounds.length, bounds.moved);
}

}  // namespace

void bind_kernels(py::module_& m) {
  m.def("exponential", [](const Doubles& x) { return map_padded(x, kernels::active().exponential); }, py::arg("x"));
  m.def("log_one_plus", [](const Doubles& x) { return map_padded(x, kernels::active().log_one_plus); }, py::arg("x"));
  m.def("round_row", &round_one_row, py::arg("row"), py::arg("centre"), py::arg("exponent"));
  m.def("tile_sizes", [] {
    py::dict sizes;
    sizes["filter_queries"] = kernels::active().filter_queries;
    sizes["filter_points"] = kernels::active().filter_points;
    sizes["panel_width"] = kernels::active().panel_width;
    sizes["gram_rows"] = kernels::active().gram_rows;
    return sizes;
  });
}

}  // namespace crowfly::bindings
