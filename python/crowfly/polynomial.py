# SPDX-License-Identifier: BSD-3-Clause
"""Polynomials of one variable, fitted to its exact powers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._validation import (
    as_integer,
    as_num_threads,
    as_real_array,
    as_weights,
    check_same_length,
    scan,
)

__all__ = ["PolyfitResult", "polyfit"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PolyfitResult:
    """Result of `polyfit`: a polynomial that can be called.

    Attributes
    ----------
    coef : ndarray of shape (degree + 1,)
        Coefficients in ascending order: ``coef[k]`` belongs to ``x**k``. ``numpy.polynomial.Polynomial(coef)`` is the same polynomial.
    std_error : ndarray of shape (degree + 1,)
        Standard errors of `coef`; NaN without residual degrees of freedom.
    degree : int
    n : int
        Points with a positive weight.
    df_resid : int
        n - degree - 1.
    rss : float
        Weighted sum of squared residuals.
    sigma : float
        Residual standard deviation, the root of rss / df_resid; NaN without residual degrees of freedom.
    r_squared : float
    domain : tuple of two floats
        Smallest and largest x of the fit.
    condition : float
        Estimated condition number of the Chebyshev polynomials at the points.
    """

    coef: FloatArray
    std_error: FloatArray
    degree: int
    n: int
    df_resid: int
    rss: float
    sigma: float
    r_squared: float
    domain: tuple[float, float]
    condition: float
    _chebyshev: FloatArray = field(repr=False)
    _centre: float = field(repr=False)
    _inverse_range: float = field(repr=False)

    def __call__(self, x: ArrayLike, *, num_threads: int | None = None) -> FloatArray:
        """Evaluate the polynomial in twice the precision; far outside the domain, where that overflows, by sums of powers.

        Parameters
        ----------
        x : array_like of any shape

        Returns
        -------
        ndarray of the shape of `x`

        Raises
        ------
        TypeError, ValueError
            If `x` is not of finite real numbers.
        """
        points = as_real_array("x", x, tuple(range(33)))
        flat = np.ascontiguousarray(points).reshape(-1)
        scan("x", flat)
        values = _core.evaluate_polynomial(
            flat[:, np.newaxis],
            self._chebyshev,
            self._centre,
            self._inverse_range,
            as_num_threads(num_threads),
        )
        beyond = ~np.isfinite(values)
        if beyond.any():
            # The polynomials in z may overflow where their sum does not.
            with np.errstate(over="ignore"):
                values[beyond] = np.polynomial.polynomial.polyval(flat[beyond].astype(np.float64), self.coef)
        return values.reshape(points.shape)


def polyfit(
    x: ArrayLike,
    y: ArrayLike,
    degree: int,
    sample_weight: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> PolyfitResult:
    r"""Fit a polynomial by least squares, to the exact powers of x.

    Minimises :math:`\sum_i w_i (y_i - \sum_k c_k x_i^k)^2` with powers that are not rounded: the coefficients are the exact solution for the float64 numbers
    given, rounded once, where a caller who forms powers in float64 has seven right digits left on NIST's Filip. The constant comes first, as in
    `numpy.polynomial.Polynomial`; `numpy.polyfit` has it last.

    Parameters
    ----------
    x, y : array_like of shape (n,)
    degree : int
        At least zero.
    sample_weight : array_like of shape (n,), optional
        Non-negative weights of the *squares* of the residuals, as everywhere in crowfly (`numpy.polyfit` multiplies the residuals: its w is the root of these);
        a weight of zero equals leaving the point out. For the standard errors they are precisions: the variance of :math:`y_i` is :math:`\sigma^2 / w_i`.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    PolyfitResult

    Raises
    ------
    TypeError, ValueError
        Naming the argument: wrong dtype, rank or length, NaN or infinity, negative weights, too few distinct values of x for the degree, coefficients that
        overflow float64.

    Notes
    -----
    The basis is Chebyshev polynomials on the range of x, kept as sums of two doubles, with refinement as in `lstsq`; see Golub and Van Loan, *Matrix
    Computations* (4th ed.), section 5.3, and Trefethen, *Approximation Theory and Approximation Practice*, chapter 3.

    Examples
    --------
    >>> import crowfly
    >>> fit = crowfly.polyfit([0, 1, 2, 3], [1, 2, 5, 10], 2)
    >>> fit.coef
    array([1., 0., 1.])
    >>> fit([4, 5])
    array([17., 26.])
    """
    points = as_real_array("x", x, (1,))
    if not len(points):
        raise ValueError("x: at least one point expected, got none")
    targets = as_real_array("y", y, (1,))
    check_same_length("y", targets, len(points), "x")
    highest = as_integer("degree", degree, 0)
    weights = as_weights(sample_weight, len(points), "x")
    scan("x", points)
    scan("y", targets)
    if weights is not None and not weights.all():
        kept = weights > 0
        points, targets, weights = points[kept], targets[kept], weights[kept]
    if len(points) <= highest:
        raise ValueError(
            f"degree: at most {len(points) - 1} expected for {len(points)} points (with positive weight), got {degree}"
        )
    _lapack.install()
    fit = _core.fit_polynomial(
        points[:, np.newaxis], targets[:, np.newaxis], weights, highest, as_num_threads(num_threads)
    )
    if not np.isfinite(fit["coef"]).all():
        raise ValueError(
            "x: coefficients of its powers overflow float64; multiply x or y by a power of two, or lower the degree"
        )
    n = len(points)
    df_resid = n - highest - 1
    sigma = float(np.sqrt(fit["residual_sum"] / df_resid)) if df_resid > 0 else np.nan
    total = fit["total_sum"]
    return PolyfitResult(
        coef=fit["coef"],
        std_error=sigma * fit["lengths"],
        degree=highest,
        n=n,
        df_resid=df_resid,
        rss=fit["residual_sum"],
        sigma=sigma,
        r_squared=1 - fit["residual_sum"] / total if total > 0 else np.nan,
        domain=(float(points.min()), float(points.max())),
        condition=fit["condition"],
        _chebyshev=fit["chebyshev"],
        _centre=fit["centre"],
        _inverse_range=fit["inverse_range"],
    )
