# SPDX-License-Identifier: BSD-3-Clause
"""Embeddings of the features, as scikit-learn Pipelines: ``"standardise"``, ``"pca:10+polynomial:2"``, ..."""

from __future__ import annotations

from math import comb

from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import RBFSampler
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from crowfly.report.errors import ReportError
from crowfly.report.plurals import count

#: step name -> default of its number
NUMBERED_STEPS = {"polynomial": 2, "fourier": 300, "pca": 10}
PLAIN_STEPS = ("none", "standardise")
MAX_FEATURES = 5000


def preparation() -> Pipeline:
    """Impute and standardise: what every distance in the report is measured on."""
    return Pipeline([("impute", _imputer()), ("standardise", StandardScaler())])


def build_embedding(chain: str, n_features: int, n_samples: int, seed: int) -> Pipeline:
    """Build the embedding that a chain of steps describes.

    Parameters
    ----------
    chain : str
        Steps joined by ``+``; ``none`` stands alone.
    n_features, n_samples : int
        Shape of the smallest training matrix that it will see.
    seed : int
        Seed of the random Fourier features.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted; its output has no missing values.

    Raises
    ------
    ReportError
        If the chain has unknown steps, or steps that these data are too small or too wide for.
    """
    parsed = _parse(chain)
    steps = [("impute", _imputer())]
    if parsed == [("none", 0)]:
        return Pipeline([*steps, ("none", FunctionTransformer())])
    steps.append(("standardise", StandardScaler()))
    width = n_features
    for position, (name, number) in enumerate((s for s in parsed if s[0] != "standardise"), start=1):
        label = f"{name}_{position}"
        if name == "pca":
            if number > min(width, n_samples):
                raise ReportError(
                    f"--embed pca:{number}: only {count(min(width, n_samples), 'component')} possible here"
                )
            steps.append((label, PCA(n_components=number, random_state=seed)))
            width = number
        elif number > MAX_FEATURES:
            # Whatever comes before it; and a polynomial's width would be a number of many digits.
            what = "COUNT" if name == "fourier" else "DEGREE"
            raise ReportError(
                f"--embed {chain}: {name} takes a {what} of at most {MAX_FEATURES}, got {number}"
            )
        elif name == "fourier":
            steps.append((label, RBFSampler(gamma="scale", n_components=number, random_state=seed)))
            width = number
        else:
            width = comb(width + number, number) - 1
            steps.append((label, PolynomialFeatures(number, include_bias=False)))
            # Products of standardised features have very different spreads; ridge would weigh them so.
            steps.append((f"standardise_{position}", StandardScaler()))
        if width > MAX_FEATURES:
            raise ReportError(
                f"--embed {chain}: {name} would make {width} features, more than {MAX_FEATURES}; "
                "lower its DEGREE or put a pca step before it"
            )
    return Pipeline(steps)


def describe(chain: str) -> str:
    """The chain in words."""
    words = {
        "none": "the features as they are",
        "standardise": "standardised features",
        "polynomial": "polynomial features of degree {}",
    }
    counted = {"fourier": "random Fourier feature", "pca": "principal component"}
    parsed = _parse(chain)
    if parsed[0][0] not in PLAIN_STEPS:
        parsed = [("standardise", 0), *parsed]
    return ", then ".join(
        count(number, counted[name]) if name in counted else words[name].format(number)
        for name, number in parsed
    )


def _imputer() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _parse(chain: str) -> list[tuple[str, int]]:
    parsed = [_parse_step(step.strip(), chain) for step in chain.split("+")]
    names = [name for name, _ in parsed]
    if "none" in names and len(names) > 1:
        raise ReportError(f"--embed {chain}: 'none' can't be joined with other steps")
    return parsed


def _parse_step(step: str, chain: str) -> tuple[str, int]:
    name, colon, text = step.lower().partition(":")
    name = {"standardize": "standardise", "poly": "polynomial"}.get(name, name)
    if name in PLAIN_STEPS and not colon:
        return name, 0
    if name not in NUMBERED_STEPS:
        known = ", ".join((*PLAIN_STEPS, *NUMBERED_STEPS))
        raise ReportError(f"--embed {chain}: unknown step {step!r}, expected one of {known}")
    if not colon:
        return name, NUMBERED_STEPS[name]
    if not text.isdecimal() or int(text) < 1:
        raise ReportError(f"--embed {chain}: {name} expects a positive whole number, got {text!r}")
    return name, int(text)
