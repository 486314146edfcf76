"""Searching a suite's scenarios for the situations in which a driver fails: draws, drives, writes files and a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.progress import Report, Stages
from drive_sim.compute.kernel import resolve_device
from drive_sim.evaluation.outputs import check_folder, check_names
from drive_sim.evaluation.report.page import check_report
from drive_sim.evaluation.running.episodes import BATCH, Conditions
from drive_sim.evaluation.suites.participants import Participant, enter
from drive_sim.evaluation.suites.suite import Suite, load_suite
from drive_sim.mining import journal
from drive_sim.mining.confirmation import confirm
from drive_sim.mining.page import PAGE_NAME, write_page
from drive_sim.mining.results import FILE_NAME, Mined, write_mined
from drive_sim.mining.scenario_files import write_scenario_files, write_situation_files
from drive_sim.mining.search import Search, Situation
from drive_sim.mining.situations import SCENARIOS, SEARCHED_SPLITS, SITUATIONS, Space, spaces_of
from drive_sim.mining.summary import mined_of
from drive_sim.world.scenarios.writing import scenario_text, tables_of

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

EACH, ROUNDS = 60, 4
"""Situations of each scenario, and rounds in which they are drawn, unless asked otherwise."""
VIDEOS = 12
"""Failing situations that are captured unless asked otherwise."""


class Options(TypedDict, total=False):
    """What `mine` may be told besides the driver and the suite."""

    split: str
    """Whose draws: "train" or "validation", which it is if not given."""
    episodes: int
    """Situations of each scenario, the fresh draws of its narrowed file among them."""
    rounds: int
    """In which they are drawn; the first is uniform."""
    batch: int | None
    """Worlds driven at once; results do not depend on it (on a GPU, a network's may in their last bits)."""
    device: str
    """"cpu", "cuda" or "auto"."""
    seed: int
    """Of the search."""
    seconds: float | None
    """How long an episode lasts at most; as the suite says if not given."""
    driver_options: Mapping[str, Any] | None
    """Passed to the driver's class or factory, or to its function with each observation."""


@dataclass(frozen=True)
class MinedFiles:
    """What a search wrote."""

    page: Path
    mined: Mined


def mine(
    driver: str | Path | Driver,
    suite: str | Path,
    output: str | Path = "mined",
    stages: Stages = lambda name: lambda share, text: None,
    videos: int | None = VIDEOS,
    **options: Unpack[Options],
) -> MinedFiles:
    """Search the scenarios of ``suite`` for situations in which ``driver`` fails.

    ``driver`` and ``suite`` are given as to `drive_sim.evaluation.evaluate`; ``output`` is the folder to write into:
    a scenario file for each failing situation and for each scenario narrowed to where the driver fails, ``mined.json``
    and ``mined.html``. ``stages`` are told of progress; ``videos`` says how many failures are captured at most.
    A search that was killed goes on when it is started again with the same arguments.

    Raises
    ------
    InputError
        for arguments and files that a person can put right, before anything is driven.
    KeyboardInterrupt
        after keeping what was driven by then.
    """
    plan = _plan(driver, suite, Path(output), videos, **options)
    told = stages("search")
    try:
        plan.search.run(plan.episodes, plan.rounds, told)
    except KeyboardInterrupt:
        told(0.0, f"stopped: {plan.journal} keeps what was driven; the same command goes on from there")
        raise
    return _write(plan, videos, stages)


@dataclass(frozen=True)
class _Plan:
    """What is to be searched, how."""

    participant: Participant
    suite: Suite
    given: str
    conditions: Conditions
    folder: Path
    search: Search
    seed: int
    episodes: int
    rounds: int

    @property
    def journal(self) -> Path:
        """The file that keeps what was driven."""
        return self.folder / journal.FILE_NAME


def _plan(
    driver: str | Path | Driver,
    suite: str | Path,
    folder: Path,
    videos: int | None,
    split: str = "validation",
    episodes: int = EACH,
    rounds: int = ROUNDS,
    batch: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    seconds: float | None = None,
    driver_options: Mapping[str, Any] | None = None,
) -> _Plan:
    """Everything checked, the folder made, and what an earlier start drove read."""
    if split not in SEARCHED_SPLITS:
        problem = f"{split} draws score drivers and may not be searched" if split == "test" else f"is no split: {split}"
        raise InputError("--split", "", problem, "give train or validation")
    if rounds < 2 or episodes <= rounds:
        problem = f"{episodes} situations of a scenario do not make {rounds} rounds and fresh draws"
        raise InputError("--episodes", "", problem, "give at least 2 rounds, and more episodes than rounds")
    check_names({"driver": [driver] if isinstance(driver, str | Path) else [], "--output": [folder]})
    chosen = load_suite(str(suite)).with_seconds(seconds).model_copy(update={"split": split})
    device = resolve_device(device)
    spaces = spaces_of(chosen, seed, folder)
    participant = enter(driver, device, "driver", folder, driver_options)
    check_folder(folder, (FILE_NAME, PAGE_NAME, journal.FILE_NAME))
    for name in (SITUATIONS, SCENARIOS):
        check_folder(folder / name, ())
    check_report(videos)
    conditions = Conditions(chosen.on_failure, device, batch or BATCH[device])
    search = {
        "drive_sim": __version__, "driver": participant.facts.model_dump(exclude={"path"}), "suite": chosen.name,
        "split": split, "scenarios": _scenarios_hash(chosen, spaces), "seed": seed, "episodes": episodes,
        "rounds": rounds, "device": device,
    }  # fmt: skip
    kept = journal.SearchJournal(folder / journal.FILE_NAME, search)
    found = Search(participant, chosen, conditions, spaces, kept, seed)
    return _Plan(participant, chosen, str(suite), conditions, folder, found, seed, episodes, rounds)


def _scenarios_hash(suite: Suite, spaces: list[Space]) -> str:
    """Of everything that says what the scenarios and the suite are."""
    files = [scenario_text(tables_of(space.scenario.definition)) for space in spaces]
    text = json.dumps([suite.on_failure, suite.seconds, suite.headline, *files])
    return hashlib.sha256(text.encode()).hexdigest()


def _write(plan: _Plan, videos: int | None, stages: Stages) -> MinedFiles:
    """Confirm the failures and write every file, the page last."""
    failing: list[Situation] = []
    causes: list[str] = []
    for found in plan.search.found:
        for situation, outcome in zip(found.situations, found.outcomes, strict=True):
            if outcome.failed:
                failing.append(situation)
                causes.append(outcome.cause)
    told: Report = stages("confirm") if failing else lambda share, text: None
    confirmed = confirm(failing, causes, plan.participant, plan.suite, plan.conditions, plan.folder, told)
    mined = mined_of(plan.search.found, confirmed, plan.participant.facts, plan.suite, plan.given, plan.folder,
                     seed=plan.seed, episodes=plan.episodes, rounds=plan.rounds)  # fmt: skip
    write_situation_files(confirmed, plan.suite, mined, plan.folder)
    write_scenario_files(plan.search.found, mined, plan.folder)
    write_mined(mined, plan.folder)
    page = write_page(mined, plan.search.found, confirmed, plan.participant.driver, plan.folder, videos, stages("page"))
    return MinedFiles(page, mined)
