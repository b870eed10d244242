// SPDX-License-Identifier: BSD-3-Clause
// Products of packed row blocks with several vectors of pairs, each product cut at a grid common to its sum: the upper parts add up exactly, and only sums of what
// lies below the grid are rounded (Rump, Ogita and Oishi 2008, "Accurate floating-point summation", ExtractVector). Two additions and three multiply-adds per
// product, where the pairs of pair_kernel.inl.hpp take eleven. docs/design/least-squares.md has the bound.
#pragma once

#include "kernels/pair_kernel.inl.hpp"

namespace crowfly::kernels {

/// A sum of products. Its upper part is kept within the binade whose last place is the grid, from `start` on: 1.5 times a power of two, at least as large as
/// grid_of (linalg/grid.hpp) says. What an addition changes it by is exact, and so is the rest of the product but for one rounding.
template <class V>
struct GridSum {
  V upper, lower;

  static GridSum from(V start) noexcept { return {start, V::zero()}; }
  /// Adds x y.
  void add_product(V x, V y) noexcept { lower = lower + rest(x, y); }
  /// Adds x (y + y_low).
  void add_product(V x, V y, V y_low) noexcept { lower = lower + fused(x, y_low, rest(x, y)); }
  /// Adds what came on top of `start` to a pair in memory, and normalises that.
  void add_to(double* high, double* low, V start) const noexcept {
    auto sum = PairSum<V>::load(high, low);
    sum.add(upper - start);
    sum.low = sum.low + lower;
    const V total = sum.high + sum.low;
    total.store(high);
    (sum.low - (total - sum.high)).store(low);
  }

 private:
  /// Adds the part of x y above the grid, and returns the other.
  V rest(V x, V y) noexcept {
    const V before = upper;
    upper = fused(x, y, before);
    return fused(x, y, before - upper);
  }
};

/// `groups` times V::lanes rows, `targets` vectors: x[i][g] is column i of group g. Numbers that are loaded serve several products.
template <int groups, int targets, class V, int width>
void grid_columns_tile(const V (&x)[width][2], const GridFactors& factors, Index first, const PairTargets& out,
                       Index row) {
  GridSum<V> sum[targets][groups];
  for (int t = 0; t < targets; ++t) {
    for (int g = 0; g < groups; ++g) sum[t][g] = GridSum<V>::from(V::set1(factors.grid[first + t]));
  }
  const double *high = factors.high + first * factors.stride, *low = factors.low + first * factors.stride;
  for (int j = 0; j < width; ++j) {
    V column[groups];
    for (int g = 0; g < groups; ++g) column[g] = x[j][g];
    for (int t = 0; t < targets; ++t) {
      const V y = V::set1(high[t * factors.stride + j]), y_low = V::set1(low[t * factors.stride + j]);
      for (int g = 0; g < groups; ++g) sum[t][g].add_product(column[g], y, y_low);
    }
  }
  for (int t = 0; t < targets; ++t) {
    const V grid = V::set1(factors.grid[first + t]);
    for (int g = 0; g < groups; ++g) {
      const Index at = (first + t) * out.stride + row + g * V::lanes;
      sum[t][g].add_to(out.high + at, out.low + at, grid);
    }
  }
}

template <class Isa, int groups>
void grid_rows_of_columns(const double* panel, const GridFactors& factors, const PairTargets& out, Index row) {
  using P = Panel<Isa>;
  using V = typename P::V;
  V x[P::width][2];
  for (int g = 0; g < groups; ++g) {
    const double* source = panel + (row + g * V::lanes) * P::width;
    for (int v = 0; v < P::vectors; ++v) {
      V block[V::lanes];
      for (int i = 0; i < V::lanes; ++i) block[i] = V::load(source + i * P::width + v * V::lanes);
      transpose(block);
      for (int i = 0; i < V::lanes; ++i) x[v * V::lanes + i][g] = block[i];
    }
  }
  Index t = 0;
  for (; t + 2 <= factors.count; t += 2) grid_columns_tile<groups, 2>(x, factors, t, out, row);
  if (t < factors.count) grid_columns_tile<groups, 1>(x, factors, t, out, row);
}

/// out[t][k] += sum over j of panel[k][j] (high + low)[t][j]. Lanes are rows.
template <class Isa>
void grid_times_columns(const double* panel, const GridFactors& factors, Index n_rows, const PairTargets& out) {
  constexpr Index lanes = Panel<Isa>::V::lanes;
  Index k = 0;
  for (; k + 2 * lanes <= n_rows; k += 2 * lanes) grid_rows_of_columns<Isa, 2>(panel, factors, out, k);
  for (; k < n_rows; k += lanes) grid_rows_of_columns<Isa, 1>(panel, factors, out, k);
}

template <class Isa, int targets>
void grid_rows_tile(const double* panel, const GridFactors& factors, Index first, Index n_rows,
                    const PairTargets& out) {
  using P = Panel<Isa>;
  using V = typename P::V;
  GridSum<V> sum[targets][P::vectors];
  for (int t = 0; t < targets; ++t) {
    for (int v = 0; v < P::vectors; ++v) sum[t][v] = GridSum<V>::from(V::set1(factors.grid[first + t]));
  }
  const double *high = factors.high + first * factors.stride, *low = factors.low + first * factors.stride;
  for (Index k = 0; k < n_rows; ++k) {
    V row[P::vectors];
    for (int v = 0; v < P::vectors; ++v) row[v] = V::load(panel + k * P::width + v * V::lanes);
    for (int t = 0; t < targets; ++t) {
      const V w = V::set1(high[t * factors.stride + k]), w_low = V::set1(low[t * factors.stride + k]);
      for (int v = 0; v < P::vectors; ++v) sum[t][v].add_product(row[v], w, w_low);
    }
  }
  for (int t = 0; t < targets; ++t) {
    const V grid = V::set1(factors.grid[first + t]);
    for (int v = 0; v < P::vectors; ++v) {
      const Index at = (first + t) * out.stride + v * V::lanes;
      sum[t][v].add_to(out.high + at, out.low + at, grid);
    }
  }
}

/// out[t][j] += sum over k of panel[k][j] (high + low)[t][k]. Lanes are columns.
template <class Isa>
void grid_times_rows(const double* panel, const GridFactors& factors, Index n_rows, const PairTargets& out) {
  Index t = 0;
  for (; t + 2 <= factors.count; t += 2) grid_rows_tile<Isa, 2>(panel, factors, t, n_rows, out);
  if (t < factors.count) grid_rows_tile<Isa, 1>(panel, factors, t, n_rows, out);
}

/// Sums of products of columns of two panels: entry (i, j) begins at start.left[i] start.right[j].
template <class Isa>
struct GridGramTile {
  using V = typename Isa::f64;
  // Two registers a sum: half the rows of a sum of doubles.
  static constexpr int rows = Isa::gram_rows / 2;
  using Tiles = PanelTiles<V, Isa::gram_vectors, rows>;

  template <int first, int last>
  static void add(const double* a, const double* b, Index n_rows, Index row, const GridStart& start,
                  const PairTargets& out) {
    constexpr int width = Tiles::width, vectors = Isa::gram_vectors;
    GridSum<V> sum[rows][vectors];
    const auto start_of = [&](int i, int j) {
      return V::set1(start.left[row + i]) * V::load(start.right + j * V::lanes);
    };
    for (int i = 0; i < rows; ++i) {
      for (int j = first; j < last; ++j) sum[i][j] = GridSum<V>::from(start_of(i, j));
    }
    for (Index k = 0; k < n_rows; ++k) {
      V x[vectors];
      for (int j = first; j < last; ++j) x[j] = V::load(b + k * width + j * V::lanes);
      for (int i = 0; i < rows; ++i) {
        const V y = V::set1(a[k * width + row + i]);
        for (int j = first; j < last; ++j) sum[i][j].add_product(x[j], y);
      }
    }
    for (int i = 0; i < rows; ++i) {
      for (int j = first; j < last; ++j) {
        const Index at = (row + i) * out.stride + j * V::lanes;
        sum[i][j].add_to(out.high + at, out.low + at, start_of(i, j));
      }
    }
  }
};

template <class Isa>
void grid_gram_panel(const double* a, const double* b, Index n_rows, Index cols, const GridStart& start,
                     const PairTargets& out) {
  using Tile = GridGramTile<Isa>;
  Tile::Tiles::panel(
      cols, [&]<int first, int last>(Index row) { Tile::template add<first, last>(a, b, n_rows, row, start, out); });
}

template <class Isa>
void grid_gram_diagonal(const double* a, const double* b, Index n_rows, Index cols, const GridStart& start,
                        const PairTargets& out) {
  using Tile = GridGramTile<Isa>;
  Tile::Tiles::diagonal(
      cols, [&]<int first, int last>(Index row) { Tile::template add<first, last>(a, b, n_rows, row, start, out); });
}

/// Normalises pairs, then multiplies them by `weight` unless that is null. Sums and maxima as PairSums says.
template <class Isa>
PairSums scale_pairs(const double* weight, Index n, double* high, double* low) {
  using V = typename Isa::f64;
  V squares = V::zero(), most = V::zero();
  for (Index k = 0; k < n; k += V::lanes) {
    const V value = V::load(high + k) + V::load(low + k);
    const V rest = V::load(low + k) - (value - V::load(high + k));
    auto product = PairSum<V>{value, rest};
    V square = value * value;
    if (weight != nullptr) {
      const V w = V::load(weight + k);
      product = PairSum<V>::zero();
      product.add_product(w, value, rest);
      square = w * square;
    }
    squares = squares + square;
    most = max(most, abs(product.high));
    product.store(high + k, low + k);
  }
  return {upper_plus_lower(squares), horizontal_max(most)};
}

}  // namespace crowfly::kernels
