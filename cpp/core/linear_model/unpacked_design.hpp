// SPDX-License-Identifier: BSD-3-Clause
// Predictors and gradients of one vector of parameters from rows where the caller has them: a third less time than packing them first, where reading is what takes time.
#pragma once

#include "linalg/row_block.hpp"

namespace crowfly {

/// Of a design without targets, whose columns enter as (x - shift) * scale, with a column of ones or without.
class UnpackedDesign {
 public:
  explicit UnpackedDesign(const Design& design);

  /// Rows or columns that are arrays of floats or doubles, and scales that parameters can be multiplied by.
  [[nodiscard]] static bool serves(const Design& design) noexcept;

  /// Takes the vector that rows are multiplied by.
  void set_parameters(const double* parameters);
  /// target[k] = row begin + k times the parameters; it is aligned and has room up to a multiple of row_padding.
  void times_parameters(Index begin, Index count, double* target) const;
  /// sum[j] += column j of these rows times `weight`, in the caller's units; `sum` has padded_cols() entries.
  void add_transposed(Index begin, Index count, const double* weight, double* sum) const;
  /// sum[j] += unscaled[j], what `add_transposed` added up, in the design's units.
  void add_scaled(const double* unscaled, double* sum) const;
  [[nodiscard]] Index padded_cols() const noexcept { return shift_.size(); }

 private:
  template <class Rows, class Columns>
  void multiply(Index begin, Index count, Rows by_rows, Columns by_columns, const double* factors,
                double* target) const;

  const Design& design_;
  Index p_;
  AlignedBuffer<double> shift_, coef_;
  double constant_ = 0;
};

}  // namespace crowfly
