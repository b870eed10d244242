// SPDX-License-Identifier: BSD-3-Clause
// The Gram matrix and cross products of a least-squares problem about exact means, in shifts and scales that the data allow: from which sums, and after how many reads.
#pragma once

#include <optional>
#include <vector>

#include "linalg/grid_gram.hpp"
#include "linear_model/centred_gram.hpp"
#include "linear_model/constant_columns.hpp"
#include "linear_model/least_squares.hpp"

namespace crowfly {

/// What sums of products are made of: float32's, for a matrix that refinement forgives; cuts on grids, in twice the precision, of which residuals can be had, too; float64's.
enum class GramSource { single, on_grid, doubles };
inline constexpr GramSource gram_sources[] = {GramSource::single, GramSource::on_grid, GramSource::doubles};

class NormalEquations {
 public:
  /// `constants` are those beside the intercept of the problem; both outlive this.
  NormalEquations(const LeastSquaresProblem& problem, const std::vector<ConstantColumn>& constants);

  /// Shifts and scales from a sample of the rows, which the next sums refute or make those of all. False where there is no saving in it.
  bool frame_by_sample();
  /// The same from a read of all rows.
  void frame_by_all();
  [[nodiscard]] bool has_frame() const noexcept { return frame_ == Frame::fits; }

  /// Whether that source is worth a try.
  [[nodiscard]] bool pays(GramSource source) const;
  /// One read. False where the frame was refuted, or these sums can't centre the columns.
  bool sum_up(GramSource source);
  /// Back to the frame before sums on grids, which are about zero.
  void forget_cross_products();

  [[nodiscard]] const Design& design() const noexcept { return design_; }
  /// Power of two of a feature: coefficient = gamma * unit / scale of the target.
  [[nodiscard]] const Vector& unit() const noexcept { return unit_; }
  /// Of scaled columns about exact means.
  [[nodiscard]] const Matrix& gram() const noexcept { return gram_; }
  [[nodiscard]] const Matrix& cross() const noexcept { return cross_; }
  /// Of all columns in scaled units, less the shifts already taken out.
  [[nodiscard]] const Vector& mean() const noexcept { return mean_; }
  /// Relative error of the Gram matrix.
  [[nodiscard]] double gram_unit() const noexcept { return gram_unit_; }
  [[nodiscard]] const GridGram* cross_products() const noexcept { return products_ ? &*products_ : nullptr; }
  [[nodiscard]] double total_weight() const noexcept { return total_weight_; }
  [[nodiscard]] int n_reads() const noexcept { return n_reads_; }

 private:
  /// Shifts and scales of the design: none yet; of a sample, still to be held against all rows; known to do; known not to.
  enum class Frame { none, sampled, fits, refuted };

  template <class Gram>
  bool sum_up(GramAndReach<Gram> (*sum)(const Design&, const double*), double unit);
  bool sum_up_on_grid();
  bool take(CentredGram centred, const ColumnReach& reach, double most_variances);
  [[nodiscard]] bool has_shifted_constants() const;
  [[nodiscard]] Design with_ones() const { return problem_.intercept ? design_.with_ones() : design_; }
  [[nodiscard]] bool is_known(const CentredGram& centred, const GridGram& gram) const;
  [[nodiscard]] Vector change_of_scale(const Vector& before) const;
  [[nodiscard]] bool entries_are_small(const ColumnReach& reach) const;
  void set_units() { unit_.assign(design_.scale.begin(), design_.scale.begin() + p_); }

  const LeastSquaresProblem& problem_;
  const std::vector<ConstantColumn>& constants_;
  Index p_, t_;
  double largest_scale_;
  Design design_;
  Frame frame_ = Frame::none;
  Vector unit_, mean_;
  Matrix gram_, cross_;
  double gram_unit_ = 0, total_weight_ = 0;
  std::optional<GridGram> products_;
  Vector shift_;  ///< before sums on grids
  int n_reads_ = 0;
};

}  // namespace crowfly
