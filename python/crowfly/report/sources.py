# SPDX-License-Identifier: BSD-3-Clause
"""Where tables come from: CSV, Parquet and NPZ files, and the datasets that scikit-learn ships."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sklearn.datasets

from crowfly.report.errors import ReportError
from crowfly.report.plurals import count

NULL_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
SEPARATORS = ",;\t|"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
#: Numbers with a decimal comma, and maybe points between thousands; with commas between thousands.
DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
THOUSANDS_COMMA = r"^[+-]?\d{1,3}(,\d{3})*(\.\d+)?$"


@dataclass(frozen=True)
class Source:
    """A table as it was read, before any cleaning.

    Parameters
    ----------
    name : str
        File or dataset name, for messages and headings.
    frame : polars.DataFrame
        All columns.
    default_target : str or None
        Column to predict when the user names none.
    notes : tuple of str
        What was done to make sense of the file, one sentence each.
    """

    name: str
    frame: pl.DataFrame
    default_target: str | None = None
    notes: tuple[str, ...] = ()


def read_file(path: Path) -> Source:
    """Read a CSV, TSV, Parquet or NPZ file; the name's ending decides which.

    Raises
    ------
    ReportError
        If the file is missing, empty, damaged, or of another kind.
    """
    if not path.exists():
        raise ReportError(f"there is no file {path}")
    if not path.is_file():
        raise ReportError(f"{path} is not a file")
    reader = _reader(path)
    if path.stat().st_size == 0:
        raise ReportError(f"{path} is empty")
    try:
        source = reader(path)
    except (
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
        OSError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).strip().splitlines()
        raise ReportError(f"{path} can't be read: {reason[0] if reason else type(error).__name__}") from error
    if source.frame.height == 0:
        raise ReportError(f"{path} holds no rows")
    return source


def _reader(path: Path) -> Callable[[Path], Source]:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = next((suffix for suffix in reversed(suffixes) if suffix not in {".gz", ".zst"}), "")
    if last in {".csv", ".tsv", ".txt"}:
        return _read_csv
    if suffixes and suffixes[-1] in {".parquet", ".pq"}:
        return _read_parquet
    if suffixes and suffixes[-1] == ".npz":
        return _read_npz
    raise ReportError(f"{path}: expected a name that ends in .csv, .tsv, .parquet or .npz")


def _read_csv(path: Path) -> Source:
    with path.open("rb") as file:
        if file.read(2) in UTF16_MARKS:
            raise ReportError(f"{path} is UTF-16 text: save it as UTF-8")
    separator = ","
    notes: list[str] = []
    try:
        separator = _separator(path)
        # The names are read as data: polars would rename repeated ones without a word.
        header = pl.read_csv(path, n_rows=1, has_header=False, separator=separator, infer_schema=False).row(0)
        frame = _read_rows(path, separator)
    except pl.exceptions.PolarsError as error:
        reason = _why_unreadable(path, separator)
        if reason is None:
            raise
        raise ReportError(f"{path} {reason}") from error
    frame.columns = _column_names(header, notes)
    frame = _drop_empty_rows(frame, notes)
    return Source(path.name, _numbers_in_text(frame, separator, notes), notes=tuple(notes))


def _separator(path: Path) -> str:
    """The separator that occurs most often in the first line, outside quotes."""
    # One column, and no quotes either: a quoted first field would end at its second quote.
    line = pl.read_csv(
        path, n_rows=1, has_header=False, separator="\x01", quote_char=None, infer_schema=False
    ).item(0, 0)
    if not (line or "").strip():
        raise ReportError(f"{path} begins with a blank line, expected the names of the columns")
    return max(SEPARATORS, key=re.sub(r'"[^"]*"', "", line).count)


def _read_rows(path: Path, separator: str) -> pl.DataFrame:
    try:
        # Schema from all rows: a column that turns to text in the last row is text, not an error.
        return pl.read_csv(path, separator=separator, null_values=NULL_VALUES, infer_schema_length=None)
    except pl.exceptions.ComputeError:
        # Numbers of more than 38 digits are taken for integers, then refused; as text they can be converted.
        return pl.read_csv(path, separator=separator, null_values=NULL_VALUES, infer_schema=False)


def _why_unreadable(path: Path, separator: str) -> str | None:
    """What is wrong with a CSV file, in words that help to mend it; None if Python's reader finds nothing."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix.lower() == ".gz" else content
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error):
        return None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 text (first in line {line}): save it as UTF-8"
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start, n_columns = 1, 0
    try:
        for row in rows:
            n_columns = n_columns or len(row)
            if len(row) > n_columns:
                return f"can't be read: line {start} has {len(row)} values where the header has {n_columns}"
            start = rows.line_num + 1
    except csv.Error:
        return f"can't be read: a quoted value that begins in line {start} doesn't end as it should"
    return None


def _column_names(header: tuple[str | None, ...], notes: list[str]) -> list[str]:
    """The names in the header without blanks around them, each of them once."""
    names: list[str] = []
    unnamed, repeated = [], []
    for position, raw in enumerate(header, start=1):
        stem = (raw or "").strip()
        if not stem:
            stem = f"column {position}"
            unnamed.append(stem)
        name, copy = stem, 1
        while name in names:
            copy += 1
            name = f"{stem} ({copy})"
        if name != stem:
            repeated.append(name)
        names.append(name)
    if unnamed:
        notes.append(f"Columns without a name are called after their place: {', '.join(unnamed)}.")
    if repeated:
        notes.append(f"Columns whose name was taken already are called: {', '.join(repeated)}.")
    return names


def _drop_empty_rows(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    kept = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    n_empty = frame.height - kept.height
    if n_empty:
        notes.append(f"{count(n_empty, 'empty row')} skipped.")
    return kept


def _numbers_in_text(frame: pl.DataFrame, separator: str, notes: list[str]) -> pl.DataFrame:
    """Columns that are text only because of blanks around the numbers, or of commas in them."""
    pattern = THOUSANDS_COMMA if separator == "," else DECIMAL_COMMA
    changed: list[pl.Series] = []
    with_commas = []
    for column in frame.get_columns():
        if column.dtype != pl.String:
            continue
        text = column.str.strip_chars()
        text = text.set(text.is_in(NULL_VALUES), None)
        numbers = _as_numbers(text)
        if numbers is None and text.drop_nulls().str.contains(pattern).all():
            plain = text.str.replace_all("," if separator == "," else ".", "", literal=True)
            numbers = _as_numbers(plain.str.replace(",", ".", literal=True))
            with_commas.append(column.name)
        changed.append(text if numbers is None else numbers)
    if with_commas:
        what = "between thousands" if separator == "," else "before decimals"
        notes.append(f"Commas in numbers are read as those {what}: {', '.join(with_commas)}.")
    return frame.with_columns(changed)


def _as_numbers(text: pl.Series) -> pl.Series | None:
    """The column as numbers, or None if a value isn't one."""
    for dtype in (pl.Int64, pl.Float64):
        numbers = text.cast(dtype, strict=False)
        if numbers.null_count() == text.null_count() < len(text):
            return numbers
    return None


def _read_parquet(path: Path) -> Source:
    return Source(path.name, pl.read_parquet(path))


def _read_npz(path: Path) -> Source:
    if not zipfile.is_zipfile(path):
        raise ValueError("it is not an NPZ archive")
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not arrays:
        raise ValueError("it holds no arrays")
    columns: dict[str, pl.Series] = {}
    for name, array in arrays.items():
        columns.update(_columns_of_array(name, array))
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        first, *others = arrays
        odd = next(name for name in others if len(arrays[name]) != len(arrays[first]))
        raise ValueError(
            f"array {odd!r} has {len(arrays[odd])} rows where {first!r} has {len(arrays[first])}"
        )
    return Source(path.name, pl.DataFrame(columns), default_target="y" if "y" in columns else None)


def _columns_of_array(name: str, array: np.ndarray[Any, Any]) -> dict[str, pl.Series]:
    if array.ndim not in (1, 2):
        raise ValueError(f"array {name!r} has shape {array.shape}, expected one or two dimensions")
    if array.dtype.kind not in "biufU":
        raise ValueError(f"array {name!r} has dtype {array.dtype}, expected numbers or text")
    if array.dtype.kind == "f":
        array = array.astype(np.float64, copy=False)
    if array.ndim == 1:
        return {name: pl.Series(name, array)}
    return {
        f"{name}{j}": pl.Series(f"{name}{j}", np.ascontiguousarray(array[:, j]))
        for j in range(array.shape[1])
    }


def load_dataset(name: str) -> Source:
    """Load one of the datasets that scikit-learn ships (no network)."""
    loaders = {
        "digits": sklearn.datasets.load_digits,
        "iris": sklearn.datasets.load_iris,
        "wine": sklearn.datasets.load_wine,
        "breast-cancer": sklearn.datasets.load_breast_cancer,
        "diabetes": sklearn.datasets.load_diabetes,
    }
    if name not in loaders:
        raise ReportError(f"unknown dataset {name!r}, choose from {', '.join(loaders)}")
    bunch = loaders[name]()
    target = np.asarray(bunch.target)
    if name in {"iris", "wine", "breast-cancer"}:
        target = np.asarray(bunch.target_names)[target].astype(str)
    columns = {str(n): bunch.data[:, j] for j, n in enumerate(bunch.feature_names)}
    return Source(
        f"{name} (shipped with scikit-learn)", pl.DataFrame({**columns, "target": target}), "target"
    )
