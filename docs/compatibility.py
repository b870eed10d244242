# SPDX-License-Identifier: BSD-3-Clause
"""Write ``compatibility.md``: every parameter of the estimators beside scikit-learn's, read from the code. Run as ``python docs/compatibility.py``."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import sklearn
from sklearn.utils._param_validation import Options

PAGE = Path(__file__).with_name("compatibility.md")
PACKAGES = ("linear_model", "neighbors", "metrics")
HEAD = """# Compatibility with scikit-learn

What `crowfly.linear_model`, `crowfly.neighbors` and `crowfly.metrics` do with each parameter of scikit-learn {version}.
*Same*: taken, with the same meaning and default. *No effect*: taken and ignored, since there is nothing here that it could mean.
*Differs*: as said beside it. There is no way back to scikit-learn: a value that is not taken raises.
This page is written by `python docs/compatibility.py` from signatures, parameter checks and docstrings.
"""

DIFFERENCES = """
## What differs beyond parameters

* **Ties**: of points equally far away those of lower index come first, always; scikit-learn's order is that of its algorithm. What depends on the order of ties (votes, local outlier factors of repeated rows) differs with it.
* **The rim of a radius**: a point is inside if its distance, rounded once from the exact one, is at most the radius; scikit-learn's distances may be off by a few units in the last place to either side.
* **float32 samples** are taken as the numbers that they are. Distances of `metric="cosine"`, of sparse samples and in the graphs made of them, leave-one-out scores, duality gaps and probabilities are float64, where scikit-learn rounds some of them to float32.
* **Refused here, taken there**: arrays and lists of strings as samples or targets (numbers written as strings in arrays of objects and in frames are converted, as there), `numpy.longdouble`, integers beyond 2**53 (float64 doesn't hold them all), dates (but for those beside numbers in a polars frame, which become microseconds, as there), negative sample weights, byte strings as labels of neighbours.
* **`n_iter_` and `max_iter`**: `n_iter_` of `Ridge` and `RidgeClassifier` counts passes over the samples where scikit-learn's default solver has None. Those of logistic regressions count Newton steps, of which ten do what takes
  scikit-learn's default solver a hundred: `max_iter=10` mostly gives no warning here.
* **Classes whose samples all have weight zero, or that a training set of a search lacks**: with an intercept they get no probability (as little as float64 can say, in `neg_log_loss` too; scikit-learn's solvers end
  somewhere on the way there); without one, or where `solver='liblinear'` penalises it, the penalty alone decides, as in scikit-learn, to rounding.
* **`predict_log_proba`** is finite where the probability underflows.
* **Array API**: arrays of other libraries are converted to NumPy's; the tags don't claim support.
"""


def parameter_texts(documented: Any) -> dict[str, str]:
    """What the docstring says of each parameter, in NumPy's format."""
    section = re.search(
        r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)",
        inspect.getdoc(documented) or "",
        re.MULTILINE | re.DOTALL,
    )
    entries = re.findall(
        r"^(\*?\w[\w, *]*) : .*\n((?:[ ]+.*\n|\n)*)", section[1] + "\n" if section else "", re.MULTILINE
    )
    return {name.strip(" *"): " ".join(text.split()) for names, text in entries for name in names.split(",")}


def first_sentence(text: str) -> str:
    flat = " ".join(text.split())
    return re.split(r"(?<=[.;])\s", flat, maxsplit=1)[0].rstrip(".;")


def options_of(estimator: Any, name: str) -> set[str]:
    """The strings that a parameter may be."""
    constraints = getattr(estimator, "_parameter_constraints", {}).get(name, [])
    if constraints == "no_validation":
        return set()
    return {str(option) for rule in constraints if isinstance(rule, Options) for option in rule.options}


def default_of(parameter: inspect.Parameter) -> str:
    return "required" if parameter.default is inspect.Parameter.empty else repr(parameter.default)


def compare(ours: Any, theirs: Any) -> list[tuple[str, str, str]]:
    """Name, verdict and note of each parameter."""
    texts = parameter_texts(ours)
    mine, other = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    rows = []
    for name, parameter in other.items():
        text = texts.get(name, "")
        if name not in mine:
            rows.append((name, "Differs", "not taken"))
            continue
        notes = []
        if default_of(mine[name]) != default_of(parameter):
            notes.append(f"default {default_of(mine[name])} instead of {default_of(parameter)}")
        lost = sorted(options_of(theirs, name) - options_of(ours, name))
        if lost and "no effect" not in text:
            notes.append("not taken: " + ", ".join(f"`{option}`" for option in lost))
        if notes:
            rows.append((name, "Differs", "; ".join(notes)))
        elif re.search(r"no effect", text, re.IGNORECASE):
            rows.append((name, "No effect", first_sentence(text)))
        else:
            rows.append((name, "Same", ""))
    rows += [(name, "Ours alone", first_sentence(texts.get(name, ""))) for name in mine if name not in other]
    return rows


def samples_of(ours: Any, theirs: Any) -> str:
    """What samples an estimator takes, as it says of itself."""
    if not hasattr(ours, "fit"):
        return ""
    tags, others = ours().__sklearn_tags__().input_tags, theirs().__sklearn_tags__().input_tags
    kinds = ["dense"] + ["sparse"] * tags.sparse + ["with missing numbers"] * tags.allow_nan
    lost = " (scikit-learn's takes sparse ones, too)" if others.sparse and not tags.sparse else ""
    return f"Samples: {', '.join(kinds)}{lost}.\n"


def write() -> str:
    """Return the page."""
    parts = [HEAD.format(version=".".join(sklearn.__version__.split(".")[:2])), DIFFERENCES]
    for package in PACKAGES:
        ours, theirs = import_module(f"crowfly.{package}"), import_module(f"sklearn.{package}")
        parts.append(f"\n## crowfly.{package}\n")
        for name in ours.__all__:
            rows = compare(getattr(ours, name), getattr(theirs, name))
            same = [f"`{parameter}`" for parameter, verdict, _ in rows if verdict == "Same"]
            parts.append(
                f"\n### {name}\n\n{samples_of(getattr(ours, name), getattr(theirs, name))}Same: {', '.join(same) or 'none'}.\n"
            )
            others = [row for row in rows if row[1] != "Same"]
            if others:
                parts.append("\n| parameter | | |\n|---|---|---|\n")
                parts += [f"| `{parameter}` | {verdict} | {note} |\n" for parameter, verdict, note in others]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(write(), encoding="utf-8")
