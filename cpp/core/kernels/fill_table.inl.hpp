// SPDX-License-Identifier: BSD-3-Clause
// The table of one instruction set from the generic bodies. An instruction set with a better body of its own overrides the entry after this.
#pragma once

#include <math.h>

#include "kernels/distance_kernel.inl.hpp"
#include "kernels/filter_kernel.inl.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/logistic_kernel.inl.hpp"
#include "kernels/panel_kernel.inl.hpp"
#include "kernels/peak_kernel.inl.hpp"

namespace crowfly::kernels {

template <class Isa>
constexpr KernelTable make_table(const char* name) {
  KernelTable t{};
  t.name = name;
  t.filter_queries = Isa::filter_queries;
  t.filter_points = Isa::filter_vectors * Isa::f32::lanes;
  t.filter_tile = filter_tile<Isa>;
  t.distance_rows[static_cast<int>(Reduction::squared_difference)] = distance_rows<Isa, SquaredDifference>;
  t.distance_rows[static_cast<int>(Reduction::absolute_difference)] = distance_rows<Isa, AbsoluteDifference>;
  t.distance_rows[static_cast<int>(Reduction::maximum_difference)] = distance_rows<Isa, MaximumDifference>;
  t.distance_rows[static_cast<int>(Reduction::power_difference)] = distance_rows<Isa, PowerDifference>;
  t.panel_width = Panel<Isa>::width;
  t.gram_rows = Isa::gram_rows;
  t.gram_tile = gram_tile<Isa>;
  t.pack_rows_f32 = pack_rows<Isa, float>;
  t.pack_rows_f64 = pack_rows<Isa, double>;
  t.panel_times_vector = panel_times_vector<Isa>;
  t.panel_transposed_times_vector = panel_transposed_times_vector<Isa>;
  t.panel_max_abs = panel_max_abs<Isa>;
  t.scale_panel_rows = scale_panel_rows<Isa>;
  t.logistic_terms = logistic_terms<Isa>;
  t.softmax = softmax<Isa>;
  t.exponential = exponential<Isa>;
  t.log_one_plus = log_one_plus_array<Isa>;
  t.fma_chain_f32 = fma_chain<typename Isa::f32, float>;
  t.fma_chain_f64 = fma_chain<typename Isa::f64, double>;
  t.read_stream = read_stream<Isa>;
  t.write_stream = write_stream<Isa>;
  return t;
}

}  // namespace crowfly::kernels
