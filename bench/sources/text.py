# SPDX-License-Identifier: BSD-3-Clause
"""Text: the paragraphs of the docstrings of installed packages.

Sources are parsed, not imported. The paragraphs depend on the installed versions, so that results are comparable on one
machine only; with all packages of the list there are about 70 000. A package that isn't installed is left out.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PACKAGES = ("numpy", "scipy", "sklearn", "pandas", "matplotlib", "statsmodels", "polars")

# Characters; shorter ones are headings and one-word lines.
_SHORTEST = 60
_TEST_FOLDERS = frozenset({"test", "tests"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# At least two letters: the numbers in examples are no words.
_WORD = r"(?u)\b[^\W\d_]{2,}\b"
# The class of `bag_of_words`, and the words that would give it away.
_SCIKITS = ("scipy", "sklearn")
_TELLTALES = ("scipy", "sklearn", "scikit", "learn")


def embeddings(
    n_points: int,
    n_queries: int,
    n_features: int,
    *,
    dtype: npt.DTypeLike = np.float32,
    unit: bool = True,
    packages: tuple[str, ...] = PACKAGES,
    seed: int = 0,
) -> dict[str, Any]:
    """Latent semantic analysis: TF-IDF of the paragraphs on its leading singular vectors, which are found at random.

    Rows have length one if `unit`, else at most one. Where there are fewer paragraphs than asked for, there are fewer
    points.
    """
    from sklearn.decomposition import TruncatedSVD

    weights, _ = _sample(n_points + n_queries, None, (), packages, seed)
    # 60 000 rows, 256 features: two iterations explain 35.0 % of the variance, five 35.7 % in twice the time.
    rows = TruncatedSVD(n_features, n_iter=2, random_state=seed).fit_transform(weights)
    if unit:
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.ascontiguousarray(rows, dtype=dtype)
    return {"points": rows[n_queries:], "queries": rows[:n_queries]}


def bag_of_words(
    n_rows: int, n_features: int, *, packages: tuple[str, ...] = PACKAGES, seed: int = 0
) -> dict[str, Any]:
    """TF-IDF of the most frequent words as a sparse matrix; y is 1 for SciPy and scikit-learn, 0 for the others.

    The names of the two aren't among the words. Rows are at most as many as there are paragraphs.
    """
    X, package = _sample(n_rows, n_features, _TELLTALES, packages, seed)
    return {"X": X, "y": np.isin(package, _SCIKITS).astype(np.int64)}


def _sample(
    n_rows: int, n_features: int | None, stop_words: tuple[str, ...], packages: tuple[str, ...], seed: int
) -> tuple[Any, npt.NDArray[np.str_]]:
    """TF-IDF, rows of length one, of paragraphs drawn at random without replacement, and the package of each.

    Words and their weights are of all paragraphs, whatever is drawn. Paragraphs without any of the words are left out.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts, package = zip(*_paragraphs(packages), strict=True)
    vectorizer = TfidfVectorizer(
        max_features=n_features, min_df=3, sublinear_tf=True, token_pattern=_WORD, stop_words=list(stop_words)
    )
    weights = vectorizer.fit_transform(texts)
    kept = np.flatnonzero(np.diff(weights.indptr))
    rows = np.random.default_rng(seed).permutation(kept)[:n_rows]
    drawn = weights[rows]
    drawn.sort_indices()
    return drawn, np.array(package)[rows]


@cache
def _paragraphs(packages: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Text and package of every paragraph, sorted by text; one that several packages have is the first one's."""
    package_of: dict[str, str] = {}
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            package_of = dict.fromkeys(_texts(Path(spec.origin).parent), package) | package_of
    return tuple(sorted(package_of.items()))


def _texts(folder: Path) -> Iterator[str]:
    """The paragraphs of all docstrings below a folder, white space made uniform."""
    for path in sorted(folder.rglob("*.py")):
        if _TEST_FOLDERS.isdisjoint(path.relative_to(folder).parts):
            for docstring in _docstrings(ast.parse(path.read_bytes())):
                paragraphs = (" ".join(text.split()) for text in re.split(r"\n\s*\n", docstring))
                yield from (text for text in paragraphs if len(text) >= _SHORTEST)


def _docstrings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        docstring = ast.get_docstring(node) if isinstance(node, _DOCUMENTED) else None
        if docstring:
            yield docstring
