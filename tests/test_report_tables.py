# SPDX-License-Identifier: BSD-3-Clause
"""Reading tables and making them numeric; the task and the split."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pl = pytest.importorskip("polars")

from crowfly.report import sources, tables, tasks
from crowfly.report.errors import ReportError
from crowfly.report.tables import Table

N = 40


def columns() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    return {"a": rng.normal(size=N), "b": rng.integers(0, 9, size=N), "y": rng.normal(size=N)}


def clean(target: str = "y", **data: Any) -> Table:
    return tables.clean(sources.Source("t", pl.DataFrame(data)), target)


@pytest.mark.parametrize("kind", ["csv", "csv;", "tsv", "csv.gz", "parquet", "npz"])
def test_round_trip_keeps_every_bit(kind: str, tmp_path: Path) -> None:
    data = columns()
    frame = pl.DataFrame(data)
    path = tmp_path / f"t.{kind.rstrip(';')}"
    if kind == "npz":
        np.savez(path, **data)
    elif kind == "parquet":
        frame.write_parquet(path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    else:
        frame.write_csv(path, separator={"csv": ",", "csv;": ";", "tsv": "\t"}[kind])
    table = tables.clean(sources.read_file(path), "y")
    assert table.feature_names == ("a", "b")
    np.testing.assert_array_equal(table.X, np.column_stack([data["a"], data["b"]]))
    np.testing.assert_array_equal(table.y, data["y"])
    assert table.notes == ()


def test_npz_with_matrix_and_y_needs_no_target(tmp_path: Path) -> None:
    X, y = np.random.default_rng(3).normal(size=(N, 3)).astype(np.float32), np.arange(N)
    np.savez(tmp_path / "t.npz", X=np.asfortranarray(X), y=y)
    table = tables.clean(sources.read_file(tmp_path / "t.npz"), None)
    np.testing.assert_array_equal(table.X, X)
    np.testing.assert_array_equal(table.y, y)
    assert table.target_name == "y"
    assert table.feature_names == ("X0", "X1", "X2")


def test_column_that_turns_to_text_in_its_last_row_is_read(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i % 2}" for i in range(5000))
    (tmp_path / "t.csv").write_text(f"a,y\n{rows}\nlate,1\n")
    frame = sources.read_file(tmp_path / "t.csv").frame
    assert frame["a"].dtype == pl.String


def read(folder: Path, content: str | bytes) -> sources.Source:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return sources.read_file(path)


@pytest.mark.parametrize(
    ("content", "columns", "first"),
    [
        ('name,b\n"Smith, A",0\n"Lee, B",1\n', ["name", "b"], ("Smith, A", 0)),
        ('n,b\n"1,000",0\n"12,345.5",1\n950,2\n', ["n", "b"], (1000.0, 0)),
        ('"","alc;ohol;",t\n1,2.5,x\n', ["column 1", "alc;ohol;", "t"], (1, 2.5, "x")),
        ('"first, last";b\n"x;y";1\n', ["first, last", "b"], ("x;y", 1)),
        ('a,b\n"two\nlines",1\nx,2\n', ["a", "b"], ("two\nlines", 1)),
        ("a, b, t\n1, 2.5, x\n3, NA, y\n", ["a", "b", "t"], (1, 2.5, "x")),
        ("a,a,b,a\n1,2,3,4\n", ["a", "a (2)", "b", "a (3)"], (1, 2, 3, 4)),
        ("a;b;c\n1,5;2;1.234,5\n-2,25;3;7\n", ["a", "b", "c"], (1.5, 2, 1234.5)),
        ("a;b\n1.5;x,y\n2;z\n", ["a", "b"], (1.5, "x,y")),
        ("a,b\n1,2\n", ["a", "b"], (1, 2)),
        (b"\xef\xbb\xbfa,b\n1,2\n", ["a", "b"], (1, 2)),
        ("a,b\n" + "1" * 45 + ",2\n", ["a", "b"], (float("1" * 45), 2)),
    ],
)
def test_ordinary_csv_files(
    content: str | bytes, columns: list[str], first: tuple[object, ...], tmp_path: Path
) -> None:
    frame = read(tmp_path, content).frame
    assert frame.columns == columns
    assert frame.row(0) == first


def test_changes_to_a_csv_are_said(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,2\n").notes == ()
    assert "called: a (2)." in read(tmp_path, "a,a\n1,2\n").notes[0]
    assert "before decimals: a." in read(tmp_path, "a;b\n1,5;2\n").notes[0]
    assert "between thousands: a." in read(tmp_path, 'a,b\n"1,500",2\n').notes[0]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_are_skipped(end: str, tmp_path: Path) -> None:
    source = read(tmp_path, end.join(["a,b", "1,2", "", "3,4", "", ""]))
    assert source.frame.rows() == [(1, 2), (3, 4)]
    assert source.notes == ("2 empty rows skipped.",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n1,2\n1,2,3\n", "line 3 has 3 values where the header has 2"),
        ('a,b\n"x\ny",2\n1,2,3\n', "line 4 has 3 values"),
        ('a,b\n1,2\n"1,2\n3,4\n', "a quoted value that begins in line 3"),
        (
            "a,name\n1,x\n2,müller\n".encode("latin-1"),
            "is not UTF-8 text .first in line 3.: save it as UTF-8",
        ),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
        ("\na,b\n1,2\n", "begins with a blank line"),
    ],
)
def test_csv_errors_are_in_the_readers_words(content: str | bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=reason) as caught:
        read(tmp_path, content)
    assert "dtype" not in str(caught.value)


@pytest.mark.parametrize(("name", "start"), [("Unnamed: 0", 0), ("index", 1), ("id", 1)])
def test_row_labels_are_left_out_and_said(name: str, start: int) -> None:
    labels: dict[str, Any] = {name: range(start, start + N)}
    table = clean(**labels, **columns())
    assert table.feature_names == ("a", "b")
    assert table.notes == (f"Left out, it only numbers the rows: {name}.",)


def test_other_columns_that_number_the_rows_are_kept_and_said() -> None:
    table = clean(day=range(N), id=[0, *range(2, N + 1)], **columns())
    assert table.feature_names == ("day", "id", "a", "b")
    assert len(table.notes) == 1
    assert "numbers the rows: day." in table.notes[0]


def test_integers_that_float64_confuses_are_named() -> None:
    one, some = [2**60 + i % 3 for i in range(N)], [i * 2**52 + i for i in range(N)]
    table = clean(one=one, some=some, wide=pl.Series([10**20 + i % 3 for i in range(N)]), **columns())
    assert table.feature_names == ("some", "a", "b")
    assert any("can't tell apart: one, wide." in note for note in table.notes)
    assert not any("same value" in note for note in table.notes)
    near = clean(id_=[2**53 + i for i in range(N)], **columns())
    assert any("rounded to the nearest float64: id_." in note for note in near.notes)
    for target in ([2**60 + i for i in range(N)], pl.Series([10**20 + i % 3 for i in range(N)])):
        with pytest.raises(ReportError, match="float64 can"):
            tasks.pose(clean(a=columns()["a"], y=target), "auto", 0, np.random.default_rng(0))


def test_text_that_is_nearly_numbers_names_the_first_that_is_not() -> None:
    values = [str(i / 7) for i in range(N)]
    values[6] = "12 EUR"
    assert any("'12 EUR' in row 7" in note for note in clean(**columns(), price=values).notes)
    with pytest.raises(ReportError, match="the target 'y' is text because of '12 EUR' in row 7"):
        clean(a=columns()["a"], y=values)
    grades = clean(a=columns()["a"], y=["1", "2", "3+", "2"] * (N // 4))
    assert any("'3+' in row 3" in note for note in grades.notes)


def test_constant_text_is_left_out_and_said() -> None:
    table = clean(**columns(), city=["here"] * N)
    assert table.feature_names == ("a", "b")
    assert table.notes == ("Left out, the same text in every row or none at all: city.",)


def test_few_levels_are_one_hot_encoded_and_said() -> None:
    colours = ["red", "green", None, "blue"] * (N // 4)
    table = clean(**columns(), colour=colours)
    assert table.feature_names[2:] == ("colour_(missing)", "colour_blue", "colour_green", "colour_red")
    expected = [[c is None, c == "blue", c == "green", c == "red"] for c in colours]
    np.testing.assert_array_equal(table.X[:, 2:], expected)
    assert any("one-hot" in note and "colour (3 values and missing)" in note for note in table.notes)


def test_two_levels_become_one_column() -> None:
    table = clean(**columns(), smoker=["yes", "no"] * (N // 2))
    assert table.feature_names[2:] == ("smoker_yes",)


def test_text_with_many_values_and_dates_are_left_out_and_said() -> None:
    day = pl.Series(range(N)).cast(pl.Date)
    table = clean(**columns(), name=[f"n{i}" for i in range(N)], day=day)
    assert table.feature_names == ("a", "b")
    assert any("name (40)" in note for note in table.notes)
    assert any("day (Date)" in note for note in table.notes)


def test_missing_features_stay_nan_and_are_said() -> None:
    data = columns()
    values = data["a"].tolist()
    values[3], values[5] = None, float("nan")
    table = clean(**{**data, "a": values})
    assert np.flatnonzero(np.isnan(table.X[:, 0])).tolist() == [3, 5]
    assert any("a (2)" in note and "median" in note for note in table.notes)


def test_booleans_are_numbers_and_constants_are_left_out() -> None:
    table = clean(**columns(), flag=[True, False] * (N // 2), one=[1.0] * N, nothing=[None] * N)
    assert table.feature_names == ("a", "b", "flag")
    assert any("one" in note for note in table.notes)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.arange(N) % 3, "classification"),
        (np.arange(N) % 3 * 1.0, "classification"),
        (np.arange(N), "regression"),
        (np.arange(N) % 3 + 0.5, "regression"),
        (np.arange(N) % 2 == 0, "classification"),
        (np.array(["no", "yes"] * (N // 2)), "classification"),
    ],
)
def test_the_target_decides_the_task(y: Any, expected: str) -> None:
    problem = tasks.pose(clean(a=columns()["a"], y=y), "auto", 0, np.random.default_rng(0))
    assert problem.kind == expected


def test_classes_are_numbered_in_order_of_their_names() -> None:
    table = clean(a=columns()["a"], y=[7, 3, 7, 5] * (N // 4))
    problem = tasks.pose(table, "auto", 0, np.random.default_rng(0))
    assert problem.classes == ("3", "5", "7")
    np.testing.assert_array_equal(problem.y[:4], [2, 0, 2, 1])


def test_rare_classes_are_left_out_and_said() -> None:
    table = clean(a=columns()["a"], y=["a", "b"] * (N // 2 - 1) + ["c", "d"])
    problem = tasks.pose(table, "auto", 0, np.random.default_rng(0))
    assert problem.classes == ("a", "b")
    assert len(problem.y) == len(problem.X) == N - 2
    assert any("2 rows left out, of 2 classes" in note for note in problem.notes)


@pytest.mark.parametrize(
    ("y", "instead"),
    [
        (np.arange(N), "; for numbers to predict use --task regression"),
        ([f"row {i}" for i in range(N - 12)] + ["a", "b"] * 6, "$"),
    ],
    ids=["numbers", "names"],
)
def test_targets_that_name_no_classes_are_refused(y: Any, instead: str) -> None:
    """A target of regression, such as that of diabetes, of which a few values happen to be frequent."""
    y = np.asarray(y)
    y[-12:] = ([y[0], y[-1]] if y.dtype.kind == "i" else ["a", "b"]) * 6
    with pytest.raises(
        ReportError,
        match=rf"^the target 'y' has \d+ distinct values in {N} rows, and only \d+ .* names no classes{instead}",
    ):
        tasks.pose(clean(a=columns()["a"], y=y), "classification", 0, np.random.default_rng(0))


def test_large_tables_are_sampled_without_repeats_and_said() -> None:
    table = clean(a=np.arange(500.0), y=np.arange(500.0) / 7)
    problem = tasks.pose(table, "auto", 100, np.random.default_rng(0))
    assert len(np.unique(problem.X)) == 100
    np.testing.assert_allclose(problem.X[:, 0] / 7, problem.y, rtol=1e-15)
    assert any("100 of the 500 rows" in note for note in problem.notes)


def test_split_is_a_partition_and_stratified() -> None:
    table = clean(a=np.arange(200.0), y=["a", "b", "b", "b"] * 50)
    parts = tasks.split(tasks.pose(table, "auto", 0, np.random.default_rng(0)), 0.25, 5)
    both = np.concatenate([parts.X_train, parts.X_test])
    np.testing.assert_array_equal(np.sort(both[:, 0]), np.arange(200.0))
    assert len(parts.y_test) == 50
    assert np.bincount(parts.y_test).tolist() in ([12, 38], [13, 37])


def test_unknown_dataset_is_refused() -> None:
    with pytest.raises(ReportError, match="unknown dataset 'mnist'"):
        sources.load_dataset("mnist")
