# SPDX-License-Identifier: BSD-3-Clause
"""The kernels' table of the benchmark suite: every kernel is in it, limits and per cent make sense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import crowfly
from bench import kernels
from crowfly import _core

TABLE = Path(__file__).parents[1] / "cpp/core/kernels/kernel_table.hpp"
TIMED = _core._kernels.timed_kernels() + _core._kernels.timed_probes()


def table_entries() -> set[str]:
    """Names of all kernels in KernelTable: its function pointers but for those that prepare a thread."""
    text = TABLE.read_text(encoding="utf-8")
    aliases = re.findall(r"using (\w+) = [\w:]+ \(\*\)\(", text)
    aliased = re.findall(rf"^  (?:{'|'.join(aliases)}) (\w+)", text, re.MULTILINE)
    names = {*re.findall(r"\(\*(\w+)\)\(", text), *aliased} - {"enter", "leave"}
    of_lattice = {"scan", "round_f32", "round_f64", "round_single"}
    return names - of_lattice | {f"lattice_{name}" for name in of_lattice}


def test_every_kernel_of_the_table_is_timed() -> None:
    assert len(table_entries()) > 15
    assert {name.split()[0] for name, _ in TIMED} == table_entries()


def test_every_reduction_is_timed() -> None:
    reductions = re.search(r"enum class Reduction : int \{(.+?)\}", TABLE.read_text(encoding="utf-8"))
    assert reductions is not None
    expected = {f"distance_rows {name.strip()}" for name in reductions[1].split(",")}
    assert {name for name, _ in TIMED if name.startswith("distance_rows")} == expected


@pytest.mark.parametrize(("name", "size"), TIMED)
def test_timer(name: str, size: int) -> None:
    timer = _core._kernels.KernelTimer(name, size)
    assert timer.operations + timer.bytes_loaded + timer.bytes_stored > 0
    assert timer.footprint <= kernels.L1_BYTES
    assert timer.shape
    assert timer.run(3) > 0


@pytest.mark.parametrize("name", sorted({name for name, _ in TIMED}))
@pytest.mark.parametrize("size", [1, 7, 65])
def test_any_size_is_padded(name: str, size: int) -> None:
    assert _core._kernels.KernelTimer(name, size).run(1) > 0


def test_timer_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="no kernel 'filter'"):
        _core._kernels.KernelTimer("filter", 16)
    for size in (0, -1, 2**40):
        with pytest.raises(ValueError, match="size: 1 to"):
            _core._kernels.KernelTimer("lattice_scan byte", size)


@dataclass
class Costs:
    """What `limit_of` reads of a timer."""

    precision: str = "float64"
    operations: float = 0.0
    bytes_loaded: float = 0.0
    bytes_stored: float = 0.0
    footprint: int = 1024


RATES = {
    "FMA float32": 200.0,
    "FMA float64": 100.0,
    "L1 load": 400.0,
    "L1 store": 200.0,
    "L2 load": 100.0,
    "memory load": 20.0,
}


@pytest.mark.parametrize(
    ("costs", "name", "seconds"),
    [
        (Costs(operations=1000, bytes_loaded=400), "FMA float64", 10.0),
        (Costs(operations=1000, bytes_loaded=400, precision="float32"), "FMA float32", 5.0),
        (Costs(operations=100, bytes_loaded=4000), "L1 load", 10.0),
        (Costs(operations=100, bytes_loaded=4000, bytes_stored=4000), "L1 store", 20.0),
        (Costs(operations=100, bytes_loaded=4000, footprint=100 * 1024), "L2 load", 40.0),
        (Costs(operations=100, bytes_loaded=4000, footprint=10**8), "memory load", 200.0),
    ],
)
def test_limit_is_the_largest_least_time(costs: Costs, name: str, seconds: float) -> None:
    limit, least = kernels.limit_of(costs, RATES)
    assert limit == name
    assert least == pytest.approx(seconds)


def test_measure() -> None:
    peaks, rows = kernels.measure(seconds=0.02, threads=2)
    isa = crowfly.get_config()["isa"]
    assert {peak.isa for peak in peaks} == {row.isa for row in rows} == {isa}
    measured = [(peak.name, peak.threads) for peak in peaks if peak.value is not None]
    assert measured == [(probe.name, n) for n in (1, 2) for probe in kernels.probes()]
    unmeasured = {peak.name: peak.detail for peak in peaks if peak.value is None}
    assert "AMX bfloat16" in unmeasured
    assert all(unmeasured.values())
    assert [row.kernel for row in rows] == [name for name, _ in _core._kernels.timed_kernels()]
    for row in rows:
        # Whatever else runs on this machine, nothing is much faster than a limit's best repetition.
        assert 0 < row.percent < 150, row
    assert kernels.from_json(kernels.to_json(peaks, rows)) == (peaks, rows)
    text = "\n".join(kernels.table(peaks, rows))
    assert all(row.kernel in text for row in rows)


def test_measure_isa_runs_that_instruction_set() -> None:
    peaks, rows = kernels.measure_isa("reference", seconds=0.002, threads=1)
    assert {peak.isa for peak in peaks} == {row.isa for row in rows} == {"reference"}


def test_measure_isa_says_what_is_wrong() -> None:
    with pytest.raises(RuntimeError, match="CROWFLY_ISA=sse9: unknown instruction set"):
        kernels.measure_isa("sse9")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kernels.json"
    assert kernels.main(["--seconds", "0.002", "--threads", "1", "--json", str(path)]) == 0
    assert "gram_tile" in capsys.readouterr().out
    peaks, rows = kernels.from_json(path.read_text(encoding="utf-8"))
    assert peaks
    assert rows
    with pytest.raises(SystemExit):
        kernels.main(["--seconds", "0"])
    capsys.readouterr()
    assert kernels.main(["--isa", "sse9"]) == 2
    assert "unknown instruction set" in capsys.readouterr().err
