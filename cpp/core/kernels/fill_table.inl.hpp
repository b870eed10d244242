// SPDX-License-Identifier: BSD-3-Clause
// The table of one instruction set from the generic bodies. An instruction set with a better body of its own overrides the entry after this.
#pragma once

#include <math.h>

#include "kernels/coarse_kernel.inl.hpp"
#include "kernels/column_kernel.inl.hpp"
#include "kernels/distance_kernel.inl.hpp"
#include "kernels/grid_kernel.inl.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/lattice_kernel.inl.hpp"
#include "kernels/logistic_kernel.inl.hpp"
#include "kernels/pair_kernel.inl.hpp"
#include "kernels/panel_kernel.inl.hpp"
#include "kernels/peak_kernel.inl.hpp"
#include "kernels/row_kernel.inl.hpp"

namespace crowfly::kernels {

template <class Isa, template <class> class Reduce>
constexpr void fill_distance(KernelTable& t, Reduction reduction) {
  const auto at = static_cast<int>(reduction);
  t.distance_rows[at] = distance_rows<Isa, Reduce>;
  t.stored_distance_f32[at] = stored_distance<Isa, Reduce, float>;
  t.stored_distance_f64[at] = stored_distance<Isa, Reduce, double>;
}

template <class Isa, template <class> class Reduce>
constexpr void fill_monotone(KernelTable& t, Reduction reduction) {
  const auto at = static_cast<int>(reduction);
  fill_distance<Isa, Reduce>(t, reduction);
  t.distance_columns_f32[at] = distance_columns<Isa, Reduce, float>;
  t.distance_columns_f64[at] = distance_columns<Isa, Reduce, double>;
  t.box_columns[at] = box_columns<Isa, Reduce>;
  t.single_columns[at] = single_columns<Isa, Reduce>;
  t.single_boxes[at] = single_boxes<Isa, Reduce>;
  t.periodic_rows[at] = periodic_rows<Isa, Reduce>;
  t.periodic_columns[at] = periodic_columns<Isa, Reduce>;
  t.periodic_boxes[at] = periodic_boxes<Isa, Reduce>;
}

template <class Isa>
constexpr KernelTable make_table(const char* name) {
  KernelTable t{};
  t.name = name;
  t.byte_lattice = make_lattice<Isa, typename Isa::byte_products>();
  t.word_lattice = make_lattice<Isa, typename Isa::word_products>();
  fill_monotone<Isa, SquaredDifference>(t, Reduction::squared_difference);
  fill_monotone<Isa, AbsoluteDifference>(t, Reduction::absolute_difference);
  fill_monotone<Isa, MaximumDifference>(t, Reduction::maximum_difference);
  fill_distance<Isa, PowerDifference>(t, Reduction::power_difference);
  t.picked_squares_f32 = picked_squares<Isa, float>;
  t.picked_squares_f64 = picked_squares<Isa, double>;
  t.panel_width = Panel<Isa>::width;
  t.gram_rows = Isa::gram_rows;
  t.gram_tile = gram_tile<Isa>;
  t.gram_panel = gram_panel<Isa>;
  t.gram_diagonal = gram_diagonal<Isa>;
  t.solve_block = solve_block<Isa>;
  t.coarse_gram = t.single_gram = make_coarse_gram<Isa>();
  t.pack_rows_f32 = pack_rows<Isa, float>;
  t.pack_rows_f64 = pack_rows<Isa, double>;
  t.pack_columns_f32 = pack_columns<Isa, float>;
  t.pack_columns_f64 = pack_columns<Isa, double>;
  t.panel_times_vector = panel_times_vector<Isa>;
  t.panel_transposed_times_vector = panel_transposed_times_vector<Isa>;
  t.rows_times_vector_f32 = rows_times_vector<Isa, float>;
  t.rows_times_vector_f64 = rows_times_vector<Isa, double>;
  t.rows_transposed_times_vector_f32 = rows_transposed_times_vector<Isa, float>;
  t.rows_transposed_times_vector_f64 = rows_transposed_times_vector<Isa, double>;
  t.columns_times_vector_f32 = columns_times_vector<Isa, float>;
  t.columns_times_vector_f64 = columns_times_vector<Isa, double>;
  t.columns_transposed_times_vector_f32 = columns_transposed_times_vector<Isa, float>;
  t.columns_transposed_times_vector_f64 = columns_transposed_times_vector<Isa, double>;
  t.panel_times_pair = panel_times_pair<Isa>;
  t.panel_transposed_times_pair = panel_transposed_times_pair<Isa>;
  t.grid_times_columns = grid_times_columns<Isa>;
  t.grid_times_rows = grid_times_rows<Isa>;
  t.grid_gram_panel = grid_gram_panel<Isa>;
  t.grid_gram_diagonal = grid_gram_diagonal<Isa>;
  t.scale_pairs = scale_pairs<Isa>;
  t.panel_max_abs = panel_max_abs<Isa>;
  t.finite_max_abs_f32 = finite_max_abs<Isa, float>;
  t.finite_max_abs_f64 = finite_max_abs<Isa, double>;
  t.scale_panel_rows = scale_panel_rows<Isa>;
  t.logistic_terms = logistic_terms<Isa>;
  t.softmax = softmax<Isa>;
  t.exponential = exponential<Isa>;
  t.log_one_plus = log_one_plus_array<Isa>;
  t.fma_chain_f32 = fma_chain<typename Isa::f32, float>;
  t.fma_chain_f64 = fma_chain<typename Isa::f64, double>;
  t.byte_chain = byte_chain<Isa>;
  t.read_stream = read_stream<Isa>;
  t.write_stream = write_stream<Isa>;
  return t;
}

}  // namespace crowfly::kernels
