# SPDX-License-Identifier: BSD-3-Clause
"""The emulator that AMX kernels are tested with, on its own: right products of tiles of every shape, and an end where hardware faults."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

SOURCES = [
    Path(__file__).with_name("amx_emulator_trial.cpp"),
    Path(__file__).parents[1] / "cpp/emulation/amx_emulator.cpp",
]
COMPILER = shutil.which("g++") or shutil.which("clang++")
CPU = Path("/proc/cpuinfo")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled; skips where it can't run."""
    features = CPU.read_text(encoding="utf-8") if CPU.exists() else ""
    if COMPILER is None or "avx512bw" not in features:
        pytest.skip("needs Linux, a C++ compiler and a CPU with AVX-512")
    if "amx_tile" in features:
        # The configuration is loaded without a fault, whether or not the process may use tiles: the emulator wouldn't see it.
        pytest.skip("this CPU executes AMX itself, and its kernels are tested as all others are")
    target = tmp_path_factory.mktemp("emulator") / "trial"
    flags = ["-std=c++20", "-O2", "-pthread", "-mamx-tile", "-mamx-int8", "-mamx-bf16"]
    compiled = subprocess.run([COMPILER, *flags, *map(str, SOURCES), "-o", str(target)], check=False)
    if compiled.returncode != 0:
        pytest.skip("this compiler doesn't know AMX")
    return target


def run(trial: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(trial), *arguments], capture_output=True, text=True, check=False)


def test_products_of_every_shape(trial: Path) -> None:
    result = run(trial)
    assert (result.returncode, result.stdout) == (0, "0 wrong\n"), result.stderr
    assert run(trial, "no fault").returncode == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("never configured", "without a configuration"),
        ("released", "without a configuration"),
        ("other thread", "without a configuration"),
        ("palette", "unknown palette"),
        ("reserved byte", "reserved byte"),
        ("too many rows", "shape"),
        ("ninth tile", "more than eight tiles"),
        ("unlike shapes", "columns of the first tile and rows of the second"),
        ("one tile twice", "one tile twice"),
    ],
)
def test_faults_end_the_process(trial: Path, fault: str, message: str) -> None:
    result = run(trial, fault)
    assert result.returncode == -signal.SIGABRT
    assert result.stderr.startswith("AMX emulator: ")
    assert message in result.stderr


def test_other_illegal_instructions_stay_illegal(trial: Path) -> None:
    assert run(trial, "not of AMX").returncode == -signal.SIGILL
