// SPDX-License-Identifier: BSD-3-Clause
// Products with rows as they lie in the caller's memory, shifted on the way: for one vector packing them first takes half as long again. Elements of a row are
// contiguous, or those of a column.
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

/// Columns [first, first + count) side by side, `count` at most the width of a panel: that many streams, as hardware follows them.
template <class Isa, class T>
struct ColumnsAbreast {
  using V = typename Isa::f64;
  const char* source;
  Index col_stride, count;

  ColumnsAbreast(const ShiftedColumns& x, Index first)
      : source(static_cast<const char*>(x.source) + first * x.col_stride),
        col_stride(x.col_stride),
        count(x.cols - first < Panel<Isa>::width ? x.cols - first : Panel<Isa>::width) {}
  /// Of column j the elements from row k on, zeros past the last one.
  V load(Index j, Index k, Index n_rows) const {
    const T* at = reinterpret_cast<const T*>(source + j * col_stride) + k;
    return n_rows - k >= V::lanes ? V::widen(at) : V::load_widen(at, static_cast<int>(n_rows - k));
  }
};

/// Lanes are rows. Of the columns of a panel every lanes-th are added up, then these sums: chains are as long as those of rows.
template <class Isa, class T>
void columns_times_vector(const ShiftedColumns& x, const double* coef, double* out) {
  using V = typename Isa::f64;
  for (Index k = 0; k < x.n_rows; k += V::lanes) V::zero().store(out + k);
  for (Index first = 0; first < x.cols; first += Panel<Isa>::width) {
    const ColumnsAbreast<Isa, T> abreast(x, first);
    const double *shift = x.shift + first, *b = coef + first;
    for (Index k = 0; k < x.n_rows; k += V::lanes) {
      V sum[V::lanes];
      for (int i = 0; i < V::lanes; ++i) sum[i] = V::zero();
      const auto add = [&](int i, Index j) {
        sum[i] = mul_add(abreast.load(j, k, x.n_rows) - V::set1(shift[j]), V::set1(b[j]), sum[i]);
      };
      Index j = 0;
      for (; j + V::lanes <= abreast.count; j += V::lanes) {
        for (int i = 0; i < V::lanes; ++i) add(i, j + i);
      }
      for (; j < abreast.count; ++j) add(0, j);
      for (int half = V::lanes / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) sum[i] = sum[i] + sum[i + half];
      }
      (V::load(out + k) + sum[0]).store(out + k);
    }
  }
}

template <class Isa, class T>
void columns_transposed_times_vector(const ShiftedColumns& x, const double* weight, double* out) {
  using V = typename Isa::f64;
  constexpr int width = static_cast<int>(Panel<Isa>::width);
  for (Index first = 0; first < x.cols; first += width) {
    const ColumnsAbreast<Isa, T> abreast(x, first);
    const double* shift = x.shift + first;
    V sum[width];
    for (int j = 0; j < width; ++j) sum[j] = V::zero();
    for (Index k = 0; k < x.n_rows; k += V::lanes) {
      const Index left = x.n_rows - k;
      const V w = left >= V::lanes ? V::widen(weight + k) : V::load_widen(weight + k, static_cast<int>(left));
      const auto add = [&](int j) { sum[j] = mul_add(w, abreast.load(j, k, x.n_rows) - V::set1(shift[j]), sum[j]); };
      if (abreast.count == width) {
        for (int j = 0; j < width; ++j) add(j);
      } else {
        for (int j = 0; j < static_cast<int>(abreast.count); ++j) add(j);
      }
    }
    for (int j = 0; j < static_cast<int>(abreast.count); ++j) out[first + j] += upper_plus_lower(sum[j]);
  }
}

}  // namespace crowfly::kernels
