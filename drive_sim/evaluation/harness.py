"""Scoring a driver on a suite: draws, drives, estimates, compares, writes ``results.json`` and then ``report.html``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from drive_sim.drivers.driver import make_driver
from drive_sim.errors import InputError
from drive_sim.evaluation.comparison import Comparison, compare, holm
from drive_sim.evaluation.drives import Conditions, Drives, drive
from drive_sim.evaluation.estimates import EpisodeScore, estimate_all, estimate_groups, estimate_timing
from drive_sim.evaluation.results import (
    ComparisonRow,
    DriverFacts,
    EpisodeRow,
    EstimateRow,
    Group,
    Results,
    Rival,
    Yardstick,
    versions,
    write_results,
)
from drive_sim.evaluation.suites import Suite, draw_suite, load_suite
from drive_sim.progress import Report
from drive_sim.world.episode import Episode

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

BATCH = 64
"""Worlds driven at once unless asked otherwise."""
PAGE_NAME = "report.html"
YARDSTICK_EPISODES = {"classical": 16}
"""Yardsticks that think long drive only the first episodes of a suite; the report says how many."""
_REPORT_SHARE = 0.15
"""Of the work, that goes into the report."""


@dataclass
class Evaluation:
    """One evaluation as far as it has come."""

    suite: Suite
    seed: int
    roads: Path | None
    conditions: Conditions
    episodes: list[Episode]
    driver: Drives
    yardsticks: list[Drives]
    rivals: list[Drives]
    started: float
    """Of the stopwatch [s]."""


def evaluate(
    driver: str | Path,
    suite: str,
    output: str | Path,
    roads: str | Path | None = None,
    episodes: int | None = None,
    batch: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    against: Sequence[str | Path] = (),
    real_time: bool = False,
    report: Report = lambda share, text: None,
    yardsticks: bool = True,
) -> Path:
    """Score ``driver`` on ``suite``; returns the path of ``report.html``, which lies beside ``results.json``.

    Parameters
    ----------
    driver
        Name of a driver, or a model's folder.
    suite
        Name of a suite.
    output
        Folder to write into; made if it is not there.
    roads
        Folder of centre-line files, for the suite real-roads.
    episodes
        How many; the suite's own number if not given.
    batch
        Worlds driven at once; results do not depend on it (a network's may in their last bits).
    device
        "cpu", "cuda", or "auto": CUDA where there is one.
    seed
        Which draws of the suite's scenarios, and of the bootstrap.
    against
        Drivers to compare with on the same episodes.
    real_time
        One world, paced by the wall clock.
    report
        Told of progress.
    yardsticks
        Whether the suite's yardsticks drive too.

    Raises
    ------
    InputError
        for arguments and files that a person can mend.
    KeyboardInterrupt
        after writing what was finished by then, marked as not complete.
    """
    folder = _output_folder(Path(output))
    chosen = load_suite(suite)
    device = resolve_device(device)
    main = _make(driver, device, "driver")
    rivals = [_make(name, device, "--against") for name in against]
    drawn = draw_suite(chosen, episodes, seed, None if roads is None else Path(roads))
    conditions = Conditions(chosen.on_failure, device, batch or BATCH, real_time)
    evaluation = Evaluation(
        chosen,
        seed,
        None if roads is None else Path(roads),
        conditions,
        drawn,
        Drives(main.facts),
        [],
        [],
        perf_counter(),
    )
    others = (
        _yardsticks(chosen, {main.facts.given, *(rival.facts.given for rival in rivals)}, device) if yardsticks else []
    )
    try:
        _drive_all(evaluation, main, rivals, others, lambda share, text: report(share * (1 - _REPORT_SHARE), text))
    except KeyboardInterrupt:
        if evaluation.driver.scores:
            _write(evaluation, folder, complete=False)
        raise
    report(1 - _REPORT_SHARE, "results")
    results = _write(evaluation, folder, complete=True)
    from drive_sim.evaluation.report import write_report

    page = folder / PAGE_NAME
    write_report(
        page, results, evaluation, main.driver, lambda share, text: report(1 - _REPORT_SHARE * (1 - share), text)
    )
    report(1.0, str(page))
    return page


def resolve_device(device: str) -> str:
    """ "cpu" or "cuda" for "cpu", "cuda" or "auto"; InputError if there is no such device here."""
    from drive_sim.kernel import SIMULATED_CUDA, cuda_available

    if device == "cpu":
        return device
    if device not in ("auto", "cuda"):
        raise InputError("--device", "", f"there is no device {device!r}", "give auto, cpu or cuda")
    usable = cuda_available() and (SIMULATED_CUDA or _torch_has_cuda())
    if device == "cuda" and not usable:
        raise InputError(
            "--device", "", "there is no usable CUDA device here", "give auto or cpu; see drive-sim doctor"
        )
    return "cuda" if usable else "cpu"


def _torch_has_cuda() -> bool:
    from importlib import import_module

    try:
        return bool(import_module("torch").cuda.is_available())
    except ModuleNotFoundError:
        return False


@dataclass(frozen=True)
class _Entrant:
    """A driver and what is known of it before it drives."""

    driver: Driver
    facts: DriverFacts


def _make(given: str | Path, device: str, source: str) -> _Entrant:
    driver = make_driver(given, device, source)
    if driver.controller == "human":
        raise InputError(source, "", f"{given} needs a person at it", "name a driver that drives by itself")
    digest = getattr(driver, "hash", None)
    facts = DriverFacts(
        name=driver.name, given=str(given), hash=digest, privileged=driver.privileged, controller=driver.controller
    )
    return _Entrant(driver, facts)


def _yardsticks(suite: Suite, driving: set[str], device: str) -> list[_Entrant]:
    """The suite's yardsticks but those that drive anyway."""
    return [_make(name, device, f"suite {suite.name}") for name in suite.yardsticks if name not in driving]


def _drive_all(
    evaluation: Evaluation, main: _Entrant, rivals: list[_Entrant], yardsticks: list[_Entrant], report: Report
) -> None:
    """The driver, then its rivals on all episodes, then yardsticks, slow ones on the first episodes only."""
    counts = [min(len(evaluation.episodes), YARDSTICK_EPISODES.get(y.facts.given, 10**9)) for y in yardsticks]
    plan = [(main, evaluation.driver, len(evaluation.episodes), evaluation.conditions)]
    batched = Conditions(evaluation.conditions.on_failure, evaluation.conditions.device, evaluation.conditions.batch)
    for entrant in rivals:
        evaluation.rivals.append(Drives(entrant.facts))
        plan.append((entrant, evaluation.rivals[-1], len(evaluation.episodes), evaluation.conditions))
    for entrant, count in zip(yardsticks, counts, strict=True):
        evaluation.yardsticks.append(Drives(entrant.facts))
        plan.append((entrant, evaluation.yardsticks[-1], count, batched))
    total, before = sum(count for _, _, count, _ in plan), 0
    for entrant, drives, count, conditions in plan:
        begin, share = before / total, count / total

        def advance(part: float, text: str, begin: float = begin, share: float = share) -> None:
            report(begin + share * part, text)

        drive(drives, entrant.driver, evaluation.episodes[:count], conditions, advance, drives is evaluation.driver)
        before += count


def _write(evaluation: Evaluation, folder: Path, complete: bool) -> Results:
    """Write results.json, and take an older report away that would contradict it."""
    results = results_of(evaluation, complete)
    try:
        (folder / PAGE_NAME).unlink(missing_ok=True)
        write_results(results, folder)
    except OSError as error:
        raise InputError(
            folder, "", f"cannot be written to ({error.strerror})", "name a folder that can be written"
        ) from None
    return results


def results_of(evaluation: Evaluation, complete: bool) -> Results:
    """What the evaluation has found so far."""
    drives, seed = evaluation.driver, evaluation.seed
    driven = [drives, *evaluation.rivals, *evaluation.yardsticks]
    return Results(
        complete=complete,
        driver=drives.facts,
        suite=evaluation.suite.name,
        seed=seed,
        roads=None if evaluation.roads is None else str(evaluation.roads),
        device=evaluation.conditions.device,
        versions=versions(),
        metrics=_metrics(drives.scores, seed),
        groups=[Group(**group) for group in estimate_groups(drives.scores, seed)],
        episodes=[_row(score) for score in drives.scores],
        yardsticks=_compared_yardsticks(evaluation),
        comparisons=[_rival(drives, rival, seed) for rival in evaluation.rivals if rival.scores],
        timing={
            "batch": evaluation.conditions.batch,
            "real_time": evaluation.conditions.real_time,
            "wall_s": perf_counter() - evaluation.started,
            "drivers": {other.facts.given: _timing(other) for other in driven if other.timings},
        },
    )


def _metrics(scores: Sequence[EpisodeScore], seed: int) -> dict[str, EstimateRow]:
    return {name: EstimateRow(**found.to_json()) for name, found in estimate_all(scores, seed).items()}


def _row(score: EpisodeScore) -> EpisodeRow:
    return EpisodeRow(**score.to_json())


def _compared_yardsticks(evaluation: Evaluation) -> list[Yardstick]:
    """The yardsticks, each with what the suite's headline says on the drives that both have done."""
    drives, headline, seed = evaluation.driver, evaluation.suite.headline, evaluation.seed
    yardsticks = [other for other in evaluation.yardsticks if other.scores]
    found: list[Comparison | None] = []
    for other in yardsticks:
        both = min(len(drives.scores), len(other.scores))
        names = (drives.facts.name, other.facts.name)
        compared = compare(drives.scores[:both], other.scores[:both], names, (headline,), seed)
        found.append(compared.get(headline))
    adjusted = holm([math.nan if one is None else one.p_value for one in found])
    rows = [
        None if one is None else ComparisonRow(**replace(one, p_adjusted=p).to_json())
        for one, p in zip(found, adjusted, strict=True)
    ]
    return [
        Yardstick(driver=other.facts, episodes=len(other.scores), metrics=_metrics(other.scores, seed), comparison=row)
        for other, row in zip(yardsticks, rows, strict=True)
    ]


def _rival(drives: Drives, rival: Drives, seed: int) -> Rival:
    both = min(len(drives.scores), len(rival.scores))
    names = (drives.facts.name, rival.facts.name)
    found = compare(drives.scores[:both], rival.scores[:both], names, seed=seed)
    return Rival(
        driver=rival.facts,
        metrics=_metrics(rival.scores, seed),
        comparison=[ComparisonRow(**row.to_json()) for row in found.values()],
        episodes=[_row(score) for score in rival.scores],
    )


def _timing(drives: Drives) -> dict[str, Any]:
    figures = {name: found.to_json() for name, found in estimate_timing(drives.timings).items()}
    return {"wall_s": sum(timing.wall_time for timing in drives.timings), "metrics": figures}


def _output_folder(folder: Path) -> Path:
    """Make the folder, and make sure before anything is driven that it can be written to."""
    mend = "name a folder that can be written"
    if folder.exists() and not folder.is_dir():
        raise InputError("--output", "", f"{folder} is a file", "name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError("--output", "", f"{folder} cannot be written to ({error.strerror})", mend) from None
    return folder
