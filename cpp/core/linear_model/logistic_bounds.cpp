// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Above this the computed inverse of the scaled Hessian has too few right digits to bound anything.
constexpr double max_certified_condition = 1e13;

/// Upper bound on f - min f from the Newton decrement and the curvature's rate of change: Hessians along a direction v change at most by the factor
/// exp(radius |v|_H), hence f - min f <= (t + (1 - t) log(1 - t)) / radius^2 with t = radius * decrement < 1. (Self-concordance of the logistic
/// loss as in Bach 2010, Electronic Journal of Statistics 4, in the norm of the Hessian.)
double gap_bound(double decrement, double radius) {
  const double t = radius * decrement;
  if (!(t < 1)) return infinity;
  // The series near zero: the closed form cancels.
  const double shape = t < 1e-3 ? 0.5 + t / 6 + t * t / 12 + t * t * t / 10 : (t + (1 - t) * std::log1p(-t)) / (t * t);
  return decrement * decrement * shape * (1 + 1e-8);
}

/// Upper bound on |x_i . v| / |v|_H over rows and directions, from the columns' largest magnitudes and the trace of the inverse of the scaled Hessian; for
/// several classes on the largest difference of two predictors, sqrt(2) times that.
double curvature_radius(const ColumnBounds& columns, Index vectors, const Cholesky& factor) {
  double longest = 0;
  for (Index v = 0; v < vectors; ++v) {
    double squares = 0;
    for (Index j = 0; j < columns.cols(); ++j) {
      const double entry = columns.reach[as_size(j)] * factor.scale()[as_size(v * columns.cols() + j)];
      squares += entry * entry;
    }
    longest = std::max(longest, squares);
  }
  return std::sqrt((vectors == 1 ? 1.0 : 2.0) * longest * factor.inverse_trace());
}

}  // namespace

double ColumnBounds::predictor_size(const Vector& parameters, Index v) const noexcept {
  double size = 0;
  for (Index j = 0; j < cols(); ++j) size += reach[as_size(j)] * std::fabs(parameters[as_size(v * cols() + j)]);
  return size;
}

double ColumnBounds::predictor_size(const Vector& parameters) const noexcept {
  double size = 0;
  const Index vectors = static_cast<Index>(parameters.size()) / cols();
  for (Index v = 0; v < vectors; ++v) size = std::max(size, predictor_size(parameters, v));
  return size;
}

double fix_gauge(Matrix& hessian, Index j, Index cols, Index vectors) {
  double size = 0;
  for (Index v = 0; v < vectors; ++v) size = std::max(size, hessian(v * cols + j, v * cols + j));
  for (Index v = 0; v < vectors; ++v) {
    for (Index u = v; u < vectors; ++u) hessian(u * cols + j, v * cols + j) += size;
  }
  return size;
}

void fix_gauge(Matrix& hessian, Index cols, Index vectors) {
  for (Index j = 0; vectors > 1 && j < cols; ++j) fix_gauge(hessian, j, cols, vectors);
}

bool can_certify(const std::optional<Cholesky>& factor) {
  return factor.has_value() && factor->condition() < max_certified_condition;
}

double bound_by_factor(const ColumnBounds& columns, Index vectors, const Cholesky& factor, double decrement) {
  // The decrement and the trace are themselves computed through the factor.
  const auto size = static_cast<double>(columns.cols() * vectors);
  const double factor_error = 2 * size * eps * factor.condition();
  if (!(factor_error < 0.5)) return infinity;
  return gap_bound(decrement, curvature_radius(columns, vectors, factor)) / (1 - factor_error);
}

}  // namespace crowfly
