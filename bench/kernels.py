# SPDX-License-Identifier: BSD-3-Clause
"""How near each kernel comes to what this machine can do.

The limits are measured, not looked up: multiply-adds on registers, loads and stores on buffers that fit L1, L2 or neither, compiled for the same
instruction set as the kernels. A kernel's least time is the largest of (operations / multiply-add rate), (bytes loaded / load rate) and (bytes stored /
store rate); per cent are that time over the one measured. Kernels without fused multiply-adds end at 50 % of the first limit.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crowfly
from bench.results import KernelRow, Peak

__all__ = ["limit_of", "main", "measure", "measure_isa", "table"]

ROOT = Path(__file__).parents[1]
KIB, MIB = 2**10, 2**20

#: Seconds spent on each kernel and limit.
SECONDS = 0.05
REPETITIONS = 9
DEADLINE_SECONDS = 120

#: Smallest caches of the CPUs in use: what fits here fits everywhere, what doesn't may still fit elsewhere.
L1_BYTES, L2_BYTES = 32 * KIB, 256 * KIB


@dataclass(frozen=True)
class Probe:
    """A limit and the kernel that measures it; `work` is the timer's attribute that is counted."""

    name: str
    kernel: str
    unit: str
    work: str
    doubles: int | None = None


def memory_bytes() -> int:
    """A buffer of which next to nothing stays in the last cache: four times that, 256 MiB to 1 GiB."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text(encoding="ascii")
        last_cache = int(text.strip().removesuffix("K")) * KIB
    except (OSError, ValueError):
        last_cache = 0
    return min(max(256 * MIB, 4 * last_cache), 1024 * MIB)


def probes() -> tuple[Probe, ...]:
    """All limits that some kernel can meet, in the order in which they are shown."""
    return (
        Probe("FMA float32", "fma_chain_f32", "FLOP/s", "operations"),
        Probe("FMA float64", "fma_chain_f64", "FLOP/s", "operations"),
        Probe("int8 products", "byte_chain", "OP/s", "operations"),
        Probe("L1 load", "read_stream", "B/s", "bytes_loaded"),
        Probe("L1 store", "write_stream", "B/s", "bytes_stored"),
        Probe("L2 load", "read_stream", "B/s", "bytes_loaded", 192 * KIB // 8),
        Probe("memory load", "read_stream", "B/s", "bytes_loaded", memory_bytes() // 8),
    )


#: The limit of a kernel's arithmetic, by its precision.
ARITHMETIC = {"int8": "int8 products", "float32": "FMA float32", "float64": "FMA float64"}

#: Units whose limit no kernel measures: name, unit, features in the words of /proc/cpuinfo.
UNMEASURED_UNITS = (
    ("AMX bfloat16", "FLOP/s", ("amx_tile", "amx_bf16")),
    ("AVX-512 bfloat16 dot product", "FLOP/s", ("avx512_bf16",)),
)


def cpu_flags() -> set[str] | None:
    """Features of this CPU; None where the system doesn't tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split(":", 1)[1].split() for line in lines if line.startswith("flags")]
    return set(found[0]) if found else None


def unmeasured_peaks(isa: str) -> list[Peak]:
    """What the CPU may have but no kernel measures, each with the reason."""
    flags = cpu_flags()
    peaks = []
    for name, unit, features in UNMEASURED_UNITS:
        if flags is None:
            reason = "this system doesn't say whether the CPU has it"
        elif flags.issuperset(features):
            reason = "this CPU has it, no kernel measures its limit"
        else:
            reason = f"this CPU has no {', '.join(sorted(set(features) - flags))}"
        peaks.append(Peak(name, isa, 1, None, unit, reason))
    return peaks


def repeat(timer: Any, seconds: float, barrier: threading.Barrier | None = None) -> list[float]:
    """Seconds per call of each of several repetitions that last about `seconds` together.

    Parameters
    ----------
    timer : _core._kernels.KernelTimer
    seconds : float
    barrier : threading.Barrier, optional
        Passed before every repetition, so that all threads work at the same time.
    """
    timer.run(1)
    calls, wanted = 1, seconds / REPETITIONS
    while (spent := timer.run(calls)) < wanted / 4:
        calls *= 2
    calls = max(1, round(calls * wanted / spent))
    times = []
    for _ in range(REPETITIONS):
        if barrier is not None:
            barrier.wait()
        times.append(timer.run(calls) / calls)
    return times


def measure_peak(probe: Probe, threads: int, seconds: float) -> Peak:
    """One limit: the best repetition, its threads together. Buffers beyond the caches are shared out among them."""
    kernels = crowfly._core._kernels
    size = probe.doubles or dict(kernels.timed_probes())[probe.kernel]
    part = size if 8 * size <= L2_BYTES else size // threads
    timers = [kernels.KernelTimer(probe.kernel, part) for _ in range(threads)]
    if threads == 1:
        times = [repeat(timers[0], seconds)]
    else:
        barrier = threading.Barrier(threads, timeout=DEADLINE_SECONDS)
        with ThreadPoolExecutor(threads) as pool:
            times = list(pool.map(repeat, timers, [seconds] * threads, [barrier] * threads))
    work = getattr(timers[0], probe.work)
    rate = max(sum(work / t for t in together) for together in zip(*times, strict=True))
    where = f"{timers[0].footprint // KIB} KiB per thread" if timers[0].footprint else "registers"
    return Peak(probe.name, crowfly._core.active_isa(), threads, rate, probe.unit, where)


def limit_of(timer: Any, rates: dict[str, float]) -> tuple[str, float]:
    """The limit that a kernel meets first, and the least seconds of a call that it leaves.

    `rates` are those of one thread by name. What a kernel loads comes from the smallest cache that holds its buffers.
    """
    level = "L1" if timer.footprint <= L1_BYTES else "L2" if timer.footprint <= L2_BYTES else "memory"
    arithmetic = ARITHMETIC[timer.precision]
    least = {
        arithmetic: timer.operations / rates[arithmetic],
        f"{level} load": timer.bytes_loaded / rates[f"{level} load"],
    }
    if level == "L1":
        least["L1 store"] = timer.bytes_stored / rates["L1 store"]
    name = max(least, key=least.__getitem__)
    return name, least[name]


def measure_kernel(name: str, size: int, rates: dict[str, float], seconds: float) -> KernelRow:
    """One kernel: the median repetition, and per cent of the limit that it meets first."""
    timer = crowfly._core._kernels.KernelTimer(name, size)
    median = statistics.median(repeat(timer, seconds))
    limit, least = limit_of(timer, rates)
    return KernelRow(
        kernel=name,
        isa=crowfly._core.active_isa(),
        shape=timer.shape,
        seconds=median,
        operations=timer.operations,
        bytes=timer.bytes_loaded + timer.bytes_stored,
        limit=limit,
        percent=100 * least / median,
    )


def measure(seconds: float = SECONDS, threads: int | None = None) -> tuple[list[Peak], list[KernelRow]]:
    """Measure the limits of this machine and every kernel of the active instruction set.

    A limit is the best of several repetitions, a kernel the median of as many.

    Parameters
    ----------
    seconds : float
        To spend on each of them.
    threads : int, optional
        Limits are measured for one thread and for so many; the number crowfly uses by default.

    Returns
    -------
    peaks : list of Peak
    rows : list of KernelRow
    """
    isa = crowfly._core.active_isa()
    counts = sorted({1, threads or crowfly.get_num_threads()})
    # The clock goes up within some milliseconds of work.
    repeat(crowfly._core._kernels.KernelTimer("fma_chain_f64", 192_000), seconds)
    peaks = [measure_peak(probe, n, seconds) for n in counts for probe in probes()]
    rates = {peak.name: peak.value for peak in peaks if peak.threads == 1 and peak.value is not None}
    listed = crowfly._core._kernels.timed_kernels()
    rows = [measure_kernel(name, size, rates, seconds) for name, size in listed]
    return peaks + unmeasured_peaks(isa), rows


def measure_isa(
    isa: str, seconds: float = SECONDS, threads: int | None = None
) -> tuple[list[Peak], list[KernelRow]]:
    """`measure` for another instruction set: it is chosen when a process starts, so in a fresh one.

    Raises
    ------
    RuntimeError
        With the last words of that process, where it fails: an unknown instruction set, or one that this CPU lacks.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernels.json"
        command = [sys.executable, "-m", "bench.kernels", "--seconds", str(seconds), "--json", str(path)]
        if threads is not None:
            command += ["--threads", str(threads)]
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "CROWFLY_ISA": isa},
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        if finished.returncode != 0:
            last = finished.stderr.strip().splitlines()[-1:] or ["no message"]
            raise RuntimeError(f"kernels of {isa}: {last[0]}")
        return from_json(path.read_text(encoding="utf-8"))


def to_json(peaks: list[Peak], rows: list[KernelRow]) -> str:
    """Peaks and rows as in the result files of the suite."""
    raw = {"peaks": [dataclasses.asdict(p) for p in peaks], "kernels": [dataclasses.asdict(r) for r in rows]}
    return json.dumps(raw, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> tuple[list[Peak], list[KernelRow]]:
    """What `to_json` has written."""
    raw = json.loads(text)
    return [Peak(**entry) for entry in raw["peaks"]], [KernelRow(**entry) for entry in raw["kernels"]]


def rate(amount: float, seconds: float, unit: str) -> str:
    """``137.6 GFLOP/s``."""
    return f"{amount / seconds / 1e9:.1f} G{unit}"


def table(peaks: list[Peak], rows: list[KernelRow]) -> Iterator[str]:
    """Lines of the printed tables."""
    for peak in peaks:
        what = f"{peak.name}, {peak.threads} thread{'s' if peak.threads > 1 else ''}"
        value = "not measured" if peak.value is None else rate(peak.value, 1.0, peak.unit)
        yield f"{what:<40} {value:>16}  {peak.detail}"
    yield ""
    yield f"{'kernel':<34} {'shape':<26} {'time':>11} {'rate':>16}  {'limit':<12} {'of it':>6}"
    for row in rows:
        by_operations = row.limit.startswith("FMA")
        speed = rate(
            row.operations if by_operations else row.bytes, row.seconds, "FLOP/s" if by_operations else "B/s"
        )
        nanoseconds = f"{row.seconds * 1e9:.1f} ns"
        yield f"{row.kernel:<34} {row.shape:<26} {nanoseconds:>11} {speed:>16}  {row.limit:<12} {row.percent:>4.0f} %"


def isas_of(wanted: str) -> list[str]:
    """The instruction sets that ``--isa`` means."""
    return crowfly._core.available_isas() if wanted == "all" else [wanted]


def main(argv: list[str]) -> int:
    """Run the command line ``python -m bench kernels``; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench kernels",
        description="Per cent of this machine's measured limits, kernel by kernel.",
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"per kernel and limit (default {SECONDS})"
    )
    parser.add_argument("--threads", type=int, help="limits for so many threads too (default: all)")
    parser.add_argument("--isa", help="an instruction set of this CPU, or all (default: the active one)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there as well")
    arguments = parser.parse_args(argv)
    if not 0 < arguments.seconds <= 60:
        parser.error("--seconds: more than 0 and at most 60 expected")
    if arguments.threads is not None and not 1 <= arguments.threads <= 1024:
        parser.error("--threads: 1 to 1024 expected")
    settings = {"seconds": arguments.seconds, "threads": arguments.threads}
    all_peaks: list[Peak] = []
    all_rows: list[KernelRow] = []
    for isa in isas_of(arguments.isa or crowfly._core.active_isa()):
        try:
            fresh = isa != crowfly._core.active_isa()
            peaks, rows = measure_isa(isa, **settings) if fresh else measure(**settings)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 2
        print(f"crowfly {crowfly.__version__}, {isa}\n")
        print(*table(peaks, rows), sep="\n")
        print()
        all_peaks += peaks
        all_rows += rows
    if arguments.json is not None:
        try:
            arguments.json.write_text(to_json(all_peaks, all_rows), encoding="utf-8")
        except OSError as error:
            print(f"--json: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
