// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/unpacked_design.hpp"

#include <algorithm>

#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Between which scales times parameters, and numbers in the caller's units times residuals, are in range.
constexpr double smallest_scale = 0x1p-300, largest_scale = 0x1p300;

}  // namespace

bool UnpackedDesign::serves(const Design& design) noexcept {
  return design.targets.cols == 0 && design.features.sparse == nullptr &&
         (design.features.rows_are_arrays() || design.features.columns_are_arrays()) &&
         std::all_of(design.scale.begin(), design.scale.end(),
                     [](double scale) { return scale > smallest_scale && scale < largest_scale; });
}

UnpackedDesign::UnpackedDesign(const Design& design)
    : design_(design),
      p_(design.features.cols),
      shift_(AlignedBuffer<double>::zeros(round_up(design.cols(), kernels::row_padding))),
      coef_(AlignedBuffer<double>::zeros(shift_.size())) {
  std::copy_n(design.shift.begin(), p_, shift_.data());
}

void UnpackedDesign::set_parameters(const double* parameters) {
  for (Index j = 0; j < p_; ++j) coef_[j] = parameters[j] * design_.scale[as_size(j)];
  if (design_.ones) constant_ = parameters[p_];
}

template <class Rows, class Columns>
void UnpackedDesign::multiply(Index begin, Index count, Rows by_rows, Columns by_columns, const double* factors,
                              double* target) const {
  const MatrixView& x = design_.features;
  if (x.rows_are_arrays()) {
    by_rows({x.row(begin), x.row_stride, count, p_, shift_.data()}, factors, target);
  } else {
    by_columns({x.row(begin), x.col_stride, count, p_, shift_.data()}, factors, target);
  }
}

void UnpackedDesign::times_parameters(Index begin, Index count, double* target) const {
  const auto& table = kernels::active();
  if (design_.features.dtype == DType::f32) {
    multiply(begin, count, table.rows_times_vector_f32, table.columns_times_vector_f32, coef_.data(), target);
  } else {
    multiply(begin, count, table.rows_times_vector_f64, table.columns_times_vector_f64, coef_.data(), target);
  }
  for (Index k = 0; design_.ones && k < count; ++k) target[k] += constant_;
}

void UnpackedDesign::add_transposed(Index begin, Index count, const double* weight, double* sum) const {
  const auto& table = kernels::active();
  if (design_.features.dtype == DType::f32) {
    multiply(begin, count, table.rows_transposed_times_vector_f32, table.columns_transposed_times_vector_f32, weight,
             sum);
  } else {
    multiply(begin, count, table.rows_transposed_times_vector_f64, table.columns_transposed_times_vector_f64, weight,
             sum);
  }
  for (Index k = 0; design_.ones && k < count; ++k) sum[p_] += weight[k];
}

void UnpackedDesign::add_scaled(const double* unscaled, double* sum) const {
  for (Index j = 0; j < design_.cols(); ++j) sum[j] += unscaled[j] * design_.scale[as_size(j)];
}

}  // namespace crowfly
