// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/moments.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/moment_solver.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

/// Numbers this much larger than those before make the scale change: squares and their sums stay far from overflow.
constexpr double scale_slack = 0x1p200;

/// A total weight below this part of the largest one is what rounding left.
constexpr double no_weight = 0x1p-96;

/// Sums of squares of rows that were added and taken away are zero up to this part of the largest.
constexpr double lost_by_rounding = 0x1p-90;

}  // namespace

double unit_scale(double max_abs, double largest) noexcept {
  return max_abs > 0 ? std::min(std::ldexp(1.0, -std::ilogb(max_abs)), largest) : 1.0;
}

Vector diagonal(const PairGram& gram) {
  Vector values(as_size(gram.cols()));
  for (Index j = 0; j < gram.cols(); ++j) values[as_size(j)] = gram.at(j, j).high;
  return values;
}

Moments::Moments(Index n_features, Index n_targets)
    : p_(n_features),
      t_(n_targets),
      gram_(p_ + 1 + t_),
      scale_(as_size(p_ + 1 + t_), 1.0),
      peak_(as_size(p_ + 1 + t_), 0.0) {}

void Moments::update(const MatrixView& features, const MatrixView& targets, const double* weights) {
  const PairGram rows = read(features, targets, weights);
  add(rows);
  n_rows_ += features.rows;
}

void Moments::downdate(const MatrixView& features, const MatrixView& targets, const double* weights) {
  if (features.rows > n_rows_) throw InvalidArgument("X: more rows to take away than were added");
  const PairGram rows = read(features, targets, weights);
  PairGram rest(gram_.cols());
  rest.assign(gram_);
  rest.subtract(rows);
  const Vector squares = diagonal(rest);
  for (std::size_t j = 0; j < squares.size(); ++j) {
    if (squares[j] < -lost_by_rounding * peak_[j]) throw InvalidArgument("X: rows to take away that were never added");
  }
  gram_.assign(rest);
  n_rows_ -= features.rows;
}

/// The cross products of new rows, in the scale of those before, which adapts to them first.
PairGram Moments::read(const MatrixView& features, const MatrixView& targets, const double* weights) {
  check(features.cols == p_ && targets.cols == t_ && features.rows == targets.rows);
  Design design(features, true, targets);
  const ColumnStatistics statistics = column_statistics(design, nullptr);
  Vector scale = scale_;
  for (Index j = 0; j < p_ + 1 + t_; ++j) {
    const double max_abs = statistics.max_abs[as_size(j)];
    if (j == p_ || !(max_abs > 0)) continue;
    if (peak_[as_size(j)] == 0 || max_abs * scale[as_size(j)] > scale_slack) {
      scale[as_size(j)] = unit_scale(max_abs, largest_safe_scale(false));
    }
  }
  design.scale = scale;
  PairGram rows = pair_gram(design, weights);
  rescale(scale);
  return rows;
}

void Moments::rescale(const Vector& scale) {
  if (scale == scale_) return;
  Vector factor(scale.size());
  for (std::size_t j = 0; j < scale.size(); ++j) {
    factor[j] = peak_[j] > 0 ? scale[j] / scale_[j] : 1.0;
    peak_[j] = peak_[j] * factor[j] * factor[j];
  }
  gram_.scale(factor);
  scale_ = scale;
}

void Moments::add(const PairGram& gram) {
  gram_.add(gram);
  const Vector now = diagonal(gram_);
  for (std::size_t j = 0; j < now.size(); ++j) peak_[j] = std::max(peak_[j], now[j]);
}

void Moments::merge(const Moments& other) {
  check(other.p_ == p_ && other.t_ == t_);
  Moments added(p_, t_);
  added.gram_.assign(other.gram_);
  added.scale_ = other.scale_;
  added.peak_ = other.peak_;
  Vector scale = scale_;
  for (std::size_t j = 0; j < scale.size(); ++j) {
    const bool far_larger = other.scale_[j] < scale_[j] / scale_slack;
    if (other.peak_[j] > 0 && (peak_[j] == 0 || far_larger)) scale[j] = other.scale_[j];
  }
  rescale(scale);
  added.rescale(scale);
  for (std::size_t j = 0; j < scale.size(); ++j) peak_[j] = std::max(peak_[j], added.peak_[j]);
  add(added.gram_);
  n_rows_ += other.n_rows_;
}

LeastSquaresFit Moments::solve(const Vector& penalty, bool intercept) const {
  if (!(total_weight() > no_weight * peak_[as_size(p_)])) throw InvalidArgument("moments: no rows to fit");
  MomentSolver solver(p_, t_);
  const double largest = largest_safe_scale(*std::max_element(penalty.begin(), penalty.end()) > 0);
  if (std::all_of(scale_.begin(), scale_.begin() + p_, [=](double scale) { return scale <= largest; })) {
    return solver.solve({gram_, scale_, peak_, n_rows_}, intercept, penalty, true);
  }
  Moments lowered(p_, t_);
  lowered.gram_.assign(gram_);
  lowered.scale_ = scale_;
  lowered.peak_ = peak_;
  Vector scale = scale_;
  for (Index j = 0; j < p_; ++j) scale[as_size(j)] = std::min(scale[as_size(j)], largest);
  lowered.rescale(scale);
  return solver.solve({lowered.gram_, lowered.scale_, lowered.peak_, n_rows_}, intercept, penalty, true);
}

void Moments::restore(PairGram gram, Vector scale, Vector peak, Index n_rows) {
  check(gram.cols() == gram_.cols() && scale.size() == scale_.size() && peak.size() == peak_.size());
  gram_ = std::move(gram);
  scale_ = std::move(scale);
  peak_ = std::move(peak);
  n_rows_ = n_rows;
}

}  // namespace crowfly
