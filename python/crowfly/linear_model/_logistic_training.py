# SPDX-License-Identifier: BSD-3-Clause
"""The fits of a search for the penalty of logistic regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from crowfly import LogisticResult
from crowfly._estimators import FloatArray
from crowfly._logistic_data import logistic_data
from crowfly.linear_model._liblinear import InterceptColumn
from crowfly.linear_model._separated import in_terms_of_C, where_separated
from crowfly.linear_model._some_classes import (
    among_all_classes,
    first_rows,
    nothing_but_one_class,
    of_two_rows,
    with_negligible_rows,
)
from crowfly.logistic import SeparationError, fit_logistic
from crowfly.sparse_logistic import fit_path


@dataclass(frozen=True)
class Training:
    """What the fits of a search have in common."""

    X: Any
    codes: NDArray[np.intp]
    weights: FloatArray | None
    n_classes: int
    options: dict[str, Any]
    tol: float
    column: InterceptColumn | None = None
    """The feature that stands for the intercept, appended to `X` already."""

    def fits(self, rows: Any, l1_ratio: float, Cs: FloatArray) -> list[LogisticResult]:
        """One fit per C, those of finite C as one path."""
        fits = self._fits(rows, l1_ratio, Cs)
        return fits if self.column is None else [self.column.as_intercept(fit) for fit in fits]

    def _fits(self, rows: Any, l1_ratio: float, Cs: FloatArray) -> list[LogisticResult]:
        codes = self.codes[rows]
        weights = None if self.weights is None else self.weights[rows]
        present = np.flatnonzero(np.bincount(codes, weights=weights, minlength=self.n_classes))
        if len(present) < self.n_classes:
            if self.options["intercept"]:
                return self._fits_of_some(rows, present, l1_ratio, Cs)
            absent = np.setdiff1d(np.arange(self.n_classes), present)
            if np.isinf(Cs).any():
                raise ValueError(
                    f"cv: every class in every training set expected without an intercept and a penalty, class number {absent[0]} "
                    "is missing from one; use fewer or stratified folds"
                )
            everywhere, rows = self._with_negligible_rows(rows, absent)
            return everywhere._fits(rows, l1_ratio, Cs)
        found: dict[float, LogisticResult] = {}
        alphas = [1.0 / float(C) for C in Cs if np.isfinite(C)]
        shortfalls: list[str | None] = []
        if alphas:
            data = logistic_data(self.X[rows], codes, weights)
            path, shortfall = fit_path(
                data,
                l1_ratio=l1_ratio,
                alphas=alphas,
                n_alphas=1,
                eps=1.0,
                penalty_factor=None,
                **self.options,
            )
            found = dict(zip(path.alphas.tolist(), path.fits, strict=True))
            shortfalls.append(shortfall)
        if len(alphas) < len(Cs):
            try:
                found[0.0], shortfall = fit_logistic(
                    self.X[rows], codes, alpha=0.0, sample_weight=weights, **self.options
                )
            except SeparationError as error:
                found[0.0], shortfall = where_separated(error, self.X[rows], codes, weights, self.tol)
            shortfalls.append(shortfall)
        for message in filter(None, shortfalls):
            warnings.warn(in_terms_of_C(message, "deprecated"), ConvergenceWarning, stacklevel=7)
        return [found[1.0 / float(C) if np.isfinite(C) else 0.0] for C in Cs]

    def _with_negligible_rows(self, rows: Any, absent: NDArray[np.intp]) -> tuple[Training, NDArray[np.intp]]:
        """The training rows, and one of each absent class with next to no weight."""
        rows = np.arange(len(self.codes))[rows]
        weights = np.ones(len(self.codes)) if self.weights is None else self.weights
        return (
            replace(
                self,
                weights=with_negligible_rows(weights, self.codes, absent, weights[rows].max(initial=0.0)),
            ),
            np.union1d(rows, first_rows(self.codes, absent)),
        )

    def _fits_of_some(
        self, rows: Any, present: NDArray[np.intp], l1_ratio: float, Cs: FloatArray
    ) -> list[LogisticResult]:
        """Fits to training rows without some of the classes, which get no probability at all."""
        n_features = self.X.shape[1]
        if len(present) == 1:
            alone = nothing_but_one_class(present[0], self.n_classes, n_features)
            return [alone] * len(Cs)
        chosen = np.flatnonzero(np.isin(self.codes[rows], present))
        if self.weights is not None:
            chosen = chosen[self.weights[rows][chosen] > 0]
        chosen = np.arange(self.X.shape[0])[rows][chosen]
        codes = np.searchsorted(present, self.codes).astype(np.intp)
        some = replace(self, codes=codes, n_classes=len(present))
        if len(present) > 2:
            return [
                among_all_classes(fit, present, self.n_classes) for fit in some._fits(chosen, l1_ratio, Cs)
            ]
        fits = []
        for C in Cs:
            strength, share = of_two_rows(0.0 if np.isinf(C) else 1.0 / float(C), l1_ratio)
            of_two = np.array([1.0 / strength if strength > 0 else np.inf])
            fit = some._fits(chosen, share, of_two)[0]
            fits.append(among_all_classes(fit, present, self.n_classes))
        return fits
