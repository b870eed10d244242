// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/normal_equations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "linalg/single_gram.hpp"
#include "linear_model/exact_residuals.hpp"
#include "linear_model/sampled_frame.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// From so many columns on, more for several targets, a Gram matrix in float32 pays for one more read.
constexpr Index min_single_columns = 96, columns_per_target = 12;
/// And from so many numbers on: with fewer, clearing and adding up its sums is what it takes.
constexpr Index min_single_numbers = Index{1} << 20;
/// Squared distance of mean and shift, in variances, above which the sample was a bad one.
constexpr double max_shift_variances = 16;
/// Cross products about zero have no shift that might be refuted. Not infinity, whose product with the square of a column of zeros is no number.
constexpr double any_shift_variances = std::numeric_limits<double>::max();
/// Columns up to which cross products of a block stay in the second-level cache.
constexpr Index max_cross_products = 160;
/// Pairs of columns per feature and target up to which their products in twice the precision take no longer than in float64 and a read for residuals: 13 with Zen 4's separate adders.
constexpr Index products_per_residual = 13;

}  // namespace

NormalEquations::NormalEquations(const LeastSquaresProblem& problem, const std::vector<ConstantColumn>& constants)
    : problem_(problem),
      constants_(constants),
      p_(problem.features.cols),
      t_(problem.targets.cols),
      largest_scale_(largest_safe_scale(problem.penalty)),
      design_(problem.features, false, problem.targets),
      gram_unit_(eps) {}

bool NormalEquations::frame_by_sample() {
  if (!standardise_by_sample(design_, problem_.weights, problem_.intercept, largest_scale_)) return false;
  shift_to_constants(design_, constants_);
  frame_ = Frame::sampled;
  set_units();
  return true;
}

void NormalEquations::frame_by_all() {
  total_weight_ = standardise(design_, problem_.weights, problem_.intercept, largest_scale_).total_weight;
  frame_ = Frame::fits;
  set_units();
  ++n_reads_;
}

bool NormalEquations::pays(GramSource source) const {
  if (frame_ == Frame::refuted) return false;
  switch (source) {
    case GramSource::single:
      return p_ >= min_single_columns + columns_per_target * t_ && problem_.features.rows * p_ >= min_single_numbers &&
             fit_single_gram(problem_.weights, problem_.features.rows);
    case GramSource::on_grid:
      return !has_shifted_constants() && problem_.weights == nullptr && problem_.features.sparse == nullptr &&
             p_ + t_ < max_cross_products && (p_ + t_) * (p_ + t_) <= products_per_residual * p_ * t_;
    case GramSource::doubles:
      break;
  }
  return true;
}

/// About zero nothing is known of what a constant column is but for its mean.
bool NormalEquations::has_shifted_constants() const {
  return std::any_of(constants_.begin(), constants_.end(), [](const auto& constant) { return constant.value != 0; });
}

bool NormalEquations::sum_up(GramSource source) {
  switch (source) {
    case GramSource::single:
      return sum_up(&single_gram, SingleGram::unit);
    case GramSource::on_grid:
      return sum_up_on_grid();
    case GramSource::doubles:
      break;
  }
  return sum_up(&gram_and_reach, eps);
}

template <class Gram>
bool NormalEquations::sum_up(GramAndReach<Gram> (*sum)(const Design&, const double*), double unit) {
  const GramAndReach<Gram> sums = sum(with_ones(), problem_.weights);
  ++n_reads_;
  gram_unit_ = unit;
  return take(centred_gram(sums.gram, p_, t_, problem_.intercept), sums.reach, max_shift_variances);
}

/// About zero: shifts would round.
bool NormalEquations::sum_up_on_grid() {
  shift_ = std::exchange(design_.shift, Vector(design_.shift.size(), 0.0));
  const Vector scale = design_.scale;
  GramAndReach<GridGram> sums = grid_gram(with_ones());
  ++n_reads_;
  gram_unit_ = eps;
  products_.emplace(std::move(sums.gram));
  CentredGram centred = centred_gram(*products_, p_, t_, problem_.intercept);
  if (products_->in_range() && is_known(centred, *products_) &&
      take(std::move(centred), sums.reach, any_shift_variances)) {
    products_->scale(change_of_scale(scale));
    return true;
  }
  forget_cross_products();
  return false;
}

void NormalEquations::forget_cross_products() {
  if (!products_) return;
  products_.reset();
  design_.shift = std::move(shift_);
}

bool NormalEquations::take(CentredGram centred, const ColumnReach& reach, double most_variances) {
  if (frame_ == Frame::fits) {
    check(entries_are_small(reach));
  } else {
    const bool fits = adjust_frame(design_, centred, reach, problem_.intercept, largest_scale_, most_variances);
    frame_ = fits ? Frame::fits : Frame::refuted;
    total_weight_ = reach.total_weight();
    set_units();
  }
  gram_ = std::move(centred.gram);
  cross_ = std::move(centred.cross);
  mean_ = std::move(centred.mean);
  return frame_ == Frame::fits;
}

/// Whether the lengths of centred columns are those of exact products, up to a few units of float64.
bool NormalEquations::is_known(const CentredGram& centred, const GridGram& gram) const {
  for (Index j = 0; j < p_; ++j) {
    // The mean is below the column's reach: taking it out at most doubles what the column is off by, in either factor.
    const double error = 2 * gram.reach(j);
    if (!(error * error <= eps * centred.gram(j, j))) return false;
  }
  return true;
}

/// Of the columns with ones.
Vector NormalEquations::change_of_scale(const Vector& before) const {
  Vector factor(before.size());
  for (std::size_t j = 0; j < before.size(); ++j) factor[j] = design_.scale[j] / before[j];
  if (problem_.intercept) factor.insert(factor.begin() + p_, 1.0);
  return factor;
}

/// Whether shifts and scales are those of the data, on whose size products on grids rely.
bool NormalEquations::entries_are_small(const ColumnReach& reach) const {
  for (Index j = 0; j < p_ + t_; ++j) {
    const double most = reach.max_abs(j < p_ || !problem_.intercept ? j : j + 1) +
                        std::fabs(design_.shift[as_size(j)] * design_.scale[as_size(j)]);
    if (!(most <= 2 * largest_entry)) return false;
  }
  return true;
}

}  // namespace crowfly
