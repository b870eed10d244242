# SPDX-License-Identifier: BSD-3-Clause
"""The process that times one build on one call, when it is told to. See bench/compare/times.py.

Usage: python -m bench.compare.worker FOLDER CALL ANSWER THREADS. It imports crowfly from FOLDER, makes the call once, writes its answer to the file
ANSWER and says so; then, for every line with a number on standard input, it makes so many calls and prints the seconds.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from bench.compare.builds import import_crowfly_from
from bench.compare.calls import MIDDLE_CALLS, SMALL_CALLS, answer_arrays


def main(arguments: list[str]) -> None:
    """Work until standard input ends."""
    folder, name, answer, threads = arguments
    # What a library prints must not end up between the figures.
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    import_crowfly_from(Path(folder))
    import crowfly

    crowfly.set_num_threads(int(threads) or None)
    warnings.simplefilter("ignore")
    call = {**MIDDLE_CALLS, **SMALL_CALLS}[name]()
    np.savez(answer, *answer_arrays(call()))
    print("ready", file=report, flush=True)
    for line in sys.stdin:
        calls = int(line)
        start = time.perf_counter()
        for _ in range(calls):
            call()
        print(repr(time.perf_counter() - start), file=report, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
