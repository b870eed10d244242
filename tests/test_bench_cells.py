# SPDX-License-Identifier: BSD-3-Clause
"""One cell of the benchmark suite: ladders, blame, and what is timed when a side is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from bench.cells.cell import LibraryError, Side, measure_target
from bench.competitors import COMPETITORS, OURS, Method
from bench.competitors.base import TOLERANCES
from bench.tasks import Problem, Task, Verdict

PROBLEM = Problem({}, {}, 1)


def task(targets: tuple[float | None, ...]) -> Task:
    """Its answer is its own error; beyond 1 it is wrong."""
    return Task(
        "planted",
        "error",
        truth=lambda _arrays, _parameters: {},
        judge=lambda _problem, _truth, answer: Verdict(float(answer), answer <= 1, "too large"),
        targets=targets,
    )


def side(
    name: str,
    answer: Callable[[float | None], Any],
    settings: tuple[float, ...] = (),
    targets: tuple[float | None, ...] = (1e-6, 1e-10),
) -> Side:
    method = Method(lambda _problem: answer, settings=settings)
    return Side(name, method, task(targets), PROBLEM, {}, lambda _phase: None)


def fixed(error: float, _setting: float | None) -> float:
    return error


def counted(error: Callable[[float], float]) -> tuple[Callable[[float | None], float], list[float]]:
    """An answer by tolerance, and the tolerances that were tried."""
    tried: list[float] = []

    def answer(setting: float | None) -> float:
        assert setting is not None
        tried.append(setting)
        return error(setting)

    return answer, tried


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("factor", [1e-3, 1.0, 0.9])
def test_ladder_finds_the_loosest_sufficient_setting(power: float, factor: float) -> None:
    answer, tried = counted(lambda tol: factor * tol**power)
    found = side("peer", answer, TOLERANCES)
    for target in (1e-6, 1e-10):
        sufficient = [tol for tol in TOLERANCES if factor * tol**power <= target]
        rung = found.reach(target)
        if not sufficient:
            assert rung is None
        else:
            assert rung is not None
            assert rung.setting == sufficient[0]
    assert tried == sorted(tried, reverse=True)


def test_ladder_leaves_out_what_cannot_suffice() -> None:
    answer, tried = counted(lambda tol: tol)
    side("peer", answer, TOLERANCES).reach(1e-10)
    # From 1e-2 the fourth power of 1e-3 / 1e-2 is too little, and so on.
    assert tried == [1e-2, 1e-4, 1e-6, 1e-7, 1e-8, 1e-10]


def test_infinite_error_leaves_nothing_out() -> None:
    answer, tried = counted(lambda tol: np.inf if tol > 1e-5 else 0.0)
    rung = side("peer", answer, TOLERANCES).reach(1e-10)
    assert rung is not None
    assert tried == [tol for tol in TOLERANCES if tol >= 1e-5]


def test_answers_of_looser_settings_are_kept_for_looser_targets() -> None:
    answer, tried = counted(lambda tol: tol**2)
    found = side("peer", answer, TOLERANCES)
    assert found.reach(1e-10) is not None
    before = len(tried)
    assert found.reach(1e-4) is not None
    assert len(tried) == before


def test_right_side_is_timed_beside_a_wrong_one() -> None:
    for wrong, right in ((OURS, "peer"), ("peer", OURS)):
        errors = {wrong: 2.0, right: 0.0}
        sides = [side(name, partial(fixed, errors[name]), targets=(None,)) for name in (OURS, "peer")]
        fields = measure_target(sides, None, 0.01)
        assert fields["status"] == "wrong"
        assert fields["detail"] == f"{wrong}: too large"
        by_name = {OURS: fields["ours"], "peer": fields["theirs"]}
        assert by_name[wrong].seconds is None
        assert by_name[wrong].error == 2.0
        assert by_name[right].seconds is not None


def test_target_out_of_reach_says_by_how_much() -> None:
    answer, _ = counted(lambda tol: max(tol, 1e-7))
    fields = measure_target([side(OURS, lambda _s: 0.0), side("peer", answer, TOLERANCES)], 1e-10, 0.01)
    assert fields["status"] == "unreached"
    assert fields["detail"] == "peer: no setting comes within 1e-10, the best is 1.0e-07"


@pytest.mark.parametrize("culprit", [OURS, "peer"])
def test_exception_is_blamed_on_the_library_that_raised_it(culprit: str) -> None:
    def raising(_setting: float | None) -> float:
        raise MemoryError("planted")

    sides = [side(name, raising if name == culprit else lambda _s: 0.0) for name in (OURS, "peer")]
    with pytest.raises(LibraryError, match=rf"^{culprit}: MemoryError: planted$"):
        measure_target(sides, 1e-6, 0.01)


def test_exception_later_than_the_first_call_is_blamed_too() -> None:
    calls = 0

    def answer(_setting: float | None) -> float:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise ValueError("later")
        return 0.0

    with pytest.raises(LibraryError, match=r"^peer: ValueError: later$"):
        measure_target([side(OURS, lambda _s: 0.0), side("peer", answer)], 1e-6, 1.0)


def test_notes_of_an_answer_reach_the_measurement() -> None:
    method = COMPETITORS[OURS].methods["least squares"]
    assert method is not None
    rng = np.random.default_rng(0)
    arrays = {"X": rng.normal(size=(50, 3)), "y": rng.normal(size=50)}
    from bench.tasks import TASKS

    found = Side(
        OURS,
        method,
        TASKS["least squares"],
        Problem(arrays, {}, 1),
        TASKS["least squares"].truth(arrays, {}),
        lambda _phase: None,
    )
    rung = found.reach(None)
    assert rung is not None
    assert found.measurement(rung, None).notes["reads of X"] == 2


def test_answer_of_another_shape_is_wrong_and_the_other_side_is_timed() -> None:
    def judge(_problem: Problem, _truth: Any, answer: Any) -> Verdict:
        return Verdict(float(np.ones(3) @ answer), True)

    odd = Task("planted", "error", lambda _a, _p: {}, judge)
    sides = [
        Side(name, Method(partial(_answering, size)), odd, PROBLEM, {}, lambda _phase: None)
        for name, size in ((OURS, 3), ("peer", 4))
    ]
    fields = measure_target(sides, None, 0.01)
    assert fields["status"] == "wrong"
    assert fields["detail"].startswith("peer: no answer to this question")
    assert fields["ours"].seconds is not None


def _answering(size: int, _problem: Problem) -> Callable[[float | None], Any]:
    return lambda _setting: np.zeros(size)


def test_infinite_notes_become_words() -> None:
    found = side("peer", lambda _s: 0.0, targets=(None,))
    found.task = Task(
        "planted", "error", lambda _a, _p: {}, lambda *_: Verdict(0.0, True, notes={"x": np.nan})
    )
    rung = found.reach(None)
    assert rung is not None
    assert found.measurement(rung, None).notes == {"x": "nan"}
