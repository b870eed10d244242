// SPDX-License-Identifier: BSD-3-Clause
// The LAPACK routines that we use, as C function pointers handed in at run time (SciPy exports them). Only p-by-p matrices go through here.
#pragma once

namespace crowfly {

struct Lapack {
  using Trtrs = void (*)(char* uplo, char* trans, char* diag, int* n, int* nrhs, double* a, int* lda, double* b,
                         int* ldb, int* info);
  using Trcon = void (*)(char* norm, char* uplo, char* diag, int* n, double* a, int* lda, double* rcond, double* work,
                         int* iwork, int* info);
  using Geqrf = void (*)(int* m, int* n, double* a, int* lda, double* tau, double* work, int* lwork, int* info);
  using Geqp3 = void (*)(int* m, int* n, double* a, int* lda, int* jpvt, double* tau, double* work, int* lwork,
                         int* info);
  using Ormqr = void (*)(char* side, char* trans, int* m, int* n, int* k, double* a, int* lda, double* tau, double* c,
                         int* ldc, double* work, int* lwork, int* info);
  using Gels = void (*)(char* trans, int* m, int* n, int* nrhs, double* a, int* lda, double* b, int* ldb, double* work,
                        int* lwork, int* info);
  using Syevd = void (*)(char* jobz, char* uplo, int* n, double* a, int* lda, double* w, double* work, int* lwork,
                         int* iwork, int* liwork, int* info);
  using Gejsv = void (*)(char* joba, char* jobu, char* jobv, char* jobr, char* jobt, char* jobp, int* m, int* n,
                         double* a, int* lda, double* sva, double* u, int* ldu, double* v, int* ldv, double* work,
                         int* lwork, int* iwork, int* info);

  using Pstrf = void (*)(char* uplo, int* n, double* a, int* lda, int* piv, int* rank, double* tol, double* work,
                         int* info);

  Trtrs trtrs = nullptr;
  Trcon trcon = nullptr;
  Geqrf geqrf = nullptr;
  Geqp3 geqp3 = nullptr;
  Ormqr ormqr = nullptr;
  Gels gels = nullptr;
  Syevd syevd = nullptr;
  Gejsv gejsv = nullptr;
  Pstrf pstrf = nullptr;
};

/// Installs the routines, at the first call; all pointers must be set.
void set_lapack(const Lapack& routines);

/// The installed routines; a broken invariant if there are none yet.
[[nodiscard]] const Lapack& lapack();

}  // namespace crowfly
