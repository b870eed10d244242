// SPDX-License-Identifier: BSD-3-Clause
// Products with rows as they lie in the caller's memory, shifted on the way: for one vector packing them first takes half as long again. Elements of a row are
// contiguous, rows `row_stride` bytes apart.
#pragma once

#include "kernels/panel_kernel.inl.hpp"

namespace crowfly::kernels {

/// `count` rows one below another.
template <class V, class T, int count>
struct RowsAbreast {
  const T* row[count];
  Index cols;

  RowsAbreast(const ShiftedRows& rows, Index k) : cols(rows.cols) {
    for (int i = 0; i < count; ++i) {
      row[i] = reinterpret_cast<const T*>(static_cast<const char*>(rows.source) + (k + i) * rows.row_stride);
    }
  }
  /// Elements of row i from j on, zeros past the last one.
  V load(int i, Index j) const {
    const Index left = cols - j;
    return left >= V::lanes ? V::widen(row[i] + j) : V::load_widen(row[i] + j, static_cast<int>(left));
  }
};

/// Sums are of as many vectors as a panel has, and then of these sums, so that no chain of additions is longer than with panels.
template <class Isa, class T, int count>
void rows_times_vector_abreast(const ShiftedRows& rows, const double* coef, Index k, double* out) {
  using V = typename Isa::f64;
  const RowsAbreast<V, T, count> abreast(rows, k);
  V total[count];
  for (int i = 0; i < count; ++i) total[i] = V::zero();
  for (Index first = 0; first < rows.cols; first += Panel<Isa>::width) {
    const Index last = first + Panel<Isa>::width < rows.cols ? first + Panel<Isa>::width : rows.cols;
    V sum[count];
    for (int i = 0; i < count; ++i) sum[i] = V::zero();
    for (Index j = first; j < last; j += V::lanes) {
      const V shift = V::load(rows.shift + j), b = V::load(coef + j);
      for (int i = 0; i < count; ++i) sum[i] = mul_add(abreast.load(i, j) - shift, b, sum[i]);
    }
    for (int i = 0; i < count; ++i) total[i] = total[i] + sum[i];
  }
  for (int i = 0; i < count; ++i) out[k + i] = upper_plus_lower(total[i]);
}

template <class Isa, class T, int count>
void rows_transposed_abreast(const ShiftedRows& rows, const double* weight, Index k, double* out) {
  using V = typename Isa::f64;
  const RowsAbreast<V, T, count> abreast(rows, k);
  V w[count];
  for (int i = 0; i < count; ++i) w[i] = V::set1(weight[k + i]);
  for (Index j = 0; j < rows.cols; j += V::lanes) {
    const V shift = V::load(rows.shift + j);
    V sum = V::load(out + j);
    for (int i = 0; i < count; ++i) sum = mul_add(w[i], abreast.load(i, j) - shift, sum);
    sum.store(out + j);
  }
}

template <class Isa, class T>
void rows_times_vector(const ShiftedRows& rows, const double* coef, double* out) {
  constexpr int count = 8;
  Index k = 0;
  for (; k + count <= rows.n_rows; k += count) rows_times_vector_abreast<Isa, T, count>(rows, coef, k, out);
  for (; k < rows.n_rows; ++k) rows_times_vector_abreast<Isa, T, 1>(rows, coef, k, out);
}

template <class Isa, class T>
void rows_transposed_times_vector(const ShiftedRows& rows, const double* weight, double* out) {
  constexpr int count = 4;
  Index k = 0;
  for (; k + count <= rows.n_rows; k += count) rows_transposed_abreast<Isa, T, count>(rows, weight, k, out);
  for (; k < rows.n_rows; ++k) rows_transposed_abreast<Isa, T, 1>(rows, weight, k, out);
}

}  // namespace crowfly::kernels
