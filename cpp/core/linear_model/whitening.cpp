// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/whitening.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/factor.hpp"
#include "linear_model/standardise.hpp"
#include "linear_model/tall_qr.hpp"

namespace crowfly {
namespace {

/// Largest condition of the scaled Gram matrix whose Cholesky factor a second one repairs.
constexpr double max_gram_condition = 1e11;

MatrixView no_columns(const MatrixView& like) { return {like.data, like.rows, 0, 0, 0, DType::f64}; }

struct Moments {
  double total = 0;
  Vector mean;  ///< of the shifted and scaled columns
  Matrix gram;  ///< about this mean
};

Moments centred_moments(const Design& design, const double* weights, bool intercept) {
  const Index p = design.features.cols;
  const GramSum sum = weighted_gram(intercept ? design.with_ones() : design, weights);
  Moments moments{intercept ? sum.at(p, p) : 0.0, Vector(as_size(p), 0.0), Matrix(p, p)};
  for (Index j = 0; intercept && j < p; ++j) moments.mean[as_size(j)] = sum.at(p, j) / moments.total;
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < p; ++i) {
      moments.gram(i, j) = sum.at(i, j) - moments.total * moments.mean[as_size(i)] * moments.mean[as_size(j)];
    }
  }
  return moments;
}

void require_independent(const Matrix& triangle) {
  for (Index j = 0; j < triangle.cols(); ++j) {
    if (triangle(j, j) == 0 || !std::isfinite(triangle(j, j)))
      throw InvalidArgument("X: linearly independent columns expected");
  }
}

Matrix identity(Index n) {
  Matrix result(n, n);
  for (Index j = 0; j < n; ++j) result(j, j) = 1;
  return result;
}

/// [1, z] -> orthonormal columns, from the triangle of the centred features.
Matrix basis_of(const Matrix& triangle, const Vector& mean, double total_weight, bool intercept) {
  require_independent(triangle);
  const Index p = triangle.cols(), constant = intercept ? 1 : 0;
  const Matrix inverse = divided_by_triangle(identity(p), triangle);
  Matrix basis(p + constant, p + constant);
  if (intercept) basis(0, 0) = 1 / std::sqrt(total_weight);
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i <= j; ++i) {
      basis(i + constant, j + constant) = inverse(i, j);
      if (intercept) basis(0, j + constant) -= mean[as_size(i)] * inverse(i, j);
    }
  }
  return basis;
}

}  // namespace

Design feature_design(const MatrixView& features, const Vector& shift, const Vector& scale) {
  Design design(features, false, no_columns(features));
  design.shift = shift;
  design.scale = scale;
  return design;
}

RowTransform Whitening::transform() const {
  const Index p = n_features(), k = basis.cols(), constant = intercept ? 1 : 0;
  Vector start(as_size(k), 0.0);
  for (Index j = 0; intercept && j < k; ++j) start[as_size(j)] = basis(0, j);
  return {basis.block(constant, p, 0, k), start};
}

PairCoefficients Whitening::solve(const PairCoefficients& gradient) const {
  const Index p = n_features(), k = basis.cols(), constant = intercept ? 1 : 0;
  PairCoefficients result(p, gradient.n_targets);
  Vector right(as_size(k)), projected(as_size(k));
  for (Index t = 0; t < gradient.n_targets; ++t) {
    const Pair sum = gradient.constant[as_size(t)];
    if (intercept) right[0] = sum.high;
    for (Index j = 0; j < p; ++j) {
      // The gradient of a column that is not shifted is nearly a multiple of the constant's.
      const Pair centred = intercept ? gradient(j, t) - sum * offset(j) : gradient(j, t);
      right[as_size(j + constant)] = centred.high;
    }
    for (Index j = 0; j < k; ++j) {
      double value = 0;
      for (Index i = 0; i <= j; ++i) value += basis(i, j) * right[as_size(i)];
      projected[as_size(j)] = value;
    }
    std::fill(right.begin(), right.end(), 0.0);
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i <= j; ++i) right[as_size(i)] += basis(i, j) * projected[as_size(j)];
    }
    if (intercept) result.constant[as_size(t)] = right[0];
    for (Index j = 0; j < p; ++j) {
      result(j, t) = right[as_size(j + constant)];
      if (intercept) result.constant[as_size(t)] -= Pair::product(right[as_size(j + constant)], offset(j));
    }
  }
  return result;
}

Whitening whiten(const MatrixView& features, const double* weights, bool intercept) {
  Design design(features, false, no_columns(features));
  const double total = standardise(design, weights, intercept, largest_safe_scale(false)).total_weight;
  Moments moments = centred_moments(design, weights, intercept);
  Whitening result;
  result.intercept = intercept;
  std::optional<Cholesky> factor = Cholesky::factor(moments.gram);
  if (factor && factor->condition() <= max_gram_condition) {
    result.basis = basis_of(factor->triangle(), moments.mean, total, intercept);
  } else {
    for (Index j = 0; j < features.cols; ++j) {
      design.shift[as_size(j)] += moments.mean[as_size(j)] / design.scale[as_size(j)];
      moments.mean[as_size(j)] = 0;
    }
    const Matrix triangle = qr_triangle(reduced_rows(design, weights));
    result.basis = basis_of(triangle, moments.mean, total, intercept);
    factor = Cholesky::from_triangle(triangle);
  }
  result.condition = factor ? std::sqrt(factor->condition()) : std::numeric_limits<double>::infinity();
  result.shift = design.shift;
  result.scale = design.scale;
  const auto second = Cholesky::factor(transformed_gram(design, result.transform(), weights));
  if (!second) throw InvalidArgument("X: linearly independent columns expected");
  result.basis = divided_by_triangle(result.basis, second->triangle());
  return result;
}

}  // namespace crowfly
