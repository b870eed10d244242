// SPDX-License-Identifier: BSD-3-Clause
// Products with packed row blocks: Gram tiles, matrix times vector and its transpose. Panels are [rows][panel_width] doubles.
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

template <class Isa>
struct Panel {
  using V = typename Isa::f64;
  static constexpr int vectors = Isa::gram_vectors;
  static constexpr int width = vectors * V::lanes;
  static_assert(width % Isa::gram_rows == 0);
};

/// Which tiles make the products of two panels of `vectors` vectors: `rows` columns of the left panel at a time, and some vectors of the right one.
template <class V, int vectors, int rows>
struct PanelTiles {
  static constexpr int width = vectors * V::lanes;

  /// All of the left panel, and the vectors of at least `cols` columns of the right one: tile<first, last>(row) is to add vectors [first, last).
  template <int last = vectors, class Tile>
  static void panel(Index cols, const Tile& tile) {
    if constexpr (last > 1) {
      if (cols <= (last - 1) * V::lanes) return panel<last - 1>(cols, tile);
    }
    for (Index row = 0; row < width; row += rows) tile.template operator()<0, last>(row);
  }

  /// The same where the left column is no later than the right one, at least.
  template <int last = vectors, class Tile>
  static void diagonal(Index cols, const Tile& tile) {
    if constexpr (last > 1) {
      if (cols <= (last - 1) * V::lanes) return diagonal<last - 1>(cols, tile);
    }
    from_row<0, last>(tile);
  }

 private:
  template <int row, int last, class Tile>
  static void from_row(const Tile& tile) {
    constexpr int first = row / V::lanes;
    if constexpr (first < last) {
      tile.template operator()<first, last>(row);
      from_row<row + rows, last>(tile);
    }
  }
};

/// Tiles of sums of products of columns, for panels of `vectors` vectors of numbers T: `rows` columns of the left panel at a time.
template <class V, class T, int vectors, int rows>
struct ProductTile {
  using Tiles = PanelTiles<V, vectors, rows>;

  /// c[i * c_stride + j] += sum over k of a[k * width + i] * b[k * width + j] for i < rows and j in vectors [first, last).
  template <int first, int last>
  static void add(const T* a, const T* b, Index n_rows, T* c, Index c_stride) {
    constexpr int width = Tiles::width;
    V sum[rows][vectors];
    for (int i = 0; i < rows; ++i) {
      for (int j = first; j < last; ++j) sum[i][j] = V::zero();
    }
    for (Index k = 0; k < n_rows; ++k) {
      V x[vectors];
      for (int j = first; j < last; ++j) x[j] = V::load(b + k * width + j * V::lanes);
      for (int i = 0; i < rows; ++i) {
        const V y = V::set1(a[k * width + i]);
        for (int j = first; j < last; ++j) sum[i][j] = mul_add(y, x[j], sum[i][j]);
      }
    }
    for (int i = 0; i < rows; ++i) {
      for (int j = first; j < last; ++j) {
        T* target = c + i * c_stride + j * V::lanes;
        (V::load(target) + sum[i][j]).store(target);
      }
    }
  }

  /// All of the left panel, and the vectors of at least `cols` columns of the right one.
  static void add_panel(const T* a, const T* b, Index n_rows, Index cols, T* c, Index c_stride) {
    Tiles::panel(cols, [=]<int first, int last>(Index row) {
      add<first, last>(a + row, b, n_rows, c + row * c_stride, c_stride);
    });
  }

  /// The same where i <= j, at least.
  static void add_diagonal(const T* a, const T* b, Index n_rows, Index cols, T* c, Index c_stride) {
    Tiles::diagonal(cols, [=]<int first, int last>(Index row) {
      add<first, last>(a + row, b, n_rows, c + row * c_stride, c_stride);
    });
  }
};

template <class Isa>
using GramTile = ProductTile<typename Isa::f64, double, Isa::gram_vectors, Isa::gram_rows>;

template <class Isa>
void gram_tile(const double* a, const double* b, Index n_rows, double* c, Index c_stride) {
  GramTile<Isa>::template add<0, Isa::gram_vectors>(a, b, n_rows, c, c_stride);
}

template <class Isa>
void gram_panel(const double* a, const double* b, Index n_rows, Index cols, double* c, Index c_stride) {
  GramTile<Isa>::add_panel(a, b, n_rows, cols, c, c_stride);
}

template <class Isa>
void gram_diagonal(const double* a, const double* b, Index n_rows, Index cols, double* c, Index c_stride) {
  GramTile<Isa>::add_diagonal(a, b, n_rows, cols, c, c_stride);
}

/// Row after row is done, and leaves the ones below it.
template <class Isa>
void solve_block(const double* triangle, double* target) {
  using P = Panel<Isa>;
  using V = typename P::V;
  for (Index t = 0; t < P::width; ++t) {
    const V inverse = V::set1(1 / triangle[t * P::width + t]);
    V row[P::vectors];
    for (int j = 0; j < P::vectors; ++j) {
      row[j] = V::load(target + t * P::width + j * V::lanes) * inverse;
      row[j].store(target + t * P::width + j * V::lanes);
    }
    for (Index i = t + 1; i < P::width; ++i) {
      const V factor = V::set1(-triangle[t * P::width + i]);
      for (int j = 0; j < P::vectors; ++j) {
        double* at = target + i * P::width + j * V::lanes;
        mul_add(factor, row[j], V::load(at)).store(at);
      }
    }
  }
}

template <class Isa, class T>
void pack_rows(const void* source, Index row_stride, Index n_rows, Index cols, const double* shift, const double* scale,
               double* panel) {
  using P = Panel<Isa>;
  using V = typename P::V;
  V center[P::vectors], factor[P::vectors];
  int count[P::vectors];
  for (int j = 0; j < P::vectors; ++j) {
    const Index left = cols - j * V::lanes;
    count[j] = left <= 0 ? 0 : left >= V::lanes ? V::lanes : static_cast<int>(left);
    center[j] = V::load_widen(shift + j * V::lanes * (count[j] > 0), count[j]);
    factor[j] = V::load_widen(scale + j * V::lanes * (count[j] > 0), count[j]);
  }
  for (Index k = 0; k < n_rows; ++k) {
    const auto* row = reinterpret_cast<const T*>(static_cast<const char*>(source) + k * row_stride);
    for (int j = 0; j < P::vectors; ++j) {
      V value = V::zero();
      if (count[j] > 0) value = (V::load_widen(row + j * V::lanes, count[j]) - center[j]) * factor[j];
      value.store(panel + k * P::width + j * V::lanes);
    }
  }
}

/// Vectors of rows of as many columns are turned into rows.
template <class Isa, class T>
void pack_columns(const void* source, Index col_stride, Index n_rows, Index cols, const double* shift,
                  const double* scale, double* panel) {
  using P = Panel<Isa>;
  using V = typename P::V;
  for (int j = 0; j < P::vectors; ++j) {
    const Index first = j * V::lanes;
    const int n = static_cast<int>(cols - first < V::lanes ? (cols > first ? cols - first : 0) : V::lanes);
    const char* columns = static_cast<const char*>(source) + first * col_stride;
    const auto column = [=](int i, Index k) { return reinterpret_cast<const T*>(columns + i * col_stride) + k; };
    const auto put = [&](auto load, Index k, int count) {
      V block[V::lanes];
      for (int i = 0; i < V::lanes; ++i) {
        block[i] = i < n ? (load(column(i, k)) - V::set1(shift[first + i])) * V::set1(scale[first + i]) : V::zero();
      }
      transpose(block);
      for (int i = 0; i < count; ++i) block[i].store(panel + (k + i) * P::width + first);
    };
    Index k = 0;
    for (; k + V::lanes <= n_rows; k += V::lanes) put([](const T* at) { return V::widen(at); }, k, V::lanes);
    const int left = static_cast<int>(n_rows - k);
    if (left > 0) put([=](const T* at) { return V::load_widen(at, left); }, k, left);
  }
}

template <class Isa>
void panel_times_vector(const double* panel, const double* coef, Index n_rows, double* out) {
  using P = Panel<Isa>;
  using V = typename P::V;
  V b[P::vectors];
  for (int j = 0; j < P::vectors; ++j) b[j] = V::load(coef + j * V::lanes);
  for (Index k = 0; k < n_rows; ++k) {
    V sum = V::load(panel + k * P::width) * b[0];
    for (int j = 1; j < P::vectors; ++j) sum = mul_add(V::load(panel + k * P::width + j * V::lanes), b[j], sum);
    out[k] += upper_plus_lower(sum);
  }
}

/// Rows in four chains, which hide how long an addition takes.
template <class Isa>
void panel_transposed_times_vector(const double* panel, const double* weight, Index n_rows, double* out) {
  using P = Panel<Isa>;
  using V = typename P::V;
  constexpr int chains = 4;
  static_assert(row_padding % chains == 0);
  V sum[chains][P::vectors];
  for (int c = 0; c < chains; ++c) {
    for (int j = 0; j < P::vectors; ++j) sum[c][j] = V::zero();
  }
  Index k = 0;
  for (; k + chains <= n_rows; k += chains) {
    for (int c = 0; c < chains; ++c) {
      const V w = V::set1(weight[k + c]);
      for (int j = 0; j < P::vectors; ++j) {
        sum[c][j] = mul_add(w, V::load(panel + (k + c) * P::width + j * V::lanes), sum[c][j]);
      }
    }
  }
  for (; k < n_rows; ++k) {
    const V w = V::set1(weight[k]);
    for (int j = 0; j < P::vectors; ++j) {
      sum[0][j] = mul_add(w, V::load(panel + k * P::width + j * V::lanes), sum[0][j]);
    }
  }
  for (int j = 0; j < P::vectors; ++j) {
    (V::load(out + j * V::lanes) + ((sum[0][j] + sum[1][j]) + (sum[2][j] + sum[3][j]))).store(out + j * V::lanes);
  }
}

template <class Isa>
void panel_max_abs(const double* panel, Index n_rows, double* out) {
  using P = Panel<Isa>;
  using V = typename P::V;
  V largest[P::vectors];
  for (int j = 0; j < P::vectors; ++j) largest[j] = V::load(out + j * V::lanes);
  for (Index k = 0; k < n_rows; ++k) {
    for (int j = 0; j < P::vectors; ++j) {
      largest[j] = max(largest[j], abs(V::load(panel + k * P::width + j * V::lanes)));
    }
  }
  for (int j = 0; j < P::vectors; ++j) largest[j].store(out + j * V::lanes);
}

template <class Isa>
void scale_panel_rows(const double* panel, const double* weight, Index n_rows, double* target) {
  using P = Panel<Isa>;
  using V = typename P::V;
  for (Index k = 0; k < n_rows; ++k) {
    const V w = V::set1(weight[k]);
    for (int j = 0; j < P::vectors; ++j) {
      const Index at = k * P::width + j * V::lanes;
      (w * V::load(panel + at)).store(target + at);
    }
  }
}

/// Vectors that hold numbers of type T as they are.
template <class Isa, class T>
struct VectorOf {
  using type = typename Isa::f64;
};
template <class Isa>
struct VectorOf<Isa, float> {
  using type = typename Isa::f32;
};

template <class Isa, class T>
double finite_max_abs(const void* values, Index n) {
  using V = typename VectorOf<Isa, T>::type;
  constexpr int chains = 4;
  const auto* x = static_cast<const T*>(values);
  V most[chains], least[chains], odd[chains];
  for (int c = 0; c < chains; ++c) most[c] = least[c] = odd[c] = V::zero();
  // x - x is zero, or NaN where x is not finite.
  const auto take = [&](V value, int c) {
    most[c] = max(most[c], value);
    least[c] = min(least[c], value);
    odd[c] = odd[c] + (value - value);
  };
  Index i = 0;
  for (; i + chains * V::lanes <= n; i += chains * V::lanes) {
    for (int c = 0; c < chains; ++c) take(V::widen(x + i + c * V::lanes), c);
  }
  for (; i < n; i += V::lanes) take(V::load_widen(x + i, n - i < V::lanes ? static_cast<int>(n - i) : V::lanes), 0);
  alignas(64) T lanes[V::lanes];
  double top = 0, sum = 0;
  for (int c = 0; c < chains; ++c) {
    (max(most[c], V::zero() - least[c]) + odd[c]).store(lanes);
    for (const T lane : lanes) {
      top = top < static_cast<double>(lane) ? static_cast<double>(lane) : top;
      sum += static_cast<double>(lane) - static_cast<double>(lane);
    }
  }
  return top + sum;
}

}  // namespace crowfly::kernels
