"""The report's words and numbers: no certainty that the episodes do not give."""

from __future__ import annotations

import pytest

from drive_sim.evaluation.report import words as report_words
from drive_sim.evaluation.result_rows import EstimateRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.suites.suite import load_suite


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.987, "98.7"),
        (1.0, "100"),
        (0.9999, "99.99"),
        (0.99951, "99.95"),
        (0.0, "0"),
        (0.0002, "0.02"),
        (0.99999999, "99.9999"),
        (1e-9, "0.0001"),
        (-0.4, "−40"),
    ],
)
def test_a_share_is_never_rounded_to_certainty(share: float, shown: str) -> None:
    assert report_words.percent(share) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.21345, "m", "0.213"),
        (12.34, "km", "12.3"),
        (1234.5, "m", "1 234"),
        (None, "m", "–"),
        (-0.05, "m", "−0.0500"),
        (0.09996, "m", "0.100"),
    ],
)
def test_other_numbers_have_three_digits(value: float | None, unit: str, shown: str) -> None:
    assert report_words.number(value, unit).replace("\u202f", " ") == shown


def row(
    estimate: float | None, low: float | None, high: float | None, unit: str = "1", basis: float = 50.0
) -> EstimateRow:
    return EstimateRow(estimate=estimate, low=low, high=high, unit=unit, episodes=50, basis=basis)


def test_without_an_intervention_only_a_bound_is_claimed() -> None:
    assert report_words.estimate_text(row(None, 1.58, None, "km")) == "> 1.58"
    assert report_words.interval_text(row(None, 1.58, None, "km")) == ""


def test_the_verdict_on_obstacles_counts_encounters(made_results: Results) -> None:
    passes = {"collision_free_passes": row(0.85, 0.79, 0.894, basis=200.0)}
    words = report_words.verdict(made_results.model_copy(update={"metrics": passes}), load_suite("obstacle-avoidance"))
    assert words.startswith("Got past 170 of 200 encounters without contact: 85 % (95 % interval 79 to 89.4 %)")


def test_a_negative_autonomy_is_put_into_words(made_results: Results) -> None:
    metrics = {"autonomy": row(-0.2, -0.5, 0.1)}
    words = report_words.verdict(made_results.model_copy(update={"metrics": metrics}), load_suite("lane-keeping"))
    assert words.startswith("Needed help more often than every 6 s: autonomy −20 % (95 % interval −50 to 10 %)")


def test_a_headline_with_a_unit_is_told_with_its_interval(made_results: Results) -> None:
    suite = load_suite("lane-keeping").model_copy(update={"headline": "lateral_error_mean"})
    known = made_results.model_copy(update={"metrics": {"lateral_error_mean": row(0.125, 0.11, 0.15, "m")}})
    told = report_words.verdict(known, suite).replace("\u00a0", " ")
    assert told == "Lateral error mean 0.125 m (95 % interval 0.110 to 0.150 m) in 3 episodes on roads it never saw."


def test_without_anything_to_say_the_verdict_says_so(made_results: Results) -> None:
    words = report_words.verdict(made_results.model_copy(update={"metrics": {}}), load_suite("obstacle-avoidance"))
    assert words == "Nothing in these 3 episodes says anything about collision free passes."


def test_no_collision_is_not_sold_as_none_ever(made_results: Results) -> None:
    clean = made_results.model_copy(update={"metrics": {"collisions_per_km": row(0.0, 0.0, 0.16, "1/km")}})
    said = " ".join(report_words.findings(clean, load_suite("lane-keeping")))
    assert "less often than 0.160 times per km (95 % confidence)" in said
