#!/usr/bin/env -S uv run --script
# SPDX-License-Identifier: BSD-3-Clause
# /// script
# dependencies = ["nox>=2026.10"]
# ///
"""The project's tasks: `nox -l` lists them, `nox -s tests -- -k neighbors` passes arguments on."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"

PYPROJECT: dict[str, Any] = nox.project.load_toml("pyproject.toml")
AMX_TESTS = [f"tests/test_{topic}.py" for topic in ("kernels", "neighbors", "restriction", "repeated_rows")]
# The two latest minor releases; the first is the bound in pyproject.toml (tests/test_checks.py compares them).
SKLEARN_RELEASES = ["1.8", "1.9"]
ESTIMATOR_TESTS = [
    "tests/test_check_estimator.py",
    "tests/test_patch.py",
    *sorted(map(str, Path("tests").glob("test_estimators_*.py"))),
]
SANITIZER_RUNTIMES = {"asan-ubsan": "libasan.so", "tsan": "libtsan.so"}


def install_groups(session: nox.Session, *groups: str) -> None:
    """Install dependency groups of pyproject.toml."""
    session.install(*nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Run pre-commit on all files, and the checks of includes and of symbols."""
    session.install("pre-commit>=4")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)
    session.run("python", "cpp/checks/check_includes.py")
    objects = "build/nox-lint"
    session.install(f"-Cbuild-dir={objects}", ".")
    session.run("python", "cpp/checks/check_symbols.py", objects)


@nox.session
def typing(session: nox.Session) -> None:
    """Run mypy in strict mode on everything that is Python."""
    install_groups(session, "test", "lint")
    session.install(".[report]")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests."""
    install_groups(session, "test")
    session.install(".[report]")
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def tests_oldest(session: nox.Session) -> None:
    """Run all tests with the oldest versions of the libraries that pyproject.toml allows."""
    install_groups(session, "test")
    project = PYPROJECT["project"]
    libraries = [*project["dependencies"], *(r for e in project["optional-dependencies"].values() for r in e)]
    oldest = [requirement.replace(">=", "==") for requirement in libraries if ">=" in requirement]
    session.install(".[report]", *oldest)
    session.run("pytest", *session.posargs)


@nox.session(default=False)
@nox.parametrize("release", SKLEARN_RELEASES, ids=SKLEARN_RELEASES)
def sklearn_releases(session: nox.Session, release: str) -> None:
    """Run the tests of the estimators with each minor release of scikit-learn that is supported; ``-- WHEEL`` tests a wheel that is built."""
    wheel, *options = session.posargs or ["."]
    install_groups(session, "test")
    session.install(f"{wheel}[sklearn]", f"scikit-learn=={release}.*")
    expected = f"import sklearn; assert sklearn.__version__.startswith('{release}.'), sklearn.__version__"
    session.run("python", "-c", expected)
    session.run("pytest", *options, *ESTIMATOR_TESTS)


@nox.session(default=False)
def tests_isa(session: nox.Session) -> None:
    """Run all tests once for every instruction set that this CPU has."""
    install_groups(session, "test")
    session.install(".[report]")
    listing = session.run(
        "python", "-c", "import crowfly; print(*crowfly.get_config()['available_isas'])", silent=True
    )
    for isa in str(listing).split():
        env = {"CROWFLY_ISA": isa}
        # A run that silently falls back to another instruction set would prove nothing.
        session.run("python", "-c", f"import crowfly; assert crowfly.get_config()['isa'] == {isa!r}", env=env)
        session.run("pytest", *session.posargs, env=env)


@nox.session(default=False)
def emulate_amx(session: nox.Session) -> None:
    """Run the tests of kernels and of neighbours with AMX executed in software (Linux, a CPU with AVX-512 VNNI and without AMX)."""
    if "amx_tile" in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        session.skip("this CPU executes AMX itself: run the tests as they are")
    install_groups(session, "test")
    session.install("-Cbuild-dir=build/nox-emulate-amx", "-Ccmake.define.CROWFLY_EMULATE_AMX=ON", ".[report]")
    # pytest's handler of illegal instructions would take the emulator's place.
    session.run(
        "pytest", "-p", "no:faulthandler", *(session.posargs or AMX_TESTS), env={"CROWFLY_ISA": "amx"}
    )


@nox.session(default=False)
@nox.parametrize("preset", list(SANITIZER_RUNTIMES), ids=list(SANITIZER_RUNTIMES))
def sanitize(session: nox.Session, preset: str) -> None:
    """Run the tests with the core compiled with sanitizers (GCC on Linux)."""
    install_groups(session, "test")
    session.install(
        f"-Cbuild-dir=build/nox-{preset}",
        f"-Ccmake.args=--preset={preset}",
        "-Ccmake.build-type=RelWithDebInfo",
        "-Cinstall.strip=false",
        ".[report]",
    )
    # The interpreter isn't instrumented: the runtime must come first, and with it the C++ library whose throw it wraps.
    libraries = [
        subprocess.check_output(["g++", f"-print-file-name={name}"], text=True).strip()
        for name in (SANITIZER_RUNTIMES[preset], "libstdc++.so")
    ]
    env = {
        "LD_PRELOAD": " ".join(libraries),
        # The interpreter keeps memory until the process ends.
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        # Its reports are lost in what pytest captures.
        "TSAN_OPTIONS": f"halt_on_error=1:log_path={session.create_tmp()}/tsan",
        # Threads of a BLAS that isn't instrumented look like races.
        "OPENBLAS_NUM_THREADS": "1",
    }
    session.run("pytest", *session.posargs, env=env)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Run all tests and show which lines of Python they don't reach."""
    install_groups(session, "test")
    session.install("pytest-cov>=7", ".[report]")
    session.run("pytest", "--cov", "--cov-report=term-missing", *session.posargs)


@nox.session(default=False)
def tidy(session: nox.Session) -> None:
    """Run clang-tidy on the C++ sources while compiling them."""
    session.install("clang-tidy>=23", "cmake>=3.26", "ninja>=1.11", "pybind11>=3.0")
    pybind11_dir = session.run("python", "-m", "pybind11", "--cmakedir", silent=True)
    python = f"{session.bin}/python"
    session.run(
        "cmake",
        "--preset=tidy",
        f"-DPython_EXECUTABLE={python}",
        f"-Dpybind11_DIR={str(pybind11_dir).strip()}",
    )
    session.run("cmake", "--build", "--preset=tidy", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the documentation; warnings are errors."""
    install_groups(session, "docs")
    session.install(".[report]")
    session.run("sphinx-build", "-W", "--keep-going", "docs", "docs/_build/html", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Run the benchmarks against the other libraries: ``nox -s bench -- run --quick``."""
    install_groups(session, "bench")
    session.install(".[report]")
    session.run("python", "-m", "bench", *session.posargs)


if __name__ == "__main__":
    nox.main()
