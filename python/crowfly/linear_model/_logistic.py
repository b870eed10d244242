# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression, binary and multinomial, with its certificate."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight

from crowfly import LogisticResult
from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    checked_sample_weight,
    require_class_labels,
    rounded_for,
    validate_data,
    validates_parameters,
    with_sparse,
)
from crowfly.linear_model._callbacks import CallbackSupportMixin, StepReport, has_callbacks
from crowfly.linear_model._liblinear import intercept_column, require_range_of_liblinear
from crowfly.linear_model._logistic_predictions import LogisticPredictions
from crowfly.linear_model._penalty import resolve_penalty
from crowfly.linear_model._separated import in_terms_of_C, where_separated
from crowfly.linear_model._some_classes import fit_classes_of_weight
from crowfly.logistic import DEFAULT_TOLERANCE, SeparationError

#: What scikit-learn says of its solvers at the limit of iterations: warnings are filtered by it.
_AT_THE_LIMIT = {
    "lbfgs": "lbfgs failed to converge after {n_iter} iteration(s)",
    "newton-cg": "newton-cg failed to converge. Increase the number of iterations.",
    "liblinear": "Liblinear failed to converge, increase the number of iterations.",
    "sag": "The max_iter was reached which means the coef_ did not converge",
    "saga": "The max_iter was reached which means the coef_ did not converge",
    "newton-cholesky": "Newton solver did not converge after {n_iter} iterations",
}


class LogisticRegression(CallbackSupportMixin, LogisticPredictions):
    """Logistic regression with an L2, L1 or elastic-net penalty or none, fitted to a certified optimum.

    Minimises ``sum_i w_i loss(y_i, x_i.b + b0) + (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2) / C``: one row of coefficients for two classes,
    softmax with a row for each of more. The intercept is not penalised (but with ``solver='liblinear'``).

    Parameters
    ----------
    penalty : {'l1', 'l2', 'elasticnet', None}, default='deprecated'
        Deprecated as in scikit-learn 1.8: use `l1_ratio` and `C`.
    C : float, default=1.0
        Inverse strength of the penalty; ``np.inf`` is no penalty.
    l1_ratio : float, default=0.0
        Share of the L1 penalty: 0 is L2, 1 is L1. As in scikit-learn, above 0 it needs ``solver='saga'``, or 'liblinear' for 1.
    dual : bool, default=False
        Has no effect, and is refused, as in scikit-learn, unless ``solver='liblinear'``.
    tol : float, default=1e-4
        Has no effect: the fit ends at a certified optimum, see `optimality_gap_`. But of classes that a plane separates, without a penalty, coefficients are as large
        as gives training samples' classes a probability of 1 - tol.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    intercept_scaling : float, default=1
        With ``solver='liblinear'`` the intercept is this number times a coefficient that is penalised; otherwise it is not asked for.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, by label; 'balanced': inversely proportional to their frequencies.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    solver : {'lbfgs', 'liblinear', 'newton-cg', 'newton-cholesky', 'sag', 'saga'}, default='lbfgs'
        Has no effect: all approach the one optimum that is computed here, but combinations which scikit-learn
        refuses are refused, and with 'liblinear' the intercept is penalised.
    max_iter : int, default=100
        Largest number of Newton steps.
    verbose : int, default=0
        Has no effect.
    warm_start : bool, default=False
        Whether the steps of earlier fits count: a fit may take `max_iter` steps more than those before. The optimum does
        not depend on the start.
    n_jobs : int, default=None
        Deprecated as in scikit-learn 1.8, and without effect: see :func:`crowfly.set_num_threads`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, one row (of the second class) for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; zeros without (with ``solver='liblinear'`` the number 0.0, as in scikit-learn).
    n_iter_ : ndarray of shape (1,)
        Newton steps, with `warm_start` those beyond the fits before.
    n_reads_ : int
        Passes over `X`.
    gradient_norm_ : float
        2-norm of the gradient of the objective at the solution, with L1 of its smallest subgradient.
    optimality_gap_ : float
        Upper bound on how far the objective is above its minimum; inf where none could be certified.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    Coefficients for float32 samples are rounded to float32 at the very end, as probabilities by them for such samples;
    not with ``solver='liblinear'``, as in scikit-learn.

    Examples
    --------
    >>> from crowfly.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    n_iter_: NDArray[np.int32]
    n_reads_: int
    gradient_norm_: float
    optimality_gap_: float
    n_features_in_: int
    _n_steps: int = 0

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions({"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"})],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: dict[Any, float] | str | None = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None) -> Self:
        """Fit the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples; sparse ones are never made dense as a whole.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; a sample of weight zero counts as absent.

        Returns
        -------
        self : LogisticRegression

        Raises
        ------
        ValueError
            If `X` is not finite, there is one class only, a weight is negative, no weight is left of a class without an intercept,
            scikit-learn refuses the combination of `solver` and penalty, or `C` is next to zero.
        TypeError
            If labels can't be sorted.

        Warns
        -----
        ConvergenceWarning
            scikit-learn's class, if the fit did not reach its tolerance, or a plane separates the classes and there is no penalty.
        """
        alpha, l1_ratio = resolve_penalty(self.penalty, self.C, self.l1_ratio, self.solver, self.dual)
        if self.n_jobs is not None:
            warnings.warn(
                f"'n_jobs' has no effect and will be removed in scikit-learn 1.10 (got n_jobs={self.n_jobs}): "
                "leave it out and call crowfly.set_num_threads.",
                FutureWarning,
                stacklevel=3,
            )
        X, y = validate_data(self, X, y, **with_sparse(X))
        require_class_labels(y)
        require_range_of_liblinear(X, self.solver)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._require_solvable_classes()
        self._require_same_shape(X.shape[1])
        weights = self._weights_of_samples(checked_sample_weight(sample_weight, X), y, codes)
        earlier = self._n_steps if self.warm_start else 0
        report = (
            StepReport(self, earlier + self.max_iter, X=X, y=y, sample_weight=sample_weight)
            if has_callbacks(self)
            else None
        )
        result = self._fit_certified(X, codes, weights, alpha, l1_ratio, earlier + self.max_iter, report)
        self._result = replace(result, classes=self.classes_)
        # As scikit-learn's solvers have it.
        wide = self.solver == "liblinear"
        self.coef_ = result.coef if wide else rounded_for(X, result.coef)
        self.intercept_ = result.intercept if wide else rounded_for(X, result.intercept)
        if wide and not self.fit_intercept:
            self.intercept_ = 0.0
        self.n_iter_ = np.array([max(0, result.n_iter - earlier)], dtype=np.int32)
        self._n_steps = result.n_iter
        self.n_reads_ = result.n_reads
        self.gradient_norm_ = result.gradient_norm
        self.optimality_gap_ = result.optimality_gap
        if report is not None:
            report.end()
        return self

    def _require_solvable_classes(self) -> None:
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[:1].tolist()[0]!r}"
            )
        if self.solver == "liblinear" and n_classes > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass. "
                "The 'liblinear' solver does not support multiclass classification (n_classes >= 3): "
                "every other value of solver fits the multinomial model; or wrap the estimator in a OneVsRestClassifier "
                "to fit one class against the rest at a time."
            )

    def __sklearn_tags__(self) -> Any:
        """Say that one solver takes two classes only."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    def _require_same_shape(self, n_features: int) -> None:
        """Refuse to go on from coefficients of another problem, as scikit-learn does."""
        if not self.warm_start or self.solver == "liblinear" or not hasattr(self, "coef_"):
            return
        expected = (1 if len(self.classes_) == 2 else len(self.classes_), n_features)
        if np.shape(self.coef_) != expected:
            raise ValueError(
                f"Initialization coef is of shape {np.shape(self.coef_)}, expected shape {expected}: set warm_start to False "
                "to fit other features or classes."
            )

    def _weights_of_samples(
        self, sample_weight: FloatArray | None, y: NDArray[Any], codes: NDArray[np.intp]
    ) -> FloatArray | None:
        """Combine sample and class weights."""
        weights = sample_weight
        if self.class_weight is not None:
            with np.errstate(divide="ignore"):
                by_class = compute_class_weight(
                    self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight
                )
            if (by_class < 0).any():
                raise ValueError(f"class_weight: non-negative numbers expected, got {self.class_weight!r}")
            # "balanced" is infinite for a class whose samples have no weight.
            by_class = np.where(np.isinf(by_class), 0.0, by_class)
            weights = by_class[codes] if weights is None else weights * by_class[codes]
        if weights is not None and not weights.any():
            raise ValueError(
                "class_weight: a class of weight above zero with samples expected, there is none"
            )
        return weights

    def _fit_certified(
        self,
        X: NDArray[Any],
        codes: NDArray[np.intp],
        weights: FloatArray | None,
        alpha: float,
        l1_ratio: float,
        max_iter: int,
        report: StepReport | None,
    ) -> LogisticResult:
        """Fit; what the functional API has to say is said in the words that scikit-learn's users know."""
        shortfall = None
        column = intercept_column(self, X)
        samples = X if column is None else column.appended_to(X)

        def fit(steps: int) -> LogisticResult:
            nonlocal shortfall
            try:
                result, shortfall = fit_classes_of_weight(
                    samples,
                    codes,
                    len(self.classes_),
                    alpha=alpha,
                    l1_ratio=l1_ratio,
                    intercept=self.fit_intercept and column is None,
                    sample_weight=weights,
                    tol=DEFAULT_TOLERANCE,
                    max_iter=steps,
                    num_threads=None,
                )
            except SeparationError as error:
                result, shortfall = where_separated(error, samples, codes, weights, self.tol)
            result = result if column is None else column.as_intercept(result)
            return result if steps else _at_zero(result)

        try:
            result = fit(max_iter) if report is None else report.run(fit)
        except ValueError as error:
            if not str(error).startswith("alpha: "):
                raise
            raise ValueError(
                f"C={self.C} is too small: its inverse, the strength of the penalty, is out of range."
            ) from None
        if shortfall is not None:
            text = in_terms_of_C(shortfall, self.penalty)
            if result.n_iter >= max_iter:
                text = f"{_AT_THE_LIMIT[self.solver].format(n_iter=result.n_iter)}: {text}"
            warnings.warn(text, ConvergenceWarning, stacklevel=4)
        return result


def _at_zero(result: LogisticResult) -> LogisticResult:
    """No step taken, as scikit-learn has it: our fits begin at the intercept of a model without features."""
    return replace(
        result,
        coef=np.zeros_like(result.coef),
        intercept=np.zeros_like(result.intercept),
        gradient_norm=np.nan,
        objective=np.nan,
        optimality_gap=np.inf,
    )
