# SPDX-License-Identifier: BSD-3-Clause
"""Least squares from data that come in pieces: moments that add up, can be taken away again, and are solved at any time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly import _core, _lapack
from crowfly._validation import (
    LARGEST_EXACT_INTEGER,
    as_flag,
    as_matrix,
    as_num_threads,
    as_real_array,
    as_weights,
    check_same_columns,
    check_same_length,
    column_names,
    scan,
)
from crowfly.least_squares import LstsqResult, _result, as_penalties

__all__ = ["Moments", "lstsq_chunks"]

_STATE_VERSION = 1
_STATE_OF_ROWS = ("n_rows", "scale", "peak", "high", "low")


class Moments:
    r"""Sums and cross products of data in twice the precision: all that least squares and ridge need of them.

    Rows are added by `update`, another object's by `merge`, taken away by `downdate`; `solve` is the regression on what is in. The shape is that of
    the first rows. However the rows are cut into chunks, in whatever order, the coefficients have the same digits: those of the exact solution as long as the condition of
    the columns (with one of ones, scaled to unit length) is below about 1e7, and :math:`31 - 2 \log_{10} \kappa` of them beyond. `lstsq`, which reads the data
    several times, is exact up to 1e15.

    Objects can be written to files by `save`, pickled, and copied with `copy.copy`. Threads may share one.

    Attributes
    ----------
    n_rows : int
        Rows that are in, those of weight zero not counted.
    total_weight : float
        Sum of their weights.
    n_features : int or None
        None before the first rows.
    n_targets : int or None
        None before the first rows, and for one-dimensional y.

    Notes
    -----
    Products are split exactly and added up as pairs (Ogita, Rump and Oishi 2005, *Accurate sum and dot product*). Memory:
    16 (n_features + n_targets + 1)**2 bytes.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> moments = crowfly.Moments()
    >>> for rows in (slice(0, 2), slice(2, 6)):
    ...     _ = moments.update(x[rows], 3 * x[rows, 0] + 1)
    >>> r = moments.solve()
    >>> float(r.coef[0]), r.intercept, moments.n_rows
    (3.0, 1.0, 6)
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._core: _core.Moments | None = None
        self._shape: tuple[int, int | None] = (0, None)
        self._columns: tuple[str, ...] | None = None

    @property
    def n_rows(self) -> int:
        return 0 if self._core is None else self._core.n_rows

    @property
    def total_weight(self) -> float:
        return 0.0 if self._core is None else self._core.total_weight

    @property
    def n_features(self) -> int | None:
        return None if self._core is None else self._shape[0]

    @property
    def n_targets(self) -> int | None:
        return None if self._core is None else self._shape[1]

    def __repr__(self) -> str:
        return f"Moments(n_rows={self.n_rows}, n_features={self.n_features}, n_targets={self.n_targets})"

    def update(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        num_threads: int | None = None,
    ) -> Self:
        """Add rows.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            float32 or float64 in any layout, n >= 0. Data frames have to have their columns in one order.
        y : array_like of shape (n,) or (n, n_targets)
        sample_weight : array_like of shape (n,), optional
            Non-negative; a weight of zero equals leaving the row out.
        num_threads : int, optional
            Limit for this call; no result depends on it.

        Returns
        -------
        Moments
            This object.

        Raises
        ------
        TypeError, ValueError
            Naming the argument: wrong dtype or shape, another shape than before, NaN or infinity, negative weights. The object then is as it was.
        """
        return self._read(X, y, sample_weight, num_threads, away=False)

    def downdate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        num_threads: int | None = None,
    ) -> Self:
        """Take rows away that were added before, by this object or one merged into it.

        Errors of 2**-104 of what was taken away stay: nothing to worry about unless those rows were larger than the rest by
        many orders of magnitude.

        Parameters
        ----------
        X, y, sample_weight, num_threads
            As in `update`.

        Returns
        -------
        Moments
            This object.

        Raises
        ------
        TypeError, ValueError
            As `update`, and if these are more rows than are in, or rows that can't be among them since a sum of squares would be negative.
        """
        return self._read(X, y, sample_weight, num_threads, away=True)

    def merge(self, other: Moments, *, num_threads: int | None = None) -> Self:
        """Add all rows of another object, which stays as it is.

        Parameters
        ----------
        other : Moments
        num_threads : int, optional
            Limit for this call; no result depends on it.

        Returns
        -------
        Moments
            This object.

        Raises
        ------
        TypeError, ValueError
            If `other` is no Moments, or has other numbers of features or targets.
        """
        if not isinstance(other, Moments):
            raise TypeError(f"other: a Moments expected, got {type(other).__name__}")
        threads = as_num_threads(num_threads)
        # A copy: two objects that are merged into each other at the same time must not wait for each other.
        state = other.__getstate__()
        if state["n_features"] is None:
            return self
        copy = Moments()
        copy._restore(state)
        assert copy._core is not None
        with self._lock:
            check_same_columns("other", copy._columns, self._columns)
            self._expect("other", copy._shape).merge(copy._core, threads)
            self._columns = self._columns or copy._columns
        return self

    def solve(
        self, alpha: ArrayLike = 0.0, intercept: bool = True, *, num_threads: int | None = None
    ) -> LstsqResult:
        """Fit least squares or ridge regression to the rows that are in.

        Parameters
        ----------
        alpha : float or array_like of shape (n_targets,)
            Strength of the penalty, one for all targets or one each.
        intercept : bool
        num_threads : int, optional
            Limit for this call; no result depends on it.

        Returns
        -------
        LstsqResult
            As of `lstsq`; `method` is "cholesky", `n_reads` is 1.

        Raises
        ------
        TypeError, ValueError
            Naming the argument, or if no rows are in.
        """
        threads = as_num_threads(num_threads)
        with_intercept = as_flag("intercept", intercept)
        with self._lock:
            if self._core is None or self._core.n_rows == 0:
                raise ValueError("moments: no rows to fit; update() adds some")
            n_targets = self._shape[1]
            penalties = as_penalties(alpha, 1 if n_targets is None else n_targets)
            _lapack.install()
            fit = self._core.solve(with_intercept, penalties, threads)
        return replace(_result(fit, n_targets is None), columns=self._columns)

    def _read(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        num_threads: int | None,
        *,
        away: bool,
    ) -> Self:
        names = column_names(X)
        array, targets, weights = _as_rows(X, y, sample_weight)
        threads = as_num_threads(num_threads)
        shape = (array.shape[1], None if targets.ndim == 1 else targets.shape[1])
        columns = targets if targets.ndim == 2 else targets[:, np.newaxis]
        with self._lock:
            if len(array) > self.n_rows and away:
                raise ValueError(f"X: at most the {self.n_rows} rows that are in expected, got {len(array)}")
            check_same_columns("X", names, self._columns)
            core = self._expect("X", shape)
            self._columns = self._columns or names
            if len(array):
                read = core.downdate if away else core.update
                read(array, columns, weights, threads)
        return self

    def _expect(self, name: str, shape: tuple[int, int | None]) -> _core.Moments:
        """The core's object, made for this shape if it is the first."""
        if self._core is None:
            n_features, n_targets = shape
            self._core, self._shape = _core.Moments(n_features, 1 if n_targets is None else n_targets), shape
        for what, argument, expected, got in zip(
            ("features", "targets"), ("X", "y"), self._shape, shape, strict=True
        ):
            if expected != got:
                raise ValueError(
                    f"{argument if name == 'X' else name}: {_count(expected, what)} expected as before, got {_count(got, what)}"
                )
        return self._core

    def __getstate__(self) -> dict[str, Any]:
        """A number, the shape, and arrays."""
        with self._lock:
            state: dict[str, Any] = {
                "version": _STATE_VERSION,
                "n_features": self.n_features,
                "n_targets": self.n_targets,
                "columns": self._columns,
            }
            if self._core is not None:
                state.update(zip(_STATE_OF_ROWS, self._core.state(), strict=True))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("version") != _STATE_VERSION:
            raise ValueError(
                f"state: version {_STATE_VERSION} of Moments expected, got {state.get('version')!r}"
            )
        _check_state(state)
        self._restore(state)

    def _restore(self, state: dict[str, Any]) -> None:
        # Not self.__init__(): mypy is right that a subclass may have another.
        self._lock, self._core, self._shape = RLock(), None, (0, None)
        self._columns = state.get("columns")
        n_features, n_targets = state["n_features"], state["n_targets"]
        if n_features is None:
            return
        core = _core.Moments(n_features, 1 if n_targets is None else n_targets)
        core.restore(*(state[name] for name in _STATE_OF_ROWS))
        self._core, self._shape = core, (n_features, n_targets)


def _check_state(state: dict[str, Any]) -> None:
    """ValueError for what no object's state is, before anything of the size that it names is made."""
    n_features, n_targets, columns = (state.get(name) for name in ("n_features", "n_targets", "columns"))
    # Those without rows have no numbers; states of before there were names have none.
    expected = {"version", "n_features", "n_targets", *(() if n_features is None else _STATE_OF_ROWS)}
    if set(state) - {"columns"} != expected:
        raise ValueError(f"state: {', '.join(sorted(expected))} expected, got {', '.join(sorted(state))}")
    if n_features is None:
        if n_targets is not None or columns is not None:
            raise ValueError("state: no targets and no columns expected of Moments without features")
        return
    if not _is_count(n_features) or not (n_targets is None or _is_count(n_targets)):
        raise ValueError("state: numbers of features and targets expected")
    if columns is not None and not (
        type(columns) is tuple and len(columns) == n_features and all(type(name) is str for name in columns)
    ):
        raise ValueError("state: one name per feature expected")
    if type(state["n_rows"]) is not int or not 0 <= state["n_rows"] <= LARGEST_EXACT_INTEGER:
        raise ValueError("state: a number of rows expected")
    m = n_features + 1 + (1 if n_targets is None else n_targets)
    for name in _STATE_OF_ROWS[1:]:
        array, shape = state[name], (m, m) if name in ("high", "low") else (m,)
        if not (isinstance(array, np.ndarray) and array.dtype == np.float64 and array.shape == shape):
            raise ValueError(f"state: arrays of one size expected, {name} of float64 and shape {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"state: finite numbers expected in {name}")
        if array.ndim == 2 and (array != array.T).any():
            raise ValueError(f"state: a symmetric {name} expected")
    if (np.frexp(state["scale"])[0] != 0.5).any() or (state["peak"] < 0).any():
        raise ValueError("state: powers of two in scale, and no number below zero in peak, expected")


def _is_count(value: object) -> bool:
    return type(value) is int and 1 <= value < 2**20


def _count(n: int | None, what: str) -> str:
    return "one-dimensional y" if n is None else f"{n} {what}"


def _as_rows(
    X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
    """Rows with their targets and positive weights; there may be none."""
    array = as_matrix("X", X)
    if array.shape[1] == 0:
        raise ValueError(f"X: at least one feature expected, got shape {array.shape}")
    targets = as_real_array("y", y, (1, 2))
    check_same_length("y", targets, len(array), "X")
    if targets.ndim == 2 and targets.shape[1] == 0:
        raise ValueError(f"y: at least one target expected, got shape {targets.shape}")
    weights = _as_chunk_weights(sample_weight, len(array))
    for name, values in (("X", array), ("y", targets)):
        scan(name, values)
    if weights is not None and not weights.all():
        kept = weights > 0
        array, targets, weights = array[kept], targets[kept], weights[kept]
    return array, targets, weights


def _as_chunk_weights(sample_weight: ArrayLike | None, n_rows: int) -> NDArray[np.float64] | None:
    """As for a whole fit, but all weights of a chunk may be zero."""
    if sample_weight is None:
        return None
    raw = as_real_array("sample_weight", sample_weight, (1,))
    check_same_length("sample_weight", raw, n_rows, "X")
    return as_weights(raw, n_rows) if raw.any() else np.zeros(n_rows)


def lstsq_chunks(
    chunks: Iterable[Sequence[ArrayLike]],
    *,
    intercept: bool = True,
    alpha: ArrayLike = 0.0,
    num_threads: int | None = None,
) -> LstsqResult:
    """Fit least squares or ridge regression to data that come chunk by chunk, as from files larger than memory.

    Parameters
    ----------
    chunks : iterable of (X, y) or (X, y, sample_weight)
        Rows, as for `Moments.update`; each chunk is read once and let go.
    intercept : bool
    alpha : float or array_like of shape (n_targets,)
        Strength of the penalty, one for all targets or one each.
    num_threads : int, optional
        Limit for this call; no result depends on it.

    Returns
    -------
    LstsqResult
        As of `Moments.solve`: the same digits for any cutting into chunks.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, with a note that has the number of the chunk; if there are no rows.

    See Also
    --------
    Moments : The same step by step.
    lstsq : Takes memory maps as they are, without a copy, and is exact for worse conditioned data.

    Examples
    --------
    >>> import numpy as np, crowfly
    >>> x = np.arange(6.0).reshape(-1, 1)
    >>> r = crowfly.lstsq_chunks((x[i : i + 2], 3 * x[i : i + 2, 0] + 1) for i in range(0, 6, 2))
    >>> float(r.coef[0]), r.intercept
    (3.0, 1.0)
    """
    as_flag("intercept", intercept)
    moments = Moments()
    for number, chunk in enumerate(chunks):
        if not isinstance(chunk, (tuple, list)) or len(chunk) not in (2, 3):
            raise TypeError(
                f"chunks: (X, y) or (X, y, sample_weight) expected, chunk {number} is {_kind(chunk)}"
            )
        try:
            moments.update(*chunk, num_threads=num_threads)
        except (TypeError, ValueError) as error:
            error.add_note(f"in chunk {number} of chunks")
            raise
    if moments.n_rows == 0:
        raise ValueError("chunks: at least one row expected, got none")
    return moments.solve(alpha, intercept, num_threads=num_threads)


def _kind(chunk: Any) -> str:
    return (
        f"{type(chunk).__name__} of {len(chunk)}"
        if isinstance(chunk, (tuple, list))
        else type(chunk).__name__
    )
