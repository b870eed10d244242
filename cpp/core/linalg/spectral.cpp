// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/spectral.hpp"

#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/lapack.hpp"
#include "linalg/products.hpp"

namespace crowfly {
namespace {

int as_int(Index n) {
  check(n <= std::numeric_limits<int>::max());
  return static_cast<int>(n);
}

/// Of a matrix with rows >= cols > 0.
ThinSvd tall_svd(Matrix a) {
  // Scaled rows and columns; n columns of U and V; singular values within the square root of float64's range; no transposition, no perturbation.
  char joba = 'F', jobu = 'U', jobv = 'V', jobr = 'R', jobt = 'N', jobp = 'N';
  int m = as_int(a.rows()), n = as_int(a.cols()), info = 0;
  ThinSvd svd{Matrix(a.rows(), a.cols()), Vector(as_size(a.cols())), Matrix(a.cols(), a.cols())};
  Vector work(as_size(2 * a.rows() + 7 * a.cols() + 2 * a.cols() * a.cols() + 8));
  int size = as_int(static_cast<Index>(work.size()));
  std::vector<int> integers(as_size(a.rows() + 3 * a.cols() + 3));
  lapack().gejsv(&joba, &jobu, &jobv, &jobr, &jobt, &jobp, &m, &n, a.data(), &m, svd.values.data(), svd.left.data(), &m,
                 svd.right.data(), &n, work.data(), &size, integers.data(), &info);
  check(info >= 0);
  for (double& value : svd.values) value *= work[0] / work[1];
  return svd;
}

}  // namespace

SymmetricEigen symmetric_eigen(Matrix a) {
  check(a.rows() == a.cols());
  SymmetricEigen result{Vector(as_size(a.rows())), Matrix()};
  if (a.rows() > 0) {
    char job = 'V', triangle = 'U';
    int n = as_int(a.rows()), info = 0, size = -1, integer_size = -1, best_integers = 0;
    double best = 0;
    lapack().syevd(&job, &triangle, &n, a.data(), &n, result.values.data(), &best, &size, &best_integers, &integer_size,
                   &info);
    Vector work(static_cast<std::size_t>(best));
    std::vector<int> integers(static_cast<std::size_t>(best_integers));
    size = as_int(static_cast<Index>(work.size()));
    integer_size = best_integers;
    lapack().syevd(&job, &triangle, &n, a.data(), &n, result.values.data(), work.data(), &size, integers.data(),
                   &integer_size, &info);
    check(info == 0);
  }
  result.vectors = std::move(a);
  return result;
}

ThinSvd thin_svd(const Matrix& a) {
  if (a.rows() == 0 || a.cols() == 0) return {Matrix(a.rows(), 0), {}, Matrix(a.cols(), 0)};
  if (a.rows() >= a.cols()) return tall_svd(a.copy());
  ThinSvd svd = tall_svd(transposed(a));
  std::swap(svd.left, svd.right);
  return svd;
}

}  // namespace crowfly
