# SPDX-License-Identifier: BSD-3-Clause
"""Facts of the machine and versions of what is installed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

import crowfly
from bench.competitors import COMPETITORS
from bench.cpu import cpu_entries, cpu_features
from bench.results import Fact

#: CPU features that decide which kernels anybody can use.
FEATURES = (
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_bf16",
    "amx_int8",
)
ROOT = Path(__file__).parents[1]

#: Every name by which a library learns how many threads it may use.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
#: They force a BLAS kernel that is not the one for this CPU: removed, so that peers run as they dispatch.
FORCED_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS")


def environment(isa: str, threads: int) -> dict[str, str]:
    """Environment of a process that measures."""
    kept = {name: value for name, value in os.environ.items() if name not in FORCED_KERNELS}
    return {
        **kept,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")])),
        "CROWFLY_ISA": isa,
        "PYTHONHASHSEED": "0",
    }


def _caches() -> dict[str, Fact]:
    sizes: dict[str, Fact] = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        with contextlib.suppress(OSError):
            level, kind, size = (
                (index / part).read_text(encoding="ascii").strip() for part in ("level", "type", "size")
            )
            if kind != "Instruction":
                sizes[f"L{level} cache"] = size.replace("K", " KiB")
    return sizes


def _memory_gib() -> float | None:
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return None


def facts() -> dict[str, Fact]:
    """What kind of machine this is; no names of hosts or users."""
    cpu, flags = cpu_entries(), cpu_features()
    found: dict[str, Fact] = {
        "CPU": cpu.get("model name", platform.processor() or "unknown"),
        "CPU family and model": f"{cpu.get('cpu family', '?')} / {cpu.get('model', '?')}",
        "CPUs": crowfly.get_config()["cpu_budget"],
        "features": ", ".join(name for name in FEATURES if name in flags) or "unknown",
        **_caches(),
        "system": f"{platform.system()} {re.sub(r'[^0-9.].*', '', platform.release())}",
    }
    memory = _memory_gib()
    if memory is not None:
        found["memory GiB"] = memory
    return found


def _revision() -> str:
    """Commit of the source tree, marked where it has changes; empty outside a repository."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=10"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.strip()


def binary_fingerprint() -> str:
    """Of crowfly's compiled core: two builds of one version are two candidates."""
    file = crowfly._core.__file__
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def versions() -> dict[str, str]:
    """Of Python, crowfly, the compiler, and every competitor that is installed."""
    config = crowfly.get_config()
    found = {
        "python": platform.python_version(),
        "crowfly": config["version"],
        "compiler of crowfly": config["compiler"],
    }
    revision = _revision()
    if revision:
        found["revision"] = revision
    packages = {competitor.package for competitor in COMPETITORS.values()} | {"numpy", "scipy"}
    for package in sorted(packages - {"crowfly"}):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
