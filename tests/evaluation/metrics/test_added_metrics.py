"""Metrics that other packages add: measured as ours are, marked as theirs, and never the end of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics import METRICS, Metric, Ratio
from drive_sim.evaluation.metrics.metric import metric
from drive_sim.evaluation.report.limits import limits
from drive_sim.evaluation.report.tables import Column, family_rows
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import EpisodeRow, EstimateRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import DrivenEpisodes
from drive_sim.evaluation.running.summary import _added_metrics
from drive_sim.evaluation.statistics.estimates import EpisodeScore, estimate_all, score_episode
from drive_sim.evaluation.statistics.training_seeds import across_training_runs
from drive_sim.evaluation.suites.suite import load_suite

FACTS = DriverFacts(name="net", given="net", hash=None, privileged=False, controller="classical")


def of(name: str, measure: Callable[[EpisodeLog], Any], **changes: Any) -> Metric:
    """A metric of another package."""

    def toy(log: EpisodeLog) -> Any:
        """Toy number of an episode [m/s]. It is made for a test."""
        return measure(log)

    toy.__name__ = name
    given = {"unit": "m/s", "formula": "a formula", "source": "a paper", "aggregation": "mean", "better": "lower"}
    return metric(**{**given, **changes})(toy)  # type: ignore[arg-type]


def mean_speed(log: EpisodeLog) -> float:
    return float(log.speed.mean())


@pytest.fixture
def scores(make_log: Callable[..., EpisodeLog]) -> Callable[[], list[EpisodeScore]]:
    """Four episodes on four roads at 5, 10, 15 and 20 m/s."""
    return lambda: [score_episode(make_log(40, speed=5.0 * n, facts={"road_seed": n})) for n in range(1, 5)]


def added(scores: list[EpisodeScore], estimated: dict[str, EstimateRow]) -> dict[str, Any]:
    return {name: one.model_dump() for name, one in _added_metrics([DrivenEpisodes(FACTS, scores)], estimated).items()}


def rows(scores: list[EpisodeScore]) -> dict[str, EstimateRow]:
    return {name: EstimateRow(**found.to_json()) for name, found in estimate_all(scores).items()}


def test_it_is_measured_of_each_episode_and_estimated_with_an_interval(add_entries, scores) -> None:
    add_entries(METRICS, {"toy_speed": of("toy_speed", mean_speed)})
    made = scores()
    assert [EpisodeRow(**one.to_json()).model_dump()["toy_speed"] for one in made] == [5.0, 10.0, 15.0, 20.0]
    found = rows(made)["toy_speed"]
    assert found.estimate == 12.5
    assert 5.0 <= found.low < 12.5 < found.high <= 20.0
    assert across_training_runs([made, made])["toy_speed"].estimate == 12.5


def test_it_changes_no_number_of_ours(add_entries, scores) -> None:
    alone = estimate_all(scores())
    add_entries(METRICS, {"toy_speed": of("toy_speed", mean_speed)})
    beside = estimate_all(scores())
    assert beside.pop("toy_speed").estimate == 12.5
    assert beside == alone


def test_results_and_report_mark_it_as_not_ours(add_entries, scores) -> None:
    add_entries(METRICS, {"toy_speed": of("toy_speed", mean_speed)})
    made = scores()
    assert added(made, rows(made))["toy_speed"] == {
        "package": "toy_package:toy_speed",
        "defined_in": None,
        "unit": "m/s",
        "formula": "a formula",
        "source": "a paper",
        "better": "lower",
        "problem": None,
    }
    families = family_rows([Column(FACTS, rows(made), 4)])
    assert list(families)[-1] == "Added by toy_package:toy_speed, not part of drive_sim"
    assert [row.metric for row in list(families.values())[-1]] == ["toy_speed"]


def test_one_that_raises_says_nothing_of_that_episode_and_why(add_entries, scores) -> None:
    def slow_only(log: EpisodeLog) -> float:
        if log.speed[0] > 12.0:
            raise ZeroDivisionError("too fast")
        return mean_speed(log)

    add_entries(METRICS, {"toy_speed": of("toy_speed", slow_only)})
    made = scores()
    assert rows(made)["toy_speed"].estimate == 7.5
    assert rows(made)["toy_speed"].episodes == 2
    problem = added(made, rows(made))["toy_speed"]["problem"]
    assert problem == "failed in 2 of 4 episodes, first ZeroDivisionError: too fast"


@pytest.mark.parametrize("answer", ["fast", None, Ratio(1.0, "s"), [1.0, 2.0]])
@pytest.mark.slow
def test_one_that_answers_no_number_says_nothing(add_entries, scores, answer: Any) -> None:
    add_entries(METRICS, {"toy_speed": of("toy_speed", lambda log: answer)})
    made = scores()
    assert "toy_speed" not in rows(made)
    assert "failed in 4 of 4 episodes" in added(made, rows(made))["toy_speed"]["problem"]


def test_one_whose_estimate_raises_is_left_out_and_said_so(add_entries, scores) -> None:
    def root(ratio: float) -> float:
        return math.sqrt(12.0 - ratio) if ratio in (5.0, 10.0) else 0.0 if ratio in (15.0, 20.0) else 1 / 0

    add_entries(METRICS, {"toy_speed": of("toy_speed", mean_speed, of_ratio=root)})
    made = scores()
    assert "toy_speed" not in rows(made)
    assert added(made, rows(made))["toy_speed"]["problem"] == "cannot be estimated of what it answers"


@pytest.mark.parametrize(
    ("name", "thing", "told"),
    [
        ("toy_speed", None, "cannot be loaded from toy_package:toy_speed: AttributeError"),
        ("toy_speed", 12, "is int, not a Metric"),
        ("toy_speed", of("toy_pace", mean_speed), "is called 'toy_pace' in its package"),
        ("outcome", of("outcome", mean_speed), "has the name of a field of an episode"),
    ],
)
@pytest.mark.slow
def test_one_that_cannot_be_used_is_named_and_the_others_are_measured(
    add_entries, scores, made_results: Results, name: str, thing: object, told: str
) -> None:
    add_entries(METRICS, {name: thing})
    made = scores()
    assert "autonomy" in rows(made)
    assert name not in rows(made)
    found = _added_metrics([DrivenEpisodes(FACTS, made)], rows(made))
    assert told in (found[name].problem or "")
    results = made_results.model_copy(update={"added_metrics": found})
    said = limits(results, load_suite("obstacle-avoidance"))
    assert any(f"The metric {name} of toy_package:{name} is missing: {told}" in sentence for sentence in said)


def test_an_error_in_one_of_ours_is_not_hidden(scores, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = of("autonomy", lambda log: 1 / 0)
    monkeypatch.setitem(METRICS._own, "autonomy", broken)
    with pytest.raises(ZeroDivisionError):
        scores()
