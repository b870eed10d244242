# SPDX-License-Identifier: BSD-3-Clause
"""``crowfly report`` from the outside: exit codes, one-line errors, files written."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crowfly
from crowfly.__main__ import main
from crowfly.report import cli

pytest.importorskip("sklearn")
pl = pytest.importorskip("polars")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("rich")


def run(*argv: object) -> int:
    return main(["report", *map(str, argv)])


def write_csv(path: Path, **columns: Any) -> Path:
    pl.DataFrame(columns).write_csv(path)
    return path


def good_columns(n: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    size, age = rng.normal(size=(2, n))
    return {"size": size, "age": age, "price": 2 * size - age + 0.1 * rng.normal(size=n)}


def good_csv(folder: Path) -> Path:
    return write_csv(folder / "houses.csv", **good_columns())


def damaged(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def npz(folder: Path, **arrays: Any) -> Path:
    path = folder / "arrays.npz"
    np.savez(path, **arrays)
    return path


def with_column(folder: Path, **changed: Any) -> Path:
    return write_csv(folder / "houses.csv", **{**good_columns(), **changed})


def replaced(column: str, row: int, value: Any) -> dict[str, Any]:
    values = good_columns()[column].tolist()
    values[row] = value
    return {column: values}


Case = Callable[[Path], list[object]]

# Each case: the arguments, made in a folder, and words that the one line must hold.
BAD_INPUT: dict[str, tuple[Case, list[str]]] = {
    "no such file": (lambda f: [f / "no.csv", "--target", "y"], ["there is no file"]),
    "a folder": (lambda f: [f, "--target", "y"], ["is not a file"]),
    "unknown ending": (lambda f: [damaged(f, "a.docx", b"x"), "--target", "y"], [".csv", ".parquet", ".npz"]),
    "empty csv": (lambda f: [damaged(f, "a.csv", b""), "--target", "y"], ["is empty"]),
    "blank csv": (lambda f: [damaged(f, "a.csv", b"\n\n"), "--target", "y"], ["a.csv"]),
    "header only": (lambda f: [damaged(f, "a.csv", b"a,b\n"), "--target", "b"], ["no rows"]),
    "binary csv": (lambda f: [damaged(f, "a.csv", bytes(range(256)) * 4), "--target", "b"], ["a.csv"]),
    "ragged csv": (lambda f: [damaged(f, "a.csv", b"a,b\n1,2\n1,2,3\n"), "--target", "b"], ["can't be read"]),
    "damaged parquet": (lambda f: [damaged(f, "a.parquet", b"PAR1 no"), "--target", "b"], ["can't be read"]),
    "damaged npz": (lambda f: [damaged(f, "a.npz", b"PK no"), "--target", "b"], ["not an NPZ archive"]),
    "pickled npz": (
        lambda f: [npz(f, X=np.array([{}, []], dtype=object)), "--target", "X"],
        ["can't be read"],
    ),
    "complex npz": (lambda f: [npz(f, X=np.ones((30, 2)) * 1j, y=np.arange(30))], ["'X'", "complex128"]),
    "npz of two lengths": (lambda f: [npz(f, X=np.ones((30, 2)), y=np.ones(29))], ["'y'", "29", "30"]),
    "npz of rank 3": (lambda f: [npz(f, X=np.ones((30, 2, 2)), y=np.ones(30))], ["'X'", "(30, 2, 2)"]),
    "no target named": (lambda f: [good_csv(f)], ["--target", "size, age, price"]),
    "unknown target": (lambda f: [good_csv(f), "--target", "pricee"], ["'pricee'", "did you mean 'price'"]),
    "target far from all": (lambda f: [good_csv(f), "--target", "zzz"], ["'zzz'", "size, age, price"]),
    "target in other case": (lambda f: [good_csv(f), "--target", "PRICE"], ["did you mean 'price'"]),
    "missing target": (
        lambda f: [with_column(f, **replaced("price", 6, None)), "--target", "price"],
        ["'price'", "missing in 1 of 60 rows", "row 7"],
    ),
    "target of nothing": (
        lambda f: [with_column(f, price=[None] * 60), "--target", "price"],
        ["'price'", "missing in every row"],
    ),
    "constant target": (
        lambda f: [with_column(f, price=[3.5] * 60), "--target", "price"],
        ["constant (3.5)"],
    ),
    "one class": (lambda f: [with_column(f, price=["a"] * 60), "--target", "price"], ["constant (a)"]),
    "infinite target": (
        lambda f: [with_column(f, **replaced("price", 4, np.inf)), "--target", "price"],
        ["'price'", "inf", "row 5"],
    ),
    "infinite feature": (
        lambda f: [with_column(f, **replaced("age", 2, -np.inf)), "--target", "price"],
        ["'age'", "-inf", "row 3"],
    ),
    "huge feature": (
        lambda f: [with_column(f, **replaced("age", 2, 1e200)), "--target", "price"],
        ["'age'", "1e+200", "row 3", "up to 1e+100"],
    ),
    "target too small to be squared": (
        lambda f: [with_column(f, price=good_columns()["price"] * 1e-200), "--target", "price"],
        ["'price'", "rescale"],
    ),
    "target of dates": (
        lambda f: [_parquet_with_dates(f), "--target", "day"],
        ["'day'", "Date", "expected numbers, text or booleans"],
    ),
    "every class once": (
        lambda f: [with_column(f, price=[f"id{i}" for i in range(60)]), "--target", "price"],
        ["60 distinct values", "no classification"],
    ),
    "too few rows": (
        lambda f: [write_csv(f / "few.csv", a=range(8), b=range(8)), "--target", "b"],
        ["8 rows", "at least 20"],
    ),
    "no feature": (lambda f: [write_csv(f / "one.csv", b=range(30)), "--target", "b"], ["no feature left"]),
    "only constant features": (
        lambda f: [write_csv(f / "c.csv", a=[1] * 30, b=range(30)), "--target", "b"],
        ["every feature", "constant"],
    ),
    "regression on text": (
        lambda f: [with_column(f, price=["a", "b"] * 30), "--target", "price", "--task", "regression"],
        ["'price'", "is text"],
    ),
    "classes of fractions": (
        lambda f: [good_csv(f), "--target", "price", "--task", "classification"],
        ["'price'", "not whole numbers"],
    ),
    "logistic on regression": (
        lambda f: [good_csv(f), "--target", "price", "--models", "logistic"],
        ["--models logistic", "regression"],
    ),
    "table and dataset": (lambda f: [good_csv(f), "--dataset", "iris"], ["TABLE or --dataset"]),
    "unknown dataset": (lambda _: ["--dataset", "mnist"], ["mnist", "digits"]),
    "unknown option": (lambda _: ["--speed", "9"], ["--speed"]),
    "unknown model": (lambda _: ["--models", "1nn,svm"], ["'svm'", "least-squares"]),
    "unknown embedding": (lambda _: ["--embed", "tsne"], ["'tsne'", "fourier"]),
    "embedding without number": (lambda _: ["--embed", "pca:many"], ["pca", "'many'"]),
    "too many components": (lambda _: ["--dataset", "iris", "--embed", "pca:9"], ["only 4 components"]),
    "too wide a polynomial": (lambda _: ["--embed", "polynomial:4"], ["more than 5000"]),
    "none with others": (lambda _: ["--embed", "none+pca"], ["'none' can't be joined"]),
    "test size of 1.5": (lambda _: ["--test-size", "1.5"], ["--test-size", "between 0 and 1"]),
    "test size of text": (lambda _: ["--test-size", "half"], ["--test-size", "expected a number"]),
    "tiny test part": (lambda _: ["--dataset", "iris", "--test-size", "0.001"], ["can't be split"]),
    "no threads": (lambda _: ["--threads", "0"], ["--threads", "at least 1"]),
    "too many threads": (lambda _: ["--threads", "99999"], ["--threads 99999", "4096"]),
    "too few rows asked for": (
        lambda _: ["--dataset", "iris", "--max-rows", "5"],
        ["--max-rows 5", "at least 20"],
    ),
    "too many fourier features": (lambda _: ["--embed", "fourier:100000000"], ["COUNT of at most 5000"]),
    "too high a degree": (lambda _: ["--embed", "pca:1+polynomial:9999"], ["DEGREE of at most 5000"]),
    "output of another format": (lambda f: ["--output", f / "x.pdf"], ["x.pdf", ".html"]),
    "seed of text": (lambda _: ["--seed", "x"], ["--seed", "whole number"]),
    "output in no folder": (lambda f: ["--output", f / "no" / "a.html"], ["no directory"]),
    "output is a folder": (lambda f: ["--output", f], ["is a directory"]),
}


def _parquet_with_dates(folder: Path) -> Path:
    path = folder / "days.parquet"
    days = pl.Series("day", range(60)).cast(pl.Date)
    pl.DataFrame({**good_columns(), "day": days}).write_parquet(path)
    return path


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_line_and_code_2(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    build, words = BAD_INPUT[name]
    arguments = build(tmp_path)
    before = set(tmp_path.iterdir())
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("crowfly: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    for word in words:
        assert word in err
    assert set(tmp_path.iterdir()) == before


def test_csv_with_quoted_first_field_makes_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f'"{("Smith, A", "Lee, B")[i % 2]}",{i},{i * i % 7}\n' for i in range(60))
    table = tmp_path / "t.csv"
    table.write_text("name,b,t\n" + rows)
    assert run(table, "--target", "t", "--no-html") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "name (2 values)" in " ".join(out.split())


def test_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "polars" else find_spec(name, *rest)
    )
    assert run() == 2
    err = capsys.readouterr().err
    assert err == "crowfly: error: the report needs polars: pip install 'crowfly[report]'\n"


def test_ctrl_c_is_one_line_and_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_make_report", interrupt)
    assert run() == 130
    assert capsys.readouterr().err == "crowfly: interrupted\n"


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "report" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"crowfly {crowfly.__version__}\n"
    assert run("--help") == 0
    text = capsys.readouterr().out
    assert "fourier[:COUNT]" in text
    assert "missing text as a value of" in text
    assert max(map(len, text.splitlines())) <= 80


def test_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rapport"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_html_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(good_csv(tmp_path), "--target", "price", "--no-html") == 0
    out, err = capsys.readouterr()
    assert "least squares" in out
    assert err == ""
    assert not list(tmp_path.glob("*.html"))


def test_threads_are_given_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = crowfly.get_num_threads()
    assert run(good_csv(tmp_path), "--target", "price", "--threads", 1, "--no-html") == 0
    assert crowfly.get_num_threads() == before
    assert "price" in capsys.readouterr().out


@pytest.mark.parametrize("dataset", ["digits", "diabetes"])
def test_module_run_end_to_end(dataset: str, tmp_path: Path) -> None:
    """The main job as a user starts it: a process of its own, its output piped, 80 columns, an ASCII locale."""
    page = tmp_path / "page.html"
    result = subprocess.run(
        [sys.executable, "-m", "crowfly", "report", "--dataset", dataset, "--output", str(page)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    text = result.stdout.decode("ascii")
    # The line with the page's path is never folded.
    assert max(len(line) for line in text.splitlines() if str(page) not in line) <= 80
    expected = ["1-NN", "k-NN (k = ", "least squares", "ridge (alpha = ", "overfits", "neither"]
    expected += ["logistic regression", "most frequent class"] if dataset == "digits" else ["mean"]
    for words in expected:
        assert words in text
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == [page]
