// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/moment_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/pair_math.hpp"

namespace crowfly {
namespace {

/// Errors of moments relative to the largest diagonal that they saw, and what each row may add: sums of equal numbers, as of constant columns, round to one side
/// again and again. Measured 2^-94 from hundreds of rows on, 2^-90 of a million, 2^-88 of four millions; four times that.
constexpr double noise = 0x1p-92, noise_per_row = 0x1p-108;

double noise_of(const MomentView& moments, Index column) noexcept {
  return (noise + noise_per_row * static_cast<double>(moments.n_rows)) * moments.peak[as_size(column)];
}

}  // namespace

MomentSolver::MomentSolver(Index n_features, Index n_targets)
    : p_(n_features),
      t_(n_targets),
      width_(kernels::active().panel_width),
      stride_(round_up(p_ + t_, width_)),
      system_high_(AlignedBuffer<double>::zeros((p_ + t_) * stride_)),
      system_low_(AlignedBuffer<double>::zeros((p_ + t_) * stride_)),
      mean_(as_size(p_ + t_)),
      factor_high_(AlignedBuffer<double>::zeros(p_ * stride_)),
      factor_low_(AlignedBuffer<double>::zeros(p_ * stride_)),
      row_high_(stride_),
      row_low_(stride_),
      multiplier_high_(p_),
      multiplier_low_(p_),
      zero_(AlignedBuffer<double>::zeros(p_)),
      rest_(as_size(p_ + t_)),
      start_(as_size(p_ + t_)) {}

LeastSquaresFit MomentSolver::solve(const MomentView& moments, bool intercept, const Vector& penalty,
                                    bool with_condition) {
  check(moments.gram.cols() == p_ + 1 + t_ && penalty.size() == as_size(t_));
  LeastSquaresFit fit;
  fit.coef = Matrix(p_, t_);
  fit.intercept.assign(as_size(t_), 0.0);
  fit.rss.assign(as_size(t_), 0.0);
  fit.n_reads = 1;
  centre(moments, intercept);
  Vector alphas = penalty;
  std::sort(alphas.begin(), alphas.end());
  alphas.erase(std::unique(alphas.begin(), alphas.end()), alphas.end());
  for (const double alpha : alphas) {
    factor(moments, alpha);
    if (alpha == alphas.front()) {
      fit.rank = static_cast<Index>(order_.size());
      for (Index j = 0; j < p_; ++j) {
        if (!used_[as_size(j)]) fit.dependent_columns.push_back(j);
      }
      if (fit.rank < p_) fit.condition = std::numeric_limits<double>::infinity();
      if (fit.rank == p_ && with_condition) fit.condition = condition();
    }
    solve_targets(moments, penalty, alpha, fit);
  }
  return fit;
}

void MomentSolver::centre(const MomentView& moments, bool intercept) {
  intercept_ = intercept;
  const Index ones = p_;
  const Pair total = moments.gram.at(ones, ones);
  const auto column = [&](Index j) { return j < p_ ? j : j + 1; };
  for (Index j = 0; j < p_ + t_; ++j) {
    mean_[as_size(j)] = intercept ? moments.gram.at(ones, column(j)) / total : Pair();
  }
  for (Index i = 0; i < p_ + t_; ++i) {
    const Pair sum = moments.gram.at(ones, column(i));
    for (Index j = i; j < p_ + t_; ++j) {
      Pair value = moments.gram.at(column(i), column(j));
      if (intercept) value -= sum * mean_[as_size(j)];
      system_high_[i * stride_ + j] = system_high_[j * stride_ + i] = value.high;
      system_low_[i * stride_ + j] = system_low_[j * stride_ + i] = value.low;
    }
  }
  cleared_.assign(as_size(p_), false);
  for (Index j = 0; j < p_ && intercept; ++j) {
    // Constant but for rounding, which a penalty would take for data.
    if (!(system_high_[j * stride_ + j] > noise_of(moments, j))) clear(j);
  }
}

void MomentSolver::clear(Index feature) {
  cleared_[as_size(feature)] = true;
  for (Index j = 0; j < p_ + t_; ++j) {
    for (double* values : {system_high_.data(), system_low_.data()}) {
      values[feature * stride_ + j] = values[j * stride_ + feature] = 0.0;
    }
  }
}

/// Cholesky with diagonal pivoting, row by row, each from all rows before it: of the columns scaled to unit length the one that sticks out most from those taken.
void MomentSolver::factor(const MomentView& moments, double alpha) {
  order_.clear();
  used_.assign(as_size(p_), false);
  for (Index j = 0; j < p_ + t_; ++j) {
    Pair diagonal = pair_of(system_high_[j * stride_ + j], system_low_[j * stride_ + j]);
    if (j < p_) diagonal += Pair::product(alpha * moments.scale[as_size(j)], moments.scale[as_size(j)]);
    rest_[as_size(j)] = diagonal;
    start_[as_size(j)] = diagonal.high;
  }
  const double cut = smallest_pivot(moments);
  while (static_cast<Index>(order_.size()) < p_) {
    const Index pivot = next_pivot(cut);
    if (pivot < 0) break;
    if (!eliminate(pivot, alpha, moments.scale[as_size(pivot)], cut)) independent_[as_size(pivot)] = false;
    if (order_.size() % 16 == 15) checkpoint();
  }
}

/// Relative to the columns' squared lengths. Columns that are nothing but noise are struck out.
double MomentSolver::smallest_pivot(const MomentView& moments) {
  const double root = 10.0 * static_cast<double>(std::max<Index>(p_, 10)) * std::numeric_limits<double>::epsilon();
  double cut = root * root;
  independent_.assign(as_size(p_), false);
  for (Index j = 0; j < p_; ++j) {
    const double error = noise_of(moments, j);
    if (!(start_[as_size(j)] > error)) continue;
    independent_[as_size(j)] = true;
    cut = std::max(cut, error / start_[as_size(j)]);
  }
  return cut;
}

Index MomentSolver::next_pivot(double cut) const {
  Index best = -1;
  double largest = cut;
  for (Index j = 0; j < p_; ++j) {
    if (used_[as_size(j)] || !independent_[as_size(j)]) continue;
    const double share = rest_[as_size(j)].high / start_[as_size(j)];
    if (share > largest) {
      largest = share;
      best = j;
    }
  }
  return best;
}

bool MomentSolver::eliminate(Index pivot, double alpha, double unit, double cut) {
  reduce_row(pivot);
  Pair square = Pair::sum(row_high_[pivot], row_low_[pivot]);
  if (alpha > 0) square += Pair::product(alpha * unit, unit);
  if (!(square.high > cut * start_[as_size(pivot)])) return false;
  const auto k = static_cast<Index>(order_.size());
  const Pair root = square_root(square), inverse = Pair(1.0) / root;
  for (Index j = 0; j < p_ + t_; ++j) {
    Pair value;
    if (j == pivot) {
      value = root;
    } else if (j >= p_ || !used_[as_size(j)]) {
      value = Pair::sum(row_high_[j], row_low_[j]) * inverse;
      rest_[as_size(j)] -= value * value;
    }
    set_factor(k, j, value);
  }
  used_[as_size(pivot)] = true;
  order_.push_back(pivot);
  return true;
}

/// The system's row less what the rows before explain of it.
void MomentSolver::reduce_row(Index pivot) {
  const auto k = static_cast<Index>(order_.size());
  std::copy_n(system_high_.data() + pivot * stride_, stride_, row_high_.data());
  std::copy_n(system_low_.data() + pivot * stride_, stride_, row_low_.data());
  for (Index i = 0; i < k; ++i) {
    const Pair multiplier = -factor_at(i, pivot);
    multiplier_high_[i] = multiplier.high;
    multiplier_low_[i] = multiplier.low;
  }
  const auto multiply = kernels::active().panel_transposed_times_pair;
  const double operations = 24.0 * static_cast<double>(k) * static_cast<double>(stride_);
  parallel_for_work(stride_ / width_, operations, [&](Index panel) {
    const Index first = panel * p_ * width_, at = panel * width_;
    multiply(factor_high_.data() + first, multiplier_high_.data(), multiplier_low_.data(), k, row_high_.data() + at,
             row_low_.data() + at);
    multiply(factor_low_.data() + first, multiplier_high_.data(), zero_.data(), k, row_high_.data() + at,
             row_low_.data() + at);
  });
}

Pair MomentSolver::factor_at(Index k, Index j) const noexcept {
  const Index at = (j / width_ * p_ + k) * width_ + j % width_;
  return pair_of(factor_high_[at], factor_low_[at]);
}

void MomentSolver::set_factor(Index k, Index j, Pair value) noexcept {
  const Index at = (j / width_ * p_ + k) * width_ + j % width_;
  factor_high_[at] = value.high;
  factor_low_[at] = value.low;
}

void MomentSolver::solve_targets(const MomentView& moments, const Vector& penalty, double alpha, LeastSquaresFit& fit) {
  const bool full = determines_all();
  const LeastSquaresSolution deficient = full ? LeastSquaresSolution() : shortest(moments);
  for (Index t = 0; t < t_; ++t) {
    if (penalty[as_size(t)] != alpha) continue;
    std::vector<Pair> gamma;
    if (full) {
      gamma = back_substituted(t);
    } else {
      for (Index j = 0; j < p_; ++j) gamma.emplace_back(deficient.coef(j, t));
    }
    finish_target(moments, t, alpha, gamma, fit);
  }
}

/// Whether every feature was eliminated but those without anything in them, whose coefficients are zero.
bool MomentSolver::determines_all() const {
  for (std::size_t j = 0; j < used_.size(); ++j) {
    if (!used_[j] && !cleared_[j]) return false;
  }
  return true;
}

std::vector<Pair> MomentSolver::back_substituted(Index target) const {
  std::vector<Pair> x(as_size(p_));
  const auto rank = static_cast<Index>(order_.size());
  for (Index k = rank - 1; k >= 0; --k) {
    Pair rest = factor_at(k, p_ + target);
    for (Index later = k + 1; later < rank; ++later) {
      const Index j = order_[as_size(later)];
      rest -= factor_at(k, j) * x[as_size(j)];
    }
    const Index j = order_[as_size(k)];
    x[as_size(j)] = rest / factor_at(k, j);
  }
  return x;
}

/// Below full rank: the independent rows, solved in float64.
LeastSquaresSolution MomentSolver::shortest(const MomentView& moments) const {
  const auto rank = static_cast<Index>(order_.size());
  Matrix rows(rank, p_), right(rank, t_);
  for (Index k = 0; k < rank; ++k) {
    for (Index j = 0; j < p_; ++j) rows(k, j) = independent_[as_size(j)] ? factor_at(k, j).high : 0.0;
    for (Index t = 0; t < t_; ++t) right(k, t) = factor_at(k, p_ + t).high;
  }
  return solve_pivoted(std::move(rows), std::move(right), Vector(moments.scale.begin(), moments.scale.begin() + p_));
}

double MomentSolver::condition() const {
  Matrix r(p_, p_);
  for (Index j = 0; j < p_; ++j) {
    const Index column = order_[as_size(j)];
    const double length = std::sqrt(start_[as_size(column)]);
    for (Index k = 0; k <= j; ++k) r(k, j) = factor_at(k, column).high / length;
  }
  return triangle_condition(std::move(r));
}

/// Coefficients back in the caller's units, each rounded once.
void MomentSolver::finish_target(const MomentView& moments, Index target, double alpha, const std::vector<Pair>& gamma,
                                 LeastSquaresFit& fit) const {
  const double target_scale = moments.scale[as_size(p_ + 1 + target)];
  Pair constant = mean_[as_size(p_ + target)], squares = rest_[as_size(p_ + target)];
  for (Index j = 0; j < p_; ++j) {
    const Pair value = gamma[as_size(j)];
    const double unit = moments.scale[as_size(j)];
    constant -= value * mean_[as_size(j)];
    if (alpha > 0) squares -= scaled(value, unit) * scaled(value, unit) * alpha;
    fit.coef(j, target) = value.high * unit / target_scale;
  }
  fit.intercept[as_size(target)] = intercept_ ? constant.high / target_scale : 0.0;
  fit.rss[as_size(target)] = std::max(0.0, squares.high) / target_scale / target_scale;
}

}  // namespace crowfly
