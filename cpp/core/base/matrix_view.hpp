// SPDX-License-Identifier: BSD-3-Clause
// Non-owning views of strided arrays as NumPy makes them. Strides are in bytes, since NumPy's may be negative, zero or not a multiple of
// the item size; elements are therefore read through memcpy, which costs nothing where alignment allows.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace crowfly {

using Index = std::ptrdiff_t;

/// An index for the standard library's containers.
[[nodiscard]] constexpr std::size_t as_size(Index i) noexcept { return static_cast<std::size_t>(i); }

/// Element types of the caller's arrays; every computation widens to double. Kernels read the first two, the others are for data that are widened row by row.
enum class DType { f32, f64, f16, i8, u8 };

/// IEEE 754 binary16, as stored.
struct Half {
  std::uint16_t bits;

  explicit operator float() const noexcept {
    const std::uint32_t sign = (bits & 0x8000U) << 16, rest = bits & 0x7fffU;
    // By an integer below the normal range, so that a process which flushes denormal numbers loses nothing.
    const float magnitude = rest < 0x400U    ? static_cast<float>(rest) * 0x1p-24F
                            : rest < 0x7c00U ? std::bit_cast<float>((rest << 13) + (112U << 23))
                                             : std::bit_cast<float>((rest << 13) | 0x7f800000U);
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  explicit operator double() const noexcept { return static_cast<double>(static_cast<float>(*this)); }
};

/// Calls `f` with a value of the element type as its argument: one branch per call instead of one per element.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f16:
      return f(Half{});
    case DType::i8:
      return f(std::int8_t{});
    case DType::u8:
      return f(std::uint8_t{});
    default:
      return f(double{});
  }
}

template <class T>
[[nodiscard]] inline T load_element(const char* address) noexcept {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

struct SparseView;

/// n_rows x n_cols, any strides.
struct MatrixView {
  const char* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;
  Index col_stride = 0;
  DType dtype = DType::f64;
  /// Not null: rows [first_row, first_row + rows) of a sparse matrix, which `RowBlock` alone can read; there are no data then.
  const SparseView* sparse = nullptr;
  Index first_row = 0;

  /// Rows [begin, end).
  [[nodiscard]] MatrixView between(Index begin, Index end) const noexcept {
    MatrixView part = *this;
    if (sparse == nullptr) part.data += begin * row_stride;
    part.first_row += begin;
    part.rows = end - begin;
    return part;
  }

  [[nodiscard]] Index item_size() const noexcept {
    return visit_dtype(dtype, [](auto zero) { return static_cast<Index>(sizeof(zero)); });
  }
  [[nodiscard]] bool rows_contiguous() const noexcept { return col_stride == item_size() || cols <= 1; }
  /// True where kernels may read rows, or columns, through a pointer to float or double.
  [[nodiscard]] bool rows_are_arrays() const noexcept { return rows_contiguous() && in_steps_of_elements(row_stride); }
  [[nodiscard]] bool columns_are_arrays() const noexcept {
    return row_stride == item_size() && in_steps_of_elements(col_stride);
  }
  [[nodiscard]] const char* row(Index i) const noexcept { return data + i * row_stride; }
  [[nodiscard]] double at(Index i, Index j) const noexcept {
    const char* address = data + i * row_stride + j * col_stride;
    return visit_dtype(dtype, [=](auto zero) { return static_cast<double>(load_element<decltype(zero)>(address)); });
  }

 private:
  /// Whether elements are floats or doubles at multiples of their size, whatever the number of such steps.
  [[nodiscard]] bool in_steps_of_elements(Index stride) const noexcept {
    if (dtype != DType::f32 && dtype != DType::f64) return false;
    const auto size = static_cast<std::uintptr_t>(item_size());
    return reinterpret_cast<std::uintptr_t>(data) % size == 0 && static_cast<std::uintptr_t>(stride) % size == 0;
  }
};

}  // namespace crowfly
