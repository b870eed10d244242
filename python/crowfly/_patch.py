# SPDX-License-Identifier: BSD-3-Clause
"""crowfly's estimators under scikit-learn's own names, for code that can't be edited."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["patch", "patched", "unpatch"]

_lock = threading.Lock()
#: For how many `patched` blocks, of all threads, a name is patched that wasn't before.
_blocks: Counter[str] = Counter()
_PACKAGES = ("linear_model", "metrics", "neighbors")


def _replacements() -> dict[str, tuple[Any, Any]]:
    """scikit-learn's object and ours, by name."""
    pairs: dict[str, tuple[Any, Any]] = {}
    for package in _PACKAGES:
        ours = import_module(f"crowfly.{package}")
        theirs = import_module(f"sklearn.{package}")
        for name in ours.__all__:
            # A package that was patched before still has the original where it was defined.
            original = getattr(theirs, name)
            replacement = getattr(ours, name)
            if original is replacement:
                original = _original_of(theirs, name)
            pairs[name] = (original, replacement)
    return pairs


def _original_of(package: ModuleType, name: str) -> Any:
    for module in _modules_of(package.__name__):
        found = module.__dict__.get(name)
        if getattr(found, "__module__", None) == module.__name__:
            return found
    raise RuntimeError(f"{package.__name__}.{name}: scikit-learn's own expected in one of its modules")


def _modules_of(package: str) -> list[ModuleType]:
    inside = f"{package}."
    # Anything may be among the modules, None too.
    loaded: list[tuple[str, Any]] = list(sys.modules.items())
    return [
        module for name, module in loaded if f"{name}.".startswith(inside) and isinstance(module, ModuleType)
    ]


def _swap(old: Any, new: Any) -> None:
    """Everywhere in scikit-learn but where `old` or `new` is defined: pickles find the class there that they were made of."""
    for module in _modules_of("sklearn"):
        for name, value in list(vars(module).items()):
            if value is old and module.__name__ not in (old.__module__, new.__module__):
                setattr(module, name, new)


def _chosen(names: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"names: strings expected, one by one as in patch('Ridge', 'Lasso'), got {name!r}"
            )
    pairs = _replacements()
    unknown = [name for name in names if name not in pairs]
    if unknown:
        raise ValueError(
            f"names: one of {', '.join(sorted(pairs))} expected, got {unknown[0]!r}{_nearest(unknown[0], pairs)}"
        )
    return {name: pairs[name] for name in names} if names else pairs


def _nearest(name: str, names: Iterable[str]) -> str:
    """What may have been meant, for the end of an error's text."""
    lower = {known.lower(): known for known in names}
    found = get_close_matches(name.lower().rpartition(".")[2], lower, n=1)
    return f"; did you mean {lower[found[0]]!r}?" if found else ""


def _is_patched(name: str) -> bool:
    return any(
        getattr(sys.modules.get(f"sklearn.{package}"), name, None)
        is getattr(sys.modules.get(f"crowfly.{package}"), name, object())
        for package in _PACKAGES
    )


def patch(*names: str) -> None:
    """Put crowfly's estimators and functions in the place of scikit-learn's, for the whole process.

    What imports from scikit-learn afterwards gets crowfly's, and so do scikit-learn's own parts that use one of them (``StackingClassifier``, ``DBSCAN``). Names that
    code has imported before stay what they are. There is no way back to scikit-learn for arguments that crowfly doesn't take: these raise. Patching twice is patching
    once. Processes that joblib or multiprocessing start are not patched: what runs there has to call this, too.

    Parameters
    ----------
    *names : str
        Which ones, by their names, such as ``"Ridge"``; without any, all of `crowfly.linear_model`, `crowfly.neighbors` and `crowfly.metrics`.

    Raises
    ------
    TypeError
        If a name is no string.
    ValueError
        If crowfly has nothing of such a name.
    ImportError
        If scikit-learn is not installed.

    See Also
    --------
    patched : For the time of a ``with`` block.
    unpatch : Undo it.

    Notes
    -----
    ``python -m crowfly script.py`` runs a script so, and ``python -m crowfly -m package.module`` a module. Objects of scikit-learn's own classes, and pickles of them,
    stay what they are.

    Examples
    --------
    >>> import crowfly
    >>> crowfly.patch("Ridge")
    >>> from sklearn.linear_model import Ridge
    >>> Ridge.__module__.split(".")[0]
    'crowfly'
    >>> crowfly.unpatch()
    """
    for original, ours in _chosen(names).values():
        _swap(original, ours)


def unpatch(*names: str) -> None:
    """Undo `patch`: scikit-learn's names stand for its own classes and functions again.

    Names that code has imported in the meantime stay crowfly's.

    Parameters
    ----------
    *names : str
        Which ones; without any, all.

    Raises
    ------
    TypeError
        If a name is no string.
    ValueError
        If crowfly has nothing of such a name.
    """
    for original, ours in _chosen(names).values():
        _swap(ours, original)


@contextmanager
def patched(*names: str) -> Iterator[None]:
    """Patch scikit-learn for the time of a ``with`` block: see `patch`.

    What was patched before stays so afterwards; what is patched inside the block, by `patch` too, ends with it. Other threads see the change, too; of blocks in several threads the last to end undoes it.

    Parameters
    ----------
    *names : str
        Which ones; without any, all.

    Raises
    ------
    TypeError
        If a name is no string.
    ValueError
        If crowfly has nothing of such a name.

    Examples
    --------
    >>> import crowfly
    >>> with crowfly.patched():
    ...     from sklearn.neighbors import KNeighborsClassifier
    >>> KNeighborsClassifier.__module__.split(".")[0]
    'crowfly'
    """
    with _lock:
        mine = [name for name in _chosen(names) if _blocks[name] or not _is_patched(name)]
        new = [name for name in mine if not _blocks[name]]
        if new:
            patch(*new)
        _blocks.update(mine)
    try:
        yield
    finally:
        with _lock:
            _blocks.subtract(mine)
            done = [name for name in mine if not _blocks[name]]
            if done:
                unpatch(*done)
