# SPDX-License-Identifier: BSD-3-Clause
"""Logistic regression with the penalty chosen by cross-validation."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import _check_method_params, _deprecate_positional_args

from crowfly._estimators import (
    FloatArray,
    MatrixLike,
    checked_sample_weight,
    num_threads,
    require_class_labels,
    router_of,
    splits_of,
    validate_data,
    validates_parameters,
    with_sparse,
)
from crowfly.linear_model._liblinear import intercept_column, require_range_of_liblinear
from crowfly.linear_model._logistic import LogisticRegression
from crowfly.linear_model._logistic_training import Training
from crowfly.linear_model._penalty import resolve_ratios
from crowfly.logistic import DEFAULT_TOLERANCE


class LogisticRegressionCV(LogisticRegression):
    """Logistic regression, the strength and mixture of its penalty chosen by cross-validation.

    Parameters
    ----------
    Cs : int or array-like of shape (n_cs,), default=10
        Inverse strengths of the penalty, or their number in a geometric grid from 1e-4 to 1e4; ``np.inf`` is no penalty.
    l1_ratios : array-like of shape (n_l1_ratios,), default=None
        Shares of the L1 penalty; None is L2.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    cv : int, cross-validation generator or iterable, default=None
        Folds; None is five, stratified.
    dual : bool, default=False
        Has no effect, and is refused, as in scikit-learn, unless ``solver='liblinear'``.
    penalty : {'l1', 'l2', 'elasticnet'}, default='deprecated'
        Deprecated as in scikit-learn 1.8: use `l1_ratios`.
    scoring : str or callable, default=None
        What is highest for the penalty chosen; None is accuracy.
    solver : {'lbfgs', 'liblinear', 'newton-cg', 'newton-cholesky', 'sag', 'saga'}, default='lbfgs'
        Has no effect, but combinations which scikit-learn refuses are refused, and with 'liblinear' the intercept is penalised.
    tol : float, default=1e-4
        Has no effect: fits end at certified optima. But of classes that a plane separates, without a penalty, coefficients are as large as gives training samples'
        classes a probability of 1 - tol.
    max_iter : int, default=100
        Largest number of Newton steps of a fit.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, by label; 'balanced': inversely proportional to their frequencies.
    n_jobs : int, default=None
        Threads of each fit: None is the current setting, -1 all processors.
    verbose : int, default=0
        Has no effect.
    refit : bool, default=True
        Whether to fit to all data with the best penalty; otherwise the coefficients are the mean of the folds' best.
    intercept_scaling : float, default=1
        With ``solver='liblinear'`` the intercept is this number times a coefficient that is penalised; otherwise it is not asked for.
    random_state : int, RandomState instance or None, default=None
        Has no effect: nothing is random.
    use_legacy_attributes : bool, default=True
        Shapes of the attributes: those of scikit-learn before 1.8, or the new ones.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, one row (of the second class) for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; zeros without.
    Cs_ : ndarray of shape (n_cs,)
        Inverse strengths that were tried.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        Mixtures that were tried.
    C_ : float, or ndarray of shape (1,) or (n_classes,)
        The best inverse strength; without `refit` the mean of the folds'.
    l1_ratio_ : float, or ndarray of shape (1,) or (n_classes,)
        The best mixture.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs), or dict
        Scores. As a legacy attribute by class, each of shape (n_folds, n_cs[, n_l1_ratios]).
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_rows, n_parameters), or dict
        Coefficients with the intercept last. As a legacy attribute by class, (n_folds, n_cs[, n_l1_ratios], n_parameters).
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        Newton steps. As a legacy attribute (1, n_folds, n_cs[, n_l1_ratios]).
    n_reads_ : int
        Passes over `X` of the last fit.
    gradient_norm_, optimality_gap_ : float
        Of the last fit: as in :class:`LogisticRegression`.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.

    Notes
    -----
    A class that is missing from a training set has no probability there, as far as coefficients can say: without an intercept that doesn't
    hold for all samples, and without a penalty such sets are refused.

    Examples
    --------
    >>> from crowfly.linear_model import LogisticRegressionCV
    >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [0, 1, 0, 1, 0, 1]
    >>> model = LogisticRegressionCV(
    ...     Cs=[0.1, 1.0], l1_ratios=(0,), cv=3, scoring="neg_log_loss", use_legacy_attributes=False
    ... ).fit(X, y)
    >>> model.C_, model.scores_.shape
    (0.1, (3, 1, 2))
    """

    # Weights are the scorer's to ask for, not the estimator's.
    __metadata_request__score: ClassVar[dict[str, str]] = {"sample_weight": UNUSED}

    Cs_: FloatArray
    l1_ratios_: NDArray[Any]
    C_: Any
    l1_ratio_: Any
    scores_: Any
    coefs_paths_: Any

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{
            name: kinds
            for name, kinds in LogisticRegression._parameter_constraints.items()
            if name not in ("C", "warm_start", "l1_ratio")
        },
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"}))],
        "refit": ["boolean"],
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"}))],
        "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
    }

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = "deprecated",
        scoring: Any = "warn",
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: dict[Any, float] | str | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: bool | str = "warn",
    ) -> None:
        BaseEstimator.__init__(self)
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    @validates_parameters
    def fit(self, X: MatrixLike, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples; sparse ones are never made dense as a whole.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative; also of their scores.
        **params : dict
            Metadata for the scorer and the splitter, with metadata routing enabled.

        Returns
        -------
        self : LogisticRegressionCV

        Raises
        ------
        ValueError
            As :class:`LogisticRegression`; if `Cs` or `l1_ratios` are no
            numbers in range.
        TypeError
            If labels can't be sorted.

        Warns
        -----
        ConvergenceWarning
            scikit-learn's class, if a fit did not reach its tolerance, or a plane separates the classes and there is no penalty.
        """
        _raise_for_params(params, self, "fit")
        ratios, listed = resolve_ratios(str(self.penalty), self.l1_ratios, self.solver, self.dual)
        legacy = self._warn_of_defaults()
        X, y = validate_data(self, X, y, **with_sparse(X))
        if issparse(X):
            # Folds are taken by rows.
            X = X.tocsr()
        require_class_labels(y)
        require_range_of_liblinear(X, self.solver)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._require_solvable_classes()
        self._require_weights_of_known_classes()
        own_weights = checked_sample_weight(sample_weight, X)
        routed = self._routed(own_weights, params)
        folds = splits_of(self.cv, X, y, classifier=True, **routed["split"])
        column = intercept_column(self, X)
        training = Training(
            X if column is None else column.appended_to(X),
            codes,
            self._weights_of_samples(own_weights, y, codes),
            len(self.classes_),
            {
                "intercept": self.fit_intercept and column is None,
                "tol": DEFAULT_TOLERANCE,
                "max_iter": self.max_iter,
                "num_threads": num_threads(self.n_jobs),
            },
            self.tol,
            column,
        )
        Cs = self._grid()
        # With the dtype of what was given, as scikit-learn has it.
        self.Cs_ = Cs if isinstance(self.Cs, Integral) else np.asarray(self.Cs)
        grid = [[training.fits(train, ratio, Cs) for ratio in ratios] for train, _ in folds]
        scores = self._scores(grid, folds, X, y, routed["score"])
        self._choose(training, grid, scores, ratios)
        self._set_search(grid, scores, ratios, listed=listed, legacy=legacy)
        return self

    def _warn_of_defaults(self) -> bool:
        """Tell what scikit-learn tells of defaults that are to change; whether attributes are the legacy ones."""
        if isinstance(self.scoring, str) and self.scoring == "warn":
            self._warn_future(
                "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to 'neg_log_loss' in scikit-learn 1.11: set it."
            )
        if self.use_legacy_attributes == "warn":
            self._warn_future(
                "The default value of use_legacy_attributes will change from True to False in scikit-learn 1.10: set it."
            )
        return bool(self.use_legacy_attributes)

    def _require_weights_of_known_classes(self) -> None:
        given = self.class_weight
        if isinstance(given, dict) and not set(given) <= set(self.classes_.tolist()):
            raise ValueError(
                "The given class_weight dict must have the class labels as keys; "
                f"classes={self.classes_} but key={list(given)}"
            )

    @staticmethod
    def _warn_future(message: str) -> None:
        warnings.warn(message, FutureWarning, stacklevel=5)

    def _grid(self) -> FloatArray:
        Cs = np.logspace(-4, 4, self.Cs) if isinstance(self.Cs, Integral) else np.asarray(self.Cs, np.float64)
        if Cs.ndim != 1 or not len(Cs) or not (Cs >= 1e-100).all():
            raise ValueError(
                f"Cs: an integer, or a list of numbers of at least 1e-100, expected, got {self.Cs!r}"
            )
        return np.asarray(Cs)

    def _routed(self, weights: FloatArray | None, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=weights, **params)
            return {"split": routed.splitter.split, "score": routed.scorer.score}
        given = {} if weights is None else {"sample_weight": weights}
        return {"split": {}, "score": {**params, **given}}

    def _scores(
        self, grid: Any, folds: list[Any], X: NDArray[Any], y: NDArray[Any], parameters: dict[str, Any]
    ) -> FloatArray:
        """Of each fold, mixture and C."""
        scorer = self._scorer_of_all_classes()
        judge = LogisticRegression()
        judge.classes_, judge.n_features_in_ = self.classes_, X.shape[1]
        found = np.empty((len(folds), len(grid[0]), len(self.Cs_)))
        for (fold, ratio, i), _ in np.ndenumerate(found):
            fit, test = grid[fold][ratio][i], folds[fold][1]
            judge.coef_, judge.intercept_ = fit.coef, fit.intercept
            judge._result = replace(fit, classes=self.classes_)
            own = _check_method_params(X, parameters, indices=test)
            found[fold, ratio, i] = scorer(judge, X[test], y[test], **own)
        return found

    def _scorer_of_all_classes(self) -> Any:
        """The scorer, told which classes there are: a test set may lack some."""
        scorer = self._get_scorer()
        function = getattr(scorer, "_score_func", None)
        names = inspect.signature(function).parameters if function is not None else {}
        if "labels" not in names:
            return scorer
        known = dict(scorer._kwargs)
        if len(self.classes_) == 2 and "pos_label" in names:
            known.setdefault("pos_label", self.classes_[-1])
        return make_scorer(
            function,
            greater_is_better=scorer._sign == 1,
            response_method=scorer._response_method,
            labels=self.classes_,
            **known,
        )

    def _choose(self, training: Training, grid: Any, scores: FloatArray, ratios: list[float]) -> None:
        if self.refit:
            total = scores.sum(axis=0)
            # Of equal scores the first C, then the first mixture.
            i, ratio = np.unravel_index(np.argmax(total.T), total.T.shape)
            self.C_, self.l1_ratio_ = float(self.Cs_[i]), float(ratios[ratio])
            result = training.fits(slice(None), self.l1_ratio_, np.array([self.C_]))[0]
        else:
            best = [np.unravel_index(np.argmax(each.T), each.T.shape) for each in scores]
            fits = [grid[fold][ratio][i] for fold, (i, ratio) in enumerate(best)]
            self.C_ = float(np.mean([self.Cs_[i] for i, _ in best]))
            self.l1_ratio_ = float(np.mean([ratios[ratio] for _, ratio in best]))
            result = replace(
                fits[0],
                coef=np.mean([fit.coef for fit in fits], axis=0),
                intercept=np.mean([fit.intercept for fit in fits], axis=0),
                optimality_gap=np.inf,
            )
        self._result = replace(result, classes=self.classes_)
        self.coef_, self.intercept_ = result.coef, result.intercept
        self.n_reads_ = result.n_reads
        self.gradient_norm_, self.optimality_gap_ = result.gradient_norm, result.optimality_gap

    def _set_search(
        self, grid: Any, scores: FloatArray, ratios: list[float], *, listed: bool, legacy: bool
    ) -> None:
        paths = np.array(
            [
                [
                    [
                        np.column_stack([fit.coef, fit.intercept]) if self.fit_intercept else fit.coef
                        for fit in row
                    ]
                    for row in fold
                ]
                for fold in grid
            ]
        )
        steps = np.array([[[fit.n_iter for fit in row] for row in fold] for fold in grid], dtype=np.int32)
        self.l1_ratios_ = np.asarray(self._listed_as(ratios) if listed else [None])
        if not legacy:
            self.coefs_paths_, self.scores_, self.n_iter_ = paths, scores, steps
            return
        names = self.classes_ if len(self.classes_) > 2 else self.classes_[1:]
        # (n_folds, n_cs, n_l1_ratios, ...), the last axis of which goes where no mixtures were listed.
        cut = (slice(None), slice(None)) if listed else (slice(None), slice(None), 0)
        by_ratio = np.swapaxes(scores, 1, 2)[cut]
        self.scores_ = {name: by_ratio.copy() for name in names}
        self.coefs_paths_ = {
            name: np.swapaxes(paths[:, :, :, row], 1, 2)[cut] for row, name in enumerate(names)
        }
        self.n_iter_ = np.swapaxes(steps, 1, 2)[cut][np.newaxis]
        self.C_ = np.full(len(names), self.C_)
        known = listed or not self.refit
        dtype = self.l1_ratios_.dtype if listed and self.refit else np.float64
        self.l1_ratio_ = np.full(len(names), self.l1_ratio_, dtype) if known else np.full(len(names), None)

    def _listed_as(self, ratios: list[float]) -> Any:
        """The mixtures as they were given, of integers where these were; others where the deprecated `penalty` overruled them."""
        given = np.asarray(self.l1_ratios)
        return given if np.array_equal(given, ratios) else ratios

    @_deprecate_positional_args(version="1.11")  # type: ignore[untyped-decorator]
    def score(self, X: MatrixLike, y: Any, *, sample_weight: Any = None, **score_params: Any) -> float:
        """Score predictions by `scoring`, or by accuracy.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        **score_params : dict
            Metadata for the scorer, with metadata routing enabled.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If `X` is not a finite matrix with the number of features seen in `fit`, or `y` is not of its length.
        """
        _raise_for_params(score_params, self, "score")
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if _routing_enabled():
            score_params = process_routing(self, "score", **score_params).scorer.score
        score: float = self._get_scorer()(self, X, y, **score_params)
        return score

    def get_metadata_routing(self) -> Any:
        """Get the routing of metadata: to the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
        """
        scores = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=router_of(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
            .add(scorer=self._get_scorer(), method_mapping=scores)
        )

    def _get_scorer(self) -> Any:
        default = self.scoring is None or (isinstance(self.scoring, str) and self.scoring == "warn")
        return get_scorer("accuracy" if default else self.scoring)
