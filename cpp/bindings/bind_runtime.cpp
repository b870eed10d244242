// SPDX-License-Identifier: BSD-3-Clause

#include <algorithm>
#include <string_view>

#include "arrays.hpp"
#include "base/cpu_budget.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/lapack.hpp"
#include "linalg/scan.hpp"

#if defined(_MSC_VER)
#define CROWFLY_EXPORT extern "C" __declspec(dllexport)
#else
#define CROWFLY_EXPORT extern "C" __attribute__((visibility("default")))
#endif

// For threadpoolctl, which finds libraries by their file and calls C functions in them.
CROWFLY_EXPORT int crowfly_get_num_threads() { return crowfly::get_num_threads(); }
CROWFLY_EXPORT void crowfly_set_num_threads(int n) { crowfly::set_num_threads(n); }

namespace crowfly::bindings {
namespace {

template <class T>
const char* type_name() = delete;
template <>
const char* type_name<char*>() {
  return "char *";
}
template <>
const char* type_name<int*>() {
  return "int *";
}
template <>
const char* type_name<double*>() {
  return "d *";
}

template <class... Args>
std::string signature(void (*)(Args...)) {
  std::string text;
  ((text += (text.empty() ? "" : ", ") + std::string(type_name<Args>())), ...);
  return "void (" + text + ")";
}

/// SciPy's capsules carry the C signature as their name, with Cython's own name for double. A different one (64-bit integers, say) must not be called.
std::string plain_signature(std::string_view name) {
  constexpr std::string_view mark = "__pyx_t_";
  std::string plain;
  while (true) {
    const std::size_t begin = name.find(mark);
    plain += name.substr(0, begin);
    if (begin == std::string_view::npos) return plain;
    plain += 'd';
    name.remove_prefix(std::min(name.find(' ', begin), name.size()));
  }
}

template <class Function>
void take(const py::dict& routines, const char* name, Function& target) {
  const py::capsule capsule = routines[name];
  const std::string found = plain_signature(capsule.name()), expected = signature(target);
  if (found != expected) {
    throw py::import_error("SciPy's LAPACK routine " + std::string(name) + " has the signature '" + found +
                           "', expected '" + expected + "'");
  }
  target = reinterpret_cast<Function>(capsule.get_pointer());
}

void install_lapack(const py::dict& routines) {
  Lapack table;
  take(routines, "dtrtrs", table.trtrs);
  take(routines, "dtrcon", table.trcon);
  take(routines, "dgeqrf", table.geqrf);
  take(routines, "dgeqp3", table.geqp3);
  take(routines, "dpstrf", table.pstrf);
  take(routines, "dormqr", table.ormqr);
  take(routines, "dgels", table.gels);
  take(routines, "dsyevd", table.syevd);
  take(routines, "dgejsv", table.gejsv);
  set_lapack(table);
}

py::tuple scan_array(const py::array& array) {
  const MatrixView view = matrix_view(array, "array", true);
  Scan result;
  {
    const LongCall call(0);
    result = scan(view);
  }
  const Position position = result.not_finite.value_or(Position{-1, -1});
  return py::make_tuple(result.max_abs, position.row, position.col);
}

}  // namespace

void bind_runtime(py::module_& m) {
  m.def("set_num_threads", &set_num_threads, py::arg("n"));
  m.def("get_num_threads", &get_num_threads);
  m.def("cpu_budget", &cpu_budget);
  m.def("active_isa", [] { return std::string(kernels::active().name); });
  m.def("available_isas", &kernels::available);
  m.def("install_lapack", &install_lapack, py::arg("routines"));
  m.def("scan", &scan_array, py::arg("array"));
#if defined(__VERSION__)
  m.attr("compiler") = __VERSION__;
#else
  m.attr("compiler") = "unknown";
#endif
}

}  // namespace crowfly::bindings
