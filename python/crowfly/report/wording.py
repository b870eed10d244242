# SPDX-License-Identifier: BSD-3-Clause
"""The sentences that the terminal and the page share."""

from __future__ import annotations

from crowfly.report.formatting import interval, listing, power_of_two, risk
from crowfly.report.plurals import count
from crowfly.report.selection import ValidationCurve
from crowfly.report.study import Report

RISK_NAMES = {
    "regression": "mean squared error, in the target's units squared",
    "classification": "share of points given the wrong class",
}

SPREAD = (
    "nearest / typical distance: from a test point to its nearest training point, as a share of the "
    "distance to a random one, on standardised features; mean over random subsets of the data "
    "(smallest to largest); of the whole there is one draw only, which says nothing about chance"
)


def data_summary(report: Report) -> list[str]:
    """What was learned from what."""
    problem = report.problem
    task = f"{problem.kind} of {report.target_name!r} ({problem.reason})"
    if problem.classes:
        task += f", {count(len(problem.classes), 'class')}"
    rows = f"{report.n_train + report.n_test} rows: {report.n_train} training, {report.n_test} test"
    features = count(report.n_features, "feature")
    embedding = report.embedding
    if report.n_embedded != report.n_features:
        embedding += f" ({report.n_embedded} in all)"
    return [task, f"{rows}; {features}", f"embedding: {embedding}"]


def findings(report: Report) -> list[str]:
    """The results in a few sentences, most important first."""
    return [
        _best_sentence(report),
        _verdict_sentence(report),
        _agreement_sentence(report),
        dimension_sentence(report),
    ]


def _best_sentence(report: Report) -> str:
    kind, best = report.problem.kind, report.best
    shown = risk(kind, best.test.value)
    tied = [r.name for r in report.results if r is not best and risk(kind, r.test.value) == shown]
    winner = f"a tie of {listing([best.name, *tied])}" if tied else best.name
    sentence = (
        f"Smallest test risk: {winner} with {shown} "
        f"(95 % interval {interval(kind, best.test)}), against {risk(kind, report.trivial.value)} "
        f"for the trivial predictor (the {report.trivial_name})."
    )
    unclear = [r.name for r in report.rivals if r.name not in tied]
    if unclear:
        sentence += f" That is not clearly better than {listing(unclear)}."
    if best.test.value >= report.trivial.value:
        sentence += " No model is better than that: there is nothing in these features that carries over."
    elif kind == "regression":
        sentence += (
            f" It explains {100 * (1 - best.test.value / report.trivial.value):.0f} % of the variance."
        )
    return sentence


def _verdict_sentence(report: Report) -> str:
    groups = {
        word: [result.name for result in report.results if result.verdict.word == word]
        for word in ("overfits", "underfits", "neither")
    }
    labels = {"overfits": "Overfitting", "underfits": "Underfitting", "neither": "Neither"}
    parts = [f"{labels[word]}: {listing(names)}." for word, names in groups.items() if names]
    return " ".join(parts)


def _agreement_sentence(report: Report) -> str:
    differing = [r.name for r in report.results if not r.evaluation.agreement.agrees]
    if not differing:
        return "crowfly and scikit-learn give the same answers for every model."
    return f"crowfly and scikit-learn give different answers for {listing(differing)}; the table says by how much."


def dimension_sentence(report: Report) -> str:
    """The effective dimension against the number of features."""
    points = report.curse_by_points
    if not points.can_fit:
        return (
            "The distance to the nearest neighbour doesn't fall with the number of points in the way the law "
            "says (too few points, or repeated ones), so these data have no effective dimension to report."
        )
    low, high = points.dimension_range
    features = count(points.n_features, "feature")
    behave = "behaves" if points.n_features == 1 else "behave"
    return (
        f"The {features} {behave} like {points.dimension:.1f} dimensions ({low:.1f} to {high:.1f} "
        f"over the draws): to halve the distance to the nearest neighbour takes {power_of_two(points.dimension)} "
        f"times the points; with {count(points.n_features, 'independent feature')} it would take "
        f"{power_of_two(points.n_features)} times as many."
    )


def chosen_parameters(report: Report) -> list[str]:
    """Which parameters validation chose."""
    return [_chosen_parameter(curve) for curve in report.curves]


def _chosen_parameter(curve: ValidationCurve) -> str:
    first, last = curve.values[0], curve.values[-1]
    how = f"by {curve.n_folds}-fold cross-validation" if curve.n_folds > 1 else "on a fifth held out"
    end = ", the end of the range" if curve.chosen in {first, last} else ""
    return (
        f"{curve.parameter} = {curve.chosen:g}{end}, chosen from {first:g} to {last:g} {how} "
        "within the training part"
    )
