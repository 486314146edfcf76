"""``mined.html``: one page that works offline and says where a driver fails, in words first."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drive_sim.base.files import replace_file
from drive_sim.base.progress import Report
from drive_sim.evaluation.report import words
from drive_sim.evaluation.report.page import templates
from drive_sim.evaluation.report.plots import LEFT, RIGHT
from drive_sim.evaluation.report.tables import Bar
from drive_sim.evaluation.report.videos import ShownEpisode, place, shown_episode
from drive_sim.evaluation.running.replays import replay, worst_of_each_kind
from drive_sim.evaluation.statistics.intervals import zero_events_bound
from drive_sim.mining.confirmation import Confirmed
from drive_sim.mining.plots import parameters_svg
from drive_sim.mining.region import in_words
from drive_sim.mining.results import Mined, ParameterRow, ScenarioRow, ShareRow, SituationRow
from drive_sim.mining.scenario_files import SUITE_NAME
from drive_sim.mining.search import Found

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

PAGE_NAME = "mined.html"
PLOTTED = 4
"""Parameters of a scenario that are drawn: the most separating."""
CERTAIN = 0.05
"""p-values below it show that a parameter separates failures from passes."""


@dataclass(frozen=True)
class FailureRow:
    """One failing situation."""

    index: int
    name: str
    """Of its file."""
    row: SituationRow
    place: str
    command: str
    video: ShownEpisode | None
    told: str
    """What the reference drivers do there."""


@dataclass(frozen=True)
class ScenarioSection:
    """What the page says of one scenario."""

    row: ScenarioRow
    name: str
    bars: list[tuple[str, str, Bar]]
    """Name, small print and bar of each share."""
    sentences: list[str]
    plot: str
    """SVG of the most separating parameters; empty without failures."""
    plotted: str
    """What the plot shows, in words."""
    failures: list[FailureRow]
    record: str
    """What to type to record drives of the narrowed scenario."""
    score: str
    """What to type to score a driver on it."""

    @property
    def videos(self) -> list[ShownEpisode]:
        """Of its failures."""
        return [one.video for one in self.failures if one.video is not None]


def write_page(
    mined: Mined,
    found: Sequence[Found],
    confirmed: Confirmed,
    driver: Driver,
    folder: Path,
    videos: int | None,
    report: Report,
) -> Path:
    """Capture some failures of each kind and write the page; returns its path."""
    captured = _captured(mined, confirmed, driver, folder, videos, report)
    sections = [_section(one, row, mined, confirmed, captured, folder) for one, row in
                zip(found, mined.scenarios, strict=True)]  # fmt: skip
    sections.sort(key=lambda one: (-len(one.failures), one.name))
    page = templates().get_template("mined.html").render(
        mined=mined,
        words=words,
        axes=(100.0 * LEFT, 100.0 * RIGHT),
        verdict=_verdict(mined),
        findings=_findings(mined),
        sections=sections,
        command=_command(mined, folder),
        again=_shell("drive-sim", "evaluate", "DRIVER", "--suite", folder / SUITE_NAME, "--output", "DIR")
        if mined.split == "validation" and mined.situations
        else "",
    )  # fmt: skip
    replace_file(folder / PAGE_NAME, page)
    report(1.0, str(folder / PAGE_NAME))
    return folder / PAGE_NAME


def _captured(
    mined: Mined, confirmed: Confirmed, driver: Driver, folder: Path, videos: int | None, report: Report
) -> dict[int, ShownEpisode]:
    """Videos by situation: of each scenario and outcome one before any second."""
    evaluation, count = confirmed.evaluation, len(mined.situations)
    driven = evaluation.driver
    which = worst_of_each_kind(driven.scores, list(range(count)), count if videos is None else videos)
    shown: dict[int, ShownEpisode] = {}
    for again in replay(evaluation, driven, driver, which, report):
        one = shown_episode(evaluation, driven, again, folder, evaluation.baselines)
        file = Path(mined.situations[again.index].file).stem
        title = f"{file}: {place(driven.scores[again.index])}"
        command = _drive(folder, mined, mined.situations[again.index])
        shown[again.index] = replace(one, title=title, command=command)
    return shown


def _section(
    found: Found, row: ScenarioRow, mined: Mined, confirmed: Confirmed, videos: dict[int, ShownEpisode], folder: Path
) -> ScenarioSection:
    scores = confirmed.evaluation.driver.scores
    failures = [
        FailureRow(
            index, Path(one.file).stem, one, place(scores[index]), _drive(folder, mined, one), videos.get(index),
            _references(one),
        )
        for index, one in enumerate(mined.situations)
        if one.scenario == row.name
    ]  # fmt: skip
    separating = [one for one in row.parameters if one.p_adjusted < CERTAIN][:PLOTTED]
    shown = separating or row.parameters[: PLOTTED // 2]
    file = None if row.file is None else folder / row.file
    return ScenarioSection(
        row=row,
        name=row.name.partition("/")[2] or row.name,
        bars=_bars(row),
        sentences=_sentences(found, row, separating),
        plot=parameters_svg(shown, row.name) if failures and shown else "",
        plotted="The parameters that separate failures from passes, the most separating first."
        if separating
        else "No parameter is shown to separate failures from passes; these come nearest to it.",
        failures=failures,
        record="" if file is None else _shell(
            "drive-sim", "drive", "--scenario", file, "--driver", "human-model", "--record", "DATASET",
            "--episodes", "20", "--headless",
        ),
        score="" if file is None else _shell(
            "drive-sim", "evaluate", mined.driver.given, "--scenario", file, "--output", "DIR"
        ),
    )  # fmt: skip


def _sentences(found: Found, row: ScenarioRow, separating: Sequence[ParameterRow]) -> list[str]:
    said = []
    driven = row.uniform.situations + row.searched.situations
    if not row.causes:
        bound = words.percent(zero_events_bound(row.uniform.situations))
        return [
            f"No failure in {driven} situations, {row.uniform.situations} of them drawn as the scenario draws: it "
            f"fails in less than {bound} % of those (95 % confidence)."
        ]
    causes = words.listed([f"{count} × {what}" for what, count in row.causes.items()])
    failures = sum(row.causes.values())
    said.append(f"{failures} of {driven} situations failed: {causes}; {row.preventable} of them preventable.")
    narrowed = in_words(found.space.parameters, found.region or {})
    if narrowed:
        said.append(f"It fails most where {words.listed(narrowed)}.")
    elif row.file is not None:
        said.append("No part of its ranges was found in which it fails more than elsewhere.")
    if separating:
        names = words.listed([one.name for one in separating])
        said.append(f"Failures are separated from passes by {names}.")
    return said


def _bars(row: ScenarioRow) -> list[tuple[str, str, Bar]]:
    rows: list[tuple[str, ShareRow | None, bool]] = [
        ("as the scenario draws", row.uniform, False),
        ("chosen by the search", row.searched, False),
        ("fresh draws where it fails" if row.region else "fresh draws of all its ranges", row.fresh, True),
    ]
    return [(name, f"{one.failures} of {one.situations}", _bar(one, main)) for name, one, main in rows
            if one is not None and one.situations]  # fmt: skip


def _bar(row: ShareRow, main: bool) -> Bar:
    estimate, low, high = row.estimate or 0.0, row.low or 0.0, 1.0 if row.high is None else row.high
    interval = f"{words.percent(low)} to {words.percent(high)}"
    return Bar(
        main=main,
        at=100.0 * estimate,
        low=100.0 * low,
        high=100.0 * high,
        text=f"{words.percent(estimate)}\u00a0%",
        interval=interval,
    )


def _verdict(mined: Mined) -> str:
    uniform = sum(row.uniform.failures for row in mined.scenarios)
    drawn = sum(row.uniform.situations for row in mined.scenarios)
    if not mined.situations:
        return f"No failing situation found in {sum(_driven(row) for row in mined.scenarios)} situations driven."
    best = [row.fresh for row in mined.scenarios if row.fresh is not None and row.region]
    fresh = ""
    if best:
        bad, total = sum(one.failures for one in best), sum(one.situations for one in best)
        fresh = f", and {words.percent(bad / total)} % where the search says that it fails"
    return (
        f"{mined.driver.name} fails in {words.counted(len(mined.situations), 'situation')} that were found: "
        f"{words.percent(uniform / max(drawn, 1))} % of those that {mined.suite} draws by itself{fresh}."
    )


def _driven(row: ScenarioRow) -> int:
    return row.uniform.situations + row.searched.situations


def _findings(mined: Mined) -> list[str]:
    """What else a reader has to know, a sentence each."""
    if not mined.situations:
        return ["A search finds what it comes upon: that it found nothing does not show that there is nothing."]
    causes = Counter(row.cause for row in mined.situations).most_common()
    told = words.listed([f"{count} × {what}" for what, count in causes])
    preventable = sum(row.preventable for row in mined.situations)
    expert = sum(row.expert_passes for row in mined.situations)
    judged = [row for row in mined.situations if row.reference_avoids is not None]
    avoided = sum(bool(row.reference_avoids) for row in judged)
    reference = f", and {words.REFERENCE} hits no road user in {avoided} of the {len(judged)} that demand a reaction"
    said = [
        f"By cause: {told}.",
        f"{preventable} of the {len(mined.situations)} are preventable: {words.KNOWN_DRIVERS['expert']} gets past "
        f"{expert} of them{reference if judged else ''}.",
    ]
    clean = [row.name.partition("/")[2] or row.name for row in mined.scenarios if not row.causes]
    if clean:
        said.append(f"No failure was found in {words.listed(clean)}.")
    lost = sum(not row.again for row in mined.situations)
    if lost:
        said.append(f"{lost} did not fail again when driven alone: last bits of a network can depend on the batch.")
    return said


def _references(row: SituationRow) -> str:
    expert = "the expert passes" if row.expert_passes else "the expert fails"
    if row.reference_avoids is None:
        return expert
    return f"{expert}, the reference {'hits nobody' if row.reference_avoids else 'collides'}"


def _drive(folder: Path, mined: Mined, row: SituationRow) -> str:
    """What to type to see a situation."""
    return _shell("drive-sim", "drive", "--scenario", folder / row.file, "--driver", mined.driver.given)


def _command(mined: Mined, folder: Path) -> str:
    suite = mined.suite if mined.suite_source is None else mined.suite_source.file
    return _shell(
        "drive-sim", "mine", mined.driver.given, "--suite", suite, "--split", mined.split, "--episodes",
        mined.episodes, "--rounds", mined.rounds, "--seed", mined.seed, "--output", "DIR",
    )  # fmt: skip


def _shell(*parts: object) -> str:
    return shlex.join(map(str, parts))
