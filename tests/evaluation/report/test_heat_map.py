"""Where a driver fails: pooled episodes, honest intervals, and no colour that has to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drive_sim.evaluation.report import heat_map as report_heat
from drive_sim.evaluation.report.heat_map import domains, heat_map
from drive_sim.evaluation.report.words import percent
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.statistics.estimates import EpisodeScore, score_episode
from drive_sim.world.state import EVENT_FINISH


@pytest.fixture
def drive(make_log):
    """One episode of 10 s on a road of its own, with as many interventions."""

    def make(road_class: str, weather: str, interventions: int = 0) -> EpisodeScore:
        counts = [0] * 50 + [interventions] * 50
        facts: dict[str, Any] = {"road_class": road_class, "weather": weather, "road": f"{road_class}-{weather}"}
        return score_episode(make_log(100, events={99: EVENT_FINISH}, interventions=counts, facts=facts))

    return make


def rows(scores: Sequence[EpisodeScore], conditions: Sequence[str | None] = ()) -> list[EpisodeRow]:
    found = [EpisodeRow(**score.to_json()) for score in scores]
    if not conditions:
        return found
    return [row.model_copy(update={"condition": value}) for row, value in zip(found, conditions, strict=True)]


def test_drives_are_pooled_and_cells_without_drives_are_empty(drive) -> None:
    scores = [drive("rural", "dry"), drive("rural", "dry", 1), drive("urban", "rain")]
    heat = heat_map(scores, rows(scores), "autonomy")
    assert heat is not None
    assert (heat.rows, heat.columns, heat.column_fact) == (["rural", "urban"], ["dry", "rain"], "weather")
    cell = heat.cells[0][0]
    assert cell is not None
    assert cell.value == percent(1.0 - 6.0 / (2 * 10.0))
    assert cell.shade == pytest.approx(0.6)
    assert (cell.episodes, cell.failed) == (2, 1)
    assert heat.cells[0][1] is None
    assert heat.cells[1][1] is not None
    assert heat.cells[1][1].shade == 0.0


def test_a_cell_says_in_words_how_little_it_knows(drive) -> None:
    scores = [drive("rural", "dry"), drive("urban", "rain")]
    heat = heat_map(scores, rows(scores), "autonomy")
    assert heat is not None
    cell = heat.cells[0][0]
    assert cell is not None
    low, high = cell.interval.split(" to ")
    assert (high, cell.value) == ("100", "100")
    assert float(low.replace("−", "-")) < 90.0
    assert cell.sentence == f"100 %, 95 % interval {cell.interval} %; one episode, 0 failed"


def test_drives_with_nothing_to_judge_by_are_not_called_perfect(drive) -> None:
    scores = [drive("rural", "dry"), drive("urban", "rain")]
    heat = heat_map(scores, rows(scores), "collision_free_passes")  # nobody was met
    assert heat is not None
    assert heat.cells[0][0] == report_heat.HeatCell("–", "", 0.0, 1, 0, "one episode, 0 failed; nothing to judge by")


def test_a_suite_with_conditions_is_shown_by_them_and_any_other_by_weather(drive) -> None:
    scores = [drive("rural", "dry"), drive("urban", "dry")]
    assert domains(rows(scores)) == ("weather", ["dry", "dry"])
    assert domains(rows(scores, ["", None])) == ("weather", ["dry", "dry"])
    assert domains(rows(scores, ["blind camera", ""])) == ("condition", ["blind camera", "none"])
    heat = heat_map(scores, rows(scores, ["blind camera", ""]), "autonomy")
    assert heat is not None
    assert (heat.columns, heat.column_fact) == (["blind camera", "none"], "condition")


def test_what_tells_no_drives_apart_gets_no_map(drive) -> None:
    scores = [drive("rural", "dry")]
    assert heat_map(scores, rows(scores), "autonomy") is None
