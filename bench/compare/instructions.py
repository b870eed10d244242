# SPDX-License-Identifier: BSD-3-Clause
"""Instructions of kernels and of small calls, counted by valgrind's callgrind: what a call costs where time is mostly noise.

Counted are the instructions of one call, without interpreter start, import, the loop around it and the C library's heap bookkeeping. Valgrind shows programs a CPU of its own, up to AVX2:
the counts are those of `avx2` or `reference`, also on a CPU with AVX-512 (`NOTE`).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.compare.instructions_child import FEW, MANY

__all__ = ["NOTE", "CountingError", "count", "main"]

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 600

NOTE = "instructions under valgrind, which has no AVX-512: those of avx2, or of the instruction set asked for"

#: The name under which callgrind dumped, a function's own name or that of one it calls (each written out once, then by number), the line of a call.
DUMP_NAME = re.compile(r"^desc: Trigger: Client Request: (?P<name>.+?) ?$", re.MULTILINE)
FUNCTION = re.compile(r"^(?P<called>c?)fn=\((?P<id>\d+)\)(?: (?P<name>.+))?$")

#: Bookkeeping of the C library's heap. What it costs depends on everything allocated and freed before, up to 2 % of a call from one run to the next: left out.
HEAP_BOOKKEEPING = re.compile(
    r"^(_int_(malloc|free|memalign|realloc)|_mid_memalign|malloc_consolidate|unlink_chunk|sysmalloc|systrim|alloc_perturb)\b"
)


class CountingError(Exception):
    """One sentence: why nothing can be counted here."""


def count(
    python: Path | str = sys.executable, isa: str | None = None, pythonpath: Path | None = None
) -> dict[str, int]:
    """Count the instructions of one call of each kernel and of a few small public calls.

    The same build gives the same counts to within 0.1 %, on a busy machine too: what is left are hash tables whose collisions depend on addresses.

    Parameters
    ----------
    python : Path
        Interpreter, with NumPy and SciPy.
    isa : str, optional
        Instruction set; the best that valgrind knows.
    pythonpath : Path, optional
        Folder from which crowfly is imported; the one installed for `python`. Builds without kernel timers have the public calls only.

    Returns
    -------
    dict of str to int
        ``"kernel <name>, <size>"`` and ``"call <name>"``.

    Raises
    ------
    CountingError
        If valgrind is missing, doesn't know the instruction set, or fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise CountingError("valgrind isn't on the path: no instructions are counted")
    child = [str(python), "-m", "bench.compare.instructions_child"] + (
        [] if pythonpath is None else [str(pythonpath)]
    )
    # Once without valgrind: no module is compiled to bytecode in the process that is counted.
    run_child([*child, "--import-only"], isa)
    with tempfile.TemporaryDirectory() as folder:
        options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out"]
        run_child([valgrind, *options, *child], isa)
        return differences(read_dumps(Path(folder)))


def run_child(command: list[str], isa: str | None) -> None:
    """Run it to its end; what went wrong is one sentence."""
    try:
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(isa),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    except OSError as error:
        raise CountingError(f"{command[0]} can't be run: {error}") from None
    except subprocess.TimeoutExpired:
        raise CountingError(f"counting didn't end within {DEADLINE_SECONDS} s") from None
    if finished.returncode != 0:
        errors = [line for line in finished.stderr.splitlines() if not line.startswith("==")]
        raise CountingError(f"{Path(command[0]).name} failed: {(errors or ['no message'])[-1]}")


def environment(isa: str | None) -> dict[str, str]:
    """As little as possible: what is in the environment moves the stack, and with it some alignments."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    single = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    chosen = {} if isa is None else {"CROWFLY_ISA": isa}
    return {**kept, **single, **chosen, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}


def read_dumps(folder: Path) -> dict[str, int]:
    """Instructions by the name under which they were dumped."""
    totals = {}
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8", errors="replace")
        if name := DUMP_NAME.search(text):
            totals[name["name"]] = counted_instructions(text)
    return totals


def counted_instructions(dump: str) -> int:
    """Sum of what the functions execute themselves, heap bookkeeping left out."""
    names: dict[str, str] = {}
    total, counts, is_call = 0, True, False
    for line in dump.splitlines():
        if match := FUNCTION.match(line):
            if match["name"]:
                names[match["id"]] = match["name"]
            if not match["called"]:
                counts = HEAP_BOOKKEEPING.match(names.get(match["id"], "")) is None
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit() or line[:1] in {"+", "-", "*"}:
            # The line after "calls=" is what the called function costs; it is in that function's own lines.
            if counts and not is_call:
                total += int(line.split()[-1])
            is_call = False
    return total


def differences(totals: dict[str, int]) -> dict[str, int]:
    """Instructions of one call: what more calls cost more, over their number."""
    few = {name.removesuffix(f" * {FEW}"): n for name, n in totals.items() if name.endswith(f" * {FEW}")}
    counts = {name: round((totals[f"{name} * {MANY}"] - n) / (MANY - FEW)) for name, n in few.items()}
    if not counts:
        raise CountingError("callgrind wrote no counts")
    return dict(sorted(counts.items()))


def main(argv: list[str]) -> int:
    """Print the counts of the installed crowfly; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench instructions", description=NOTE)
    parser.add_argument("--isa", help="instruction set (default: the best that valgrind knows)")
    arguments = parser.parse_args(argv)
    try:
        counts = count(isa=arguments.isa)
    except CountingError as error:
        print(error, file=sys.stderr)
        return 2
    print(NOTE)
    for name, instructions in counts.items():
        print(f"{name:<48} {instructions:>12,}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
