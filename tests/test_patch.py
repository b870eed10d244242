# SPDX-License-Identifier: BSD-3-Clause
"""crowfly in the place of scikit-learn: everything is swapped, everything comes back, and scripts run as they would."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.cluster
import sklearn.decomposition
import sklearn.ensemble
import sklearn.linear_model
import sklearn.metrics
import sklearn.neighbors

import crowfly
import crowfly.linear_model
import crowfly.metrics
import crowfly.neighbors

PACKAGES = {
    crowfly.linear_model: sklearn.linear_model,
    crowfly.neighbors: sklearn.neighbors,
    crowfly.metrics: sklearn.metrics,
}


def references_to_ours() -> list[str]:
    ours = {id(getattr(package, name)) for package in PACKAGES for name in package.__all__}
    return [
        f"{name}.{attribute}"
        for name, module in list(sys.modules.items())
        if name.split(".")[0] == "sklearn" and module is not None
        for attribute, value in list(vars(module).items())
        if id(value) in ours
    ]


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    assert references_to_ours() == []
    yield
    crowfly.unpatch()
    assert references_to_ours() == []


def test_every_name_is_swapped_and_comes_back() -> None:
    before = {
        (theirs, name): getattr(theirs, name) for ours, theirs in PACKAGES.items() for name in ours.__all__
    }
    crowfly.patch()
    crowfly.patch()
    for ours, theirs in PACKAGES.items():
        for name in ours.__all__:
            assert getattr(theirs, name) is getattr(ours, name)
    crowfly.unpatch()
    for (theirs, name), original in before.items():
        assert getattr(theirs, name) is original


def test_chosen_names() -> None:
    original = sklearn.linear_model.Lasso
    with crowfly.patched("Ridge"):
        assert sklearn.linear_model.Ridge is crowfly.linear_model.Ridge
        assert sklearn.linear_model.Lasso is original
    with pytest.raises(ValueError, match=r"names: one of .*Ridge.* expected, got 'Rigde'"):
        crowfly.patch("Rigde")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Rigde", "Ridge"),
        ("ridge", "Ridge"),
        ("KNeighborClassifier", "KNeighborsClassifier"),
        ("linear_model.Lasso", "Lasso"),
    ],
)
def test_what_may_have_been_meant(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"; did you mean '{meant}'\\?$"):
        crowfly.patch(name)
    with pytest.raises(ValueError, match=r"got 'GaussianNB'$"):
        crowfly.unpatch("GaussianNB")


def test_an_inner_block_leaves_what_was_patched_before() -> None:
    with crowfly.patched("Ridge"):
        with crowfly.patched():
            assert sklearn.linear_model.Lasso is crowfly.linear_model.Lasso
        assert sklearn.linear_model.Ridge is crowfly.linear_model.Ridge
        assert sklearn.linear_model.Lasso is not crowfly.linear_model.Lasso


def test_the_last_of_several_blocks_undoes_it() -> None:
    first, second = crowfly.patched("Ridge"), crowfly.patched("Ridge", "Lasso")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sklearn.linear_model.Ridge is crowfly.linear_model.Ridge
    second.__exit__(None, None, None)
    assert sklearn.linear_model.Ridge is not crowfly.linear_model.Ridge
    assert sklearn.linear_model.Lasso is not crowfly.linear_model.Lasso


def test_errors_in_the_block_undo_it() -> None:
    with pytest.raises(KeyError), crowfly.patched():
        raise KeyError


def test_parts_of_scikit_learn_use_ours() -> None:
    X = np.random.default_rng(0).standard_normal((60, 3))
    y = X[:, 0] > 0
    labels = sklearn.cluster.DBSCAN(eps=1.0).fit_predict(X)
    with crowfly.patched():
        stack = sklearn.ensemble.StackingClassifier([("k", sklearn.neighbors.KNeighborsClassifier())]).fit(
            X, y
        )
        assert type(stack.final_estimator_) is crowfly.linear_model.LogisticRegression
        np.testing.assert_array_equal(sklearn.cluster.DBSCAN(eps=1.0).fit_predict(X), labels)


def test_pickles_stay_what_they_are() -> None:
    theirs = sklearn.linear_model.Ridge()
    text = pickle.dumps(theirs)
    with crowfly.patched():
        assert type(pickle.loads(text)) is type(theirs)
        assert type(pickle.loads(pickle.dumps(theirs))) is type(theirs)
        ours = pickle.dumps(sklearn.linear_model.Ridge())
    assert type(pickle.loads(ours)) is crowfly.linear_model.Ridge


def test_functions_are_swapped_in_parts_of_scikit_learn() -> None:
    import sklearn.decomposition._sparse_pca as user

    theirs = user.ridge_regression
    with crowfly.patched():
        assert user.ridge_regression is crowfly.linear_model.ridge_regression
        from sklearn.linear_model import enet_path, lasso_path
        from sklearn.neighbors import sort_graph_by_row_values

        X = np.random.default_rng(0).standard_normal((20, 4))
        sklearn.decomposition.SparsePCA(n_components=2, random_state=0).fit_transform(X)
    assert (enet_path, lasso_path) == (crowfly.linear_model.enet_path, crowfly.linear_model.lasso_path)
    assert sort_graph_by_row_values is crowfly.neighbors.sort_graph_by_row_values
    assert user.ridge_regression is theirs


# --- Scripts ---

SCRIPT = """
import sys
from sklearn.linear_model import Ridge
print(Ridge.__module__.split(".")[0], __name__, *sys.argv[1:])
import beside
sys.exit(int(sys.argv[1]))
"""


def run(*arguments: Any, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crowfly", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "beside.py").write_text("print('beside')\n", encoding="utf-8")
    (tmp_path / "wrong.py").write_text("raise KeyError('mine')\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("program", [["program.py"], ["-m", "program"]])
def test_a_script_runs_with_ours(folder: Path, program: list[str]) -> None:
    done = run(*program, 3, "-x", cwd=folder)
    assert done.stdout.splitlines() == ["crowfly __main__ 3 -x", "beside"]
    assert (done.returncode, done.stderr) == (3, "")


def test_errors_of_a_script_are_its_own(folder: Path) -> None:
    done = run("wrong.py", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("KeyError: 'mine'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.py"], "missing.py: no such file"),
        (["missing/"], "missing/: no such file"),
        (["-m"], "-m: a module expected"),
        (["."], ".: a folder with a __main__.py expected, or a script in it"),
    ],
)
def test_what_is_no_script_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"crowfly: error: {message}\n")


def test_a_folder_runs_as_a_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (program / "helper.py").write_text("WORD = 'found'")
    (program / "__main__.py").write_text(
        "import sys, helper\nfrom sklearn.linear_model import Ridge\n"
        "print(helper.WORD, sys.argv[1:], Ridge.__module__.split('.')[0], __name__)"
    )
    done = run("program/", "one", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "found ['one'] crowfly __main__\n"


def test_a_script_needs_no_suffix(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("from sklearn.linear_model import Ridge\nprint(Ridge.__module__)")
    assert run("program", cwd=tmp_path).stdout.startswith("crowfly.")


@pytest.mark.parametrize("call", [crowfly.patch, crowfly.unpatch])
def test_a_list_of_names_is_refused(call: Any) -> None:
    with pytest.raises(TypeError, match=r"names: strings expected, .* got \['Ridge'\]"):
        call(["Ridge"])


def test_birch_hands_over_squares_of_lengths() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    expected = sklearn.cluster.Birch(n_clusters=2).fit_predict(X)
    with crowfly.patched():
        got = sklearn.cluster.Birch(n_clusters=2).fit_predict(X)
    np.testing.assert_array_equal(got, expected)
