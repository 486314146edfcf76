"""Episodes that were driven again, as a page shows them: the video, the plots, the map, and what makes them again."""

from __future__ import annotations

import base64
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.report import words
from drive_sim.evaluation.report.maps import map_svg
from drive_sim.evaluation.report.plots import plots_svg
from drive_sim.evaluation.running.episodes import DrivenEpisodes
from drive_sim.evaluation.running.replays import Replay
from drive_sim.evaluation.running.summary import Evaluation
from drive_sim.evaluation.statistics.estimates import EpisodeScore
from drive_sim.evaluation.suites.suite import REAL_ROADS
from drive_sim.world.events import FAILURE_NAMES


@dataclass(frozen=True)
class ShownEpisode:
    """One episode, driven again."""

    index: int
    title: str
    moment: str
    failed: bool
    facts: str
    others: str
    clip: str | None
    """Data address of the MP4."""
    poster: str | None
    clip_start: float
    duration: float
    map: str
    plots: str
    command: str
    """Drives the episode again, in the window."""
    again: str
    """Python that makes the episode again."""
    same: bool


def shown_episode(
    evaluation: Evaluation, driven: DrivenEpisodes, again: Replay, folder: Path, others: Sequence[DrivenEpisodes]
) -> ShownEpisode:
    """What the page shows of an episode of one of the evaluation's drivers, and of ``others`` in the same episode."""
    index = again.index
    score, trace = driven.scores[index], driven.traces[index]
    headline = METRICS[evaluation.suite.headline]
    value = score.value(headline.name)
    facts = f"{told(score)} after {score.duration:.1f} s and {score.distance:.0f} m".capitalize()
    if math.isfinite(value):
        facts += f"; {headline.name.replace('_', ' ')} {words.with_unit(value, headline.unit)}"
    title = f"Episode {index}: {place(score)}"
    called = f"{title}, {driven.facts.name}"
    return ShownEpisode(
        index=index,
        title=title,
        moment=f"{trace.moment.what} at {trace.moment.time:.1f} s",
        failed=trace.moment.failed,
        facts=facts,
        others="; ".join(
            f"{words.in_words(other.facts)} {told(other.scores[index])}"
            for other in others
            if index < len(other.scores)
        ),
        clip=_address(again.video.clip, "video/mp4"),
        poster=_address(again.video.poster, "image/jpeg"),
        clip_start=again.video.start,
        duration=max(float(again.log.time[-1]), 1.0),
        map=map_svg(trace, evaluation.episodes[index], escape(f"map of {called}")),
        plots=plots_svg(again.log, trace.moment, called),
        command=replay_command(folder, index, None if driven is evaluation.driver else driven.facts.given),
        again=_python(evaluation, index),
        same=again.same,
    )


def place(score: EpisodeScore) -> str:
    """Scenario and weather of an episode, and the suite's condition where it has any."""
    facts = score.facts
    kind = facts.scenario.partition("/")[2] or facts.scenario
    return ", ".join(filter(None, (kind, facts.weather, facts.condition)))


def told(score: EpisodeScore) -> str:
    """How an episode ended, with the help that it took, as a verb."""
    ended = words.OUTCOMES.get(score.outcome, score.outcome)
    # What ended an episode for good counts as an intervention too.
    if not score.interventions or score.outcome in FAILURE_NAMES:
        return ended
    return f"{ended}, helped {words.times(score.interventions)}"


def replay_command(folder: Path, index: int, compared: str | None = None) -> str:
    """What to type to see the episode again; ``compared`` names the compared driver if the episode is that one's."""
    parts = ["drive-sim", "replay", str(folder), str(index)]
    return shlex.join(parts if compared is None else [*parts, "--driver", compared])


def _python(evaluation: Evaluation, index: int) -> str:
    episode = evaluation.episodes[index]
    if evaluation.suite.name == REAL_ROADS:
        file = f"{evaluation.roads}/{episode.road.name}.csv"
        return f"scenario_for_road(load_road({file!r})).draw({episode.number})"
    return f"load_scenario({evaluation.suite.given_name(episode.scenario)!r}, {episode.split!r}).draw({episode.number})"


def _address(data: bytes | None, kind: str) -> str | None:
    return None if data is None else f"data:{kind};base64,{base64.b64encode(data).decode()}"
