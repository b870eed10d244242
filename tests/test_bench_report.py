# SPDX-License-Identifier: BSD-3-Clause
"""The pages made of benchmark results: what is counted, and that it is shown."""

from __future__ import annotations

import dataclasses
import html
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the page has plots")
pytest.importorskip("jinja2", reason="the page is a template")

from bench import report
from bench.report import formatting, growth, markdown, page, rows, summary, wording
from bench.report.summary import Reason, Summary
from bench.results import (
    Cell,
    CompetitorInfo,
    Fact,
    KernelRow,
    Measurement,
    Peak,
    Run,
    Status,
    WorkloadInfo,
    save,
)

HOSTILE = "<b>&|`$x_1$*"
VOID = {"wbr", "meta", "br", "link", "img", "input", "hr", "col", "path", "use", "rect"}


def side(seconds: float | None, error: float | None = 1e-12, **other: Any) -> Measurement:
    """One side of a cell: five calls with a spread of a per cent, unless told otherwise."""
    return Measurement(
        seconds, **{"spread": 0.01, "repetitions": 5, "peak_mib": 3.0, "error": error, **other}
    )


def cell(
    workload: str,
    competitor: str,
    theirs: Measurement | None,
    ours: Measurement | None,
    status: Status = "timed",
    **other: Any,
) -> Cell:
    """A cell of one thread on AVX2."""
    return Cell(
        workload,
        competitor,
        **{"isa": "avx2", "threads": 1, "target": None, "status": status, **other},
        theirs=theirs,
        ours=ours,
    )


def workload(name: str, family: str = "neighbours", **other: Any) -> WorkloadInfo:
    """A workload with some facts."""
    facts: dict[str, Fact] = {"points": 60_000, "k": 5, "dtype": "float32"}
    return WorkloadInfo(name, family, "1-NN", "people meet it", **{"unit": "excess", "facts": facts, **other})


def make_run(workloads: list[WorkloadInfo], cells: list[Cell], **other: Any) -> Run:
    """A run with two competitors and one that isn't installed."""
    names = sorted({cell.competitor for cell in cells} - {"crowfly"})
    competitors = [CompetitorInfo(name, name, "1.0", "environment", "the same") for name in names]
    competitors.append(CompetitorInfo("absent", "absent-package", None, "", ""))
    return Run(
        "full",
        "python -m bench run",
        "2026-11-24T12:00:00",
        60.0,
        **{
            "settings": {"budget": 1.5},
            "machine": {"CPU": "a CPU", "CPUs": 2},
            "versions": {"crowfly": "0.1.0"},
            **other,
        },
        competitors=competitors,
        workloads=workloads,
        cells=cells,
    )


def summarised(run: Run, reasons: list[Reason] | None = None) -> Summary:
    """The summary, with no reasons unless given."""
    return summary.summarise(run, reasons or [])


@pytest.fixture(scope="module")
def everything() -> Run:
    """All statuses, missing values, hostile names, a sweep, kernels, reference problems."""
    cells = [
        cell("fast", "right", side(3.0), side(1.0)),
        cell("fast", "liar", side(None, 0.5), side(1.0), "wrong", detail="liar: farther than the true one"),
        cell("slow", "right", side(0.5, spread=0.02), side(1.0)),
        cell("slow", "dead", None, None, "crashed", detail="dead: first call: signal 11"),
        cell("slow", "late", None, None, "killed", detail="late: first call: over 15 s"),
        cell("slow", "lame", side(None, 1e-3), side(None), "unreached", detail="lame: no setting"),
        cell("slow", "sick", None, None, "failed", detail="sick: MemoryError: 3 GiB"),
        cell("slow", "shy", None, None, "skipped", detail="float64 only"),
        cell("missing", "right", side(2.0), None),
        cell("broken", "right", side(None, 1e-9), side(None, 0.03), "wrong", detail="crowfly: 3 % too far"),
        cell("alone", "crowfly", None, side(0.2, None, peak_mib=None)),
        cell(HOSTILE, HOSTILE, side(1e-7, 0.0, setting=HOSTILE, notes={HOSTILE: HOSTILE}), side(2e-7)),
        cell(
            "exact",
            "right",
            side(None, 1e-9, notes={"digits": 9.0}),
            side(None, 1e-14, notes={"digits": 14.0}),
        ),
        *(cell(f"grow {n}", "right", side(1e-6 * n**2), side(1e-4 * n)) for n in (10, 100, 1000)),
    ]
    workloads = [workload(name) for name in ("fast", "slow", "missing", "broken", "alone", HOSTILE, "later")]
    workloads.append(workload("exact", "accuracy"))
    workloads += [
        workload(f"grow {n}", "how cost grows", sweep="$points", axis="n_points", value=float(n))
        for n in (10, 100, 1000)
    ]
    kernels = [KernelRow("gram", "avx2", "12x8", 1e-6, 5e4, 0.0, "FMA float64", 71.4)]
    peaks = [
        Peak("FMA float64", "avx2", 1, 9.8e10, "FLOP/s"),
        Peak("AMX", "avx2", 1, None, "OP/s", "this CPU has no AMX"),
    ]
    return make_run(workloads, cells, kernels=kernels, peaks=peaks)


def row_of(run: Run, name: str) -> rows.Row:
    """The only row of a workload."""
    (row,) = [row for row in rows.make_rows(run) if row.workload.name == name]
    return row


class TestRows:
    def test_the_best_peer_is_the_fastest_that_is_right(self) -> None:
        run = make_run(
            [workload("w")],
            [
                cell("w", "liar", side(0.001), side(1.0), "wrong"),
                cell("w", "a", side(3.0), side(1.5)),
                cell("w", "b", side(2.0), side(1.0)),
            ],
        )
        row = row_of(run, "w")
        assert row.best is not None
        assert row.best.competitor == "b"
        assert row.ratio == 2.0
        assert row.ours is not None
        assert row.ours.seconds == 1.0  # from the cell of the best peer

    def test_only_wrong_peers(self) -> None:
        row = row_of(make_run([], [cell("w", "liar", side(0.1), side(1.0), "wrong")]), "w")
        assert (row.best, row.ratio, row.outcome) == (None, None, "alone")

    @pytest.mark.parametrize(
        ("name", "state", "outcome"),
        [
            ("fast", "timed", "won"),
            ("slow", "timed", "lost"),
            ("missing", "skipped", "not offered"),
            ("broken", "wrong", "failed"),
            ("alone", "timed", "alone"),
            ("exact", "timed", "untimed"),
        ],
    )
    def test_outcome(self, everything: Run, name: str, state: str, outcome: str) -> None:
        row = row_of(everything, name)
        assert (row.state, row.outcome) == (state, outcome)

    def test_a_wrong_answer_of_crowfly_is_not_hidden_by_right_ones(self) -> None:
        cells = [
            cell("w", "a", side(3.0), side(1.0)),
            cell("w", "b", side(None), side(None, 0.1), "wrong", detail="crowfly: too far"),
        ]
        row = row_of(make_run([], cells), "w")
        assert (row.state, row.ratio, row.outcome) == ("wrong", None, "failed")
        assert row.ours is not None
        assert row.ours.error == 0.1

    def test_nobody_got_so_far(self) -> None:
        row = row_of(
            make_run([], [cell("w", "a", None, None, "killed", detail="reading the data: late")]), "w"
        )
        assert (row.state, row.outcome) == (None, "unmeasured")

    def test_who_is_to_blame(self) -> None:
        assert rows.culprit(cell("w", "a", side(1.0), side(1.0))) is None
        assert rows.culprit(cell("w", "a", side(None), side(1.0), "wrong")) == "a"
        assert (
            rows.culprit(cell("w", "a", side(None), side(None), "wrong", detail="crowfly: too far"))
            == "crowfly"
        )
        assert rows.culprit(cell("w", "a", side(1.0), side(None), "wrong")) == "crowfly"

    def test_targets_are_rows_and_share_what_has_no_target(self) -> None:
        cells = [cell("w", "a", side(1.0), side(1.0), target=target) for target in (1e-6, 1e-10)]
        cells.append(cell("w", "b", None, None, "failed", detail="b: import"))
        found = rows.make_rows(make_run([], cells))
        assert [row.target for row in found] == [1e-6, 1e-10]
        assert all([peer.competitor for peer in row.peers] == ["a", "b"] for row in found)

    def test_places_are_rows(self) -> None:
        cells = [cell("w", "a", side(1.0), side(1.0), isa=isa) for isa in ("avx512", "avx2")]
        assert [row.isa for row in rows.make_rows(make_run([], cells))] == ["avx2", "avx512"]

    @pytest.mark.parametrize(("half_width", "noise"), [(0.03, True), (0.02, False), (None, False)])
    def test_noise(self, half_width: float | None, noise: bool) -> None:
        # Medians 5 % apart; one disturbed repetition widens the spread, not the quartiles.
        theirs, ours = (
            side(
                seconds,
                spread=5.0,
                quartiles=None if half_width is None else (seconds - half_width, seconds + half_width),
            )
            for seconds in (1.0, 1.05)
        )
        assert rows.within_noise(cell("w", "a", theirs, ours)) is noise


class TestSummary:
    def test_tally(self, everything: Run) -> None:
        counts = summary.tally(rows.make_rows(everything))
        assert (counts.won, counts.lost, counts.alone, counts.untimed) == (3, 3, 1, 1)
        assert (counts.failed, counts.not_offered) == (1, 1)

    def test_mean_is_geometric(self) -> None:
        cells = [cell(name, "a", side(ratio), side(1.0)) for name, ratio in (("u", 8.0), ("v", 0.5))]
        (entry,) = summarised(make_run([], cells)).tallies
        assert entry.tally.mean == pytest.approx(2.0, rel=4 * np.finfo(float).eps)

    def test_instruction_sets_are_not_averaged(self) -> None:
        cells = [
            cell("w", "a", side(ratio), side(1.0), isa=isa) for isa, ratio in (("avx2", 2.0), ("avx512", 4.0))
        ]
        assert [(entry.isa, entry.tally.won) for entry in summarised(make_run([], cells)).tallies] == [
            ("avx2", 1),
            ("avx512", 1),
        ]

    def test_wrong_answers_are_counted_for_whom_they_are_of(self, everything: Run) -> None:
        wrong = {library.name: library.statuses["wrong"] for library in summarised(everything).libraries}
        assert {name for name, count in wrong.items() if count} == {"crowfly", "liar"}

    def test_losses_are_worst_first_with_their_reasons(self, everything: Run) -> None:
        reasons = [Reason("sl*", "right", "known"), Reason("*", "*", "later")]
        found = summary.losses(rows.make_rows(everything), reasons)
        assert [loss.cell.workload for loss in found] == ["grow 10", HOSTILE, "slow"]
        assert [loss.ratio for loss in found] == sorted(loss.ratio for loss in found)
        assert next(loss.why for loss in found if loss.cell.workload == "slow") == "known"

    def test_every_faster_competitor_is_a_loss(self) -> None:
        cells = [cell("w", name, side(seconds), side(1.0)) for name, seconds in (("a", 0.5), ("b", 0.2))]
        cells.append(cell("w", "liar", side(0.1), side(1.0), "wrong"))
        found = summarised(make_run([], cells)).losses
        assert [(loss.cell.competitor, loss.why) for loss in found] == [
            ("b", summary.NO_REASON),
            ("a", summary.NO_REASON),
        ]

    def test_reasons_file(self, tmp_path: Path) -> None:
        path = tmp_path / "reasons.toml"
        path.write_text('[[reason]]\nworkload = "a*"\ncompetitor = "*"\nwhy = "because"\n', encoding="utf-8")
        assert summary.reason_for(summary.load_reasons(path), "abc", "x") == "because"
        path.write_text('[[reason]]\nworkload = "a*"\n', encoding="utf-8")
        with pytest.raises(ValueError, match=r"reasons\.toml"):
            summary.load_reasons(path)

    def test_reasons_of_this_tree_are_readable(self) -> None:
        assert isinstance(summary.load_reasons(), list)

    def test_digits(self, everything: Run) -> None:
        (entry,) = summarised(everything).accuracy
        assert {name: solved.digits for name, solved in entry.solved.items()} == {
            "crowfly": 14.0,
            "right": 9.0,
        }
        assert entry.best == {"crowfly"}

    def test_reference_problems_have_no_table_of_times(self, everything: Run) -> None:
        assert "accuracy" not in summarised(everything).families

    def test_interrupted(self, everything: Run) -> None:
        assert summarised(everything).unmeasured == ["later"]


class TestGrowth:
    @pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
    def test_exact_laws(self, exponent: float) -> None:
        fit = growth.fit_power([(n, 3e-7 * n**exponent) for n in (10.0, 30.0, 100.0, 300.0, 1e3, 3e3)])
        assert fit is not None
        assert fit.points == 3
        # The logarithms, of size up to 15, are rounded; the abscissae span more than 2.
        assert fit.exponent == pytest.approx(exponent, abs=100 * np.finfo(float).eps)
        assert fit.error == pytest.approx(0.0, abs=100 * np.finfo(float).eps)

    def test_fixed_cost_of_small_sizes_is_left_out(self) -> None:
        points = [(float(n), max(1.0, n / 1000)) for n in (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)]
        fit = growth.fit_power(points)
        assert fit is not None
        assert fit.exponent == pytest.approx(1.0)

    def test_standard_error(self) -> None:
        # y = 0, 1, 0 at x = -1, 0, 1: residuals -1/3, 2/3, -1/3 with one degree of freedom, sum of squares of x is 2.
        fit = growth.fit_power([(math.exp(x), math.exp(y)) for x, y in ((-1, 0), (0, 1), (1, 0))])
        assert fit is not None
        assert fit.error == pytest.approx(math.sqrt(2 / 3 / 2))

    def test_too_few_points(self) -> None:
        assert growth.fit_power([]) is None
        assert growth.fit_power([(1.0, 1.0)]) is None
        assert growth.fit_power([(1.0, 1.0), (1.0, 2.0)]) is None
        assert growth.fit_power([(1.0, 1.0), (2.0, 4.0)]) == growth.Fit(pytest.approx(2.0), None, 2)  # type: ignore[arg-type]

    def test_curves(self, everything: Run) -> None:
        (sweep,) = summarised(everything).sweeps
        fits = {curve.library: curve.time_fit for curve in sweep.curves}
        assert list(fits) == ["crowfly", "right"]
        assert [round(fit.exponent, 9) for fit in fits.values() if fit] == [1.0, 2.0]

    def test_a_sweep_of_threads_is_one_curve(self) -> None:
        infos = [workload(f"w{n}", sweep="s", axis="threads", value=float(n)) for n in (1, 2, 4)]
        cells = [cell(f"w{n}", "a", side(2.0 / n), side(1.0 / n), threads=n) for n in (1, 2, 4)]
        (sweep,) = summarised(make_run(infos, cells)).sweeps
        assert sweep.threads is None
        assert [len(curve.time) for curve in sweep.curves] == [3, 3]

    def test_a_wrong_library_has_no_point(self) -> None:
        info = workload("w", sweep="s", axis="n", value=1.0)
        (sweep,) = summarised(make_run([info], [cell("w", "liar", side(1.0), side(1.0), "wrong")])).sweeps
        assert [curve.library for curve in sweep.curves] == ["crowfly"]


class TestFormatting:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (12.34, "12.3 s"),
            (1.0, "1.00 s"),
            (0.9996, "1.00 s"),
            (0.01, "10.0 ms"),
            (1.234e-5, "12.3 µs"),
            (1e-9, "0.00100 µs"),
            (4321, "4320 s"),
            (None, "–"),
        ],
    )
    def test_seconds(self, value: float | None, text: str) -> None:
        assert formatting.seconds(value) == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [(0.987, "0.99"), (1.0, "1.00"), (9.996, "10.0"), (231.4, "231"), (0.0123, "0.0123")],
    )
    def test_ratio(self, value: float, text: str) -> None:
        assert formatting.ratio(value) == text

    def test_errors(self) -> None:
        assert [formatting.error(value) for value in (0.0, 1.23e-9, 0.031, 12.0, None)] == [
            "0",
            "1.2e-9",
            "3.1e-2",
            "1.2e1",
            "–",
        ]

    def test_rates(self) -> None:
        assert [formatting.rate(value, "B/s") for value in (2.34e10, 9.999e11, 12.0, None)] == [
            "23.4 GB/s",
            "1.00 TB/s",
            "12.0 B/s",
            "–",
        ]

    def test_exponents(self) -> None:
        assert formatting.exponent(growth.Fit(-1e-9, 0.004, 3)) == "0.00 ± 0.00"
        assert formatting.exponent(growth.Fit(2.0, None, 2)) == "2.00"


class Page(HTMLParser):
    """Tags and attributes of a page; complains about tags that are closed in the wrong order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        """All text, spaces collapsed."""
        return " ".join(" ".join(self.text).split())


EMPTY = make_run([], [])
RUNS = {
    "empty": EMPTY,
    "one cell": make_run(
        [workload("w", sweep="s", axis="n", value=8.0)], [cell("w", "a", side(1.0), side(2.0))]
    ),
    "no peers": make_run([workload("w")], [cell("w", "crowfly", None, side(1.0))]),
    "workloads without cells": make_run([workload("w")], []),
}


@pytest.fixture(scope="module")
def rendered(everything: Run) -> str:
    """The page of everything."""
    return page.render([summarised(everything)])


class TestPage:
    def test_parses_and_fetches_nothing(self, rendered: str) -> None:
        parsed = Page(rendered)
        for tag, name, value in parsed.attributes:
            assert tag not in {"script", "link", "img", "iframe", "object"}
            if name in {"src", "href", "xlink:href", "srcset", "data", "action"}:
                assert value.startswith("#")
            if not name.startswith("xmlns"):
                assert "//" not in value
        assert "@import" not in rendered
        assert set(re.findall(r"url\((.)", rendered)) <= {"#"}

    def test_ids_are_unique_and_links_lead_somewhere(self, everything: Run) -> None:
        parsed = Page(page.render([summarised(everything)] * 2))
        ids = [value for _, name, value in parsed.attributes if name == "id"]
        assert len(ids) == len(set(ids))
        targets = {value[1:] for _, name, value in parsed.attributes if name.endswith("href")}
        assert targets <= set(ids)

    def test_names_are_text(self, rendered: str) -> None:
        assert "<b>&" not in rendered
        assert html.escape(HOSTILE, quote=False) in rendered
        assert HOSTILE in Page(rendered).words

    def test_says_what_happened(self, rendered: str) -> None:
        words = Page(rendered).words
        for text in (
            "crowfly is faster than the best right peer in 1 of 3 comparisons, slower in 2",
            "crowfly gives no right answer in 1 of the 10 rows",
            "It doesn't offer 1 of",
            "✗ wrong",
            "crowfly: 3 % too far",
            "3.0e-2",
            "liar: farther than the true one",
            "5.0e-1",
            "MemoryError: 3 GiB",
            "not timed: crowfly failed",
            summary.NO_REASON,
            "this CPU has no AMX",
            "absent-package (not installed)",
            "Not installed, so not compared: absent.",
            "2.00 ± 0.00",
        ):
            assert text in words
        assert "nan" not in words.lower()

    def test_a_reason_is_beside_its_loss(self, everything: Run) -> None:
        words = Page(page.render([summarised(everything, [Reason("slow", "right", "a known cause")])])).words
        assert words.count("a known cause") == 1

    def test_a_ratio_is_readable_without_colour(self, rendered: str) -> None:
        words = Page(rendered).words
        assert "▲ 3.00 faster" in words
        assert "▼ 0.50 slower" in words

    @pytest.mark.parametrize("name", RUNS)
    def test_odd_runs(self, name: str) -> None:
        words = Page(page.render([summarised(RUNS[name])])).words
        assert "nan" not in words.lower()
        assert "None" not in words

    def test_bars_stay_inside(self) -> None:
        assert page.bar_place(1.0, 4.0) == "left:50.0%;width:0.0%"
        assert page.bar_place(0.5, 4.0) == "left:25.0%;width:25.0%"
        assert page.bar_place(1e9, 4.0) == "left:50.0%;width:50.0%"

    def test_same_bytes_again(self, everything: Run, rendered: str) -> None:
        assert page.render([summarised(everything)]) == rendered


class TestMarkdown:
    def test_tables_are_whole(self, everything: Run) -> None:
        text = markdown.render([summarised(everything)])
        for block in text.split("\n\n"):
            if block.startswith("|"):
                widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
                assert len(widths) == 1
        assert "<b>" not in text
        assert r"&lt;b&gt;&amp;\|\`\$x_1\$\*" in text

    def test_says_what_happened(self, everything: Run) -> None:
        text = markdown.render([summarised(everything, [Reason("slow", "right", "a known cause")])])
        for words in (
            "slower in 2, and 0 are within noise",
            "liar: wrong (error 5.0e-1)",
            "* broken: wrong (error 3.0e-2): crowfly: 3 % too far",
            "| 0.50 | right | slow | 1.00 s | 500 ms | a known cause |",
            "* missing: not offered",
            "2.00 ± 0.00",
            "| gram | avx2 | 12x8 |",
            "| exact | 14.0 (1.0e-14) | 9.0 (1.0e-9) |",
        ):
            assert words in text
        assert "nan" not in text.lower()

    @pytest.mark.parametrize("name", RUNS)
    def test_odd_runs(self, name: str) -> None:
        text = markdown.render([summarised(RUNS[name])])
        assert "None" not in text
        assert text.endswith("\n")

    def test_same_bytes_again(self, everything: Run) -> None:
        shuffled = dataclasses.replace(everything, cells=everything.cells[::-1])
        assert markdown.render([summarised(everything)]) == markdown.render([summarised(shuffled)])

    def test_what_people_wrote_stays(self) -> None:
        before = f"# Speed\n\nWords.\n\n{markdown.BEGIN}\nold\n{markdown.END}\n\nMore words.\n"
        after = markdown.insert(before, "new\n")
        assert after.startswith("# Speed\n\nWords.\n")
        assert after.endswith("\n\nMore words.\n")
        assert "old" not in after
        assert markdown.insert(after, "new\n") == after
        with pytest.raises(ValueError, match="marks"):
            markdown.insert("# Speed\n\nWords.\n", "new\n")

    def test_literals_with_backticks(self) -> None:
        assert markdown.code("a") == "`a`"
        assert markdown.code("a`b") == "`` a`b ``"


class TestCommand:
    def test_writes_both(self, everything: Run, tmp_path: Path) -> None:
        result, target, tables = (tmp_path / name for name in ("run.json", "page.html", "performance.md"))
        save(everything, result)
        words = [str(result), "--html", str(target), "--markdown", str(tables)]
        assert report.main(words) == 0
        first = tables.read_text(encoding="utf-8")
        assert report.main(words) == 0
        assert tables.read_text(encoding="utf-8") == first
        assert first.startswith("# Performance")
        Page(target.read_text(encoding="utf-8"))

    def test_several_runs_are_sections(self, everything: Run) -> None:
        words = Page(page.render([summarised(everything), summarised(EMPTY)])).words
        assert "full, a CPU, avx2, 1 thread" in words
        assert "Nothing has been measured." in words

    def test_no_result(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert report.main([str(tmp_path / "none.json"), "--html", str(tmp_path / "page.html")]) == 2
        assert "none.json" in capsys.readouterr().err
        assert not (tmp_path / "page.html").exists()


def test_a_few_rows_elsewhere_get_no_verdict_of_their_own() -> None:
    cells = [cell(f"w{n}", "a", side(2.0), side(1.0), threads=2) for n in range(6)]
    cells.append(cell("w", "a", side(0.1), side(1.0), threads=1))
    (paragraph,) = wording.verdict(rows.make_rows(make_run([], cells)))
    assert paragraph.startswith("avx2, 2 threads: ")
    assert "6 of 6" in paragraph


def test_verdict_when_slower() -> None:
    run = make_run([], [cell("w", "a", side(0.5), side(1.0))])
    (sentence,) = wording.verdict(rows.make_rows(run))
    assert "in 0 of 1 comparisons, slower in 1" in sentence
    assert "2.00 times slower" in sentence
