// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/sparse_ridge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "base/parallel.hpp"
#include "linalg/conjugate_gradient.hpp"
#include "linalg/pair.hpp"
#include "linear_model/sparse_columns.hpp"

namespace crowfly {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// Each round computes the residual of the data anew and solves for a correction, until that no longer shrinks the gradient by this much.
constexpr int max_rounds = 30, max_steps = 2000;
constexpr double reduction_per_round = 1e-6, least_shrinkage = 0.25;

/// Rows or columns handed to one task.
constexpr Index per_task = 256;

/// dot(row, vector) for all rows of a matrix.
void multiply(const SparseView& matrix, const double* vector, double* result) {
  const auto operations = static_cast<double>(matrix.n_entries() + matrix.rows);
  parallel_for_ranges(matrix.rows, per_task, operations, [&](Range range) {
    checkpoint();
    for (Index i = range.begin; i < range.end; ++i) result[i] = dot(matrix.row(i), vector);
  });
}

/// One target's problem in scaled, centred columns: 1/2 |y - Z gamma|^2 + 1/2 sum_j penalty_j gamma_j^2.
class Equations {
 public:
  Equations(const SparseColumns& columns, double alpha, Index target) : columns_(columns), target_(target) {
    const Index p = columns.n_features();
    for (Index j = 0; j < p; ++j) {
      const double scale = columns.scales().scale[as_size(j)];
      penalty_.push_back(alpha / columns.total_weight() * scale * scale);
      const double diagonal = columns.square(j) + penalty_.back();
      // Columns of zeros have no coefficient, nor what a penalty beyond float64 is on.
      inverse_.push_back(diagonal > 0 && std::isfinite(diagonal) ? 1 / diagonal : 0.0);
      if (!std::isfinite(penalty_.back())) penalty_.back() = 0;
    }
  }

  /// y - Z gamma, of mean zero with an intercept.
  [[nodiscard]] Vector residual(const Vector& gamma) const {
    Vector result = fitted(gamma);
    const Vector& y = columns_.target(target_);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = y[i] - result[i];
    centre(result);
    return result;
  }

  /// Z'r - penalty gamma, where gamma isn't held at zero.
  [[nodiscard]] Vector gradient(const Vector& residual, const Vector& gamma) const {
    Vector result = transposed(residual);
    for (std::size_t j = 0; j < result.size(); ++j) {
      result[j] = inverse_[j] > 0 ? result[j] - penalty_[j] * gamma[j] : 0.0;
    }
    return result;
  }

  [[nodiscard]] Vector precondition(const Vector& gradient) const {
    Vector result = gradient;
    for (std::size_t j = 0; j < result.size(); ++j) result[j] *= inverse_[j];
    return result;
  }

  [[nodiscard]] Vector correction(const Vector& gradient) const {
    const auto product = [&](const Vector& gamma) {
      ++n_products_;
      Vector values = fitted(gamma);
      centre(values);
      Vector result = transposed(values);
      for (std::size_t j = 0; j < result.size(); ++j) {
        result[j] = inverse_[j] > 0 ? result[j] + penalty_[j] * gamma[j] : 0.0;
      }
      return result;
    };
    const auto scale = [&](const Vector& values) { return precondition(values); };
    return conjugate_gradient(product, scale, gradient, reduction_per_round, max_steps);
  }

  /// The largest entry in columns of unit length.
  [[nodiscard]] double size(const Vector& gamma) const {
    double result = 0;
    for (std::size_t j = 0; j < gamma.size(); ++j) {
      result = std::max(result, std::fabs(gamma[j]) * std::sqrt(columns_.square(static_cast<Index>(j))));
    }
    return result;
  }

  /// How wrong entry j of a gradient may be.
  [[nodiscard]] Vector gradient_error(const Vector& residual, const Vector& gamma) const {
    const Vector& y = columns_.target(target_);
    double reach = 0, square = 0;
    Index longest_row = 0;
    for (std::size_t i = 0; i < residual.size(); ++i) {
      square += columns_.share()[i] * residual[i] * residual[i];
      reach += columns_.share()[i] * y[i] * y[i];
      longest_row =
          std::max(longest_row, static_cast<Index>(columns_.rows().row(static_cast<Index>(i)).columns.size()));
    }
    reach = std::sqrt(reach);
    // The constant is a sum in twice the precision: rows alone are added up term by term.
    for (std::size_t j = 0; j < gamma.size(); ++j) {
      reach += std::fabs(gamma[j]) * columns_.length(static_cast<Index>(j));
    }
    const double off = unit_roundoff * static_cast<double>(2 * longest_row + 16) * reach;
    const double error = unit_roundoff * static_cast<double>(columns_.longest() + 8) * std::sqrt(square) + off;
    Vector result;
    for (std::size_t j = 0; j < gamma.size(); ++j) {
      result.push_back(error * columns_.length(static_cast<Index>(j)) +
                       4 * unit_roundoff * penalty_[j] * std::fabs(gamma[j]));
    }
    return result;
  }

  [[nodiscard]] bool is_held(Index j) const noexcept { return !(inverse_[as_size(j)] > 0); }
  [[nodiscard]] int n_products() const noexcept { return n_products_; }

 private:
  [[nodiscard]] Vector fitted(const Vector& gamma) const {
    Vector result(as_size(columns_.n_rows()));
    multiply(columns_.rows(), gamma.data(), result.data());
    Pair constant;
    for (std::size_t j = 0; j < gamma.size() && columns_.centred(); ++j) {
      constant += Pair::product(columns_.mean()[j], gamma[j]);
    }
    for (double& value : result) value -= constant.high;
    return result;
  }

  [[nodiscard]] Vector transposed(const Vector& values) const {
    Vector weighted = values, result(as_size(columns_.n_features()));
    for (std::size_t i = 0; i < weighted.size(); ++i) weighted[i] *= columns_.share()[i];
    multiply(columns_.columns(), weighted.data(), result.data());
    return result;
  }

  void centre(Vector& values) const {
    if (!columns_.centred()) return;
    Pair sum;
    for (std::size_t i = 0; i < values.size(); ++i) sum += Pair::product(columns_.share()[i], values[i]);
    for (double& value : values) value -= sum.high;
  }

  const SparseColumns& columns_;
  Index target_;
  Vector penalty_, inverse_;
  mutable int n_products_ = 0;
};

struct Solution {
  Vector gamma, residual, gradient;
  double correction = 0;
};

Solution solve(const Equations& equations, Index p) {
  Solution best;
  best.gamma.assign(as_size(p), 0.0);
  best.residual = equations.residual(best.gamma);
  best.gradient = equations.gradient(best.residual, best.gamma);
  double square = dot(best.gradient, equations.precondition(best.gradient));
  for (int round = 0; round < max_rounds && square > 0; ++round) {
    checkpoint();
    const Vector step = equations.correction(best.gradient);
    Solution next;
    next.gamma = best.gamma;
    for (std::size_t j = 0; j < next.gamma.size(); ++j) next.gamma[j] += step[j];
    next.residual = equations.residual(next.gamma);
    next.gradient = equations.gradient(next.residual, next.gamma);
    const double next_square = dot(next.gradient, equations.precondition(next.gradient));
    const double largest = equations.size(next.gamma);
    const double correction = largest > 0 ? equations.size(step) / largest : 0.0;
    const bool goes_on = next_square < least_shrinkage * least_shrinkage * square;
    if (next_square < square) {
      best = std::move(next);
      square = next_square;
    }
    best.correction = correction;
    if (!goes_on) break;
  }
  if (!(square > 0)) best.correction = 0;
  return best;
}

}  // namespace

SparseRidgeFit sparse_ridge(const SparseProblem& problem, const Vector& alphas, bool intercept) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  check(static_cast<Index>(alphas.size()) == t);
  const SparseColumns columns(problem, intercept);
  const Vector& scale = columns.scales().scale;
  SparseRidgeFit fit;
  fit.coef = Matrix(p, t);
  for (Vector* values : {&fit.intercept, &fit.rss, &fit.error, &fit.correction}) values->assign(as_size(t), 0.0);
  fit.n_products.assign(as_size(t), 0);
  parallel_for(t, [&](Index k) {
    const double alpha = alphas[as_size(k)], target_scale = scale[as_size(p + k)];
    const Equations equations(columns, alpha, k);
    const Solution found = solve(equations, p);
    const Vector error = equations.gradient_error(found.residual, found.gamma);
    // The Hessian is at least alpha, so that the distance is at most the gradient's length over alpha.
    double square = 0, rss = 0;
    Pair constant;
    const auto mean = [&](Index j) {
      return Pair::product(columns.scales().shift[as_size(j)], scale[as_size(j)]) + Pair(columns.mean()[as_size(j)]);
    };
    if (intercept) constant = mean(p + k);
    for (Index j = 0; j < p; ++j) {
      const double gamma = found.gamma[as_size(j)];
      fit.coef(j, k) = gamma * scale[as_size(j)] / target_scale;
      if (intercept && gamma != 0) constant -= mean(j) * gamma;
      if (equations.is_held(j)) continue;
      const double slope = (std::fabs(found.gradient[as_size(j)]) + error[as_size(j)]) / scale[as_size(j)];
      square += slope * slope;
    }
    for (std::size_t i = 0; i < found.residual.size(); ++i) {
      rss += columns.share()[i] * found.residual[i] * found.residual[i];
    }
    fit.intercept[as_size(k)] = constant.high / target_scale;
    fit.rss[as_size(k)] = rss / target_scale / target_scale * columns.total_weight();
    fit.error[as_size(k)] = std::sqrt(square) / target_scale * columns.total_weight() / alpha;
    fit.correction[as_size(k)] = found.correction;
    fit.n_products[as_size(k)] = equations.n_products();
  });
  return fit;
}

}  // namespace crowfly
