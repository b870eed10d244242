// SPDX-License-Identifier: BSD-3-Clause
// Kernels of the active instruction set, so that tests can drive each of them against NumPy.
#include "arrays.hpp"
#include "base/aligned_buffer.hpp"
#include "kernels/dispatch.hpp"

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

}  // namespace

void bind_kernels(py::module_& m) {
  m.def("exponential", [](const Doubles& x) { return map_padded(x, kernels::active().exponential); }, py::arg("x"));
  m.def("log_one_plus", [](const Doubles& x) { return map_padded(x, kernels::active().log_one_plus); }, py::arg("x"));
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
