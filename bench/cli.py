# SPDX-License-Identifier: BSD-3-Clause
"""``python -m bench``: run, report, compare, kernels."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

USAGE = """usage: python -m bench COMMAND ...

commands:
  run            measure crowfly and other libraries on the same problems
  report         make one HTML page and Markdown tables from results
  compare        did a change make crowfly slower? two revisions, or two results
  kernels        per cent of this machine's measured limits, kernel by kernel
  instructions   instructions of small kernels and calls, counted by valgrind

python -m bench COMMAND --help says more."""

#: Command -> module with `main(words) -> exit status`; imported when asked for, since each needs other libraries.
COMMANDS = {
    "run": "bench.run",
    "report": "bench.report",
    "compare": "bench.compare",
    "kernels": "bench.kernels",
    "instructions": "bench.compare.instructions",
}


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the result is the exit status."""
    command, *words = arguments or ["--help"]
    if command in {"-h", "--help"}:
        print(USAGE)
        return 0
    if command not in COMMANDS:
        print(f"bench: no command is called {command!r}\n\n{USAGE}", file=sys.stderr)
        return 2
    try:
        status: int = importlib.import_module(COMMANDS[command]).main(words)
    except BrokenPipeError:
        # Whoever reads has seen enough; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
