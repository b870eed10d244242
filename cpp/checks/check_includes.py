#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reject includes that point the wrong way.

Usage: check_includes.py [ROOT]

The core is layered: base <- kernels <- linalg <- neighbors, linear_model. It knows neither Python nor NumPy. Code for one
instruction set lives in cpp/core/kernels, and a vec_<isa>.hpp is included by files of the same instruction set, or of one that has
all its features, only: any other file would be compiled without that instruction set's flags. (Whether two of them then share
inline code is check_symbols.py's concern.)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOWED_LAYERS = {
    "base": {"base"},
    "kernels": {"base", "kernels"},
    "linalg": {"base", "kernels", "linalg"},
    "neighbors": {"base", "kernels", "linalg", "neighbors"},
    "linear_model": {"base", "kernels", "linalg", "linear_model"},
}

SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp", ".inc", ".inl"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')
PYTHON_HEADER = re.compile(r"^(pybind11/|numpy/|Python\.h$)")
# MSVC's intrin.h isn't matched: it is the only way to CPUID there.
INTRINSICS_HEADER = re.compile(r"^(\w+intrin|arm_(acle|neon|sme|sve)|riscv_vector)\.h$")
ISA_LIST_ENTRY = re.compile(r"^\s*crowfly_isa\((\w+)([^)]*)\)", re.MULTILINE)


def isa_features(root: Path) -> dict[str, set[str]]:
    """Names and features in the one list of instruction sets."""
    text = (root / "cpp/cmake/isa.cmake").read_text(encoding="utf-8")
    return {name: set(features.split()) for name, features in ISA_LIST_ENTRY.findall(text)}


def includes(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and target of every include."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if match := INCLUDE.match(line):
            yield number, match[1]


def included_layer(core: Path, path: Path, target: str) -> str | None:
    """First folder below the core of the included file, "" for a file of this project outside the core, None for any other."""
    for folder in (path.parent, core):
        candidate = (folder / target).resolve()
        if candidate.is_file():
            return candidate.relative_to(core).parts[0] if candidate.is_relative_to(core) else ""
    first = Path(target).parts[0]
    return first if first in ALLOWED_LAYERS else None


def layer_fault(core: Path, path: Path, target: str) -> str | None:
    """What is wrong with an include inside the core, as far as layers go."""
    layer = path.relative_to(core).parts[0]
    if layer not in ALLOWED_LAYERS:
        return f"{layer!r} is no layer of the core; the layers are {', '.join(ALLOWED_LAYERS)}"
    if PYTHON_HEADER.match(target):
        return f"{target!r}: the core doesn't know Python"
    to = included_layer(core, path, target)
    if to == "":
        return f"{target!r} lies outside the core"
    if to is not None and to not in ALLOWED_LAYERS[layer]:
        return f"{target!r}: {layer} may include {', '.join(sorted(ALLOWED_LAYERS[layer]))} only"
    return None


def isa_fault(root: Path, path: Path, target: str, isas: dict[str, set[str]]) -> str | None:
    """What is wrong with an include, as far as instruction sets go."""
    kernels = root / "cpp/core/kernels"
    if INTRINSICS_HEADER.match(target) and not path.is_relative_to(kernels):
        return f"{target!r}: intrinsics belong in cpp/core/kernels"
    for isa, features in isas.items():
        able = [name for name, others in isas.items() if name == isa or (features and features < others)]
        if Path(target).name == f"vec_{isa}.hpp" and not (
            path.is_relative_to(kernels)
            and path.name.split(".")[0].endswith(tuple(f"_{name}" for name in able))
        ):
            names = " or ".join(f"*_{name}.*" for name in able)
            return f"{target!r}: only files of cpp/core/kernels named {names} may include it"
    return None


def faults(root: Path) -> list[str]:
    """One line per wrong include below root/cpp."""
    core = root / "cpp/core"
    isas = isa_features(root)
    found = []
    for path in sorted(p for p in (root / "cpp").rglob("*") if p.suffix in SUFFIXES):
        for number, target in includes(path):
            reasons = [isa_fault(root, path, target, isas)]
            if path.is_relative_to(core):
                reasons.append(layer_fault(core, path, target))
            found += [f"{path.relative_to(root)}:{number}: {reason}" for reason in reasons if reason]
    return found


def main(arguments: list[str]) -> int:
    """Print the faults; 0 when there are none."""
    root = Path(arguments[0]) if arguments else Path(__file__).parents[2]
    found = faults(root.resolve())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
