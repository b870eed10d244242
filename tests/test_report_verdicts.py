# SPDX-License-Identifier: BSD-3-Clause
"""Risks, intervals and verdicts: the rule by itself, and on synthetic tables whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("polars")

from crowfly.report import risks, study
from crowfly.report.options import ReportOptions
from crowfly.report.risks import Interval
from crowfly.report.study import ModelResult, Report
from crowfly.report.verdicts import Judged, judge, paired_interval

CLEAR, UNCLEAR = 0.02, 0.5


class Silent:
    """Progress that shows nothing."""

    def plan(self, n_steps: int) -> None:
        """Ignore the length."""

    def begin(self, what: str) -> None:
        """Ignore the step."""


def report_on(folder: Path, X: Any, y: Any, **options: Any) -> Report:
    np.savez(folder / "t.npz", X=X, y=y)
    return study.run(ReportOptions(table=folder / "t.npz", output=None, **options), Silent())


def result(report: Report, key: str) -> ModelResult:
    return next(r for r in report.results if r.evaluation.model.key == key)


def case(
    training: float, test: float, best: float, spread: float, trivial: float = 1.0, **rest: Any
) -> Judged:
    """A case whose three intervals all have the half-width ``spread``."""

    def around(value: float) -> Interval:
        return Interval(value, value - spread, value + spread)

    return Judged(
        training=training,
        test=around(test),
        excess=around(test - best),
        over_trivial=around(test - trivial),
        best_name="the best",
        trivial=trivial,
        **rest,
    )


@pytest.mark.parametrize(
    ("judged", "word", "because"),
    [
        # The loss against the best is clear; its larger part names it.
        (case(0.05, 0.40, 0.20, CLEAR), "overfits", "the gap"),
        (case(0.38, 0.40, 0.20, CLEAR), "underfits", "too rigid"),
        (case(0.30, 0.50, 0.20, CLEAR), "overfits", "the gap"),
        (case(0.40, 0.50, 0.20, CLEAR), "underfits", "too rigid"),
        # The same figures from few test points decide nothing.
        (case(0.38, 0.40, 0.20, UNCLEAR), "neither", "no clear difference"),
        # Clear, but less than 2 % of the trivial risk.
        (case(0.20, 0.21, 0.20, 0.001), "neither", "too little to matter"),
        # Among the best, with a wide gap: more than twice the training risk, clear and material.
        (case(0.05, 0.20, 0.20, CLEAR), "overfits", "4.0 times its training risk"),
        (case(0.00, 0.20, 0.20, CLEAR), "overfits", "no error on the training points"),
        (case(0.11, 0.20, 0.20, CLEAR), "neither", "no clear difference"),
        (case(0.001, 0.01, 0.01, 0.001), "neither", "no clear difference"),
        (case(0.05, 0.20, 0.20, CLEAR, is_best=True), "overfits", "more data"),
        (case(0.18, 0.20, 0.20, CLEAR, is_best=True), "neither", "smallest test risk of all."),
        (case(0.18, 0.20, 0.20, CLEAR, is_best=True, is_shared=True), "neither", "shared with others"),
        # Training risk 0 by construction: only the comparison with the best counts.
        (case(0.00, 0.20, 0.20, CLEAR, memorises=True), "neither", "0 by construction"),
        (case(0.00, 0.40, 0.20, CLEAR, memorises=True), "overfits", "0 by construction"),
        (case(0.01, 0.20, 0.20, CLEAR, memorises=True), "neither", "equal points"),
        # Against the trivial predictor.
        (case(1.00, 1.00, 1.00, CLEAR), "neither", "not clearly better than the trivial"),
        (case(0.00, 2.00, 1.00, CLEAR, memorises=True), "overfits", "clearly worse than the trivial"),
    ],
)
def test_rule(judged: Judged, word: str, because: str) -> None:
    verdict = judge(judged)
    assert verdict.word == word
    assert because in verdict.reason


def test_gap_is_test_minus_training() -> None:
    assert case(0.25, 0.75, 0.5, CLEAR).gap == 0.5


def test_linear_truth(tmp_path: Path) -> None:
    """Least squares is the right model: it neither over- nor underfits; 1-NN follows the noise."""
    rng = np.random.default_rng(10)
    X = rng.normal(size=(800, 5))
    report = report_on(tmp_path, X, X.sum(axis=1) + rng.normal(size=800))
    assert result(report, "least-squares").verdict.word == "neither"
    assert result(report, "least-squares").test.low < 1 < result(report, "least-squares").test.high
    nearest = result(report, "1nn")
    assert (nearest.training, nearest.verdict.word) == (0, "overfits")
    assert nearest.gap.value == nearest.test.value


def test_curved_truth_is_underfitted_by_a_line(tmp_path: Path) -> None:
    """No line fits one period of a cosine: least squares underfits, k-NN doesn't."""
    rng = np.random.default_rng(11)
    x = rng.uniform(size=800)
    report = report_on(tmp_path, x, np.cos(2 * np.pi * x) + 0.2 * rng.normal(size=800), target="y")
    line = result(report, "least-squares").verdict
    assert line.word == "underfits"
    assert "not clearly better than the trivial" in line.reason
    assert result(report, "knn").verdict.word == "neither"


def test_polynomial_of_high_degree_overfits_few_points(tmp_path: Path) -> None:
    """Twenty coefficients for thirty points of a noisy line."""
    rng = np.random.default_rng(12)
    x = rng.uniform(size=150)
    report = report_on(
        tmp_path,
        x,
        x + 0.3 * rng.normal(size=150),
        target="y",
        embed="polynomial:20",
        test_size=0.8,
        models=("least-squares", "ridge"),
    )
    assert result(report, "least-squares").verdict.word == "overfits"
    assert result(report, "ridge").verdict.word == "neither"


def test_pure_noise_teaches_nothing(tmp_path: Path) -> None:
    """The target has nothing to do with the features: no model may be called better than the mean."""
    rng = np.random.default_rng(13)
    report = report_on(tmp_path, rng.normal(size=(600, 4)), rng.normal(size=600))
    assert result(report, "1nn").verdict.word == "overfits"
    assert "clearly worse than the trivial" in result(report, "1nn").verdict.reason
    for one in report.results:
        reason = one.verdict.reason
        assert "not clearly better than the trivial" in reason or "clearly worse than the trivial" in reason


def test_separable_classes_are_learned_by_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(14)
    y = np.arange(300) % 3
    X = 20 * np.eye(3)[y] + rng.normal(size=(300, 3))
    report = report_on(tmp_path, X, y)
    for one in report.results:
        assert one.verdict.word == "neither"
        # No error among 75 test points: the rule of three.
        assert (one.test.value, one.test.low, one.test.high) == (0, 0, 3 / 75)
        assert one.evaluation.agreement.agrees


def test_losses_by_hand() -> None:
    np.testing.assert_array_equal(risks.losses("regression", np.array([1.0, 2]), np.array([3.0, 2])), [4, 0])
    np.testing.assert_array_equal(risks.losses("classification", np.array([1, 2]), np.array([1, 0])), [0, 1])


def test_losses_within_rounding_are_no_losses() -> None:
    y = np.array([1e3, -2e3, 0.5])
    np.testing.assert_array_equal(risks.losses("regression", y, y * (1 + 4e-16)), [0, 0, 0])
    np.testing.assert_array_equal(risks.losses("regression", y, y + 0.25), [0.0625] * 3)


def test_bootstrap_interval_covers_the_true_risk() -> None:
    """Of many samples with a known mean, nearly 95 % have it inside their interval."""
    rng = np.random.default_rng(15)
    n_samples = 600
    samples = rng.exponential(size=(n_samples, 100))
    covered = 0
    for sample in samples:
        means = risks.bootstrap_means(sample[None], rng, n_resamples=400)[0]
        interval = risks.risk_interval("regression", sample, means)
        covered += interval.low <= 1 <= interval.high
    # The percentile interval of a skewed loss covers a little less than it promises at n = 100 (about 93 %);
    # four standard deviations of the count around that.
    deviation = np.sqrt(0.93 * 0.07 * n_samples)
    assert abs(covered - 0.93 * n_samples) <= 4 * deviation


def test_bootstrap_spread_is_the_standard_error() -> None:
    rng = np.random.default_rng(16)
    values = rng.normal(size=(1, 400))
    means = risks.bootstrap_means(values, rng, n_resamples=4000)
    assert means.shape == (1, 4000)
    # The standard deviation of 4000 draws is known to 1 / sqrt(8000) = 1.1 %; four times that.
    np.testing.assert_allclose(means.std(), values.std() / 20, rtol=0.045)


def test_paired_interval_sees_what_two_intervals_hide() -> None:
    """Two models with the same hard points: their difference is far more certain than either risk."""
    rng = np.random.default_rng(17)
    hard = rng.exponential(size=200)
    losses = np.array([hard + 0.1, hard])
    means = risks.bootstrap_means(losses, rng)
    difference = paired_interval(losses, means, 0, 1)
    for bound in (difference.value, difference.low, difference.high):
        assert bound == pytest.approx(0.1, rel=1e-9)


def test_bootstrap_in_blocks_draws_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risks, "_WEIGHTS_BLOCK", 1000)
    means = risks.bootstrap_means(np.ones((2, 300)), np.random.default_rng(0), n_resamples=100)
    np.testing.assert_allclose(means, np.ones((2, 100)), rtol=1e-12)
