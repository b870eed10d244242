// SPDX-License-Identifier: BSD-3-Clause
// Orthogonal factorisations of small matrices through LAPACK: triangles for reduced rows, and the rank-revealing least-squares solve.
#pragma once

#include <vector>

#include "linalg/matrix.hpp"

namespace crowfly {

/// Upper triangular R of a QR factorisation of a (rows >= cols), a overwritten. Returns R as cols x cols.
[[nodiscard]] Matrix qr_triangle(Matrix a);

/// Estimate of an upper triangle's condition in the 1-norm; infinity where it is singular.
[[nodiscard]] double triangle_condition(Matrix r);

/// Householder QR of a with rows >= cols, kept as reflectors.
struct QrFactors {
  Matrix reflectors;
  Vector tau;
  /// Entry (i, j), i <= j, of R.
  [[nodiscard]] double r(Index i, Index j) const noexcept { return reflectors(i, j); }
  /// Q times x, Q with as many columns as x has rows.
  [[nodiscard]] Matrix times(const Matrix& x) const;
  /// The square Q's transpose times x, x with as many rows as a had.
  [[nodiscard]] Matrix transposed_times(const Matrix& x) const;

 private:
  void apply(char* transposition, Matrix& y) const;
};
[[nodiscard]] QrFactors qr_factors(Matrix a);

/// a r^-1 for an upper triangle r without zeros on its diagonal.
[[nodiscard]] Matrix divided_by_triangle(const Matrix& a, const Matrix& r);

struct LeastSquaresSolution {
  Matrix coef;  ///< cols x right-hand sides
  Index rank = 0;
  double condition = 1;  ///< of the scaled matrix; infinity when rank < cols
  std::vector<Index> dependent_columns;
  /// With as many rows and columns as the rank, and the singular values of the matrix in the caller's units but those that the rank leaves out; only if asked for.
  Matrix reduced;
};

/// min |a x - b| by QR with column pivoting on columns scaled to unit length; where the rank is deficient the one with the
/// shortest vector of unit[j] * x[j], which are the coefficients in the caller's units. The rank's cut-off is 10 max(cols, 10) eps, independent of the rows of the data.
[[nodiscard]] LeastSquaresSolution solve_pivoted(Matrix a, Matrix b, const Vector& unit, bool keep_reduced = false);

/// A square matrix with the singular values of `rows`, which are no more than its columns.
[[nodiscard]] Matrix reduced_from_rows(const Matrix& rows);

/// The columns that solve_pivoted leaves out of the rank, in order.
[[nodiscard]] std::vector<Index> dependent_columns(Matrix a);

/// By a pivoted Cholesky factor: the columns of which no more than `tolerance` of the square is left beside those before them. The lower triangle of a Gram matrix.
[[nodiscard]] std::vector<Index> nearly_dependent_columns(Matrix gram, double tolerance);

/// As many rows as the matrix has rank by solve_pivoted's cut-off, with the normal equations of a and b up to rounding.
struct IndependentRows {
  Matrix rows, rhs;
};
[[nodiscard]] IndependentRows independent_rows(Matrix a, Matrix b);

}  // namespace crowfly
