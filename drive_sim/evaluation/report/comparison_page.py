"""``report-vs-DRIVER.html``: two drivers on the same episodes, episode by episode and metric by metric."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.base.progress import Report
from drive_sim.evaluation.report import comparison_words as words
from drive_sim.evaluation.report import tables
from drive_sim.evaluation.report.limits import REAL_WORLD
from drive_sim.evaluation.report.videos import ShownEpisode, place, replay_command, shown_episode, told
from drive_sim.evaluation.result_rows import ComparedDriver
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.episodes import DrivenEpisodes
from drive_sim.evaluation.running.replays import arrived, replay, worst_first
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.comparison import PairedOutcomes, pair_outcomes

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

PAIRS_VIDEOED = 3
"""Episodes in which the two differ that are driven again by both and captured."""
SHOWN = 12
"""Episodes in which the two differ that are listed unfolded."""


@dataclass(frozen=True)
class Side:
    """One driver in an episode in which the two differ."""

    passed: bool
    told: str
    moment: str
    command: str


@dataclass(frozen=True)
class DifferingEpisode:
    """An episode that one driver got through and the other did not."""

    index: int
    where: str
    sides: tuple[Side, Side]
    captured: bool


@dataclass(frozen=True)
class ComparedSummary:
    """What the main report says of a compared driver: the rest is on the page of its own."""

    page: str
    """Name of that page."""
    name: str
    privileged: bool
    paired: PairedOutcomes
    verdict: str
    compared: str


def page_names(compared_drivers: Sequence[ComparedDriver]) -> list[str]:
    """File names of the pages, one a compared driver, no two the same."""
    names: list[str] = []
    for compared in compared_drivers:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", compared.driver.name)
        name, number = f"report-vs-{plain}.html", 2
        while name in names:
            name, number = f"report-vs-{plain}-{number}.html", number + 1
        names.append(name)
    return names


def summary(results: Results, evaluation: Evaluation, number: int, page: str) -> ComparedSummary:
    """Compared driver ``number``, in short."""
    compared, name = results.comparisons[number], results.driver.name
    paired = _paired(evaluation.driver, evaluation.compared[number])
    return ComparedSummary(
        page=page,
        name=compared.driver.name,
        privileged=compared.driver.privileged,
        paired=paired,
        verdict=words.outcomes_verdict(paired, name, compared.driver.name),
        compared=words.compared(compared, name),
    )


def comparison_page(
    results: Results,
    evaluation: Evaluation,
    number: int,
    drivers: tuple[Driver, Driver],
    folder: Path,
    most_videos: int | None,
    report: Report,
) -> dict[str, Any]:
    """What the page's template wants to know; drives the most telling episodes again for both."""
    both = (evaluation.driver, evaluation.compared[number])
    compared, name = results.comparisons[number], results.driver.name
    order = differing_episodes(evaluation, both)
    captured = order[: PAIRS_VIDEOED if most_videos is None else min(PAIRS_VIDEOED, most_videos)]
    videos = _videos(evaluation, both, drivers, captured, folder, report)
    differing = [_row(evaluation, both, index, folder, captured) for index in order]
    columns = [column for column in tables.columns_of(results) if column.driver in (results.driver, compared.driver)]
    paired = _paired(*both)
    return {
        "compared": compared,
        "paired": paired,
        "verdict": words.outcomes_verdict(paired, name, compared.driver.name),
        "sentences": [words.metric_sentence(row, name, compared.driver.name) for row in compared.comparison],
        "limits": _limits(results, compared),
        "differing": differing[:SHOWN],
        "further": differing[SHOWN:],
        "pairs": videos,
        "columns": columns,
        "families": tables.family_rows(columns),
    }


def _paired(first: DrivenEpisodes, second: DrivenEpisodes) -> PairedOutcomes:
    pairs = list(zip(first.scores, second.scores, strict=False))
    return pair_outcomes([arrived(a) for a, _ in pairs], [arrived(b) for _, b in pairs])


def differing_episodes(evaluation: Evaluation, both: tuple[DrivenEpisodes, DrivenEpisodes]) -> list[int]:
    """Episodes that exactly one got through: the worst failures first, alternately the driver's and the other's."""
    sides: list[list[int]] = []
    for driven, other in (both, both[::-1]):
        order = worst_first(driven.scores, evaluation.suite.headline)
        sides.append([k for k in order if not arrived(driven.scores[k]) and arrived(other.scores[k])])
    ranked = [(rank, side, index) for side, found in enumerate(sides) for rank, index in enumerate(found)]
    return [index for _, _, index in sorted(ranked)]


def _row(
    evaluation: Evaluation,
    both: tuple[DrivenEpisodes, DrivenEpisodes],
    index: int,
    folder: Path,
    captured: Sequence[int],
) -> DifferingEpisode:
    sides = []
    for driven in both:
        score, moment = driven.scores[index], driven.traces[index].moment
        given = None if driven is evaluation.driver else driven.facts.given
        at = f"{moment.what} at {moment.time:.1f} s"
        sides.append(Side(arrived(score), told(score), at, replay_command(folder, index, given)))
    return DifferingEpisode(index, place(both[0].scores[index]), (sides[0], sides[1]), index in captured)


def _videos(
    evaluation: Evaluation,
    both: tuple[DrivenEpisodes, DrivenEpisodes],
    drivers: tuple[Driver, Driver],
    which: Sequence[int],
    folder: Path,
    report: Report,
) -> list[tuple[ShownEpisode, ShownEpisode]]:
    """The same episodes of both, the driver's first."""
    found: list[list[ShownEpisode]] = []
    for side, (driven, driver) in enumerate(zip(both, drivers, strict=True)):
        again = replay(
            evaluation,
            driven,
            driver,
            which,
            lambda share, text, side=side: report((side + share) / 2.0, text),  # type: ignore[misc]
        )
        found.append([shown_episode(evaluation, driven, one, folder, ()) for one in again])
    return list(zip(*found, strict=True))


def _limits(results: Results, compared: ComparedDriver) -> list[str]:
    """What the comparison cannot show."""
    said = [
        "That no difference can be shown does not show that there is none: it may be anything within its interval.",
    ]
    trained = [driver.name for driver in (results.driver, compared.driver) if driver.controller == "model"]
    if trained:
        said.append(
            f"{' and '.join(trained)}: one training run each. What differs here may be due to a run's seed, not "
            "to the recipe."
            if len(trained) > 1
            else f"{trained[0]} is the network of one training run; one from another seed may compare differently."
        )
    if any(driver.privileged for driver in (results.driver, compared.driver)):
        said.append("A driver that sees the truth is a baseline: to drive as well by sensors may not be possible.")
    return [*said, REAL_WORLD]
