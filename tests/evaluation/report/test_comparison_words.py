"""What a comparison is said to have shown: better, worse, or nothing."""

from __future__ import annotations

import pytest

from drive_sim.evaluation.report import comparison_words as words
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import Baseline, ComparedDriver, ComparisonRow
from drive_sim.evaluation.results import Results


def driver(name: str) -> DriverFacts:
    return DriverFacts(name=name, given=name, hash=None, privileged=False, controller="classical")


def row(metric: str, better: str | None) -> ComparisonRow:
    unknown = dict.fromkeys(("a", "b", "difference", "low", "high", "p_value", "p_adjusted"))
    return ComparisonRow(metric=metric, unit="1", test="", episodes=9, better=better, sentence="", **unknown)


@pytest.mark.parametrize(
    ("better", "said"),
    [
        ({"expert": "net"}, "Net is shown to be better than the expert."),
        ({"expert": "expert", "r157": "r157", "straight": "net"},
         "Net is shown to be better than driving straight ahead; "
         "net is shown to be worse than the expert and the reference driver after UN R157."),
        ({"expert": None, "straight": None},
         "With these episodes no difference can be shown to the expert or driving straight ahead."),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_baselines_stand_where_comparing_has_put_them(
    better: dict[str, str | None], said: str, made_results: Results
) -> None:
    baselines = [
        Baseline(driver=driver(name), episodes=9, metrics={}, comparison=row("autonomy", who))
        for name, who in better.items()
    ]
    silent = Baseline(driver=driver("classical"), episodes=9, metrics={}, comparison=None)
    assert words.standing(made_results.model_copy(update={"baselines": [*baselines, silent]})) == said


def test_a_compared_driver_is_better_on_some_metrics_and_worse_on_others(made_row) -> None:
    found = {"autonomy": "net", "min_ttc": "old", "min_clearance": "net", "success": None, "survival_time": None}
    rows = [row(metric, better) for metric, better in found.items()]
    other = ComparedDriver(driver=driver("old"), metrics={}, comparison=rows, episodes=[made_row()] * 7)
    assert words.compared(other, "net") == (
        "Net is shown to be better on autonomy and min clearance; old is shown to be better on min ttc; "
        "with these 7 episodes no difference can be shown on success or survival time."
    )
    assert words.compared(other.model_copy(update={"comparison": []}), "net") == ""
