"""One episode out of a ``results.json``, ready to be driven again exactly as it was scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin, split_reference
from drive_sim.compute.kernel import resolve_device
from drive_sim.drivers.registry import DRIVER_FILES, make_driver
from drive_sim.evaluation.logs.episode_log import EpisodeLog
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.places import candidates, find_file
from drive_sim.evaluation.result_facts import DriverFacts, Machine
from drive_sim.evaluation.result_rows import ComparedDriver, EpisodeRow, TrainingRun
from drive_sim.evaluation.results import FILE_NAME, Results, load_results
from drive_sim.evaluation.running.preventability import judged
from drive_sim.evaluation.statistics.estimates import score_episode
from drive_sim.evaluation.suites.conditions import AS_IT_IS, degraded
from drive_sim.evaluation.suites.suite import Suite, draw_suite, load_suite, scenario_suite
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.simulator import CONTROL_PERIOD

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver


@dataclass(frozen=True, eq=False)
class ScoredEpisode:
    """What is needed to drive it again, and what came of it."""

    driver: Driver
    episode: Episode
    on_failure: str
    row: EpisodeRow
    device: str
    """It computes here: where it was scored, if this machine has such a device."""
    scored_on: str
    """Device on which it was scored: cpu or cuda."""
    machine: Machine | None
    """Which computed it then; None where the results do not tell."""

    def verdict(self, log: EpisodeLog) -> str:
        """Whether ``log`` is the same episode, in a sentence: it is if every figure is the same to the bit."""
        # The reference driver has nothing to do with the episode: its verdict is taken as it was.
        then = self.row
        log = judged(log, then.preventable)
        now = EpisodeRow(**score_episode(log).to_json() | {"condition": then.condition})
        if _without_added(now) == _without_added(then):
            return f"the same episode: {then.outcome} after {then.duration_s:.2f} s and {then.distance_m:.1f} m"
        elsewhere = "" if self.machine is None else self.machine.difference(Machine.this(self.device))
        if not elsewhere and self.device != self.scored_on:
            elsewhere = f"computed on {self.scored_on}, not {self.device}"
        return (
            f"not the same episode: {now.outcome} after {now.duration_s:.2f} s and {now.distance_m:.1f} m, "
            f"scored as {then.outcome} after {then.duration_s:.2f} s and {then.distance_m:.1f} m"
            + (f"; that was {elsewhere}" if elsewhere else "")
        )


def _without_added(row: EpisodeRow) -> dict[str, Any]:
    """The row without metrics of other packages, which may be there now or then only."""
    ours = METRICS.keys() - set(METRICS.added()) | EpisodeRow.model_fields.keys()
    return {name: value for name, value in row.model_dump().items() if name in ours}


def holds_results(path: Path) -> bool:
    """Whether the path is a ``results.json`` or a folder with one."""
    return path.suffix == ".json" or (path / FILE_NAME).is_file()


def load_scored(path: str | Path, number: int, compared: str | None = None) -> ScoredEpisode:
    """Episode ``number`` of the results at ``path`` (file or folder), of the driver or of the one ``compared`` with it.

    Raises
    ------
    InputError
        if there is no such episode or driver, the model is gone or another one, or this version draws other episodes.
    """
    results = load_results(path)
    facts, rows = _driven(results, path, compared)
    count = min(len(results.episodes), len(rows))
    if number >= count:
        hint = f"give 0 to {count - 1}" if count else "evaluate again"
        raise InputError(path, "episode", f"{number} is not there", hint)
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    device = _usable(results.device)
    driver = _find_driver(facts, folder, device, str(path))
    suite, row = _find_suite(results, folder, str(path)).with_seconds(results.seconds), rows[number]
    roads = _find_roads(results, folder)
    conditions = [other.condition for other in results.episodes]
    place = number - conditions.index(row.condition) if row.condition in conditions else -1
    if place < 0:
        problem = f"is {row.condition!r}, which is not the driver's in that place"
        raise InputError(path, f"episodes.{number}.condition", problem, "evaluate again")
    episode = draw_suite(suite, place + 1, results.seed, roads, lambda *_: None)[place]
    if row.condition and row.condition not in suite.conditions:
        names = ", ".join(suite.conditions) or "none"
        problem = f"is {row.condition!r}; suite {suite.name} has {names}"
        raise InputError(path, f"episodes.{number}.condition", problem, "evaluate again")
    if (episode.scenario, episode.number, episode.seed) != (row.scenario, row.number, row.seed):
        raise InputError(path, f"episodes.{number}", "is drawn otherwise by this version", "evaluate again")
    steps = round(results.latency_s / CONTROL_PERIOD)
    driver = degraded(driver, suite.conditions.get(row.condition, AS_IT_IS), steps)
    return ScoredEpisode(driver, episode, suite.on_failure, row, device, results.device, results.machine)


def _find_suite(results: Results, folder: Path, source: str) -> Suite:
    """The suite or scenario that the results in ``folder`` are about; InputError if its file is gone or another one."""
    scenario, file = results.scenario, results.suite_source
    if scenario is not None:
        own = scenario.source
        return scenario_suite(
            scenario.given if own is None else find_file(folder, own, source, "scenario.source"), scenario.split
        )
    return load_suite(results.suite if file is None else str(find_file(folder, file, source, "suite_source")))


def _usable(device: str) -> str:
    """The device, or the CPU where this machine has no such device."""
    try:
        return resolve_device(device)
    except InputError:
        return "cpu"


def _find_driver(facts: DriverFacts, folder: Path, device: str, source: str) -> Driver:
    """The driver that ``facts`` of the results in ``folder`` are about; InputError if it is gone or another one."""
    missing, found = None, None
    file, attribute = facts.source, _attribute_of_file(facts.given)
    if file is not None and attribute is not None:
        name = f"{find_file(folder, file, source, 'driver.source')}{attribute}"
        return make_driver(name, device, source, facts.options)
    for place in candidates(folder, facts.path, facts.given) if facts.path else (facts.given,):
        try:
            driver = make_driver(place, device, source, facts.options)
        except InputError as error:
            missing = missing or error
            continue
        origin: Origin | None = getattr(driver, "origin", None)
        if file is not None and origin is not None and origin.sha256 != file.sha256:
            hint = "restore what was scored, or evaluate again"
            raise InputError(source, "driver.source", f"{file.file} has changed since it was scored", hint)
        if getattr(driver, "hash", None) == facts.hash:
            return driver
        found = place
    if found is None:
        assert missing is not None
        raise missing
    hint = "restore the weights that were scored, or evaluate again"
    raise InputError(source, "driver.hash", f"is {facts.hash}, {found} is another", hint)


def _attribute_of_file(given: str) -> str | None:
    """What follows the name of a file in what names a driver: ``:Mine``, or nothing; None where no file is named."""
    split = split_reference(given)
    if split is None:
        return "" if Path(given).suffix in DRIVER_FILES else None
    return f":{split[1]}" if split[0].endswith(".py") else None


def _find_roads(results: Results, folder: Path) -> Path | None:
    """The folder of road files that the results in ``folder`` are about."""
    if results.roads is None:
        return None
    places = list(candidates(folder, results.roads_path, results.roads))
    return next((place for place in places if place.is_dir()), places[0])


def _driven(results: Results, path: str | Path, compared: str | None) -> tuple[DriverFacts, list[EpisodeRow]]:
    """A driver and its episodes; ``compared`` as given to ``--against`` or ``--training-runs``, or by name."""
    if compared is None or compared in (results.driver.given, results.driver.name):
        return results.driver, results.episodes
    others: list[TrainingRun | ComparedDriver] = [
        *(results.training_runs.runs if results.training_runs else []),
        *results.comparisons,
    ]
    for other in others:
        if compared in (other.driver.given, other.driver.name):
            return other.driver, other.episodes
    known = [results.driver.given, *(other.driver.given for other in others)]
    raise InputError(path, "--driver", f"{compared} did not drive these episodes", f"use one of {', '.join(known)}")
