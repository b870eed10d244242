// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/inference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/cancel.hpp"
#include "linalg/pair_gram.hpp"
#include "linalg/pair_math.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

/// Right-hand sides that are refined together: bounds the memory of their gradients.
constexpr Index refined_at_once = 16;
constexpr int max_refinements = 8;
/// Up to here S S' is right to 12 digits.
constexpr double largest_plain_condition = 1e3;
/// Below, refinement with the data takes less than a millisecond.
constexpr double most_operations_for_refinement = 0x1p18;
/// Variance inflation of columns that are not centred, up to which their Gram matrix in pairs leaves errors below rounding.
constexpr double largest_inflation = 1e14;

constexpr double zero = 0;

/// The columns of the exact passes: x * scale, ones, and the targets times `target_scale`.
Design exact_design(const RegressionProblem& problem, const Whitening& whitening, const MatrixView& targets,
                    double target_scale) {
  Design design(problem.features, true, targets);
  std::copy(whitening.scale.begin(), whitening.scale.end(), design.scale.begin());
  std::fill(design.scale.begin() + design.first_target(), design.scale.end(), target_scale);
  return design;
}

/// Columns [first, first + count) of the inverse as solutions for unit vectors, refined with targets of zero.
class InverseColumns {
 public:
  InverseColumns(const RegressionProblem& problem, const Whitening& whitening, Index first, Index count)
      : problem_(problem),
        whitening_(whitening),
        first_(first),
        count_(count),
        p_(whitening.n_features()),
        constant_(whitening.intercept ? 1 : 0),
        solution_(whitening.solve(unit_vectors())) {}

  /// Entry `row` of column first + t.
  [[nodiscard]] Pair at(Index row, Index t) const noexcept {
    return row < constant_ ? solution_.constant[as_size(t)] : solution_(row - constant_, t);
  }

  /// With residuals of the data, a read each time.
  void refine(const Vector& diagonal) {
    const MatrixView zeros{reinterpret_cast<const char*>(&zero), problem_.features.rows, count_, 0, 0, DType::f64};
    const Design design = exact_design(problem_, whitening_, zeros, 1.0);
    refine(diagonal, [&] { return exact_residuals(design, problem_.weights, solution_).gradient; });
  }

  /// With the Gram matrix of the columns, then ones, in pairs: no read.
  void refine(const Vector& diagonal, const PairGram& gram) {
    refine(diagonal, [&] {
      PairCoefficients gradient(p_, count_);
      const Index k = p_ + constant_;
      parallel_for_work(count_, 20.0 * static_cast<double>(count_ * k * k), [&](Index t) {
        checkpoint();
        for (Index i = 0; i < k; ++i) {
          Pair sum;
          for (Index j = 0; j < k; ++j) {
            sum -= gram.at(i, j) * (j < p_ ? solution_(j, t) : solution_.constant[as_size(t)]);
          }
          (i < p_ ? gradient(i, t) : gradient.constant[as_size(t)]) = sum;
        }
      });
      return gradient;
    });
  }

 private:
  template <class Gradient>
  void refine(const Vector& diagonal, const Gradient& gradient_of_solution) {
    double previous = std::numeric_limits<double>::infinity();
    for (int pass = 0; pass < max_refinements; ++pass) {
      PairCoefficients gradient = gradient_of_solution();
      const PairCoefficients units = unit_vectors();
      for (Index t = 0; t < count_; ++t) {
        for (Index j = 0; j < p_; ++j) gradient(j, t) += units(j, t);
        gradient.constant[as_size(t)] += units.constant[as_size(t)];
        if (constant_ == 0) gradient.constant[as_size(t)] = 0;
      }
      const PairCoefficients step = whitening_.solve(gradient);
      const double size = relative_size(step, diagonal);
      if (!(size < 0.5 * previous)) return;
      for (Index t = 0; t < count_; ++t) {
        for (Index j = 0; j < p_; ++j) solution_(j, t) += step(j, t);
        solution_.constant[as_size(t)] += step.constant[as_size(t)];
      }
      const double contraction = pass > 0 ? size / previous : std::min(1.0, size);
      previous = size;
      if (size * contraction < 0x1p-60) return;
    }
  }

  [[nodiscard]] PairCoefficients unit_vectors() const {
    PairCoefficients units(p_, count_);
    for (Index t = 0; t < count_; ++t) {
      const Index row = first_ + t;
      (row < constant_ ? units.constant[as_size(t)] : units(row - constant_, t)) = 1.0;
    }
    return units;
  }

  /// Largest entry of the step as a correlation.
  [[nodiscard]] double relative_size(const PairCoefficients& step, const Vector& diagonal) const {
    double worst = 0;
    for (Index t = 0; t < count_; ++t) {
      const double own = std::sqrt(diagonal[as_size(first_ + t)]);
      if (constant_ > 0)
        worst = std::max(worst, std::fabs(step.constant[as_size(t)].high) / own / std::sqrt(diagonal[0]));
      for (Index j = 0; j < p_; ++j) {
        worst = std::max(worst, std::fabs(step(j, t).high) / own / std::sqrt(diagonal[as_size(j + constant_)]));
      }
    }
    return worst;
  }

  const RegressionProblem& problem_;
  const Whitening& whitening_;
  Index first_, count_, p_, constant_;
  PairCoefficients solution_;
};

/// The rows of the basis for columns that are scaled but not shifted.
Matrix unshifted_basis(const Whitening& whitening) {
  Matrix basis = whitening.basis.copy();
  for (Index c = 0; whitening.intercept && c < basis.cols(); ++c) {
    Pair value = basis(0, c);
    for (Index j = 0; j < whitening.n_features(); ++j) value -= Pair::product(whitening.offset(j), basis(j + 1, c));
    basis(0, c) = value.high;
  }
  return basis;
}

/// Gram matrix in pairs of the columns, not centred, then ones; empty where their offsets or dependence cost it too many digits.
std::optional<PairGram> exact_gram(const RegressionProblem& problem, const Whitening& whitening,
                                   const Vector& diagonal) {
  const MatrixView nothing{problem.target.data, problem.target.rows, 0, 0, 0, DType::f64};
  const Index p = whitening.n_features(), constant = whitening.intercept ? 1 : 0;
  PairGram gram = pair_gram(exact_design(problem, whitening, nothing, 1.0), problem.weights);
  for (Index j = 0; j < p + constant; ++j) {
    const double own = diagonal[as_size(j < p ? j + constant : 0)];
    if (!(gram.at(j, j).high * own <= largest_inflation)) return std::nullopt;
  }
  return gram;
}

double refinement_operations(const RegressionProblem& problem, Index k) {
  return static_cast<double>(problem.features.rows) * static_cast<double>(k) * static_cast<double>(k);
}

/// What one read of the rows adds up.
struct Sums {
  Pair residual, total, explained, total_squares, explained_squares, residual_squares;

  Sums& operator+=(const Sums& other) {
    residual += other.residual;
    total += other.total;
    explained += other.explained;
    total_squares += other.total_squares;
    explained_squares += other.explained_squares;
    residual_squares += other.residual_squares;
    return *this;
  }
};

Pair square(Pair x) { return Pair::product(x.high, x.high) + Pair(2 * x.high * x.low); }

/// Residuals about coefficients of twice the precision, written to `residuals`, and their sums.
class ResidualRead {
 public:
  ResidualRead(const Design& design, const double* weights, const PairCoefficients& coefficients)
      : design_(design), weights_(weights), padded_(RowBlock(1, design.cols()).padded_cols()) {
    high_ = AlignedBuffer<double>::zeros(padded_);
    low_ = AlignedBuffer<double>::zeros(padded_);
    const Index p = coefficients.n_features;
    for (Index j = 0; j <= p; ++j) {
      const Pair value = j < p ? coefficients(j, 0) : coefficients.constant[0];
      high_[j] = -value.high;
      low_[j] = -value.low;
    }
    high_[design.first_target()] = 1;
  }

  Sums run(double mean, double unit, Vector& residuals) const {
    const auto partition = RowPartition::for_vectors(design_.rows(), design_.cols());
    std::vector<Sums> parts(as_size(partition.slots));
    const double operations = 20.0 * static_cast<double>(design_.rows()) * static_cast<double>(padded_);
    for_each_slot(partition, operations, [&](Index slot, Range range) {
      Sums& sums = parts[as_size(slot)];
      RowBlock block(partition.block_rows, design_.cols());
      AlignedBuffer<double> high(block.capacity()), low(block.capacity());
      for_each_block(partition, range, [&](Index begin, Index count) {
        checkpoint();
        block.load(design_, begin, count);
        block.times_pair(high_.data(), low_.data(), high.data(), low.data());
        for (Index k = 0; k < count; ++k) {
          const Pair residual = Pair::sum(high[k], low[k]);
          residuals[as_size(begin + k)] = residual.high / unit;
          add(sums, residual, Pair::sum(block.at(k, design_.first_target()), -mean),
              weights_ == nullptr ? 1.0 : weights_[begin + k]);
        }
      });
    });
    Sums result;
    for (const Sums& part : parts) result += part;
    return result;
  }

 private:
  static void add(Sums& sums, Pair residual, Pair total, double weight) {
    const Pair explained = total - residual;
    sums.residual += residual * weight;
    sums.total += total * weight;
    sums.explained += explained * weight;
    sums.residual_squares += square(residual) * weight;
    sums.total_squares += square(total) * weight;
    sums.explained_squares += square(explained) * weight;
  }

  const Design& design_;
  const double* weights_;
  Index padded_;
  AlignedBuffer<double> high_, low_;
};

double durbin_watson(const Vector& residuals, const double* weights) {
  double changes = 0, squares = 0, previous = 0;
  double largest = 0;
  for (const double r : residuals) largest = std::max(largest, std::fabs(r));
  const double unit = largest > 0 ? largest : 1.0;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    const double r = residuals[i] / unit * (weights == nullptr ? 1.0 : std::sqrt(weights[i]));
    if (i > 0) changes += (r - previous) * (r - previous);
    squares += r * r;
    previous = r;
  }
  return changes / squares;
}

/// Cut to 88 bits: those below hang on the order of the rows, and would show in residuals that are rounding errors themselves. What is cut off changes the sum of their squares by
/// its own square only.
Pair settled(Pair x) {
  if (x.high == 0 || !std::isfinite(x.high)) return x;
  constexpr int kept_bits = 88, mantissa_bits = 52;
  const double unit = std::ldexp(1.5, std::ilogb(x.high) - kept_bits + mantissa_bits);
  return Pair::sum(x.high, (x.low + unit) - unit);
}

/// The solution as pairs: rounded coefficients corrected by one or two steps of refinement.
PairCoefficients refined_solution(const Design& design, const RegressionProblem& problem, const Whitening& whitening,
                                  const double* coef, double intercept, double target_scale) {
  const Index p = whitening.n_features();
  PairCoefficients solution(p, 1);
  for (Index j = 0; j < p; ++j) solution(j, 0) = coef[j] * target_scale / whitening.scale[as_size(j)];
  solution.constant[0] = intercept * target_scale;
  constexpr double benign = 1e6;
  // Small problems may have residuals that are nothing but rounding of the targets, and those ask for all digits.
  const bool once = whitening.condition <= benign &&
                    refinement_operations(problem, whitening.basis.rows()) > most_operations_for_refinement;
  for (int pass = 0; pass < (once ? 1 : 2); ++pass) {
    PairCoefficients gradient = exact_residuals(design, problem.weights, solution).gradient;
    if (!whitening.intercept) gradient.constant[0] = 0;
    const PairCoefficients step = whitening.solve(gradient);
    for (Index j = 0; j < p; ++j) solution(j, 0) += step(j, 0);
    solution.constant[0] += step.constant[0];
  }
  for (Pair& value : solution.coef) value = settled(value);
  solution.constant[0] = settled(solution.constant[0]);
  return solution;
}

}  // namespace

InverseGram inverse_gram(const RegressionProblem& problem, const Whitening& whitening) {
  const Index k = whitening.basis.rows();
  const Matrix basis = unshifted_basis(whitening);
  InverseGram inverse{Matrix(k, k)};
  Vector diagonal(as_size(k), 0.0);
  inverse.refined = !(whitening.condition <= largest_plain_condition) ||
                    refinement_operations(problem, k) <= most_operations_for_refinement;
  if (!inverse.refined) {
    const Matrix transposed = [&] {
      Matrix t(k, k);
      for (Index j = 0; j < k; ++j) {
        for (Index i = 0; i < k; ++i) t(j, i) = basis(i, j);
      }
      return t;
    }();
    parallel_for_work(k, static_cast<double>(k * k * k), [&](Index j) {
      checkpoint();
      for (Index i = 0; i < k; ++i) {
        double sum = 0;
        for (Index c = 0; c < k; ++c) sum += transposed(c, i) * transposed(c, j);
        inverse.values(i, j) = sum;
      }
    });
    return inverse;
  }
  for (Index c = 0; c < k; ++c) {
    for (Index i = 0; i < k; ++i) diagonal[as_size(i)] += basis(i, c) * basis(i, c);
  }
  const std::optional<PairGram> gram = exact_gram(problem, whitening, diagonal);
  for (Index first = 0; first < k; first += refined_at_once) {
    InverseColumns columns(problem, whitening, first, std::min(refined_at_once, k - first));
    if (gram) {
      columns.refine(diagonal, *gram);
    } else {
      columns.refine(diagonal);
    }
    for (Index t = 0; t < std::min(refined_at_once, k - first); ++t) {
      for (Index i = 0; i <= first + t; ++i) {
        inverse.values(i, first + t) = inverse.values(first + t, i) = columns.at(i, t).high;
      }
    }
  }
  return inverse;
}

FitStatistics fit_statistics(const RegressionProblem& problem, const Whitening& whitening, const double* coef,
                             double intercept) {
  const MatrixView nothing{problem.target.data, problem.target.rows, 0, 0, 0, DType::f64};
  Design target(problem.target, false, nothing);
  const double total_weight =
      standardise(target, problem.weights, whitening.intercept, largest_safe_scale(false)).total_weight;
  FitStatistics result;
  result.target_scale = target.scale[0];
  result.residuals.assign(as_size(problem.target.rows), 0.0);
  const Design design = exact_design(problem, whitening, problem.target, result.target_scale);
  const PairCoefficients solution = refined_solution(design, problem, whitening, coef, intercept, result.target_scale);
  const double mean = whitening.intercept ? target.shift[0] * result.target_scale : 0.0;
  const Sums sums = ResidualRead(design, problem.weights, solution).run(mean, result.target_scale, result.residuals);
  // What the rounded mean missed.
  const auto about_mean = [&](Pair squares, Pair sum) {
    const double moved = whitening.intercept ? sum.high * sum.high / total_weight : 0.0;
    return std::max(0.0, (squares - Pair(moved)).high);
  };
  result.residual_sum = about_mean(sums.residual_squares, sums.residual);
  result.total_sum = about_mean(sums.total_squares, sums.total);
  result.explained_sum = about_mean(sums.explained_squares, sums.explained);
  result.durbin_watson = durbin_watson(result.residuals, problem.weights);
  return result;
}

Vector leverage(const RegressionProblem& problem, const Whitening& whitening) {
  const Design design = feature_design(problem.features, whitening.shift, whitening.scale);
  return transformed_lengths(design, whitening.transform(), problem.weights);
}

Matrix sandwich_filling(const RegressionProblem& problem, const Whitening& whitening, const Vector& residuals,
                        double scale, const double* leverage, int power) {
  Vector factors(residuals.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double r = residuals[i] * scale * (problem.weights == nullptr ? 1.0 : problem.weights[i]);
    factors[i] = r * r;
    for (int divided = 0; divided < power; ++divided) factors[i] /= 1 - leverage[i];
  }
  const Design design = feature_design(problem.features, whitening.shift, whitening.scale);
  return transformed_gram(design, whitening.transform(), factors.data());
}

Matrix cluster_filling(const RegressionProblem& problem, const Whitening& whitening, const Vector& residuals,
                       double scale, const std::int32_t* groups, Index n_groups) {
  Vector factors(residuals.size());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    factors[i] = residuals[i] * scale * (problem.weights == nullptr ? 1.0 : problem.weights[i]);
  }
  const Design design = feature_design(problem.features, whitening.shift, whitening.scale);
  return grouped_gram(design, whitening.transform(), factors.data(), groups, n_groups);
}

}  // namespace crowfly
