# SPDX-License-Identifier: BSD-3-Clause
"""What the report looks like: the page and the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("polars")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("rich")

from rich.console import Console

from crowfly.report import formatting, html, study, terminal, wording
from crowfly.report.options import ReportOptions
from crowfly.report.plurals import count
from crowfly.report.risks import Interval
from crowfly.report.study import Report

HOSTILE = "<script>alert('$x_1$')</script>[bold]"


class Steps:
    """Progress that counts."""

    def __init__(self) -> None:
        self.planned = 0
        self.begun: list[str] = []

    def plan(self, n_steps: int) -> None:
        """Remember the length and start counting."""
        self.planned = n_steps
        self.begun.clear()

    def begin(self, what: str) -> None:
        """Remember the step."""
        self.begun.append(what)


class Page(HTMLParser):
    """Everything in a page that a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember tag and attributes."""
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br", "hr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check the nesting."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def iris() -> Report:
    return study.run(ReportOptions(dataset="iris"), Steps())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A regression on a table whose names are markup."""
    rng = np.random.default_rng(40)
    path = tmp_path_factory.mktemp("hostile") / "a b [red] <i>.npz"
    columns: dict[str, Any] = {HOSTILE: rng.normal(size=50), "x": rng.normal(size=50)}
    np.savez(path, **columns)
    return study.run(ReportOptions(table=path, target=HOSTILE), Steps())


@pytest.mark.parametrize("name", ["iris", "hostile"])
def test_page_is_self_contained(name: str, request: pytest.FixtureRequest) -> None:
    text = html.render(request.getfixturevalue(name))
    page = Page(text)
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & set(tags)
    for _, attributes in page.tags:
        for key, value in attributes.items():
            if key.split(":")[-1] in {"src", "href", "srcset", "data", "action"}:
                assert value is not None
                assert value.startswith("#")
            assert not key.startswith("on")
    assert not re.search(r"@import|url\((?!#)", text)
    assert tags.count("svg") == 7
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_plots_have_alternative_text_and_take_the_pages_colours(iris: Report) -> None:
    text = html.render(iris)
    page = Page(text)
    plots = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(plots) == 7
    assert all(len(plot["aria-label"] or "") > 30 for plot in plots)
    svg = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    # Whatever isn't a colour of the page would be unreadable in one of the two themes.
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert "var(--ink)" in svg


def test_page_shows_every_figure_of_the_report(iris: Report) -> None:
    text = html.render(iris)
    for result in iris.results:
        assert result.name in text
        assert formatting.interval("classification", result.test) in text
        assert result.verdict.reason.replace("'", "&#39;") in text
    assert "crowfly report --dataset iris" in text
    for line in wording.findings(iris):
        assert line.replace("'", "&#39;") in text


def test_page_and_terminal_show_the_fitted_law_and_the_single_draw(iris: Report) -> None:
    text, printed_text = html.render(iris), printed(iris, width=80)
    assert text.count("fitted law") == 1
    assert iris.curse_by_points.can_fit
    for law in iris.curse_by_points.fitted:
        assert f'<td class="n">{law:.3f}</td>' in text
        assert f" {law:.2f} " in printed_text
    # Distance and risk of the last row of both tables.
    assert text.count("(one draw)") == printed_text.count("(one draw)") == 4
    assert "±" not in text + printed_text


def with_test_risks(report: Report, *risks: tuple[float, float]) -> Report:
    """The report with other test risks, and lower ends of the interval of the difference to the best."""
    results = [
        replace(
            result,
            test=Interval(risk, risk, risk),
            behind=Interval(risk - risks[0][0], low, risk),
        )
        for result, (risk, low) in zip(report.results, risks, strict=False)
    ]
    return replace(report, results=tuple(results))


def test_headline_names_no_single_winner_of_a_tie(iris: Report) -> None:
    names = [result.name for result in iris.results]
    clear = wording.findings(with_test_risks(iris, (0.02, 0), (0.05, 0.01), (0.06, 0.02)))[0]
    assert clear.startswith(f"Smallest test risk: {names[0]} with 2.0 %")
    assert "tie" not in clear
    assert "not clearly" not in clear
    tie = wording.findings(with_test_risks(iris, (0.02, 0), (0.02, 0), (0.06, 0.02)))[0]
    assert tie.startswith(f"Smallest test risk: a tie of {names[0]} and {names[1]} with 2.0 %")
    assert "not clearly" not in tie
    unclear = wording.findings(with_test_risks(iris, (0.02, 0), (0.05, -0.01), (0.06, 0.02)))[0]
    assert unclear.endswith(f" That is not clearly better than {names[1]}.")


def test_many_features_are_no_overflow(iris: Report) -> None:
    points = replace(iris.curse_by_points, n_features=2000, dimension=1500.0)
    sentence = wording.dimension_sentence(replace(iris, curse_by_points=points))
    assert "about 10^452 times the points" in sentence
    assert "about 10^602 times as many" in sentence


def test_one_feature_is_singular(tmp_path: Path) -> None:
    x = np.random.default_rng(41).uniform(size=400)
    np.savez(tmp_path / "t.npz", X=x, y=3 * x)
    report = study.run(ReportOptions(table=tmp_path / "t.npz"), Steps())
    text = printed(report, 80) + html.render(report)
    assert "; 1 feature " in text
    assert "The 1 feature behaves" in " ".join(text.split())
    assert "1 features" not in text
    # The line is exact: what is left of its residuals is rounding.
    line = next(r for r in report.results if r.name == "least squares")
    assert (line.training, line.test.value, line.gap.value) == (0, 0, 0)


def test_names_are_text_and_not_markup(hostile: Report) -> None:
    text = html.render(hostile)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert HOSTILE in printed(hostile, width=200)


def test_page_is_written_whole_or_not_at_all(
    iris: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    html.write(iris, path)
    assert path.read_text(encoding="utf-8") == html.render(iris)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        html.write(iris, tmp_path / "other.html")
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_seed_gives_the_same_results(iris: Report) -> None:
    again = study.run(ReportOptions(dataset="iris"), Steps())
    for one, other in zip(iris.results, again.results, strict=True):
        assert (one.training, one.test, one.verdict) == (other.training, other.test, other.verdict)
    np.testing.assert_array_equal(iris.curse_by_points.distance, again.curse_by_points.distance)


def test_progress_announces_as_many_steps_as_it_takes() -> None:
    steps = Steps()
    study.run(ReportOptions(dataset="iris", output=None), steps)
    assert len(steps.begun) == steps.planned


def printed(report: Report, width: int) -> str:
    buffer = io.StringIO()
    terminal.print_report(report, Path("page.html"), Console(file=buffer, width=width, highlight=False))
    return buffer.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", ["iris", "hostile"])
def test_terminal_of_any_width(name: str, width: int, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    text = printed(report, width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "page.html" in text
    words = " ".join(text.split())
    assert "curse of dimensionality" in words
    if width >= 80:
        for result in report.results:
            row = next(line for line in text.splitlines() if line.startswith(f" {result.name} "))
            assert result.verdict.word in row


def test_numbers_as_people_read_them() -> None:
    assert [formatting.number(v) for v in (0, 0.012345, 3.21, 2773.4, 123456, 2.3e18)] == [
        "0",
        "0.0123",
        "3.21",
        "2770",
        "123000",
        "2.3e18",
    ]
    assert formatting.number(-1.68e-30) == "-1.68e-30"
    assert [formatting.power_of_two(d) for d in (2, 23, 64, 5000)] == [
        "4",
        "8390000",
        "about 10^19",
        "about 10^1505",
    ]
    assert [count(n, noun) for n, noun in ((1, "row"), (0, "row"), (2, "class"))] == [
        "1 row",
        "0 rows",
        "2 classes",
    ]
    assert formatting.risk("classification", 0.0312) == "3.1 %"
    assert formatting.gap("classification", -0.01) == "-1.0 %"
    assert formatting.gap("regression", 12.0) == "+12"
    assert formatting.gap("regression", 0.0) == "0"
    assert formatting.gap("classification", -0.0004) == "0.0 %"
    draws = np.array([0.1, 0.2, 0.6])
    assert formatting.with_spread(draws, "{:.2f}".format) == "0.30 (0.10 to 0.60)"
    assert formatting.with_spread(draws, lambda v: f"{100 * v:.1f} %") == "30.0 % (10.0 to 60.0 %)"
    assert formatting.with_spread(draws[:1], "{:.2f}".format, single=True) == "0.10 (one draw)"
    assert formatting.interval("classification", Interval(0.1, 0.05, 0.15)) == "5.0 to 15.0 %"
    assert [formatting.seconds(v) for v in (12e-6, 3.61e-3, 1.5)] == ["12 µs", "3.61 ms", "1.5 s"]
    assert [formatting.listing(list(names)) for names in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_the_command_makes_the_report_again() -> None:
    options = ReportOptions(
        table=Path("my table.csv"), target="y", embed="pca:3", models=("1nn", "knn"), seed=4
    )
    assert html.command_line(options) == (
        "crowfly report 'my table.csv' --target y --embed pca:3 --models 1nn,knn --seed 4"
    )
