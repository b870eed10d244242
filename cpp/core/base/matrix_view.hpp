// SPDX-License-Identifier: BSD-3-Clause
// Non-owning views of strided arrays as NumPy makes them. Strides are in bytes, since NumPy's may be negative, zero or not a multiple of
// the item size; elements are therefore read through memcpy, which costs nothing where alignment allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace crowfly {

using Index = std::ptrdiff_t;

/// An index for the standard library's containers.
[[nodiscard]] constexpr std::size_t as_size(Index i) noexcept { return static_cast<std::size_t>(i); }

/// Element types of the caller's arrays; every computation widens to double.
enum class DType { f32, f64 };

template <class T>
[[nodiscard]] inline T load_element(const char* address) noexcept {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

/// n_rows x n_cols, any strides, float32 or float64.
struct MatrixView {
  const char* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;
  Index col_stride = 0;
  DType dtype = DType::f64;

  [[nodiscard]] Index item_size() const noexcept { return dtype == DType::f32 ? 4 : 8; }
  [[nodiscard]] bool rows_contiguous() const noexcept { return col_stride == item_size() || cols <= 1; }
  /// True where kernels may read rows through a pointer of the element type.
  [[nodiscard]] bool rows_are_arrays() const noexcept {
    const auto size = static_cast<std::uintptr_t>(item_size());
    return rows_contiguous() && reinterpret_cast<std::uintptr_t>(data) % size == 0 &&
           static_cast<std::uintptr_t>(row_stride) % size == 0;
  }
  [[nodiscard]] const char* row(Index i) const noexcept { return data + i * row_stride; }
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    const char* address = data + i * row_stride + j * col_stride;
    return dtype == DType::f32 ? static_cast<double>(load_element<float>(address)) : load_element<double>(address);
  }
};

/// Asks for a row that will be read soon, where it lies in one piece.
inline void prefetch_row(const MatrixView& matrix, Index i) noexcept {
  if (!matrix.rows_contiguous()) return;
  constexpr Index line = 64;
  const Index bytes = matrix.cols * matrix.item_size();
  for (Index at = 0; at < bytes; at += line) __builtin_prefetch(matrix.row(i) + at);
}

/// Calls `f` with a value of the element type as its argument: one branch per call instead of one per element.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  return dtype == DType::f32 ? f(float{}) : f(double{});
}

}  // namespace crowfly
