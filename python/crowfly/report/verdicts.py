# SPDX-License-Identifier: BSD-3-Clause
"""Overfits, underfits, or neither: the rule, and the reason in words.

Let r be a model's test risk, t its training risk, r* the smallest test risk of all models (the trivial predictor,
which ignores x, included) and r0 the trivial predictor's. What a model loses against the best splits in two::

    r - r*  =  (r - t)  +  (t - r*)
    excess     gap          bias

The gap is what it gained on the training points only; the bias says that it is worse on the very points it was
fitted to than the best model is on new ones. The rule:

1. The excess is *clear*: its paired bootstrap interval lies above 0 and it is more than 2 % of r0. Then the
   larger part names the verdict: gap - **overfits**, bias - **underfits**.
2. Otherwise no other model is clearly better. If the gap is clear (the interval of r lies above t), more than 2 % of
   r0, and r is more than twice t, the model still **overfits**: it is among the best here, but more data or
   a stronger penalty would help. This step is skipped where t = 0 by construction (1-NN): t says nothing then.
3. Otherwise **neither**.

A model whose risk is not clearly below r0 has learned nothing that carries over; the reason says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowfly.report.risks import Interval

Word = Literal["overfits", "underfits", "neither"]

#: Differences below this share of the trivial predictor's risk don't matter.
MATERIAL_SHARE = 0.02
#: A test risk beyond this multiple of the training risk is a wide gap.
WIDE_GAP = 2.0


@dataclass(frozen=True)
class Judged:
    """What the verdict on one model is made from; every interval is of the test risk.

    Parameters
    ----------
    training : float
        Training risk t.
    test : Interval
        Test risk r.
    excess : Interval
        r - r*, from the paired bootstrap.
    over_trivial : Interval
        r - r0, from the paired bootstrap.
    best_name : str
        The predictor that r* belongs to.
    trivial : float
        r0.
    memorises : bool
        True when t is 0 by construction.
    is_best : bool
        True for the model that r* belongs to.
    is_shared : bool
        True when other predictors have the same risk r*.
    """

    training: float
    test: Interval
    excess: Interval
    over_trivial: Interval
    best_name: str
    trivial: float
    memorises: bool = False
    is_best: bool = False
    is_shared: bool = False

    @property
    def gap(self) -> float:
        """Generalisation gap r - t."""
        return self.test.value - self.training


@dataclass(frozen=True)
class Verdict:
    """The verdict in a word, and why in a sentence or two."""

    word: Word
    reason: str


def judge(case: Judged) -> Verdict:
    """Apply the rule of this module to one model."""
    material = MATERIAL_SHARE * case.trivial
    if case.excess.low > 0 and case.excess.value > material:
        verdict = _judge_excess(case)
    elif (
        not case.memorises
        and case.test.low > case.training
        and case.gap > material
        and case.test.value > WIDE_GAP * case.training
    ):
        verdict = Verdict("overfits", _wide_gap_reason(case))
    else:
        verdict = Verdict("neither", _neither_reason(case))
    return Verdict(verdict.word, _opening(case) + verdict.reason + _closing(case))


def _judge_excess(case: Judged) -> Verdict:
    best_test = case.test.value - case.excess.value
    bias = case.training - best_test
    if case.gap > bias:
        return Verdict(
            "overfits",
            f"{case.best_name} does clearly better on new points, and most of the difference is the gap "
            "between training and test.",
        )
    return Verdict(
        "underfits",
        f"even on its own training points it does worse than {case.best_name} does on new ones: "
        "it is too rigid for these data.",
    )


def _wide_gap_reason(case: Judged) -> str:
    if case.training == 0:
        ratio = "while it makes no error on the training points"
    else:
        ratio = f"and its test risk is {case.test.value / case.training:.1f} times its training risk"
    return f"no model is clearly better, {ratio}: more data or a stronger penalty should help."


def _neither_reason(case: Judged) -> str:
    if case.is_best:
        return f"the smallest test risk of all{', shared with others' if case.is_shared else ''}."
    if case.excess.low > 0:
        return f"{case.best_name} is better on new points, but by too little to matter."
    return f"no clear difference to the best, {case.best_name}."


def _opening(case: Judged) -> str:
    if not case.memorises:
        return ""
    if case.training > 0:
        return (
            "its training risk would be 0 (each training point is its own nearest neighbour) "
            "if equal points never had different targets; "
        )
    return (
        "its training risk is 0 by construction (each training point is its own nearest neighbour), "
        "so the gap alone says nothing; "
    )


def _closing(case: Judged) -> str:
    if case.over_trivial.low > 0:
        return " It is clearly worse than the trivial predictor."
    if case.over_trivial.high >= 0:
        return " It is not clearly better than the trivial predictor: nothing that carries over was learned."
    return ""


def paired_interval(
    losses: NDArray[np.float64], means: NDArray[np.float64], row: int, other: int
) -> Interval:
    """Difference of two models' risks with its paired bootstrap interval.

    Parameters
    ----------
    losses : ndarray of shape (n_models, n_points)
        Test losses.
    means : ndarray of shape (n_models, n_resamples)
        From `crowfly.report.risks.bootstrap_means` of these losses.
    row, other : int
        The difference is row's risk minus other's.
    """
    low, high = np.percentile(means[row] - means[other], [2.5, 97.5])
    return Interval(float(np.mean(losses[row] - losses[other])), float(low), float(high))
