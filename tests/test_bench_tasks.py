# SPDX-License-Identifier: BSD-3-Clause
"""Truth and judges of the benchmark suite: right answers pass, planted faults don't, objectives are those of the definitions."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import crowfly
import crowfly.linear_model
import crowfly.neighbors
from bench.cells.prepare import check_certificate
from bench.competitors import COMPETITORS
from bench.sources import reference, synthetic
from bench.tasks import TASKS, Problem
from bench.tasks.least_squares import log_relative_error
from bench.tasks.logistic import objective
from bench.tasks.prediction import PREDICTIONS
from bench.tasks.sparse import path_alphas
from bench.workloads import WORKLOADS, latency
from references import FloatArray

THREADS = 1


def posed(task: str, arrays: dict[str, Any], **parameters: Any) -> tuple[Problem, dict[str, Any]]:
    problem = Problem(arrays, parameters, THREADS)
    return problem, TASKS[task].truth(arrays, parameters)


# --- neighbours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", synthetic.DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truth_of_neighbors_is_the_definition(distribution: str, dtype: str) -> None:
    arrays = synthetic.neighbors(distribution, 20, 500, 9, dtype)
    truth = TASKS["neighbours"].truth(arrays, {"k": 3})
    points, queries = arrays["points"].astype(float), arrays["queries"].astype(float)
    squares = ((queries[truth["checked"], None, :] - points) ** 2).sum(axis=2)
    order = np.argsort(squares, axis=1, kind="stable")[:, : truth["indices"].shape[1]]
    # Sums in another order differ by an ulp or two, which may swap what is that close.
    np.testing.assert_allclose(truth["distances"], np.sqrt(np.take_along_axis(squares, order, 1)), rtol=1e-14)
    if distribution != "duplicates":
        np.testing.assert_array_equal(truth["indices"], order)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_candidates_of_the_truth_survive_offsets(scale: float, offset: float) -> None:
    rng = np.random.default_rng(3)
    points = offset + scale * rng.normal(size=(3000, 7))
    truth = TASKS["neighbours"].truth({"points": points, "queries": points[:50]}, {"k": 1})
    np.testing.assert_array_equal(truth["indices"][:, 0], truth["checked"])


def test_neighbors_by_crowfly_are_right() -> None:
    arrays = synthetic.neighbors("duplicates", 50, 400, 3, "float32")
    problem, truth = posed("neighbours", arrays, k=5)
    distances, indices = crowfly.nearest(arrays["queries"], arrays["points"], 5)
    verdict = TASKS["neighbours"].judge(problem, truth, (indices, distances))
    assert verdict.right
    assert verdict.error == 0
    assert verdict.notes["queries with another neighbour"] == 0
    assert float(verdict.notes["largest error of a distance"]) <= 1e-15


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("other point", "wrong neighbours"),
        ("order", "wrong neighbours"),
        ("twice", "the same point twice"),
        ("outside", "no point"),
        ("negative", "no point"),
        ("shape", "shape"),
        ("no distances", "not finite"),
        ("zero distances", "wrong distances"),
    ],
)
def test_planted_faults_among_neighbors_are_seen(fault: str, reason: str) -> None:
    arrays = synthetic.neighbors("normal", 30, 400, 3, "float64")
    problem, truth = posed("neighbours", arrays, k=4)
    distances, indices = crowfly.nearest(arrays["queries"], arrays["points"], 4)
    if fault == "other point":
        indices[7, 3] = crowfly.nearest(arrays["queries"], arrays["points"], 6)[1][7, 5]
    elif fault == "order":
        indices[7, [0, 3]] = indices[7, [3, 0]]
    elif fault == "twice":
        indices[7, 3] = indices[7, 2]
    elif fault == "outside":
        indices[7, 3] = 400
    elif fault == "negative":
        indices[7, 3] = -1
    elif fault == "no distances":
        distances = np.full_like(distances, np.nan)
    elif fault == "zero distances":
        distances = np.zeros_like(distances)
    else:
        indices = indices[:, :3]
    verdict = TASKS["neighbours"].judge(problem, truth, (indices, distances))
    assert not verdict.right
    assert reason in verdict.detail


# --- least squares ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_targets", [1, 3])
def test_least_squares_by_crowfly_is_right_and_a_small_fault_is_measured(n_targets: int) -> None:
    arrays = synthetic.regression(400, 6, n_targets=n_targets)
    problem, truth = posed("least squares", arrays)
    fit = crowfly.lstsq(arrays["X"], arrays["y"])
    judge = TASKS["least squares"].judge
    verdict = judge(problem, truth, (fit.coef, fit.intercept))
    assert verdict.right
    assert verdict.error < 1e-24
    assert float(verdict.notes["digits"]) >= 13
    change = np.zeros_like(fit.coef)
    change[..., 2] = 1e-2
    moved = judge(problem, truth, (fit.coef + change, fit.intercept))
    # Measured against the definition: the difference of the two sums of squares.
    y = arrays["y"].reshape(len(arrays["X"]), -1)
    sums = [
        ((y - arrays["X"] @ np.atleast_2d(c).T - fit.intercept) ** 2).sum(axis=0)
        for c in (fit.coef, fit.coef + change)
    ]
    assert moved.error == pytest.approx(((sums[1] - sums[0]) / sums[0]).max(), rel=1e-8)
    assert not moved.right


@pytest.mark.filterwarnings("ignore::numpy.exceptions.RankWarning")
def test_least_squares_below_full_rank_is_judged_by_predictions() -> None:
    arrays = synthetic.regression(50, 4)
    arrays["X"] = np.column_stack([arrays["X"], arrays["X"][:, 0] + arrays["X"][:, 1]])
    problem, truth = posed("least squares", arrays)
    fit = crowfly.lstsq(arrays["X"], arrays["y"])
    shifted = fit.coef + 10 * np.array([1, 1, 0, 0, -1.0])
    for coef in (fit.coef, shifted):
        assert TASKS["least squares"].judge(problem, truth, (coef, fit.intercept)).error < 1e-24


def test_ridge_is_judged_by_its_own_objective() -> None:
    arrays = synthetic.regression(60, 4, n_targets=2)
    problem, truth = posed("ridge", arrays, alpha=7.0)
    X, y = arrays["X"], arrays["y"]

    def objective(coef: FloatArray, intercept: FloatArray) -> FloatArray:
        squares: FloatArray = ((y - X @ coef.T - intercept) ** 2).sum(axis=0)
        value: FloatArray = squares + 7.0 * (coef**2).sum(axis=1)
        return value

    fit, plain = crowfly.lstsq(X, y, alpha=7.0), crowfly.lstsq(X, y)
    judge = TASKS["ridge"].judge
    assert judge(problem, truth, (fit.coef, fit.intercept)).error < 1e-24
    minimum = objective(fit.coef, np.asarray(fit.intercept))
    np.testing.assert_allclose(truth["minimum"], minimum, rtol=1e-13)
    excess = (objective(plain.coef, np.asarray(plain.intercept)) / minimum).max() - 1
    verdict = judge(problem, truth, (plain.coef, plain.intercept))
    assert verdict.error == pytest.approx(excess, rel=1e-8)
    assert not verdict.right


def test_standard_errors_by_crowfly_are_right_and_a_small_fault_is_measured() -> None:
    arrays = synthetic.regression(80, 3)
    problem, truth = posed("standard errors", arrays)
    fit = crowfly.ols(arrays["X"], arrays["y"])
    judge = TASKS["standard errors"].judge
    assert judge(problem, truth, (fit.params, fit.std_error)).error < 1e-12
    wrong = fit.std_error * np.array([1, 1, 1 + 1e-5, 1])
    assert judge(problem, truth, (fit.params, wrong)).error == pytest.approx(1e-5, rel=1e-6)
    moved = fit.params + 1e-3 * fit.std_error
    assert judge(problem, truth, (moved, fit.std_error)).error == pytest.approx(1e-3, rel=1e-6)
    assert not judge(problem, truth, (moved, fit.std_error)).right


# NIST's standard errors, for the data as printed: to that many digits float64 holds these.
@pytest.mark.parametrize(
    ("name", "published"),
    [("norris", 0.232818234301152), ("wampler5", 21523262.4678170), ("noint1", 0.165289256198347e-1)],
)
def test_exact_standard_errors_are_the_published_ones(name: str, published: float) -> None:
    assert reference.standard_errors(name)[0] == pytest.approx(published, rel=1e-12)


def test_log_relative_error() -> None:
    assert log_relative_error([1.0, 2.0], [1.0, 2.0]) == 15
    assert log_relative_error([1.0, 2.002], [1.0, 2.0]) == pytest.approx(3, abs=1e-6)
    assert log_relative_error([1.0, -2.0], [1.0, 2.0]) == 0
    assert log_relative_error([1.0, np.nan], [1.0, 2.0]) == 0


# --- logistic regression ----------------------------------------------------------------------------------------------


def exact_objective(arrays: dict[str, Any], alpha: float, coef: FloatArray, intercept: FloatArray) -> float:
    """The definition in 40 digits."""
    mpmath.mp.dps = 40
    total = mpmath.mpf(alpha) / 2 * sum(mpmath.mpf(float(c)) ** 2 for c in coef.ravel())
    for x, label in zip(arrays["X"], arrays["y"], strict=True):
        etas = [
            sum(
                (mpmath.mpf(float(a)) * mpmath.mpf(float(b)) for a, b in zip(row, x, strict=True)),
                mpmath.mpf(float(c)),
            )
            for row, c in zip(coef, intercept, strict=True)
        ]
        etas = [mpmath.mpf(0), *etas] if len(etas) == 1 else etas
        total += mpmath.log(sum(mpmath.exp(eta) for eta in etas)) - etas[int(label)]
    return float(total)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e-3, 1e4)])
def test_logistic_objective_and_minimum(n_classes: int, scales: tuple[float, float]) -> None:
    arrays = synthetic.classification(120, 3, n_classes=n_classes, scales=scales)
    problem, truth = posed("logistic regression", arrays, alpha=0.7)
    fit = crowfly.logistic(arrays["X"], arrays["y"], alpha=0.7)
    value = objective(arrays, 0.7, fit.coef, fit.intercept)
    assert value == pytest.approx(exact_objective(arrays, 0.7, fit.coef, fit.intercept), rel=1e-14)
    assert float(truth["minimum"]) == pytest.approx(value, rel=1e-12)
    assert float(truth["left"]) < 1e-12
    judge = TASKS["logistic regression"].judge
    assert judge(problem, truth, (fit.coef, fit.intercept)).error < 1e-12
    assert judge(problem, truth, (fit.coef * 1.01, fit.intercept)).error > 1e-7
    assert not judge(problem, truth, (fit.coef * np.nan, fit.intercept)).right


def test_answer_to_another_logistic_problem_is_wrong() -> None:
    arrays = synthetic.classification(120, 3)
    problem, truth = posed("logistic regression", arrays, alpha=30.0)
    other = crowfly.logistic(arrays["X"], arrays["y"], alpha=15.0)
    # Two softmax rows for two classes pay half the penalty: as good as perfect, if only their objective were looked at.
    rows = (
        np.concatenate([-other.coef, other.coef]) / 2,
        np.concatenate([-other.intercept, other.intercept]) / 2,
    )
    verdict = TASKS["logistic regression"].judge(problem, truth, rows)
    assert not verdict.right
    assert "shape" in verdict.detail
    lower = {**truth, "minimum": truth["minimum"] * (1 + 1e-6)}
    fit = crowfly.logistic(arrays["X"], arrays["y"], alpha=30.0)
    assert (
        "another problem"
        in TASKS["logistic regression"].judge(problem, lower, (fit.coef, fit.intercept)).detail
    )


def test_minimum_that_is_not_known_well_enough_is_refused() -> None:
    workload = WORKLOADS["logistic L1/dense/300-20"]
    check_certificate(workload, {"left": np.array(1e-12)})
    for left in (1e-9, np.inf, np.nan):
        with pytest.raises(RuntimeError, match="too little for 1e-10"):
            check_certificate(workload, {"left": np.array(left)})


def test_units_of_columns_do_not_change_the_rank() -> None:
    arrays = synthetic.regression(200, 4)
    arrays["X"] *= [1e-9, 1, 1, 1e5]
    problem, truth = posed("least squares", arrays)
    fit = crowfly.lstsq(arrays["X"], arrays["y"])
    assert TASKS["least squares"].judge(problem, truth, (fit.coef, fit.intercept)).error < 1e-20


# --- L1 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "parameters"), [("lasso", {"alpha": 0.1}), ("L1 logistic regression", {"alpha": 3.0})]
)
def test_gaps_of_sparse_models_certify_the_minimum(task: str, parameters: dict[str, float]) -> None:
    arrays = (
        synthetic.regression(80, 12, n_informative=3)
        if task == "lasso"
        else synthetic.classification(80, 12, n_informative=3)
    )
    problem, truth = posed(task, arrays, **parameters)
    assert 0 <= float(truth["left"]) + 1e-15 < 5e-11
    answer = COMPETITORS["scikit-learn" if task == "lasso" else "scikit-learn saga"].methods[task]
    rough, fine = (TASKS[task].judge(problem, truth, answer.start(problem)(tol)) for tol in (0.5, 1e-10))
    assert fine.error < 1e-8
    assert fine.error <= rough.error


def test_gap_of_a_wrong_answer_is_no_smaller_than_its_excess() -> None:
    from bench.tasks import sparse

    arrays = synthetic.regression(60, 8, n_informative=3)
    X, y = arrays["X"] - arrays["X"].mean(axis=0), arrays["y"] - arrays["y"].mean()
    minimum = float(TASKS["lasso"].truth(arrays, {"alpha": 0.2})["minimum"])
    rng = np.random.default_rng(0)
    for _ in range(50):
        coef = rng.normal(size=8)
        excess = sparse._squares_objective(X, y, coef, 0.2, 1.0) - minimum
        assert sparse._squares_gap(X, y, coef, 0.2, 1.0) >= excess > 0


def test_path_starts_where_everything_is_zero() -> None:
    arrays = synthetic.regression(60, 5, seed=4)
    X, y = arrays["X"] - arrays["X"].mean(axis=0), arrays["y"] - arrays["y"].mean()
    alphas = path_alphas(X, y, 0.5, 7)
    assert np.abs(X.T @ y).max() / len(y) == pytest.approx(0.5 * alphas[0])
    problem, truth = posed("elastic-net path", arrays, l1_ratio=0.5, n_alphas=7)
    np.testing.assert_array_less(truth["left"], 5e-11)
    path = COMPETITORS["scikit-learn"].methods["elastic-net path"].start(problem)(1e-12)
    assert TASKS["elastic-net path"].judge(problem, truth, path).error < 1e-9
    path[4, 0] += 0.1
    assert TASKS["elastic-net path"].judge(problem, truth, path).error > 1e-6


# --- Predictions of one row -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PREDICTIONS)
def test_both_sides_predict_the_same_row(estimator: str) -> None:
    workload = latency.workload(estimator, 500, frozenset())
    arrays = workload.arrays()
    problem = Problem(arrays, workload.parameters, 1)
    judge, truth = workload.definition.judge, workload.definition.truth(arrays, workload.parameters)
    for competitor in ("crowfly", "scikit-learn"):
        found = COMPETITORS[competitor].methods[workload.task].start(problem)(None)
        assert judge(problem, truth, found).right
    expected = truth["prediction"]
    assert not judge(problem, truth, expected + 1).right
    assert "numbers instead of" in judge(problem, truth, np.append(expected, 0.0)).detail


def test_every_estimator_has_its_latency_measured() -> None:
    estimators = {
        name
        for package in (crowfly.linear_model, crowfly.neighbors)
        for name in package.__all__
        if hasattr(getattr(package, name), "fit")
    }
    assert set(PREDICTIONS) == estimators
