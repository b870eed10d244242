# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's LAPACK, lent to the core at the first linear fit, so that importing crowfly does not import SciPy."""

from __future__ import annotations

from functools import cache

from crowfly import _core

ROUTINES = ("dtrtrs", "dtrcon", "dgeqrf", "dgeqp3", "dormqr", "dgels", "dsyevd", "dgejsv", "dpstrf")


@cache
def install() -> None:
    """Hand the C function pointers that SciPy exports for Cython to the core. Does its work once."""
    from scipy.linalg import cython_lapack

    capsules = cython_lapack.__pyx_capi__
    _core.install_lapack({name: capsules[name] for name in ROUTINES})
