"""Whether an episode that is driven again is the one that was scored, and what to think of where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drive_sim.compute.hardware import processor_name
from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.metrics.metric import metric
from drive_sim.evaluation.result_facts import Machine
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.running.scored_episode import ScoredEpisode
from drive_sim.evaluation.statistics.estimates import score_episode

HERE = Machine.this("cpu")
ELSEWHERE = Machine(processor="Toy CPU", cores=64)


def scored(log: EpisodeLog, machine: Machine | None = HERE, scored_on: str = "cpu") -> ScoredEpisode:
    """The episode of a log, as results hold it."""
    row = EpisodeRow(**score_episode(log).to_json())
    nothing: Any = None
    return ScoredEpisode(nothing, nothing, "terminate", row, "cpu", scored_on, machine)


def test_the_same_log_is_the_same_episode_on_any_machine(make_log: Callable[..., EpisodeLog]) -> None:
    assert scored(make_log(40), ELSEWHERE).verdict(make_log(40)).startswith("the same")


@pytest.mark.parametrize(
    ("machine", "scored_on", "told"),
    [
        (HERE, "cpu", "m"),
        (HERE.model_copy(update={"cores": HERE.cores + 1}), "cpu", "m"),
        (ELSEWHERE, "cpu", f"; that was computed on Toy CPU, not {processor_name()}"),
        (
            ELSEWHERE.model_copy(update={"gpu": "Toy GPU"}),
            "cuda",
            f"; that was computed on Toy GPU, Toy CPU, not {processor_name()}",
        ),
        (None, "cpu", "m"),
        (None, "cuda", "; that was computed on cuda, not cpu"),
    ],
)
def test_another_episode_is_told_with_the_processor_where_it_is_another(
    make_log: Callable[..., EpisodeLog], machine: Machine | None, scored_on: str, told: str
) -> None:
    verdict = scored(make_log(40), machine, scored_on).verdict(make_log(40, speed=11.0))
    assert verdict.startswith("not the same")
    assert verdict.endswith(told)
    assert ("computed on" in verdict) == (told != "m")


def test_metrics_of_packages_that_came_or_went_make_no_other_episode(
    make_log: Callable[..., EpisodeLog], add_entries: Any
) -> None:
    without = scored(make_log(40))

    @metric("m/s", formula="max v", source="toy", aggregation="mean", better="higher")
    def toy_speed(log: EpisodeLog) -> float:
        """Largest speed [m/s]."""
        return float(log.speed.max())

    before = METRICS._added
    add_entries(METRICS, {"toy_speed": toy_speed})
    assert without.verdict(make_log(40)).startswith("the same")
    with_it = scored(make_log(40))
    assert "toy_speed" in with_it.row.model_dump()
    METRICS._added = before
    assert with_it.verdict(make_log(40)).startswith("the same")
