// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/factor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/check.hpp"
#include "linalg/lapack.hpp"

namespace crowfly {
namespace {

char upper_triangle = 'U', no_transpose = 'N', transpose = 'T', left_side = 'L', one_norm = '1', general_diagonal = 'N';

int as_int(Index n) {
  check(n <= std::numeric_limits<int>::max());
  return static_cast<int>(n);
}

int leading(const Matrix& a) { return std::max(1, as_int(a.rows())); }

double norm(const double* x, Index n) {
  double largest = 0;
  for (Index i = 0; i < n; ++i) largest = std::max(largest, std::fabs(x[i]));
  if (largest == 0) return 0;
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += (x[i] / largest) * (x[i] / largest);
  return largest * std::sqrt(sum);
}

/// Calls a LAPACK routine twice: for the size of its workspace, then for the work.
template <class Call>
void with_workspace(Call call) {
  double best = 0;
  call(&best, -1);
  std::vector<double> work(std::max<std::size_t>(1, static_cast<std::size_t>(best)));
  call(work.data(), as_int(static_cast<Index>(work.size())));
}

}  // namespace

QrFactors qr_factors(Matrix a) {
  check(a.rows() >= a.cols());
  int m = as_int(a.rows()), n = as_int(a.cols()), lda = leading(a), info = 0;
  QrFactors f{std::move(a), Vector(static_cast<std::size_t>(n))};
  with_workspace([&](double* work, int size) {
    lapack().geqrf(&m, &n, f.reflectors.data(), &lda, f.tau.data(), work, &size, &info);
  });
  check(info == 0);
  return f;
}

Matrix QrFactors::times(const Matrix& x) const {
  Matrix y(reflectors.rows(), x.cols());
  for (Index t = 0; t < x.cols(); ++t) std::copy_n(x.col(t), x.rows(), y.col(t));
  apply(&no_transpose, y);
  return y;
}

Matrix QrFactors::transposed_times(const Matrix& x) const {
  Matrix y = x.copy();
  apply(&transpose, y);
  return y;
}

void QrFactors::apply(char* transposition, Matrix& y) const {
  int m = as_int(y.rows()), nrhs = as_int(y.cols()), k = as_int(reflectors.cols()), lda = leading(reflectors),
      ldc = leading(y), info = 0;
  with_workspace([&](double* work, int size) {
    lapack().ormqr(&left_side, transposition, &m, &nrhs, &k, const_cast<double*>(reflectors.data()), &lda,
                   const_cast<double*>(tau.data()), y.data(), &ldc, work, &size, &info);
  });
  check(info == 0);
}

Matrix qr_triangle(Matrix a) {
  const QrFactors f = qr_factors(std::move(a));
  Matrix r(f.reflectors.cols(), f.reflectors.cols());
  for (Index j = 0; j < r.cols(); ++j) std::copy_n(f.reflectors.col(j), j + 1, r.col(j));
  return r;
}

Matrix divided_by_triangle(const Matrix& a, const Matrix& r) {
  check(a.cols() == r.cols() && r.rows() == r.cols());
  // Small ones here: OpenBLAS wakes all its threads for ten columns, and they spin on for milliseconds.
  constexpr Index small = 128;
  if (r.cols() <= small) {
    Matrix result = a.copy();
    for (Index j = 0; j < r.cols(); ++j) {
      double* column = result.col(j);
      for (Index k = 0; k < j; ++k) {
        const double factor = r(k, j), *before = result.col(k);
        for (Index i = 0; i < a.rows(); ++i) column[i] -= factor * before[i];
      }
      for (Index i = 0; i < a.rows(); ++i) column[i] /= r(j, j);
    }
    return result;
  }
  Matrix transposed(a.cols(), a.rows()), result(a.rows(), a.cols());
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) transposed(j, i) = a(i, j);
  }
  int n = as_int(r.cols()), nrhs = as_int(a.rows()), lda = leading(r), ldb = leading(transposed), info = 0;
  if (n > 0) {
    lapack().trtrs(&upper_triangle, &transpose, &general_diagonal, &n, &nrhs, const_cast<double*>(r.data()), &lda,
                   transposed.data(), &ldb, &info);
  }
  check(info == 0);
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) result(i, j) = transposed(j, i);
  }
  return result;
}

namespace {

struct PivotedQr {
  Matrix a;                ///< R in the upper triangle, reflectors below
  Vector tau, scale;       ///< scale: what each column was multiplied with before factoring
  std::vector<int> pivot;  ///< zero-based: column pivot[j] of the input is column j of R
  Index rank = 0;
};

PivotedQr factor_pivoted(Matrix a) {
  PivotedQr f;
  int m = as_int(a.rows()), n = as_int(a.cols()), lda = leading(a), info = 0;
  f.scale.assign(static_cast<std::size_t>(n), 1.0);
  for (Index j = 0; j < n; ++j) {
    const double length = norm(a.col(j), m);
    if (length > 0) {
      f.scale[static_cast<std::size_t>(j)] = 1.0 / length;
      for (Index i = 0; i < m; ++i) a(i, j) /= length;
    }
  }
  f.pivot.assign(static_cast<std::size_t>(n), 0);
  f.tau.assign(static_cast<std::size_t>(std::max(1, std::min(m, n))), 0.0);
  if (m > 0 && n > 0) {
    with_workspace([&](double* work, int size) {
      lapack().geqp3(&m, &n, a.data(), &lda, f.pivot.data(), f.tau.data(), work, &size, &info);
    });
    check(info == 0);
    for (int& column : f.pivot) --column;
    const double cut = 10.0 * std::max(n, 10) * std::numeric_limits<double>::epsilon() * std::fabs(a(0, 0));
    while (f.rank < std::min(m, n) && std::fabs(a(f.rank, f.rank)) > cut) ++f.rank;
  }
  f.a = std::move(a);
  return f;
}

/// b becomes Q'b.
void reflect(const PivotedQr& f, Matrix& b) {
  int m = as_int(b.rows()), nrhs = as_int(b.cols()), k = as_int(std::min(f.a.rows(), f.a.cols())), lda = leading(f.a),
      ldb = leading(b), info = 0;
  with_workspace([&](double* work, int size) {
    lapack().ormqr(&left_side, &transpose, &m, &nrhs, &k, const_cast<double*>(f.a.data()), &lda,
                   const_cast<double*>(f.tau.data()), b.data(), &ldb, work, &size, &info);
  });
  check(info == 0);
}

/// The rows [R11 R12] P', as many as the rank, in the caller's units.
Matrix leading_rows(const PivotedQr& f, const Vector& unit) {
  const Index r = f.rank, p = f.a.cols();
  Matrix rows(r, p);
  for (Index j = 0; j < p; ++j) {
    const auto column = static_cast<std::size_t>(f.pivot[static_cast<std::size_t>(j)]);
    for (Index i = 0; i <= std::min(j, r - 1); ++i) {
      rows(i, static_cast<Index>(column)) = f.a(i, j) / (f.scale[column] * unit[column]);
    }
  }
  return rows;
}

struct ShortestSolution {
  Matrix coef;
  Matrix reduced;  ///< square, with the singular values of the rows in the caller's units
};

/// Minimum-norm solution, in the caller's units, of the r x p system [R11 R12] P' x = z, r < p.
/// Empty where the rows, independent as scaled for the rank, are parallel to rounding in those units.
std::optional<ShortestSolution> minimum_norm(const PivotedQr& f, const Matrix& z, const Vector& unit) {
  const Index r = f.rank, p = f.a.cols();
  Matrix system = leading_rows(f, unit), solution(p, z.cols());
  for (Index t = 0; t < z.cols(); ++t) std::copy_n(z.col(t), r, solution.col(t));
  // Rows of equal length: the solution set stays, the conditioning of wildly scaled rows goes.
  Vector length(static_cast<std::size_t>(r));
  for (Index i = 0; i < r; ++i) {
    double& largest = length[static_cast<std::size_t>(i)];
    for (Index j = 0; j < p; ++j) largest = std::max(largest, std::fabs(system(i, j)));
    for (Index j = 0; j < p; ++j) system(i, j) /= largest;
    for (Index t = 0; t < z.cols(); ++t) solution(i, t) /= largest;
  }
  int m = as_int(r), n = as_int(p), nrhs = as_int(z.cols()), lda = leading(system), ldb = leading(solution), info = 0;
  with_workspace([&](double* work, int size) {
    lapack().gels(&no_transpose, &m, &n, &nrhs, system.data(), &lda, solution.data(), &ldb, work, &size, &info);
  });
  if (info != 0) return std::nullopt;
  for (Index t = 0; t < z.cols(); ++t) {
    for (Index j = 0; j < p; ++j) solution(j, t) /= unit[static_cast<std::size_t>(j)];
  }
  // The system was factored as L Q on the way.
  Matrix lower(r, r);
  for (Index j = 0; j < r; ++j) {
    for (Index i = j; i < r; ++i) lower(i, j) = system(i, j) * length[static_cast<std::size_t>(i)];
  }
  return ShortestSolution{std::move(solution), std::move(lower)};
}

/// R in the caller's units; the order of its columns doesn't matter to singular values.
Matrix triangle_in_units(const PivotedQr& f, const Vector& unit) {
  Matrix r(f.rank, f.rank);
  for (Index j = 0; j < f.rank; ++j) {
    const auto column = static_cast<std::size_t>(f.pivot[static_cast<std::size_t>(j)]);
    for (Index i = 0; i <= j; ++i) r(i, j) = f.a(i, j) / (f.scale[column] * unit[column]);
  }
  return r;
}

std::vector<Index> columns_left_out(const PivotedQr& f) {
  std::vector<Index> columns(f.pivot.begin() + f.rank, f.pivot.end());
  std::sort(columns.begin(), columns.end());
  return columns;
}

}  // namespace

double triangle_condition(Matrix r) {
  int n = as_int(r.cols()), ld = leading(r), info = 0;
  double rcond = 0;
  std::vector<double> work(static_cast<std::size_t>(3 * n));
  std::vector<int> iwork(static_cast<std::size_t>(n));
  lapack().trcon(&one_norm, &upper_triangle, &general_diagonal, &n, r.data(), &ld, &rcond, work.data(), iwork.data(),
                 &info);
  return rcond > 0 ? 1.0 / rcond : std::numeric_limits<double>::infinity();
}

LeastSquaresSolution solve_pivoted(Matrix a, Matrix b, const Vector& unit, bool keep_reduced) {
  const Index p = a.cols();
  const PivotedQr f = factor_pivoted(std::move(a));
  LeastSquaresSolution result;
  result.rank = f.rank;
  result.dependent_columns = columns_left_out(f);
  result.condition = std::numeric_limits<double>::infinity();
  result.coef = Matrix(p, b.cols());
  if (f.rank == 0 || b.cols() == 0) {
    if (p == 0) result.condition = 1;
    return result;
  }

  reflect(f, b);
  if (f.rank < p) {
    auto shortest = minimum_norm(f, b, unit);
    if (!shortest) {
      // Columns of scales so far apart that float64 can't tell the shortest vector in the caller's units: the one in scaled units.
      shortest = minimum_norm(f, b, Vector(unit.size(), 1.0));
      check(shortest.has_value());
      if (keep_reduced) shortest->reduced = reduced_from_rows(leading_rows(f, unit));
    }
    result.coef = std::move(shortest->coef);
    if (keep_reduced) result.reduced = std::move(shortest->reduced);
    return result;
  }
  int n = as_int(p), nrhs = as_int(b.cols()), lda = leading(f.a), ldb = leading(b), info = 0;
  lapack().trtrs(&upper_triangle, &no_transpose, &general_diagonal, &n, &nrhs, const_cast<double*>(f.a.data()), &lda,
                 b.data(), &ldb, &info);
  check(info == 0);
  for (Index t = 0; t < b.cols(); ++t) {
    for (Index j = 0; j < p; ++j) {
      const auto column = static_cast<std::size_t>(f.pivot[static_cast<std::size_t>(j)]);
      result.coef(static_cast<Index>(column), t) = b(j, t) * f.scale[column];
    }
  }
  result.condition = triangle_condition(f.a.block(0, p, 0, p));
  if (keep_reduced) result.reduced = triangle_in_units(f, unit);
  return result;
}

Matrix reduced_from_rows(const Matrix& rows) {
  Matrix transposed(rows.cols(), rows.rows());
  for (Index j = 0; j < rows.cols(); ++j) {
    for (Index i = 0; i < rows.rows(); ++i) transposed(j, i) = rows(i, j);
  }
  return qr_triangle(std::move(transposed));
}

std::vector<Index> nearly_dependent_columns(Matrix gram, double tolerance) {
  int n = as_int(gram.cols()), ld = leading(gram), rank = 0, info = 0;
  Vector length(as_size(gram.cols()));
  for (Index j = 0; j < gram.cols(); ++j) length[as_size(j)] = std::sqrt(std::max(0.0, gram(j, j)));
  for (Index j = 0; j < gram.cols(); ++j) {
    for (Index i = j; i < gram.rows(); ++i) {
      const double scale = length[as_size(i)] * length[as_size(j)];
      gram(i, j) = scale > 0 ? gram(i, j) / scale : 0.0;
    }
  }
  std::vector<int> pivot(as_size(gram.cols()));
  Vector work(2 * as_size(gram.cols()));
  char lower = 'L';
  lapack().pstrf(&lower, &n, gram.data(), &ld, pivot.data(), &rank, &tolerance, work.data(), &info);
  check(info >= 0);
  std::vector<Index> columns;
  for (std::size_t k = as_size(rank); k < pivot.size(); ++k) columns.push_back(pivot[k] - 1);
  std::sort(columns.begin(), columns.end());
  return columns;
}

std::vector<Index> dependent_columns(Matrix a) { return columns_left_out(factor_pivoted(std::move(a))); }

IndependentRows independent_rows(Matrix a, Matrix b) {
  const Index p = a.cols();
  const PivotedQr f = factor_pivoted(std::move(a));
  IndependentRows result{Matrix(f.rank, p), Matrix(f.rank, b.cols())};
  if (f.rank == 0) return result;
  reflect(f, b);
  for (Index j = 0; j < p; ++j) {
    const auto column = static_cast<std::size_t>(f.pivot[static_cast<std::size_t>(j)]);
    for (Index i = 0; i <= std::min(j, f.rank - 1); ++i) {
      result.rows(i, static_cast<Index>(column)) = f.a(i, j) / f.scale[column];
    }
  }
  for (Index t = 0; t < b.cols(); ++t) std::copy_n(b.col(t), f.rank, result.rhs.col(t));
  return result;
}

}  // namespace crowfly
