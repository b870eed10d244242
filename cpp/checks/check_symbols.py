#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reject symbols of an instruction set's objects that the linker could use elsewhere.

Usage: check_symbols.py DIRECTORY_OR_OBJECT...

Inline functions, templates and their statics are emitted in every object that uses them and the linker keeps one copy. When it
keeps the one that was compiled with -mavx512f, a CPU without AVX-512 stops at an illegal instruction in code that has nothing to
do with kernels. So every such symbol in the objects of crowfly_kernels_<isa> must name crowfly::kernels::<isa>::, as a part of
its own name or of a template argument: then no other object can define it. The reference objects are exempt: they
are compiled with the same flags as everything else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

OBJECT_SUFFIXES = {".o", ".obj"}
OBJECT_LIBRARY = re.compile(r"^crowfly_kernels_(\w+?)(\.dir)?$")
SYMBOL = re.compile(r"^[0-9a-fA-F]*\s+(?P<type>\S)\s+(?P<name>.+)$")
# nm's letters for definitions of which the linker keeps one out of many: weak, weak object, unique global.
SHARED_TYPES = set("WVwvu")


def objects_by_isa(paths: list[Path]) -> dict[str, list[Path]]:
    """Object files under the paths by the instruction set of the library that they belong to."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        for candidate in [path] if path.is_file() else sorted(path.rglob("*")):
            if candidate.suffix not in OBJECT_SUFFIXES:
                continue
            names = [match[1] for part in candidate.parts if (match := OBJECT_LIBRARY.match(part))]
            if names:
                found.setdefault(names[-1], []).append(candidate)
    return found


def shared_symbols(nm: str, path: Path) -> list[str]:
    """Demangled names of the symbols of which the linker keeps one copy."""
    command = [nm, "--demangle", "--defined-only", str(path)]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    matches = (SYMBOL.match(line) for line in listing.splitlines())
    return [match["name"] for match in matches if match and match["type"] in SHARED_TYPES]


def faults(nm: str, isa: str, path: Path) -> list[str]:
    """One line per shared symbol that isn't the instruction set's own."""
    own = re.compile(rf"\bcrowfly::kernels::{re.escape(isa)}::")
    return [
        f"{path}: {name!r} is shared with other objects and not of crowfly::kernels::{isa}"
        for name in shared_symbols(nm, path)
        if not own.search(name)
    ]


def main(arguments: list[str]) -> int:
    """Print the faults; 0 when there are none, 2 when nothing could be checked."""
    nm = shutil.which("nm")
    if nm is None:
        print("check_symbols: nm (binutils or LLVM) isn't on the path")
        return 2
    objects = objects_by_isa([Path(argument) for argument in arguments])
    if not objects:
        print("check_symbols: no object of a crowfly_kernels_<isa> library under the given paths")
        return 2
    objects.pop("reference", None)
    found = [line for isa, paths in objects.items() for path in paths for line in faults(nm, isa, path)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
