# SPDX-License-Identifier: BSD-3-Clause
"""LogisticRegressionCV beside scikit-learn's: shapes, choices and scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegressionCV as Peer
from sklearn.model_selection import KFold

import crowfly
from assertions import assert_same_bits
from crowfly.linear_model import LogisticRegression, LogisticRegressionCV
from references import AnyArray, FloatArray

QUIET: dict[str, Any] = {"scoring": "neg_log_loss", "use_legacy_attributes": False, "l1_ratios": (0,)}


def classification(n: int, p: int, n_classes: int) -> tuple[FloatArray, AnyArray]:
    rng = np.random.default_rng([n, p, n_classes])
    X = rng.standard_normal((n, p))
    y = np.argmax(X @ rng.standard_normal((p, n_classes)) + rng.gumbel(size=(n, n_classes)), axis=1)
    return X, np.array(["ant", "bee", "cat"])[y]


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratios", [(0,), (1,), (0.3, 0.9)])
def test_beside_scikit_learn(l1_ratios: Any, n_classes: int, refit: bool, legacy: bool) -> None:
    X, y = classification(90, 4, n_classes)
    options: dict[str, Any] = {
        # Not smaller: saga stops after one epoch, before the intercept is right, where all coefficients are zero.
        "Cs": [0.3, 1.0, 5.0],
        # An array: scikit-learn indexes it with one.
        "l1_ratios": np.array(l1_ratios),
        "solver": "lbfgs" if l1_ratios == (0,) else "saga",
        "cv": 3,
        "scoring": "neg_log_loss",
        "refit": refit,
        "use_legacy_attributes": legacy,
    }
    peer = Peer(tol=1e-9, max_iter=50_000, random_state=0, **options).fit(X, y)
    model = LogisticRegressionCV(**options).fit(X, y)
    for name in ("C_", "l1_ratio_", "Cs_", "l1_ratios_", "coef_", "intercept_"):
        mine, theirs = np.asarray(getattr(model, name)), np.asarray(getattr(peer, name))
        assert mine.shape == theirs.shape, name
        if name == "l1_ratio_" and not refit and l1_ratios != (0.3, 0.9):
            # scikit-learn says 0 here, whatever the mixture.
            continue
        assert mine == pytest.approx(theirs, abs=1e-4), name
    assert np.shape(model.n_iter_) == np.shape(peer.n_iter_)
    for name in ("scores_", "coefs_paths_"):
        mine, theirs = getattr(model, name), getattr(peer, name)
        if legacy:
            assert list(mine) == list(theirs)
            mine, theirs = np.array(list(mine.values())), np.array(list(theirs.values()))
        assert mine.shape == theirs.shape, name
        assert mine == pytest.approx(theirs, abs=1e-4), name
    assert model.score(X, y) == pytest.approx(peer.score(X, y), abs=1e-5)
    assert model.predict(X).tolist() == peer.predict(X).tolist()


def test_unlisted_mixtures_and_defaults() -> None:
    X, y = classification(60, 3, 2)
    with pytest.warns(FutureWarning):
        peer = Peer(tol=1e-10).fit(X, y)
    with pytest.warns(FutureWarning) as caught:
        model = LogisticRegressionCV().fit(X, y)
    assert {
        name
        for name in ("l1_ratios", "scoring", "use_legacy_attributes")
        if any(name in str(w.message) for w in caught)
    } == {
        "l1_ratios",
        "scoring",
        "use_legacy_attributes",
    }
    assert all(w.filename == __file__ for w in caught)
    assert model.scores_["bee"].shape == peer.scores_["bee"].shape
    assert model.scores_["bee"] == pytest.approx(peer.scores_["bee"])
    assert model.coefs_paths_["bee"].shape == peer.coefs_paths_["bee"].shape
    assert model.n_iter_.shape == peer.n_iter_.shape
    assert model.C_.shape == peer.C_.shape
    assert model.C_[0] == pytest.approx(peer.C_[0])


def test_the_last_fit_is_logistic_regression() -> None:
    X, y = classification(80, 3, 3)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 80)
    model = LogisticRegressionCV(Cs=4, class_weight="balanced", cv=KFold(4), **QUIET).fit(X, y, weights)
    single = LogisticRegression(C=model.C_, class_weight="balanced").fit(X, y, weights)
    assert model.coef_ == pytest.approx(single.coef_, rel=1e-7, abs=1e-9)
    assert model.optimality_gap_ < 1e-9
    assert model.predict_proba(X).shape == (80, 3)


def test_no_penalty_among_the_cs() -> None:
    X, y = classification(80, 2, 2)
    model = LogisticRegressionCV(Cs=[0.1, np.inf, 1.0], cv=3, **QUIET).fit(X, y)
    assert model.Cs_.tolist() == [0.1, np.inf, 1.0]
    assert np.isfinite(model.scores_).all()
    wide = LogisticRegressionCV(Cs=[np.inf], cv=3, **QUIET).fit(X, y)
    assert_same_bits(wide.coef_, crowfly.logistic(X, y, alpha=0.0).coef)


def test_refusals() -> None:
    X, y = classification(60, 2, 2)
    for options, match in (
        ({"l1_ratios": (0.5,)}, "lbfgs supports only 'l2'"),
        ({"l1_ratios": (2,), "solver": "saga"}, "l1_ratios must be"),
        ({"l1_ratios": (), "solver": "saga"}, "l1_ratios must be"),
        ({"Cs": [0.0]}, "^Cs: "),
        ({"Cs": 0}, "'Cs' parameter"),
    ):
        with pytest.raises(ValueError, match=match):
            LogisticRegressionCV(**{**QUIET, **options}).fit(X, y)
    order = np.argsort(y, kind="stable")
    with pytest.raises(ValueError, match=r"^cv: every class in every training set"):
        LogisticRegressionCV(
            **{**QUIET, "Cs": [np.inf]}, cv=[(np.arange(10), np.arange(10, 60))], fit_intercept=False
        ).fit(X[order], y[order])
