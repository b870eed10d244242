# SPDX-License-Identifier: BSD-3-Clause
"""Real data, physics that the suite simulates itself, and problems with exact answers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench.results import Fact
from bench.sources import bundled, flights, ising, reference, text
from bench.tasks import Arrays
from bench.workloads.base import Workload, suites

FAMILY = "real data"
FULL = suites("full")
#: Their residuals are zero, and so are the standard errors.
PERFECT = {"wampler1", "wampler2"}
QUICK_AND_FULL = suites("quick", "full")
EXACT_SUITES = {
    "filip": suites("toy", "quick", "full"),
    "norris": QUICK_AND_FULL,
    "spector": QUICK_AND_FULL,
}
TOY_AND_FULL = suites("toy", "full")


def _workload(name: str, task: str, why: str, make: Any, facts: dict[str, Fact], **options: Any) -> Workload:
    options.setdefault("suites", FULL)
    return Workload(
        name=name, family=FAMILY, task=task, why=why, dataset=name, arrays=make, facts=facts, **options
    )


def _flights() -> list[Workload]:
    design: dict[str, Fact] = {"rows": 327_346, "columns": 53, "data": "flights"}
    points: dict[str, Fact] = {"queries": 10_000, "points": 326_776, "features": 5, "data": "duplicates"}
    return [
        _workload(
            "flights/delay",
            "least squares",
            "336k flights: how late, from carrier, airport, season, hour; indicators and one long column",
            flights.delay,
            {**design, "dtype": "float64"},
        ),
        _workload(
            "flights/late",
            "logistic regression",
            "the same flights: more than a quarter of an hour late?",
            flights.late,
            {**design, "classes": 2, "C": 1.0, "dtype": "float64"},
            parameters={"alpha": 1.0},
        ),
        _workload(
            "flights/similar",
            "neighbours",
            "flights like this one: five features, nine of ten points have a twin",
            partial(flights.similar, 10_000),
            {**points, "k": 10, "dtype": "float64"},
            parameters={"k": 10},
        ),
    ]


def _text(n: int, d: int, k: int) -> Workload:
    return _workload(
        f"text/embeddings/{d}/k{k}",
        "neighbours",
        "paragraphs of documentation, TF-IDF and SVD: embeddings as services search them",
        partial(text.embeddings, n, 3_000, d),
        {"queries": 3_000, "points": n, "features": d, "k": k, "dtype": "float32", "data": "text"},
        parameters={"k": k},
    )


def _words() -> Workload:
    return _workload(
        "text/words",
        "L1 logistic regression",
        "which words tell SciPy's documentation from the others'",
        partial(text.bag_of_words, 40_000, 10_000),
        {"rows": 40_000, "columns": 10_000, "alpha": 8.0, "data": "sparse text"},
        parameters={"alpha": 8.0},
    )


def _ising() -> list[Workload]:
    spins: dict[str, Fact] = {"dtype": "float64", "data": "Ising, 40 x 40"}
    bonds: dict[str, Fact] = {"rows": 6_000, "columns": 2_016, "dtype": "float64", "data": "Ising, 8 x 8"}
    return [
        _workload(
            "ising/phase",
            "logistic regression",
            "ordered or not, from 1600 spins: a linear model can't, and must say so quickly",
            partial(ising.phase, 40, 10_000),
            {**spins, "rows": 10_000, "columns": 1_600, "classes": 2, "C": 1.0},
            parameters={"alpha": 1.0},
        ),
        _workload(
            "ising/phase by 1-NN",
            "neighbours",
            "the same states by their nearest: distances are small integers, ties everywhere",
            partial(ising.phase_neighbors, 40, 9_000, 1_000),
            {
                "queries": 1_000,
                "points": 9_000,
                "features": 1_600,
                "k": 1,
                "dtype": "float32",
                "data": "Ising, 40 x 40",
            },
            parameters={"k": 1},
        ),
        _workload(
            "ising/energy",
            "least squares",
            "energy from all 2016 products of two spins: an exact law hidden among many columns",
            partial(ising.energy, 8, 6_000),
            bonds,
        ),
        _workload(
            "ising/energy by lasso",
            "lasso",
            "the same, with a penalty that should find the 128 bonds",
            partial(ising.energy, 8, 6_000),
            {**bonds, "alpha": 0.1},
            parameters={"alpha": 0.1},
        ),
    ]


def _bundled() -> list[Workload]:
    sizes = {
        "digits": (1_797, 64, 10),
        "breast_cancer": (569, 30, 2),
        "wine": (178, 13, 3),
        "iris": (150, 4, 3),
    }
    fits = [
        _workload(
            f"scikit-learn/{name}",
            "logistic regression",
            "a first course's data, unscaled",
            partial(bundled.classification, name),
            {"rows": n, "columns": p, "classes": classes, "C": 1.0, "dtype": "float64", "data": name},
            parameters={"alpha": 1.0},
            everyone=name == "breast_cancer",
        )
        for name, (n, p, classes) in sizes.items()
    ]
    return [
        *fits,
        _workload(
            "scikit-learn/diabetes",
            "least squares",
            "a first course's data, unscaled",
            partial(bundled.regression, "diabetes"),
            {"rows": 442, "columns": 10, "targets": 1, "dtype": "float64", "data": "diabetes"},
            suites=TOY_AND_FULL,
        ),
        _workload(
            "scikit-learn/digits by 1-NN",
            "neighbours",
            "8 x 8 images: small integers, ties",
            partial(bundled.neighbors, "digits", 450),
            {"queries": 450, "points": 1_347, "features": 64, "k": 1, "dtype": "float64", "data": "images"},
            parameters={"k": 1},
        ),
    ]


def _exact_arrays(kind: str, name: str) -> Arrays:
    problem = reference.linear(name) if kind == "linear" else reference.logistic(name)
    return {"X": problem["X"], "y": problem["y"], "exact": problem["coef"]}


def _exact(kind: str, name: str) -> Workload:
    rows, columns = reference.linear(name)["X"].shape
    task = {"linear": "least squares, exact", "logistic": "logistic regression, exact"}[kind]
    return Workload(
        name=f"exact/{name}",
        family="accuracy",
        task=task,
        why="the answer is known to 50 digits",
        dataset=f"exact-{name}",
        arrays=partial(_exact_arrays, kind, name),
        parameters={"intercept": reference.linear(name)["intercept"], "alpha": 0.0},
        facts={"rows": rows, "columns": columns, "data": name},
        suites=EXACT_SUITES.get(name, FULL),
    )


def _exact_error_arrays(name: str) -> Arrays:
    problem = reference.linear(name)
    return {"X": problem["X"], "y": problem["y"], "exact": reference.standard_errors(name)}


def _exact_errors(name: str) -> Workload:
    plain = _exact("linear", name)
    return replace(
        plain,
        name=f"{plain.name}/standard errors",
        task="standard errors, exact",
        why="exact standard errors from rational arithmetic",
        dataset=f"{plain.dataset}-standard-errors",
        arrays=partial(_exact_error_arrays, name),
    )


def workloads() -> list[Workload]:
    """All workloads of this topic."""
    return [
        *_flights(),
        _text(40_000, 64, 1),
        _text(40_000, 256, 10),
        _words(),
        *_ising(),
        *_bundled(),
        *(_exact_errors(name) for name in reference.names("linear") if name not in PERFECT),
        *(_exact(kind, name) for kind in ("linear", "logistic") for name in reference.names(kind)),
    ]
