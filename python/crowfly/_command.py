# SPDX-License-Identifier: BSD-3-Clause
"""What has to be known before the package is imported: whether a person at a command line is waiting."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import PurePath
from typing import NoReturn


def is_running() -> bool:
    """Whether this process is ``crowfly ...`` or ``python -m crowfly ...``."""
    return ("-m", "crowfly") in pairwise(sys.orig_argv) or PurePath(sys.argv[0]).stem == "crowfly"


def fail(error: ImportError) -> NoReturn:
    """End with one line: the core refuses to load where CROWFLY_ISA asks for what isn't there."""
    sys.stderr.write(f"crowfly: error: {error}\n")
    raise SystemExit(2) from None
