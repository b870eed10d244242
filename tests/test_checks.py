# SPDX-License-Identifier: BSD-3-Clause
"""The project's own checks catch planted faults, and the pins of the linters agree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CHECKS = ROOT / "cpp/checks"
COMPILER = shutil.which("g++") or shutil.which("clang++")

needs_elf_tools = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None or shutil.which("nm") is None,
    reason="compiles ELF objects and lists their symbols: needs Linux, a C++ compiler and nm",
)


def run_check(name: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- check_includes.py ------------------------------------------------------------------------------------------------

CLEAN_TREE = {
    "cpp/cmake/isa.cmake": "crowfly_isa(reference)\nif(X86)\n  crowfly_isa(avx2 avx avx2 fma)\n"
    "  crowfly_isa(avx512 avx avx2 fma avx512f)\nendif()\n",
    "cpp/core/base/view.hpp": "#include <cstddef>\n",
    "cpp/core/base/cpu_features.cpp": '#include "base/view.hpp"\n#include <intrin.h>\n',
    "cpp/core/kernels/vec_avx2.hpp": '#include <immintrin.h>\n#include "base/view.hpp"\n',
    "cpp/core/kernels/kernels_avx2.cpp": '#include "kernels/vec_avx2.hpp"\n#include "isa_list.inc"\n',
    "cpp/core/kernels/kernels_avx512.cpp": '#include "kernels/vec_avx2.hpp"\n',
    "cpp/core/linalg/gram.cpp": '#include "gram.hpp"\n#include "kernels/vec.hpp"\n',
    "cpp/core/linalg/gram.hpp": '// #include "neighbors/top_k.hpp"\n',
    "cpp/core/neighbors/top_k.hpp": '#include "linalg/gram.hpp"\n',
    "cpp/core/linear_model/newton.cpp": '#  include "linalg/gram.hpp"\n',
    "cpp/bindings/module.cpp": '#include <pybind11/pybind11.h>\n#include "neighbors/top_k.hpp"\n',
    "cpp/bindings/arrays.hpp": "#include <pybind11/numpy.h>\n",
}

WRONG_INCLUDES = [
    ("cpp/core/base/view.hpp", '"kernels/dispatch.hpp"', "base may include base only"),
    ("cpp/core/base/view.hpp", '"../kernels/vec_avx2.hpp"', "base may include base only"),
    ("cpp/core/kernels/dispatch.cpp", '"linalg/gram.hpp"', "kernels may include base, kernels only"),
    ("cpp/core/linalg/pack.cpp", "<neighbors/top_k.hpp>", "linalg may include base, kernels, linalg only"),
    ("cpp/core/neighbors/plan.cpp", '"linear_model/newton.hpp"', "neighbors may include"),
    ("cpp/core/linear_model/lasso.cpp", '"neighbors/top_k.hpp"', "linear_model may include"),
    ("cpp/core/tools/x.hpp", '"base/view.hpp"', "'tools' is no layer of the core"),
    ("cpp/core/linalg/pack.cpp", "<pybind11/numpy.h>", "the core doesn't know Python"),
    ("cpp/core/base/cancel.cpp", "<Python.h>", "the core doesn't know Python"),
    ("cpp/core/base/cancel.cpp", "<numpy/arrayobject.h>", "the core doesn't know Python"),
    ("cpp/core/linalg/pack.cpp", '"../../bindings/arrays.hpp"', "lies outside the core"),
    ("cpp/core/linalg/pack.cpp", "<immintrin.h>", "intrinsics belong in cpp/core/kernels"),
    ("cpp/core/base/view.hpp", "<arm_neon.h>", "intrinsics belong in cpp/core/kernels"),
    ("cpp/bindings/module.cpp", "<x86intrin.h>", "intrinsics belong in cpp/core/kernels"),
    ("cpp/core/linalg/pack.cpp", '"kernels/vec_avx2.hpp"', "only files of cpp/core/kernels named *_avx2.*"),
    ("cpp/bindings/module.cpp", '"kernels/vec_avx2.hpp"', "only files of cpp/core/kernels named *_avx2.*"),
    ("cpp/core/kernels/kernels_avx2.cpp", '"vec_avx512.hpp"', "cpp/core/kernels named *_avx512.*"),
    ("cpp/core/kernels/kernels_reference.cpp", '"vec_avx2.hpp"', "named *_avx2.* or *_avx512.*"),
    ("cpp/core/kernels/dispatch.cpp", '"vec_avx2.hpp"', "only files of cpp/core/kernels named *_avx2.*"),
]


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_includes_of_this_project() -> None:
    result = run_check("check_includes.py")
    assert result.returncode == 0, result.stdout


def test_includes_of_a_clean_tree(tmp_path: Path) -> None:
    plant(tmp_path, CLEAN_TREE)
    result = run_check("check_includes.py", tmp_path)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout


@pytest.mark.parametrize(("name", "target", "reason"), WRONG_INCLUDES)
def test_wrong_include_is_caught(tmp_path: Path, name: str, target: str, reason: str) -> None:
    plant(tmp_path, CLEAN_TREE | {name: f"// one line before\n#include {target}\n"})
    result = run_check("check_includes.py", tmp_path)
    assert result.returncode == 1
    assert f"{name}:2: " in result.stdout
    assert reason in result.stdout


# --- check_symbols.py -------------------------------------------------------------------------------------------------

CLEAN_SOURCE = """
namespace crowfly::kernels::avx2 {
struct Isa { static int lanes() { return 8; } };
template <class T> int width() { static int calls = 0; return ++calls + T::lanes(); }
}
namespace crowfly::kernels {
template <class T> int body() { return avx2::width<T>(); }
int (*table)() = body<avx2::Isa>;
}
static inline int local() { return 3; }
int used() { return local(); }
"""

# What each fault adds to the clean source, and a part of the symbol's name.
SHARED_SYMBOLS = {
    "inline function": ("inline int shared() { return 1; }\nint user() { return shared(); }", "shared()"),
    "template over another type": (
        "template <class T> T twice(T x) { return x + x; }\nint user(int x) { return twice(x); }",
        "twice<int>",
    ),
    "inline variable": ("inline int counter = 0;\nint* user() { return &counter; }", "counter"),
    "static of an inline function": (
        "inline int count() { static int calls = 0; return ++calls; }\nint user() { return count(); }",
        "calls",
    ),
    "virtual table": (
        "struct Base { virtual int f() { return 1; } };\nBase* user() { return new Base; }",
        "vtable for Base",
    ),
    "standard container": (
        "#include <vector>\nvoid user(std::vector<int>& v) { v.push_back(1); }",
        "std::vector<int",
    ),
    "another instruction set": (
        "namespace crowfly::kernels::avx512 { inline int f() { return 1; } }  int (*user)() = crowfly::kernels::avx512::f;",
        "crowfly::kernels::avx512::f()",
    ),
    "a namespace that only looks like it": (
        "namespace not_crowfly::kernels::avx2 { inline int f() { return 1; } }  int (*user)() = not_crowfly::kernels::avx2::f;",
        "not_crowfly::kernels::avx2::f()",
    ),
}


def compile_kernels(build: Path, isa: str, source: str) -> Path:
    """Compile into the folder in which CMake puts the objects of crowfly_kernels_<isa>; without optimisation, so nothing is inlined."""
    folder = build / f"CMakeFiles/crowfly_kernels_{isa}.dir/cpp/core/kernels"
    folder.mkdir(parents=True)
    code = folder / f"kernels_{isa}.cpp"
    code.write_text(source, encoding="utf-8")
    target = code.with_suffix(".cpp.o")
    assert COMPILER is not None
    subprocess.run([COMPILER, "-std=c++20", "-O0", "-c", str(code), "-o", str(target)], check=True)
    return target


@needs_elf_tools
def test_clean_object_passes(tmp_path: Path) -> None:
    compile_kernels(tmp_path, "avx2", CLEAN_SOURCE)
    result = run_check("check_symbols.py", tmp_path)
    assert (result.returncode, result.stdout) == (0, "")


@needs_elf_tools
@pytest.mark.parametrize("fault", SHARED_SYMBOLS)
def test_shared_symbol_is_caught(tmp_path: Path, fault: str) -> None:
    addition, symbol = SHARED_SYMBOLS[fault]
    target = compile_kernels(tmp_path, "avx2", CLEAN_SOURCE + addition)
    for path in (tmp_path, target):
        result = run_check("check_symbols.py", path)
        assert result.returncode == 1
        assert symbol in result.stdout
        assert "body<crowfly::kernels::avx2::Isa>" not in result.stdout


@needs_elf_tools
def test_reference_is_exempt(tmp_path: Path) -> None:
    compile_kernels(tmp_path, "reference", SHARED_SYMBOLS["inline function"][0])
    assert run_check("check_symbols.py", tmp_path).returncode == 0


@needs_elf_tools
def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    result = run_check("check_symbols.py", tmp_path)
    assert result.returncode == 2
    assert "no object" in result.stdout


# --- The pins of the linters ------------------------------------------------------------------------------------------

# Hook repositories whose name isn't the package's.
PACKAGE_OF_HOOK = {
    "cookie": "sp-repo-review",
    "mirrors-clang-format": "clang-format",
    "mirrors-mypy": "mypy",
    "ruff-pre-commit": "ruff",
    "zizmor-pre-commit": "zizmor",
}
# Checks of files and of merges that are of use at commit time only.
HOOKS_ONLY = {"pre-commit-hooks"}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.removeprefix("v").split("."))


def hook_versions() -> dict[str, tuple[int, ...]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    names = {
        repo["repo"].rsplit("/", 1)[-1]: repo["rev"] for repo in config["repos"] if repo["repo"] != "local"
    }
    return {PACKAGE_OF_HOOK.get(n, n): version(rev) for n, rev in names.items() if n not in HOOKS_ONLY}


def lint_group_versions() -> dict[str, tuple[int, ...]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = (re.match(r"([\w-]+)(?:\[.*\])?==(.+)", line) for line in project["dependency-groups"]["lint"])
    return {pin[1]: version(pin[2]) for pin in pins if pin}


def test_pins_of_linters_agree() -> None:
    if not (ROOT / ".pre-commit-config.yaml").exists():
        pytest.skip("the source distribution has no pre-commit configuration")
    assert lint_group_versions() == hook_versions()


# --- The releases of scikit-learn ---------------------------------------------------------------------------------------


def test_the_oldest_release_tested_is_the_bound() -> None:
    """In pyproject.toml, in the list of noxfile.py and in .ci/run."""
    if not (ROOT / ".ci/run").exists():
        pytest.skip("the source distribution has no .ci")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (bound,) = project["project"]["optional-dependencies"]["sklearn"]
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    releases = re.search(r"^SKLEARN_RELEASES = (\[.*\])$", noxfile, re.MULTILINE)
    assert releases
    oldest, *newer = json.loads(releases[1])
    assert bound == f"scikit-learn>={oldest}"
    assert len(newer) == 1
    assert f'"sklearn_releases({oldest})"' in (ROOT / ".ci/run").read_text(encoding="utf-8")
