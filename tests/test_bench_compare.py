# SPDX-License-Identifier: BSD-3-Clause
"""`python -m bench compare` finds what was planted: slow cells, slow builds, other answers, more instructions."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import builds, instructions
from bench.compare import options as compare
from bench.compare.times import compare_call
from bench.compare.verdict import Side, Thresholds, judge
from bench.results import Cell, Measurement, Run, Status, save

LIMITS = Thresholds(relative=0.1, absolute=2e-4)

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git isn't on the path")


# --- The verdict ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (10e-3, 12e-3, "slower"),
        (10e-3, 10.9e-3, "same"),  # within the relative threshold
        (1e-4, 2.9e-4, "same"),  # within the absolute one
        (1e-4, 3.1e-4, "slower"),
        (12e-3, 10e-3, "faster"),
        (10.9e-3, 10e-3, "same"),
        (2.9e-4, 1e-4, "same"),
    ],
)
def test_thresholds(base: float, head: float, verdict: str) -> None:
    assert judge(Side.from_spread(base, 0), Side.from_spread(head, 0), LIMITS) == verdict


def test_spread_makes_a_difference_undecided() -> None:
    base, head = Side.from_spread(10e-3, 0.3), Side.from_spread(12e-3, 0.1)
    assert judge(base, head, LIMITS) == judge(head, base, LIMITS) == "undecided"
    assert judge(base, Side.from_spread(13e-3, 0.1), LIMITS) == "slower"


def test_one_disturbed_repetition_is_not_a_spread() -> None:
    quiet = Side.from_times([1.0, 1.01, 0.99, 1.0, 9.0])
    assert quiet.median == 1.0
    assert quiet.high < 1.05


# --- Result files -----------------------------------------------------------------------------------------------------


def cell(workload: str, seconds: float | None, *, competitor: str = "faiss", spread: float = 0.02,
         status: Status = "timed", target: float | None = None) -> Cell:  # fmt: skip
    ours = Measurement(seconds, spread, repetitions=5)
    return Cell(workload, competitor, "avx2", 2, target, status, "", Measurement(1.0), ours)


def run_of(*cells: Cell) -> Run:
    return Run("quick", "", "", 0.0, {}, {"CPU": "one"}, {}, [], [], list(cells))


BASE = run_of(cell("a", 0.010), cell("b", 0.020), cell("c", 0.030, target=1e-6), cell("only before", 1.0))


def verdicts(base: Run, head: Run) -> dict[str, str]:
    return {row.name.split(",")[0]: row.verdict for row in compare.compare_runs(base, head, LIMITS)}


def test_slow_cell_is_caught() -> None:
    head = run_of(cell("a", 0.010), cell("b", 0.025), cell("c", 0.020, target=1e-6), cell("only after", 1.0))
    assert verdicts(BASE, head) == {"a": "same", "b": "slower", "c": "faster"}


def test_cells_of_other_targets_are_not_compared() -> None:
    assert verdicts(BASE, run_of(cell("c", 9.0, target=1e-10))) == {}


def test_median_over_competitors() -> None:
    disturbed = [cell("a", s, competitor=c) for s, c in ((0.010, "x"), (0.011, "y"), (0.090, "z"))]
    assert verdicts(run_of(cell("a", 0.0105)), run_of(*disturbed)) == {"a": "same"}


def test_lost_time_is_caught() -> None:
    head = run_of(cell("a", None, status="wrong"), cell("b", 0.020))
    assert verdicts(BASE, head) == {"a": "lost", "b": "same"}


def test_a_skipped_cell_is_not_lost() -> None:
    skipped = replace(cell("a", None, status="skipped"), ours=None)
    assert verdicts(BASE, run_of(skipped)) == {}


def command(tmp_path: Path, base: Run, head: Run, *options: str) -> int:
    paths = tmp_path / "base.json", tmp_path / "head.json"
    for run, path in zip((base, head), paths, strict=True):
        save(run, path)
    return compare.main([*map(str, paths), *options])


def test_command_line_on_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = run_of(cell("a", 0.010), cell("b", 0.025))
    assert command(tmp_path, BASE, BASE) == 0
    assert command(tmp_path, BASE, slow) == 1
    assert "+25.0 %  slower" in capsys.readouterr().out
    assert command(tmp_path, slow, BASE) == 0
    assert command(tmp_path, BASE, slow, "--relative", "0.3") == 0
    assert command(tmp_path, BASE, slow, "--absolute", "6") == 0
    assert "differ" not in capsys.readouterr().out
    command(tmp_path, BASE, replace(BASE, machine={"CPU": "two"}))
    assert "The machines differ (CPU)" in capsys.readouterr().out


@needs_git
def test_errors_of_users_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(BASE, tmp_path / "base.json")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    good, broken = str(tmp_path / "base.json"), str(tmp_path / "broken.json")
    for arguments, message in (
        ([good, broken], "is no result of this benchmark suite"),
        ([good, str(tmp_path / "absent.json")], "no such file"),
        (["no-such-revision", "HEAD"], "neither a file nor a revision"),
    ):
        assert compare.main(arguments) == 2
        error = capsys.readouterr().err.strip()
        assert message in error
        assert "\n" not in error
    assert command(tmp_path, BASE, run_of(cell("other", 1.0))) == 2
    assert "no timed cell in common" in capsys.readouterr().err


# --- Builds -----------------------------------------------------------------------------------------------------------

STAND_IN = """
import time
import numpy as np

seen = []

def set_num_threads(n):
    pass

def nearest(queries, points, k, num_threads=None):
    time.sleep({seconds})
    {more}
    return np.full((len(queries), k), {distance}), np.zeros((len(queries), k), int)
"""
CALL = "nearest 20 x 200 x 16"


def stand_in(
    folder: Path, name: str, *, seconds: float = 1e-3, distance: float = 0.5, more: str = "pass"
) -> Path:
    """A folder with a package that calls itself crowfly."""
    package = folder / name / "crowfly"
    package.mkdir(parents=True)
    text = STAND_IN.format(seconds=seconds, distance=distance, more=more)
    (package / "__init__.py").write_text(text, encoding="utf-8")
    return folder / name


def test_slow_build_is_caught_and_its_equal_is_not(tmp_path: Path) -> None:
    base, equal = stand_in(tmp_path, "base"), stand_in(tmp_path, "equal")
    slow = stand_in(tmp_path, "slow", seconds=2e-2)
    wide = Thresholds(1.0, 1e-3)
    assert compare_call(CALL, (base, slow), wide, threads=0, isa=None).verdict == "slower"
    assert compare_call(CALL, (slow, base), wide, threads=0, isa=None).verdict == "faster"
    assert compare_call(CALL, (base, equal), wide, threads=0, isa=None).verdict == "same"


@pytest.mark.parametrize(
    ("fault", "verdict", "detail"),
    [
        ({"distance": 0.5 + 2**-53}, "unequal", "the answers differ"),
        ({"more": "k = 1"}, "unequal", "different shapes"),
        ({"more": "raise RuntimeError('planted')"}, "failed", "head: .* planted"),
        ({"more": "import os; os._exit(7)"}, "failed", "head: .* code 7"),
        ({"more": "seen.append(1); 1 / (len(seen) < 9)"}, "failed", "head: .* division by zero"),
    ],
)
def test_faults_of_a_build_are_caught(
    tmp_path: Path, fault: dict[str, object], verdict: str, detail: str
) -> None:
    base, head = stand_in(tmp_path, "base"), stand_in(tmp_path, "head", **fault)  # type: ignore[arg-type]
    row = compare_call(CALL, (base, head), LIMITS, threads=0, isa=None)
    assert row.verdict == verdict
    assert row.fails
    assert re.search(detail, row.detail)


@needs_git
def test_what_can_not_be_built_is_one_sentence(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "file").write_text("no project", encoding="utf-8")
    author = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for arguments in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "none"]):
        subprocess.run(["git", "-C", str(repository), *arguments], check=True)
    commit = builds.resolve("HEAD", repository)
    assert len(commit) == 40
    with pytest.raises(builds.BuildError, match="can't be built"):
        builds.build(commit, repository, tmp_path / "cache")
    assert list((tmp_path / "cache" / commit).iterdir()) == []
    with pytest.raises(builds.BuildError, match="neither a file nor a revision"):
        builds.resolve("--help", repository)


# --- Instructions -----------------------------------------------------------------------------------------------------

DUMP = """
desc: Trigger: Client Request: call x * 1

fl=(1) a.c
fn=(1) work
10 100
+2 5
cfn=(2) _int_malloc
calls=3 20
12 4000
13 7

fn=(2)
20 4000

fn=(3) unlink_chunk.constprop.0
1 50

fn=(4) unlinked
* 2
"""


def test_dumps_are_summed_without_heap_bookkeeping() -> None:
    assert instructions.counted_instructions(DUMP) == 100 + 5 + 7 + 2


def test_instructions_are_repeatable() -> None:
    try:
        first, second = instructions.count(), instructions.count()
    except instructions.CountingError as error:
        if "isn't on the path" in str(error) or "x86-64 only" in str(error):
            pytest.skip(str(error))
        raise
    assert first.keys() == second.keys()
    assert any(name.startswith("kernel gram_tile") for name in first)
    assert any(name.startswith("call lstsq") for name in first)
    for name, instructions_ in first.items():
        assert instructions_ > 100, name
        assert abs(instructions_ - second[name]) <= 0.005 * instructions_ + 5, name


def test_absent_valgrind_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(instructions.CountingError, match="valgrind isn't on the path"):
        instructions.count()
