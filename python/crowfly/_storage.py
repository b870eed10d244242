# SPDX-License-Identifier: BSD-3-Clause
"""Fitted models, indices and moments in files, without pickle."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from crowfly import _container
from crowfly.index import Index

__all__ = ["load", "save"]

Model = TypeVar("Model")

_ESTIMATORS = ("crowfly.linear_model", "crowfly.neighbors")
#: What estimators hold besides numbers, by module.
_PARTS = {
    "crowfly.index": ("Index",),
    "crowfly.moments": ("Moments",),
    "crowfly.least_squares": ("LstsqResult",),
    "crowfly.lasso": ("EnetPath",),
    "crowfly.non_negative": ("NnlsResult",),
    "crowfly.logistic": ("LogisticResult",),
    "sklearn.preprocessing": ("LabelBinarizer",),
}


def _class_named(name: str) -> type[Any] | None:
    """One of the classes that files may hold."""
    module, _, attribute = name.rpartition(".")
    if attribute not in _PARTS.get(module, ()):
        if module not in _ESTIMATORS:
            return None
        if attribute not in import_module(module).__all__:
            return None
    found = getattr(import_module(module), attribute)
    return found if isinstance(found, type) else None


def _name_of(value: Any) -> str | None:
    """The name in files of an object's class, None if they may not hold it."""
    kind = type(value)
    for module in (*_ESTIMATORS, *_PARTS):
        if f"{kind.__module__}.".startswith(f"{module}."):
            name = f"{module}.{kind.__name__}"
            if _class_named(name) is kind:
                return name
    return None


def _is_model(value: Any) -> bool:
    """Whether it may be a file of its own, and not only a part of what is in one."""
    return (
        _name_of(value) is not None
        and not is_dataclass(value)
        and not type(value).__module__.startswith("sklearn")
    )


#: Bytes; wider ones mean something else on every machine.
_LARGEST_FLOAT = 8


class _Writer:
    """Turns values into JSON, and collects their arrays."""

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []

    def encode(self, value: Any, place: str) -> Any:
        """`place` is what the user would write for `value`."""
        if value is None or type(value) in (bool, str):
            return value
        if type(value) is int:
            return {"int": str(value)}
        if type(value) is float:
            return {"float": value.hex()}
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value), place)}
        if isinstance(value, np.ndarray):
            return self._array(value, place)
        if type(value) in (list, tuple):
            items = [self.encode(item, f"{place}[{i}]") for i, item in enumerate(value)]
            return {type(value).__name__: items}
        if type(value) is dict:
            return {
                "dict": [
                    [self.encode(key, f"a key of {place}"), self.encode(item, f"{place}[{key!r}]")]
                    for key, item in value.items()
                ]
            }
        return self._object(value, place)

    def _array(self, array: NDArray[Any], place: str) -> Any:
        if array.dtype.kind == "O":
            items = [self.encode(item, f"{place}[{i}]") for i, item in enumerate(array.reshape(-1).tolist())]
            return {"objects": items, "shape": list(array.shape)}
        if array.dtype.kind not in "biufU" or (
            array.dtype.kind == "f" and array.dtype.itemsize > _LARGEST_FLOAT
        ):
            raise TypeError(f"{place}: numbers, strings or booleans expected, got dtype {array.dtype}")
        self.arrays.append(array)
        return {"array": len(self.arrays) - 1}

    def _object(self, value: Any, place: str) -> Any:
        if hasattr(value, "tocsr") and hasattr(value, "indptr"):
            parts = [
                np.asarray(part) for part in (value.tocsr().data, value.tocsr().indices, value.tocsr().indptr)
            ]
            encoded = [self._array(part, place) for part in parts]
            return {"csr": encoded, "shape": list(map(int, value.shape))}
        name = _name_of(value)
        if name is None:
            what = "a function" if callable(value) else f"an object of {type(value).__qualname__}"
            raise TypeError(f"{place}: {what} can't be saved")
        state = _state_of(value)
        return {
            "class": name,
            "state": {key: self.encode(item, f"{place}.{key}") for key, item in state.items()},
        }


def _state_of(value: Any) -> dict[str, Any]:
    if isinstance(value, Index):
        names = ("points", "metric", "p", "box", "algorithm")
        return dict(zip(names, value.__reduce__()[1], strict=True))
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    state: dict[str, Any] = value.__getstate__()
    return state


class _Reader:
    """Turns JSON and arrays back into values; ValueError for what `_Writer` doesn't write."""

    def __init__(self, arrays: list[NDArray[Any]]) -> None:
        self._arrays = arrays
        self._readers: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
            "int": lambda text, _: int(text),
            "float": lambda text, _: float.fromhex(text),
            "scalar": lambda value, _: self.decode(value)[()],
            "array": lambda number, _: self._array(number),
            "list": lambda items, _: [self.decode(item) for item in items],
            "tuple": lambda items, _: tuple(self.decode(item) for item in items),
            "dict": lambda items, _: {self.decode(key): self.decode(item) for key, item in items},
            "objects": self._objects,
            "csr": self._csr,
            "class": self._object,
        }

    def decode(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, str)):
            return value
        kind = next(iter(value))
        return self._readers[kind](value[kind], value)

    def _array(self, number: Any) -> NDArray[Any]:
        if type(number) is not int or number < 0:
            raise ValueError("a number of an array that is none")
        return self._arrays[number]

    def _objects(self, items: Any, whole: dict[str, Any]) -> NDArray[Any]:
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):
            array[i] = self.decode(item)
        return array.reshape(whole["shape"])

    def _csr(self, parts: Any, whole: dict[str, Any]) -> Any:
        matrix = _csr_container()(tuple(map(self.decode, parts)), shape=tuple(whole["shape"]))
        matrix.check_format(full_check=True)
        return matrix

    def _object(self, name: str, whole: dict[str, Any]) -> Any:
        kind = _class_named(name)
        if kind is None:
            raise ValueError(f"no class of crowfly's is called {name}")
        state = {str(key): self.decode(item) for key, item in whole["state"].items()}
        if any(key.startswith("__") or not key.isidentifier() for key in state):
            raise ValueError("a name that is no attribute's")
        if any(callable(getattr(kind, key, None)) for key in state):
            raise ValueError("an attribute by the name of a method")
        if kind is Index:
            return Index(state.pop("points"), state.pop("metric"), **state)
        if is_dataclass(kind):
            return kind(**state)
        model: Any = object.__new__(kind)
        model.__setstate__(state) if hasattr(model, "__setstate__") else vars(model).update(state)
        return model


def _csr_container() -> Any:
    """What scikit-learn's configuration asks for, where it is loaded; an index needs none."""
    if "sklearn" in sys.modules:
        from crowfly._estimators import csr_container

        return csr_container()
    from scipy.sparse import csr_array

    return csr_array


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator, an `Index` or `Moments` to a file, without pickle.

    The file is written under another name and renamed, so that there is the old one or the whole new one.

    Parameters
    ----------
    model : estimator of `crowfly.linear_model` or `crowfly.neighbors`, Index, or Moments
        Fitted or not. Moments go on where they were, to the bit. Points of an index, and training samples of neighbours, are stored as they are.
    path : path-like

    Raises
    ------
    TypeError
        If something of it can't be stored: a function as metric, a splitter as `cv`, labels that are neither numbers nor strings.
    OSError
        If the file can't be written.

    See Also
    --------
    load : Read it again.

    Examples
    --------
    >>> import crowfly, os, tempfile
    >>> index = crowfly.Index([[0.0, 0.0], [3.0, 4.0]])
    >>> path = os.path.join(tempfile.mkdtemp(), "points.crowfly")
    >>> crowfly.save(index, path)
    >>> crowfly.load(path, crowfly.Index).query([[3.0, 3.0]])
    (array([[1.]]), array([[1]]))
    """
    if isinstance(model, str | os.PathLike) and not isinstance(path, str | os.PathLike):
        raise TypeError("model: save(model, path) expected, got the path first")
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path: a string or path expected, got {type(path).__qualname__}")
    if not _is_model(model):
        raise TypeError(
            f"model: an estimator of crowfly's, an Index or Moments expected, got {type(model).__qualname__}{_advice(model)}"
        )
    writer = _Writer()
    try:
        tree = writer.encode(model, "model")
    except RecursionError:
        raise TypeError(
            "model: an attribute expected that can be stored, one of it contains itself"
        ) from None
    _container.write(Path(path), _container.Container(tree, writer.arrays))


@overload
def load(path: str | os.PathLike[str], *, mapped: bool = ...) -> Any: ...
@overload
def load(path: str | os.PathLike[str], kind: type[Model], *, mapped: bool = ...) -> Model: ...
def load(path: str | os.PathLike[str], kind: type[Any] | None = None, *, mapped: bool = True) -> Any:
    """Read what `save` has written.

    Every checksum is looked at. Arrays from 1 MiB on are mapped from the file (read-only) instead of read, so a large index shares its points with other processes;
    such a file must not be written to or cut short in place while the model is used (the process would end, or answers change); that `save` replaces it does no harm. What an index packs is made anew when it is first needed.

    Parameters
    ----------
    path : path-like
    kind : class, optional
        What is expected, such as ``crowfly.linear_model.Ridge``.
    mapped : bool, default=True
        Whether large arrays are mapped; otherwise they are read, and the file may change afterwards.

    Returns
    -------
    An estimator, an Index or Moments.

    Raises
    ------
    TypeError
        If `kind` is no class, or `mapped` no bool.
    ValueError
        If the file is none of `save`'s, is truncated or damaged, is of another version of the format, or holds something else than `kind`.
    OSError
        If there is no such file, or it can't be read.
    """
    if kind is not None and not isinstance(kind, type):
        raise TypeError(f"kind: a class expected, such as crowfly.linear_model.Ridge, got {kind!r}")
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path: a string or path expected, got {type(path).__qualname__}")
    where = Path(path)
    if not isinstance(mapped, bool):
        raise TypeError(f"mapped: True or False expected, got {mapped!r}")
    container = _container.read(where, mapped=mapped)
    try:
        model = _Reader(container.arrays).decode(container.tree)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        StopIteration,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(f"{where}: the file holds nothing that crowfly.save writes ({error})") from None
    if not _is_model(model):
        raise ValueError(
            f"{where}: the file holds no estimator, no Index and no Moments, but {_with_article(type(model).__name__)}"
        )
    if kind is not None and not isinstance(model, kind):
        expected, got = kind.__name__, type(model).__name__
        if expected == got:
            expected, got = _with_package(kind), _with_package(type(model))
        raise ValueError(f"{where}: {_with_article(expected)} expected, the file holds {_with_article(got)}")
    return model


#: The estimators with the coefficients of functions' results.
_ESTIMATORS_OF_RESULTS = {
    "LstsqResult": "LinearRegression or Ridge",
    "RidgePathResult": "Ridge",
    "OlsResult": "LinearRegression",
    "EnetPath": "Lasso or ElasticNet",
    "NnlsResult": "LinearRegression(positive=True)",
    "LogisticResult": "LogisticRegression",
    "LogisticPath": "LogisticRegression",
    "LogitResult": "LogisticRegression(C=np.inf)",
}


def _advice(model: Any) -> str:
    """What to do about a function's result, or an object that holds an estimator of ours, or is scikit-learn's of the same name."""
    if is_dataclass(model) and type(model).__module__.startswith("crowfly."):
        estimator = _ESTIMATORS_OF_RESULTS.get(type(model).__name__)
        instead = "" if estimator is None else f"fit crowfly.linear_model.{estimator}, or "
        return f"; results of functions have no files of their own: {instead}keep their arrays (numpy.savez)"
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and _is_model(steps[-1][-1]):
        return "; files hold no transformers of scikit-learn's: save the last step, model[-1], and with joblib the steps before it, model[:-1]"
    if _is_model(getattr(model, "best_estimator_", None)):
        return "; save its best_estimator_"
    for package in _ESTIMATORS:
        if type(model).__name__ in import_module(package).__all__:
            return f" of another package; fit {package}.{type(model).__name__}"
    return ""


def _with_package(kind: type[Any]) -> str:
    """The name of a class, and where users import it from: modules that begin with an underscore aren't shown."""
    public = [part for part in kind.__module__.split(".") if not part.startswith("_")]
    return ".".join([*public, kind.__name__])


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "AEIO" else f"a {name}"
