# SPDX-License-Identifier: BSD-3-Clause
"""Where tables come from: CSV, Parquet and NPZ files, and the datasets that scikit-learn ships."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sklearn.datasets

from crowfly.report.errors import ReportError

NULL_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
SEPARATORS = ",;\t|"


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
    """

    name: str
    frame: pl.DataFrame
    default_target: str | None = None


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
    header = (
        pl.read_csv(path, n_rows=1, has_header=False, separator="\x01", infer_schema=False).item(0, 0) or ""
    )
    separator = max(SEPARATORS, key=header.count)
    frame = pl.read_csv(
        path,
        separator=separator,
        null_values=NULL_VALUES,
        # Schema from all rows: a column that turns to text in the last row is text, not an error.
        infer_schema_length=None,
    )
    return Source(path.name, frame)


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
