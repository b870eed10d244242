// SPDX-License-Identifier: BSD-3-Clause
// Eigenvectors of small symmetric matrices and singular vectors of small matrices, through LAPACK.
#pragma once

#include "linalg/matrix.hpp"

namespace crowfly {

struct SymmetricEigen {
  Vector values;   ///< ascending
  Matrix vectors;  ///< one per column, orthonormal
};
/// Of a symmetric matrix, by divide and conquer.
[[nodiscard]] SymmetricEigen symmetric_eigen(Matrix a);

struct ThinSvd {
  Matrix left;    ///< rows x min(rows, cols), orthonormal
  Vector values;  ///< not negative, descending
  Matrix right;   ///< cols x min(rows, cols), orthonormal
};
/// By one-sided Jacobi rotations after QR factorisations with pivoting (Drmac and Veselic 2008, SIAM Journal on Matrix Analysis and Applications 29): accurate
/// whatever the scales of rows and columns are.
[[nodiscard]] ThinSvd thin_svd(const Matrix& a);

}  // namespace crowfly
