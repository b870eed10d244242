// SPDX-License-Identifier: BSD-3-Clause
// The whole NumPy bridge: arrays become views, after one more check of dtype and shape so that nothing from Python can make the core read out of bounds; and the
// guard under which long calls run.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.hpp"
#include "base/floating_point.hpp"
#include "base/matrix_view.hpp"
#include "base/parallel.hpp"
#include "linalg/sparse_matrix.hpp"

namespace crowfly::bindings {

namespace py = pybind11;

/// The element type, one of those that kernels read, or of all.
inline DType dtype_of(const py::array& array, const char* name, bool any) {
  const py::dtype dtype = array.dtype();
  const char kind = dtype.kind();
  const py::ssize_t size = dtype.itemsize();
  if (dtype.attr("isnative").cast<bool>()) {
    if (kind == 'f' && size == 4) return DType::f32;
    if (kind == 'f' && size == 8) return DType::f64;
    if (any && kind == 'f' && size == 2) return DType::f16;
    if (any && kind == 'i' && size == 1) return DType::i8;
    if (any && kind == 'u' && size == 1) return DType::u8;
  }
  throw py::type_error(std::string(name) + ": " +
                       (any ? "float16, float32, float64, int8 or uint8" : "float32 or float64") +
                       " of native byte order expected");
}

/// A two-dimensional array of float32 or float64 (or of any type that a view may have), any strides.
inline MatrixView matrix_view(const py::array& array, const char* name, bool any_type = false) {
  if (array.ndim() != 2) throw py::value_error(std::string(name) + ": two dimensions expected");
  return {static_cast<const char*>(array.data()), array.shape(0), array.shape(1), array.strides(0), array.strides(1),
          dtype_of(array, name, any_type)};
}

/// A sparse matrix by compressed rows as Python passes it: starts, columns, values and the number of columns.
struct SparseArrays {
  py::array_t<std::int64_t, py::array::c_style> starts;
  py::array_t<std::int32_t, py::array::c_style> columns;
  py::array_t<double, py::array::c_style> values;
  Index cols;

  /// Throws where the three don't describe a matrix.
  [[nodiscard]] SparseView view(const char* name) const {
    if (starts.ndim() != 1 || columns.ndim() != 1 || values.ndim() != 1 || starts.shape(0) < 1 || cols < 0 ||
        columns.shape(0) != values.shape(0)) {
      throw py::value_error(std::string(name) + ": three arrays of one dimension expected, the last two of one length");
    }
    const SparseView matrix{starts.shape(0) - 1, cols, starts.data(), columns.data(), values.data()};
    check_sparse(matrix, values.shape(0), name);
    return matrix;
  }
};
/// From a tuple (starts, columns, values, cols) of arrays of exactly these types.
inline SparseArrays sparse_arrays(const py::tuple& parts, const char* name) {
  if (parts.size() != 4) throw py::value_error(std::string(name) + ": starts, columns, values and width expected");
  return {parts[0].cast<decltype(SparseArrays::starts)>(), parts[1].cast<decltype(SparseArrays::columns)>(),
          parts[2].cast<decltype(SparseArrays::values)>(), parts[3].cast<Index>()};
}

/// X as an array of float32 or float64, or as the tuple of a sparse matrix; kept as long as its view.
class Features {
 public:
  Features(const py::object& x, const char* name) {
    if (!py::isinstance<py::tuple>(x)) {
      dense_ = x.cast<py::array>();
      view_ = matrix_view(dense_, name);
      return;
    }
    parts_ = sparse_arrays(x.cast<py::tuple>(), name);
    sparse_ = parts_->view(name);
    view_.rows = sparse_.rows;
    view_.cols = sparse_.cols;
    view_.sparse = &sparse_;
  }
  Features(const Features&) = delete;
  Features& operator=(const Features&) = delete;

  [[nodiscard]] const MatrixView& view() const noexcept { return view_; }

 private:
  py::array dense_;
  std::optional<SparseArrays> parts_;
  SparseView sparse_;
  MatrixView view_;
};

/// Contiguous float64 of exactly `size` entries, or null for None.
using OptionalDoubles = std::optional<py::array_t<double, py::array::c_style>>;
inline const double* doubles(const OptionalDoubles& array, Index size, const char* name) {
  if (!array) return nullptr;
  if (array->ndim() != 1 || array->shape(0) != size) {
    throw py::value_error(std::string(name) + ": one dimension of length " + std::to_string(size) + " expected");
  }
  return array->data();
}

inline void require(bool condition, const char* message) {
  if (!condition) throw py::value_error(message);
}

/// Runs on Python's main thread, a few times per 50 ms. The error stays set for `Cancelled` to be translated into.
inline bool interrupted() {
  const py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

/// Set when the module is loaded.
inline unsigned long main_thread_id = 0;

/// Signals are delivered to the main thread alone: polling on others would only take the GIL, which a thread must not do while the interpreter ends.
inline PollFunction poll_of_this_thread() noexcept {
  return PyThread_get_thread_ident() == main_thread_id ? interrupted : nullptr;
}

/// Gives the GIL up while in scope. A daemon thread that comes back while the interpreter ends is parked for good, as Python 3.14 does itself; before, taking the GIL then unwinds the
/// stack by force, which no C++ destructor survives.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;
  ~WithoutGil() {
    while (finalizing()) std::this_thread::sleep_for(std::chrono::hours(1));
    PyEval_RestoreThread(state_);
  }

 private:
  static bool finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
  }
  PyThreadState* state_;
};

/// In scope: no GIL, at most `num_threads` threads (0: the setting), Ctrl-C noticed, arithmetic as the core assumes it.
class LongCall {
 public:
  explicit LongCall(int num_threads) : limit_(num_threads), cancel_(poll_of_this_thread()) {}

 private:
  ThreadLimit limit_;
  CancelScope cancel_;
  WithoutGil release_;
  DefaultArithmetic arithmetic_;
};

/// A NumPy array that owns the vector's memory.
template <class T>
py::array_t<T> owned_array(std::vector<T> values) {
  auto* owner = new std::vector<T>(std::move(values));
  const py::capsule release(owner, [](void* p) { delete static_cast<std::vector<T>*>(p); });
  return py::array_t<T>({static_cast<py::ssize_t>(owner->size())}, owner->data(), release);
}

void bind_runtime(py::module_& m);
void bind_neighbors(py::module_& m);
void bind_linear_model(py::module_& m);
void bind_logistic(py::module_& m);
void bind_ridge(py::module_& m);
void bind_inference(py::module_& m);
void bind_elastic_net(py::module_& m);
void bind_moments(py::module_& m);
void bind_kernels(py::module_& m);
void bind_kernel_timing(py::module_& m);

}  // namespace crowfly::bindings
