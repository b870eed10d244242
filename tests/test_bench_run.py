# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark suite's command: planted wrong, crashing and hanging competitors, interruption, names, the user's own table."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench import results
from bench.results import Cell, Run
from bench_plugin import PAUSE

ROOT = Path(__file__).parents[1]
PLUGIN = ["--plugin", "bench_plugin"]
SEARCH = ["--workload", "planted/search"]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="children are watched through POSIX pipes and signals"
)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "bench", *words]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )


def run(output: Path, *words: str) -> tuple[Run, subprocess.CompletedProcess[str]]:
    process = bench("run", "--no-kernels", "--output", str(output), *words)
    assert output.exists(), process.stdout + process.stderr
    return results.load(output), process


def by_competitor(run: Run) -> dict[str, Cell]:
    return {cell.competitor.removeprefix("planted "): cell for cell in run.cells}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    output = tmp_path_factory.mktemp("planted") / "run.json"
    found, process = run(
        output, *PLUGIN, *SEARCH, "--competitor", "planted*", "--limit", "3", "--budget", "0.3"
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return found, process.stdout


def test_wrong_answer_is_named_and_not_timed(planted: tuple[Run, str]) -> None:
    cell = by_competitor(planted[0])["wrong"]
    assert cell.status == "wrong"
    assert cell.theirs is not None
    assert cell.theirs.seconds is None
    assert cell.theirs.error is not None
    assert cell.theirs.error > 1e-3
    assert "wrong neighbours for 10.0% of the queries" in cell.detail
    assert "WRONG" in planted[1]


def test_right_answer_is_timed_beside_ours(planted: tuple[Run, str]) -> None:
    cell = by_competitor(planted[0])["right"]
    assert cell.status == "timed"
    assert cell.theirs is not None
    assert cell.ours is not None
    assert cell.theirs.error == cell.ours.error == 0
    assert cell.theirs.repetitions == cell.ours.repetitions >= 3
    assert cell.ratio == pytest.approx(cell.theirs.seconds / cell.ours.seconds)  # type: ignore[operator]


def test_faults_of_others_are_reported_and_the_rest_goes_on(planted: tuple[Run, str]) -> None:
    cells = by_competitor(planted[0])
    assert {name: cell.status for name, cell in cells.items()} == {
        "right": "timed",
        "wrong": "wrong",
        "raising": "failed",
        "crashing": "crashed",
        "hanging": "killed",
        "slow": "timed",
    }
    assert "RuntimeError: planted | <fault>" in cells["raising"].detail
    assert "SIGSEGV" in cells["crashing"].detail
    assert "planted crashing: first call" in cells["crashing"].detail
    assert "planted hanging: first call: longer than 3 s" in cells["hanging"].detail


def test_slowness_is_measured(planted: tuple[Run, str]) -> None:
    cell = by_competitor(planted[0])["slow"]
    assert cell.theirs is not None
    assert cell.theirs.seconds is not None
    assert PAUSE <= cell.theirs.seconds < 4 * PAUSE


def test_absent_competitors_are_named(planted: tuple[Run, str]) -> None:
    assert "planted absent (no-such-package)" in planted[1]
    assert {c.name: c.version for c in planted[0].competitors}["planted absent"] is None


def test_results_say_where_and_how(planted: tuple[Run, str]) -> None:
    found = planted[0]
    assert found.machine["CPUs"]
    assert found.versions["numpy"] == np.__version__
    assert found.settings == {"budget": 0.3, "call": 3.0, "cell": 15.0}
    assert found.command.endswith("--limit 3 --budget 0.3")


def test_interrupted_run_resumes(tmp_path: Path) -> None:
    output = tmp_path / "run.json"
    options = ["run", "--no-kernels", *PLUGIN, *SEARCH, "--competitor", "planted [rsh]*", "--limit", "60"]
    process = subprocess.Popen(
        command(*options, "--output", str(output)),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = output.with_suffix(".journal")
    deadline = time.monotonic() + 60
    while not journal.exists() or len(journal.read_text(encoding="utf-8").splitlines()) < 3:
        assert time.monotonic() < deadline, "no cell was measured"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command goes on from here" in printed
    assert not output.exists()
    first = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()][1:]
    # A crash in the middle of a line costs that line only.
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"plan": {"workload": "plan')
    found, resumed = run(output, *options[2:-1], "60")
    assert f"{len(first)} of 4 cells are there already" in resumed.stdout
    kept = {entry["plan"]["competitor"]: entry["cells"][0] for entry in first}
    for cell in found.cells:
        if cell.competitor in kept:
            assert cell == results.cell_from_dict(kept[cell.competitor])
    assert len(found.cells) == 4
    assert not journal.exists()


def processes_naming(text: str) -> list[str]:
    """Command lines of processes that have this text among their arguments (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            found += [line] if text in line else []
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_driver_told_to_end_takes_child_and_scratch_along(tmp_path: Path) -> None:
    words = ["run", "--no-kernels", *PLUGIN, *SEARCH, "--competitor", "planted hanging", "--limit", "100"]
    process = subprocess.Popen(
        command(*words, "--output", str(tmp_path / "run.json")),
        cwd=ROOT,
        env={**environment(), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    scratch = f"{tmp_path}/crowfly-bench-"
    while not any("bench.cells.cell" in line for line in processes_naming(scratch)):
        assert time.monotonic() < deadline, "no cell was started"
        time.sleep(0.05)
    process.terminate()
    assert process.wait(30) == 143
    assert processes_naming(scratch) == []
    assert list(tmp_path.glob("crowfly-bench-*")) == []


def test_journal_of_another_run_is_not_thrown_away(tmp_path: Path) -> None:
    journal = tmp_path / "run.journal"
    journal.write_text('{"identity": {"plan": []}, "started": ""}\n', encoding="utf-8")
    words = ["run", "--no-kernels", *PLUGIN, *SEARCH, "--competitor", "planted right", "--output"]
    process = bench(*words, str(tmp_path / "run.json"))
    assert process.returncode == 2
    assert "--fresh begins anew" in process.stderr
    assert journal.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--workload", "nonsense"], ["'nonsense'", "neighbours/normal/10k-100k-16/f32/k1", "flights/delay"]),
        (["--competitor", "nonsense"], ["'nonsense'", "FAISS", "scikit-learn lbfgs"]),
        (["--isa", "nonsense"], ["'nonsense'", "reference"]),
        (["--threads", "0"], ["threads: from 1 to", "got 0"]),
        (["--threads", "100000"], ["threads: from 1 to", "got 100000"]),
        (["--data", "no-such-file.csv"], ["there is no file"]),
        (["--plugin", "no_such_module"], ["no_such_module"]),
        (["--budget", "-1"], ["budget", "-1"]),
        (["--limit", "nan"], ["limit", "nan"]),
    ],
)
def test_unknown_names_list_the_known_ones(words: list[str], expected: list[str]) -> None:
    process = bench("run", *words, "--list")
    assert process.returncode == 2
    assert "Traceback" not in process.stderr
    for text in expected:
        assert text in process.stderr


def test_unknown_command() -> None:
    process = bench("rnu")
    assert process.returncode == 2
    assert "no command is called 'rnu'" in process.stderr
    assert "compare" in process.stderr


def test_own_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 3))
    table = np.column_stack([rows, rows @ [1, 2, 3] + rng.normal(size=300)])
    path = tmp_path / "my table.csv"
    np.savetxt(path, table, delimiter=",", header="a,b,c,price", comments="")
    found, process = run(
        tmp_path / "run.json", "--data", str(path), "--target", "price", "--competitor", "scikit-learn*"
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert {cell.workload for cell in found.cells} == {"my table.csv/neighbours", "my table.csv/linear model"}
    assert {cell.status for cell in found.cells if cell.competitor != "scikit-learn argmin"} == {"timed"}


def test_threads_and_instruction_set_reach_the_process_that_measures(tmp_path: Path) -> None:
    found, _ = run(
        tmp_path / "run.json",
        *PLUGIN,
        *SEARCH,
        "--competitor",
        "planted right",
        "--isa",
        "reference",
        "--threads",
        "1",
    )
    assert [(cell.isa, cell.threads) for cell in found.cells] == [("reference", 1)]
