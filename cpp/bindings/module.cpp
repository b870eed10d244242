// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>

#include "arrays.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace {

namespace py = pybind11;

void translate_errors(std::exception_ptr error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const crowfly::Cancelled&) {
    // The signal's handler has set the Python error that this stands for.
    if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_KeyboardInterrupt);
  }
}

}  // namespace

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  const char* isa = std::getenv("CROWFLY_ISA");
  try {
    crowfly::kernels::select(isa == nullptr ? "" : isa);
  } catch (const crowfly::InvalidArgument& error) {
    throw py::import_error(error.what());
  }
  crowfly::bindings::main_thread_id =
      py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
  py::register_exception_translator(translate_errors);
  py::register_exception<crowfly::NotFinite>(m, "NotFiniteError", PyExc_ValueError);
  m.attr("__version__") = CROWFLY_VERSION;
  crowfly::bindings::bind_runtime(m);
  crowfly::bindings::bind_neighbors(m);
  crowfly::bindings::bind_linear_model(m);
  crowfly::bindings::bind_logistic(m);
  crowfly::bindings::bind_ridge(m);
  crowfly::bindings::bind_inference(m);
  crowfly::bindings::bind_elastic_net(m);
  crowfly::bindings::bind_moments(m);
  auto kernels = m.def_submodule("_kernels", "Kernels of the active instruction set, for tests and benchmarks.");
  crowfly::bindings::bind_kernels(kernels);
}
