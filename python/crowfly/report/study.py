# SPDX-License-Identifier: BSD-3-Clause
"""The whole study in order: read, split, embed, choose, fit, judge, and measure the curse of dimensionality."""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import sklearn
import threadpoolctl
from sklearn.base import clone
from sklearn.pipeline import Pipeline

import crowfly
from crowfly.report import curse, selection, sources, tables, tasks
from crowfly.report.embeddings import build_embedding, describe, preparation
from crowfly.report.errors import ReportError
from crowfly.report.evaluation import Evaluation, evaluate
from crowfly.report.models import build_model, choose_models
from crowfly.report.options import ReportOptions
from crowfly.report.risks import (
    Interval,
    bootstrap_means,
    losses,
    percentile_interval,
    risk_interval,
    trivial_prediction,
)
from crowfly.report.selection import ValidationCurve
from crowfly.report.tasks import Problem, Split
from crowfly.report.verdicts import Judged, Verdict, judge, paired_interval

TRIVIAL_NAMES = {"regression": "mean", "classification": "most frequent class"}


class Progress(Protocol):
    """Told what the study is doing."""

    def plan(self, n_steps: int) -> None:
        """Announce how many steps are still to come."""

    def begin(self, what: str) -> None:
        """Begin the next step."""


@dataclass(frozen=True)
class ModelResult:
    """One row of the report.

    Parameters
    ----------
    evaluation : Evaluation
        Losses, timings and the comparison with scikit-learn.
    training : float
        Training risk.
    test : Interval
        Test risk.
    gap : Interval
        Generalisation gap, test minus training risk; its interval is that of the test risk, shifted.
    behind : Interval
        Test risk minus that of the best model, from the paired bootstrap.
    verdict : Verdict
        In words.
    """

    evaluation: Evaluation
    training: float
    test: Interval
    gap: Interval
    behind: Interval
    verdict: Verdict

    @property
    def name(self) -> str:
        """The model's name."""
        return self.evaluation.model.name


@dataclass(frozen=True)
class Report:
    """Everything that the terminal and the page show."""

    options: ReportOptions
    title: str
    target_name: str
    problem: Problem
    n_train: int
    n_test: int
    n_features: int
    n_embedded: int
    embedding: str
    notes: tuple[str, ...]
    trivial_name: str
    trivial: Interval
    results: tuple[ModelResult, ...]
    curves: tuple[ValidationCurve, ...]
    curse_by_features: curse.ByFeatures
    curse_by_points: curse.ByPoints
    environment: dict[str, str]

    @property
    def best(self) -> ModelResult:
        """The model with the smallest test risk; of equal ones the first."""
        return min(self.results, key=lambda result: result.test.value)

    @property
    def rivals(self) -> tuple[ModelResult, ...]:
        """The other models, as far as the best isn't clearly better."""
        return tuple(r for r in self.results if r is not self.best and r.behind.low <= 0)


def run(options: ReportOptions, progress: Progress) -> Report:
    """Make the study.

    Parameters
    ----------
    options : ReportOptions
        What to do.
    progress : Progress
        Told about each step.

    Returns
    -------
    Report
        All results.

    Raises
    ------
    crowfly.report.errors.ReportError
        If the table or the options can't be used.
    """
    with _threads(options.threads):
        return _run(options, progress)


def _run(options: ReportOptions, progress: Progress) -> Report:
    progress.begin("reading the table")
    source = (
        sources.load_dataset(options.dataset) if options.table is None else sources.read_file(options.table)
    )
    table = tables.clean(source, options.target)
    rng = np.random.default_rng(options.seed)
    problem = tasks.pose(table, options.task, options.max_rows, rng)
    parts = tasks.split(problem, options.test_size, options.seed)
    n_features = problem.X.shape[1]
    embedding = build_embedding(options.embed, n_features, len(parts.y_train), options.seed)
    embedded = _embed(parts, embedding)
    n_embedded = embedded.X_train.shape[1]
    names, model_notes = choose_models(options.models, problem.kind, n_embedded * len(problem.classes))
    progress.plan(len(names) + ("knn" in names) + ("ridge" in names) + 2 + (options.output is not None))

    curves = _choose_parameters(names, parts, embedding, n_embedded, options.seed, progress)
    chosen = {curve.parameter: curve.chosen for curve in curves}
    evaluations = []
    for name in names:
        model = build_model(name, problem.kind, int(chosen.get("k", 1)), chosen.get("alpha", 1.0))
        progress.begin(f"fitting {model.name}")
        evaluations.append(evaluate(model, embedded))
    trivial, results = _judge_all(embedded, evaluations, rng)

    prepared = curse.thin_out(_embed(parts, preparation()))
    progress.begin("curse of dimensionality: features")
    curse_by_features = curse.by_features(prepared, rng)
    progress.begin("curse of dimensionality: points")
    curse_by_points = curse.by_points(prepared, rng)

    return Report(
        options=options,
        title=table.name,
        target_name=table.target_name,
        problem=problem,
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        n_features=n_features,
        n_embedded=n_embedded,
        embedding=describe(options.embed),
        notes=(*table.notes, *problem.notes, *model_notes, *_sampling_notes(parts, prepared, evaluations)),
        trivial_name=TRIVIAL_NAMES[problem.kind],
        trivial=trivial,
        results=results,
        curves=curves,
        curse_by_features=curse_by_features,
        curse_by_points=curse_by_points,
        environment=_environment(),
    )


def _threads(n_threads: int | None) -> contextlib.AbstractContextManager[Any]:
    if n_threads is None:
        return contextlib.nullcontext()
    try:
        crowfly.set_num_threads(n_threads)
    except ValueError as error:
        # It names its own argument; the user gave an option.
        raise ReportError(f"--threads {n_threads}: {str(error).partition(': ')[2] or error}") from error
    stack = contextlib.ExitStack()
    stack.callback(crowfly.set_num_threads, None)
    stack.enter_context(threadpoolctl.threadpool_limits(n_threads))
    return stack


def _embed(parts: Split, embedding: Pipeline) -> Split:
    # PCA divides by the total variance, which is 0 where all features happen to be constant in the fitted part.
    with np.errstate(invalid="ignore"):
        return replace(
            parts, X_train=embedding.fit_transform(parts.X_train), X_test=embedding.transform(parts.X_test)
        )


def _choose_parameters(
    names: tuple[str, ...], parts: Split, embedding: Pipeline, n_embedded: int, seed: int, progress: Progress
) -> tuple[ValidationCurve, ...]:
    """Validate k and alpha; in each fold the embedding is fitted anew, on the points that are fitted."""
    curves = []
    folds = [_embed(fold, clone(embedding)) for fold in selection.make_folds(parts, n_embedded, seed)]
    if "knn" in names:
        progress.begin("choosing k by validation")
        curves.append(selection.neighbors_curve(folds))
    if "ridge" in names:
        progress.begin("choosing alpha by validation")
        curves.append(selection.ridge_curve(folds))
    return tuple(curves)


def _judge_all(
    parts: Split, evaluations: list[Evaluation], rng: np.random.Generator
) -> tuple[Interval, tuple[ModelResult, ...]]:
    """Bootstrap all test losses together, the trivial predictor's in the last row, and judge each model."""
    constant = np.full(len(parts.y_test), trivial_prediction(parts))
    trivial_losses = losses(parts.kind, parts.y_test, constant)
    test_losses = np.array([*(e.test_losses for e in evaluations), trivial_losses])
    means = bootstrap_means(test_losses, rng)
    names = [*(e.model.name for e in evaluations), f"the trivial predictor (the {TRIVIAL_NAMES[parts.kind]})"]
    test_risks, last = test_losses.mean(axis=1), len(evaluations)
    best, best_model = int(np.argmin(test_risks)), int(np.argmin(test_risks[:last]))
    smallest = test_risks == test_risks.min()
    results = []
    for row, evaluation in enumerate(evaluations):
        training = float(evaluation.training_losses.mean())
        test = risk_interval(parts.kind, test_losses[row], means[row])
        case = Judged(
            training=training,
            test=test,
            excess=paired_interval(test_losses, means, row, best),
            over_trivial=paired_interval(test_losses, means, row, last),
            best_name=names[best],
            trivial=float(trivial_losses.mean()),
            memorises=evaluation.model.memorises,
            is_best=bool(smallest[row]),
            is_shared=int(smallest.sum()) > 1,
        )
        gap = Interval(test.value - training, test.low - training, test.high - training)
        behind = paired_interval(test_losses, means, row, best_model)
        results.append(ModelResult(evaluation, training, test, gap, behind, judge(case)))
    return percentile_interval(float(trivial_losses.mean()), means[last]), tuple(results)


def _sampling_notes(parts: Split, prepared: Split, evaluations: list[Evaluation]) -> list[str]:
    notes = []
    sampled = min(len(e.training_losses) for e in evaluations)
    if sampled < len(parts.y_train):
        notes.append(
            f"Training risk of the neighbour models is measured on {sampled} of the training points."
        )
    if len(prepared.y_train) < len(parts.y_train) or len(prepared.y_test) < len(parts.y_test):
        notes.append(
            f"The curse of dimensionality is measured on {len(prepared.y_train)} training "
            f"and {len(prepared.y_test)} test points."
        )
    return notes


def _environment() -> dict[str, str]:
    config = crowfly.get_config()
    return {
        "crowfly": str(config["version"]),
        "instruction set": str(config["isa"]),
        "threads": str(crowfly.get_num_threads()),
        "scikit-learn": sklearn.__version__,
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "machine": platform.machine(),
    }
