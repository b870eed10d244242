// SPDX-License-Identifier: BSD-3-Clause
// Gram tiles in float32: twice the speed of float64's. Panels are [rows][2 panel_width] floats, the same for both sides of a product.
#pragma once

#include "kernels/lattice_kernel.inl.hpp"
#include "kernels/panel_kernel.inl.hpp"

namespace crowfly::kernels {

template <class Isa>
struct CoarsePanel {
  using V = typename Isa::f32;
  static constexpr int vectors = Isa::gram_vectors;
  static constexpr int width = vectors * V::lanes;
  static_assert(width == 2 * Panel<Isa>::width);
};

template <class Isa>
void coarse_pack(const double* panels, Index stride, Index n_panels, Index first, const double* weight, Index n_rows,
                 void* out) {
  using P = CoarsePanel<Isa>;
  using W = typename Isa::f64;
  constexpr Index source_width = Panel<Isa>::width;
  auto* target = static_cast<float*>(out);
  for (int j = 0; j < P::vectors; ++j) {
    // Two vectors of doubles, which may lie in different panels, make one of floats.
    const Index at[2] = {first + 2 * j * W::lanes, first + (2 * j + 1) * W::lanes};
    const double* source[2];
    for (int i = 0; i < 2; ++i) {
      const Index panel = at[i] / source_width;
      source[i] = panel < n_panels ? panels + panel * stride + at[i] % source_width : nullptr;
    }
    for (Index k = 0; k < n_rows; ++k) {
      const W w = W::set1(weight[k]);
      W part[2];
      for (int i = 0; i < 2; ++i) {
        part[i] = source[i] == nullptr ? W::zero() : w * W::load(source[i] + k * source_width);
      }
      narrow(part[0], part[1]).store(target + k * P::width + j * P::V::lanes);
    }
  }
}

template <class Isa>
using CoarseTile = ProductTile<typename Isa::f32, float, Isa::gram_vectors, Isa::gram_rows>;

template <class Isa>
void coarse_tile(const void* left, const void* right, Index n_rows, Index cols, float* c, Index c_stride) {
  CoarseTile<Isa>::add_panel(static_cast<const float*>(left), static_cast<const float*>(right), n_rows, cols, c,
                             c_stride);
}

template <class Isa>
void coarse_diagonal(const void* left, const void* right, Index n_rows, Index cols, float* c, Index c_stride) {
  CoarseTile<Isa>::add_diagonal(static_cast<const float*>(left), static_cast<const float*>(right), n_rows, cols, c,
                                c_stride);
}

template <class Isa>
constexpr CoarseGram make_coarse_gram() {
  return {.cols = CoarsePanel<Isa>::width,
          .rows = row_padding,
          .row_bytes = CoarsePanel<Isa>::width * static_cast<Index>(sizeof(float)),
          .unit = 0x1p-24,
          .speed = 55,
          .coarse_pack = coarse_pack<Isa>,
          .coarse_tile = coarse_tile<Isa>,
          .coarse_diagonal = coarse_diagonal<Isa>,
          .enter = as_it_is<Isa>,
          .leave = as_it_is<Isa>};
}

}  // namespace crowfly::kernels
