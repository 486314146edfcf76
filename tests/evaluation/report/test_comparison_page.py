"""Two drivers on the same episodes: who gets through more, on what each is better, and where they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.evaluation.report import comparison_words as words
from drive_sim.evaluation.report.comparison_page import differing_episodes, page_names
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import ComparedDriver, ComparisonRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import Conditions, DrivenEpisodes
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.comparison import PairedOutcomes, pair_outcomes
from drive_sim.evaluation.statistics.estimates import score_episode
from drive_sim.evaluation.suites.suite import load_suite
from drive_sim.world.state import EVENT_COLLISION_VEHICLE, EVENT_FINISH, EVENT_OFF_ROAD

pytestmark = pytest.mark.slow


def test_every_drive_is_counted_in_one_of_four_ways() -> None:
    paired = pair_outcomes([True, True, True, False, False, False], [True, False, False, True, False, False])
    assert (paired.both, paired.only_a, paired.only_b, paired.neither, paired.count) == (1, 2, 1, 2, 6)


def test_only_the_drives_that_differ_decide() -> None:
    eight = pair_outcomes([True] * 8, [False] * 8)
    among_many = pair_outcomes([True] * 108, [False] * 8 + [True] * 100)
    assert eight.p_value == among_many.p_value == pytest.approx(2 * 0.5**8)
    assert pair_outcomes([True, False], [True, False]).p_value == 1.0


def test_the_verdict_names_the_better_only_where_it_is_shown() -> None:
    shown = PairedOutcomes(7, 24, 0, 5, 1e-7)
    assert words.outcomes_verdict(shown, "net", "classical") == (
        "Net is shown to get through more episodes: of 36, net got through 24 in which classical failed, classical "
        "through none in which net failed (p < 0.001, McNemar, exact)."
    )
    assert words.outcomes_verdict(PairedOutcomes(7, 0, 24, 5, 1e-7), "net", "old").startswith("Old is shown")
    unknown = words.outcomes_verdict(PairedOutcomes(30, 2, 1, 3, 1.0), "net", "old")
    assert unknown.startswith("Which of the two gets through more episodes cannot be shown with these 36:")
    assert (
        words.outcomes_verdict(PairedOutcomes(3, 0, 0, 1, 1.0), "a", "b")
        == "A and b got through the same 3 of 4 episodes."
    )


def row(**changes: object) -> ComparisonRow:
    values = {
        "metric": "collisions_per_km",
        "unit": "1/km",
        "a": 0.5,
        "b": 0.7,
        "difference": -0.2,
        "low": -0.5,
        "high": 0.1,
        "p_value": 0.2,
        "p_adjusted": 0.4,
        "test": "paired bootstrap of roads",
        "episodes": 400,
        "better": None,
        "sentence": "",
    }
    return ComparisonRow.model_validate(values | changes)


def test_a_metric_says_whose_number_is_whose_and_what_is_not_shown() -> None:
    unknown = words.metric_sentence(row(), "net", "old").replace("\u00a0", " ")
    assert unknown == (
        "On collisions per km no difference can be shown with these 400 episodes: net 0.500 per km, old 0.700 per km, "
        "difference −0.200 per km (−0.500 to +0.100), p = 0.400."
    )
    better = words.metric_sentence(row(better="net", p_adjusted=0.0002), "net", "old")
    assert better.startswith("Net is better than old on collisions per km:")
    assert better.endswith("p < 0.001.")
    assert "p unknown" in words.metric_sentence(row(p_adjusted=None, low=None), "net", "old")


def test_two_compared_drivers_of_one_name_get_a_page_each_and_no_name_leaves_the_folder() -> None:
    def other(name: str) -> ComparedDriver:
        driver = DriverFacts(name=name, given=name, hash=None, privileged=False, controller="model")
        return ComparedDriver(driver=driver, metrics={}, comparison=[], episodes=[])

    names = page_names([other("net"), other("net"), other("../up & away")])
    assert names == ["report-vs-net.html", "report-vs-net-2.html", "report-vs-..-up-away.html"]


@pytest.fixture(scope="module")
def comparison(report_folder: Path) -> str:
    return (report_folder / "report-vs-human-model.html").read_text(encoding="utf-8")


def test_the_page_compares_in_words_before_it_shows_a_table(comparison: str, results: Results) -> None:
    other = results.comparisons[0]
    for compared in other.comparison:
        assert words.metric_sentence(compared, "straight", "human-model") in comparison
    assert comparison.index("What this cannot show") < comparison.index("<table")
    assert "cannot show" in comparison and "baseline" in comparison  # the human model sees the truth


def test_each_drive_in_which_they_differ_has_the_commands_of_both(
    comparison: str, results: Results, report_folder: Path
) -> None:
    pairs = list(zip(results.episodes, results.comparisons[0].episodes, strict=True))
    differing = [index for index, (a, b) in enumerate(pairs) if arrived(a) != arrived(b)]
    assert differing
    for index in range(len(pairs)):
        command = f"<code>drive-sim replay {report_folder} {index}</code>"
        assert (command in comparison) == (index in differing)
        assert (command.replace("</code>", " --driver human-model</code>") in comparison) == (index in differing)


def test_both_are_captured_side_by_side(comparison: str) -> None:
    pytest.importorskip("av")
    pytest.importorskip("pygame")
    videos = comparison.count("<video")
    assert videos == 2 * comparison.count('class="pair"') > 0


def test_drives_that_both_failed_or_both_got_through_are_not_where_they_differ(make_log, made_results: Results) -> None:
    ends = {
        "net": (EVENT_FINISH, EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE, EVENT_FINISH, EVENT_COLLISION_VEHICLE),
        "old": (EVENT_FINISH, EVENT_FINISH, EVENT_OFF_ROAD, EVENT_OFF_ROAD, EVENT_FINISH),
    }
    both = [
        DrivenEpisodes(made_results.driver, [score_episode(make_log(100, events={99: end})) for end in ends[name]])
        for name in ("net", "old")
    ]
    suite = load_suite("obstacle-avoidance")
    evaluation = Evaluation(suite, 0, None, Conditions(suite.on_failure, "cpu", 1), [], both[0], [both[1]])
    # The worst failure of each first: the one's collision, the other's departure, then the one's departure.
    assert differing_episodes(evaluation, (both[0], both[1])) == [4, 3, 1]
