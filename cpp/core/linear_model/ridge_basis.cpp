// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/ridge_basis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "linalg/factor.hpp"
#include "linalg/products.hpp"
#include "linalg/spectral.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// Largest condition of a Gram matrix whose eigenvectors are used: leverages keep nine digits or so.
constexpr double max_gram_condition = 1e7;
/// The same without the penalty, of the matrix of the rows' products: right vectors then are orthogonal to six digits.
constexpr double max_condition_of_rows = 1e10;
/// How far from orthogonal they may be, relative to what divides them, where they are to correct coefficients.
constexpr double largest_contraction = 1e-2;

using Columns = std::vector<Index>;

Columns columns_where(const Vector& metric, bool penalised) {
  Columns chosen;
  for (std::size_t j = 0; j < metric.size(); ++j) {
    if ((metric[j] > 0) == penalised) chosen.push_back(static_cast<Index>(j));
  }
  return chosen;
}

Matrix choose_columns(const Matrix& a, const Columns& columns) {
  Matrix chosen(a.rows(), static_cast<Index>(columns.size()));
  for (Index j = 0; j < chosen.cols(); ++j) std::copy_n(a.col(columns[as_size(j)]), a.rows(), chosen.col(j));
  return chosen;
}

Matrix choose(const Matrix& a, const Columns& rows, const Columns& columns) {
  Matrix chosen(static_cast<Index>(rows.size()), static_cast<Index>(columns.size()));
  for (Index j = 0; j < chosen.cols(); ++j) {
    for (Index i = 0; i < chosen.rows(); ++i) chosen(i, j) = a(rows[as_size(i)], columns[as_size(j)]);
  }
  return chosen;
}

void scale_rows(Matrix& a, const Vector& scale) {
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) a(i, j) *= scale[as_size(i)];
  }
}

void scale_columns(Matrix& a, const Vector& scale) {
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) a(i, j) *= scale[as_size(j)];
  }
}

Vector inverse_roots(const Vector& values) {
  Vector result;
  for (const double value : values) result.push_back(value > 0 ? 1 / std::sqrt(value) : 0.0);
  return result;
}

Vector penalty_scale(const Vector& metric, const Columns& penalised) {
  Vector chosen;
  for (const Index j : penalised) chosen.push_back(metric[as_size(j)]);
  return inverse_roots(chosen);
}

/// [a b].
Matrix side_by_side(const Matrix& a, const Matrix& b) {
  Matrix result(a.rows(), a.cols() + b.cols());
  std::copy_n(a.data(), a.rows() * a.cols(), result.data());
  std::copy_n(b.data(), b.rows() * b.cols(), result.data() + a.rows() * a.cols());
  return result;
}

void append(RidgeBasis& basis, const Vector& lambda, double pi) {
  basis.lambda.insert(basis.lambda.end(), lambda.begin(), lambda.end());
  basis.pi.insert(basis.pi.end(), lambda.size(), pi);
}

/// Vectors of the unpenalised block (rows `free`) and of the penalised one, whose part in the unpenalised features is -`coupling`.
Matrix assemble(Index p, const Columns& free, const Columns& penalised, const Matrix& free_vectors,
                const Matrix& penalised_vectors, const Matrix& coupling) {
  Matrix vectors(p, free_vectors.cols() + penalised_vectors.cols());
  for (Index k = 0; k < free_vectors.cols(); ++k) {
    for (Index j = 0; j < free_vectors.rows(); ++j) vectors(free[as_size(j)], k) = free_vectors(j, k);
  }
  for (Index k = 0; k < penalised_vectors.cols(); ++k) {
    const Index column = free_vectors.cols() + k;
    for (Index j = 0; j < penalised_vectors.rows(); ++j) {
      vectors(penalised[as_size(j)], column) = penalised_vectors(j, k);
    }
    for (Index j = 0; j < coupling.rows(); ++j) vectors(free[as_size(j)], column) = -coupling(j, k);
  }
  return vectors;
}

struct PenalisedVectors {
  ThinSvd svd;
  double error = 0;  ///< of leverages
  bool of_products = false;
};

/// Of more columns than rows, from the eigenvectors of a a'. Empty where these leave too few digits.
std::optional<PenalisedVectors> vectors_by_products(const Matrix& a, const PenaltyUse& use) {
  if (a.rows() == 0 || a.rows() >= a.cols()) return std::nullopt;
  SymmetricEigen eigen = symmetric_eigen(product_with_transpose(a));
  const double most = eigen.values.back(), least = eigen.values.front();
  const double spread = most / least, condition = (most + use.smallest_alpha) / (least + use.smallest_alpha);
  if (!(least > 0 && spread <= max_condition_of_rows && condition <= max_gram_condition)) return std::nullopt;
  if (use.refine && !(spread * eps * most <= largest_contraction * use.smallest_alpha)) return std::nullopt;
  const Index m = a.rows();
  PenalisedVectors result{{Matrix(m, m), Vector(as_size(m)), Matrix()}, condition * eps, true};
  Matrix lengthened(m, m);
  for (Index k = 0; k < m; ++k) {
    const double* vector = eigen.vectors.col(m - 1 - k);
    const double value = std::sqrt(eigen.values[as_size(m - 1 - k)]);
    result.svd.values[as_size(k)] = value;
    std::copy_n(vector, m, result.svd.left.col(k));
    for (Index i = 0; i < m; ++i) lengthened(i, k) = vector[i] / value;
  }
  result.svd.right = transposed_product(a, lengthened);
  return result;
}

/// By Jacobi rotations. What is beyond the rank is rounding, and a small penalty would be nothing beside it: the limit there is the shortest vector. The rank is that of columns of
/// unit length, as in solve_pivoted, so that columns of different scales count alike.
PenalisedVectors vectors_by_rotations(const Matrix& a, const Vector& scale, double error) {
  PenalisedVectors result{thin_svd(a), error};
  Vector& values = result.svd.values;
  const auto independent = as_size(solve_pivoted(a.copy(), Matrix(a.rows(), 1), scale).rank);
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(std::min(independent, values.size())), values.end(), 0.0);
  return result;
}

/// Householder reflectors whose first columns span `known`'s columns: the others are a basis of the complement.
class Complement {
 public:
  explicit Complement(const Matrix& known) : size_(known.rows()), dimension_(known.cols()) {
    if (dimension_ > 0) reflectors_ = qr_factors(known.copy());
  }
  /// Coordinates of a's columns in the complement.
  [[nodiscard]] Matrix coordinates(const Matrix& a) const {
    if (dimension_ == 0) return a.copy();
    return reflectors_.transposed_times(a).block(dimension_, size_ - dimension_, 0, a.cols());
  }
  [[nodiscard]] Matrix embed(const Matrix& coordinates) const {
    if (dimension_ == 0) return coordinates.copy();
    Matrix padded(size_, coordinates.cols());
    for (Index j = 0; j < coordinates.cols(); ++j) {
      std::copy_n(coordinates.col(j), coordinates.rows(), padded.col(j) + dimension_);
    }
    return reflectors_.times(padded);
  }

 private:
  Index size_, dimension_;
  QrFactors reflectors_;
};

}  // namespace

Matrix RidgeBasis::apply(const Matrix& projected, double alpha) const {
  Matrix weighted = projected.copy();
  for (Index t = 0; t < weighted.cols(); ++t) {
    for (Index k = 0; k < rank(); ++k) {
      const double scale = denominator(k, alpha);
      weighted(k, t) = scale > 0 ? weighted(k, t) / scale : 0.0;
    }
  }
  return product(vectors, weighted);
}

Matrix RidgeBasis::correct(const Matrix& gradient, double alpha) const {
  return apply(transposed_product(vectors, gradient), alpha);
}

Matrix RidgeBasis::correct_penalty(const Matrix& gradient) const {
  Matrix projected = transposed_product(vectors, gradient);
  for (Index t = 0; t < projected.cols(); ++t) {
    for (Index k = 0; k < rank(); ++k) projected(k, t) *= pi[as_size(k)];
  }
  return product(vectors, projected);
}

double RidgeBasis::degrees(double alpha) const {
  double sum = 0;
  for (Index k = 0; k < rank(); ++k) {
    if (lambda[as_size(k)] > 0) sum += lambda[as_size(k)] / denominator(k, alpha);
  }
  return sum;
}

double RidgeBasis::lost_degrees(double alpha) const {
  double sum = 0;
  for (Index k = 0; k < rank(); ++k) {
    if (pi[as_size(k)] > 0) sum += alpha / denominator(k, alpha);
  }
  return sum;
}

std::optional<RidgeBasis> basis_of_gram(const Matrix& gram, const Matrix& cross, const Vector& metric,
                                        double smallest_alpha) {
  const Columns free = columns_where(metric, false), penalised = columns_where(metric, true);
  RidgeBasis basis;
  double condition = 1;

  Vector free_scale;
  for (const Index j : free) free_scale.push_back(gram(j, j));
  free_scale = inverse_roots(free_scale);
  Matrix unit = choose(gram, free, free);
  scale_rows(unit, free_scale);
  scale_columns(unit, free_scale);
  SymmetricEigen first = symmetric_eigen(std::move(unit));
  if (!free.empty()) {
    if (!(first.values.front() > 0)) return std::nullopt;
    condition = first.values.back() / first.values.front();
  }
  scale_rows(first.vectors, free_scale);
  append(basis, first.values, 0);

  // What the unpenalised features explain of the others: H = G_uu^-1 G_up.
  const Matrix shared = choose(gram, free, penalised);
  Matrix projected = transposed_product(first.vectors, shared);
  for (Index j = 0; j < projected.cols(); ++j) {
    for (Index k = 0; k < projected.rows(); ++k) projected(k, j) /= first.values[as_size(k)];
  }
  const Matrix explained = product(first.vectors, projected);
  Matrix rest = choose(gram, penalised, penalised);
  if (!free.empty()) {
    const Matrix part = transposed_product(shared, explained);
    for (Index i = 0; i < rest.rows() * rest.cols(); ++i) rest.data()[i] -= part.data()[i];
  }
  const Vector scale = penalty_scale(metric, penalised);
  scale_rows(rest, scale);
  scale_columns(rest, scale);
  SymmetricEigen second = symmetric_eigen(std::move(rest));
  for (double& value : second.values) value = std::max(value, 0.0);
  if (!penalised.empty()) {
    condition *= (second.values.back() + smallest_alpha) / (second.values.front() + smallest_alpha);
  }
  if (!(condition <= max_gram_condition)) return std::nullopt;
  scale_rows(second.vectors, scale);
  append(basis, second.values, 1);

  basis.vectors =
      assemble(gram.rows(), free, penalised, first.vectors, second.vectors, product(explained, second.vectors));
  basis.projection = transposed_product(basis.vectors, cross);
  basis.error = condition * eps;
  basis.of_gram = true;
  return basis;
}

RidgeBasis basis_of_rows(const Matrix& a, const Matrix& b, const Vector& metric, const Vector& constant,
                         const PenaltyUse& use, bool keep_left) {
  const Index m = a.rows(), p = a.cols();
  const Columns free = columns_where(metric, false), penalised = columns_where(metric, true);
  RidgeBasis basis;
  Matrix known(m, constant.empty() ? 0 : 1);
  if (!constant.empty()) std::copy_n(constant.data(), m, known.col(0));

  Matrix free_columns = choose_columns(a, free);
  Vector lengths;
  for (Index j = 0; j < free_columns.cols(); ++j) {
    double square = 0;
    for (Index i = 0; i < m; ++i) square += free_columns(i, j) * free_columns(i, j);
    lengths.push_back(square);
  }
  const Vector free_scale = inverse_roots(lengths);
  scale_columns(free_columns, free_scale);
  const Complement beside_constant(known);
  ThinSvd first = thin_svd(beside_constant.coordinates(free_columns));
  Index rank = 0;
  const double cut =
      first.values.empty() ? 0.0 : 10.0 * static_cast<double>(std::max<Index>(p, 10)) * eps * first.values[0];
  while (rank < static_cast<Index>(first.values.size()) && first.values[as_size(rank)] > cut) ++rank;
  first.values.resize(as_size(rank));
  Matrix free_vectors = first.right.block(0, first.right.rows(), 0, rank);
  scale_rows(free_vectors, free_scale);
  const Matrix free_left = beside_constant.embed(first.left.block(0, first.left.rows(), 0, rank));

  const Complement beside_both(side_by_side(known, free_left));
  Matrix penalised_columns = choose_columns(a, penalised);
  const Vector scale = penalty_scale(metric, penalised);
  scale_columns(penalised_columns, scale);
  const Matrix beside = beside_both.coordinates(penalised_columns);
  auto by_products = vectors_by_products(beside, use);
  const double error = 16 * static_cast<double>(std::max<Index>(p, 10)) * eps;
  PenalisedVectors penalised_vectors =
      by_products ? std::move(*by_products) : vectors_by_rotations(beside, scale, error);
  ThinSvd& second = penalised_vectors.svd;
  const Matrix left = side_by_side(free_left, beside_both.embed(second.left));
  // The unpenalised features' part: V1 S1^-1 U1' A_p T Q2.
  Matrix coupling = product(transposed_product(free_left, penalised_columns), second.right);
  for (Index k = 0; k < coupling.cols(); ++k) {
    for (Index i = 0; i < rank; ++i) coupling(i, k) /= first.values[as_size(i)];
  }
  coupling = product(free_vectors, coupling);
  scale_rows(second.right, scale);
  basis.vectors = assemble(p, free, penalised, free_vectors, second.right, coupling);

  const Index free_rank = rank;
  Vector singular = first.values;
  singular.insert(singular.end(), second.values.begin(), second.values.end());
  basis.projection = transposed_product(left, b);
  scale_rows(basis.projection, singular);
  for (double& value : singular) value *= value;
  append(basis, Vector(singular.begin(), singular.begin() + free_rank), 0);
  append(basis, Vector(singular.begin() + free_rank, singular.end()), 1);
  if (keep_left) basis.left = left.copy();
  basis.error = std::max(error, penalised_vectors.error);
  basis.of_gram = penalised_vectors.of_products;
  return basis;
}

}  // namespace crowfly
