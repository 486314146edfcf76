"""The whole pipeline, unattended: record the human model, train a network, evaluate it on unseen roads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.files import listed, replace_file
from drive_sim.base.progress import Report, Stages
from drive_sim.drivers.human.model import HumanModelDriver
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.writer import recover
from drive_sim.rollout import Observer, Step, run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import Observation, SensorSuite
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import first_number, list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator

SUITES = ("lane-keeping", "obstacle-avoidance")
"""Evaluated."""
HARD = ("lane-keeping/mountain", "obstacle-avoidance/crossing-pedestrian", "obstacle-avoidance/debris")
"""Recorded twice as often as others: tight bends, and what is small; the weakest of every model so far."""
LATE = 500
"""Episodes of the late driver are numbered from here on."""
BATCH = 16
"""Worlds recorded at once."""
WAITING_STEPS = 8
"""Steps that are written while the next are driven: less than a tenth of a second's work."""


class RecordedPart(NamedTuple):
    """What is recorded of every training scenario of a suite."""

    suite: str
    episodes: int
    """Of each scenario; of those that are `HARD` twice as many."""
    seconds: float
    """At most of one episode [s]."""
    late: bool = False
    """Whether the driver looks up late."""


@dataclass(frozen=True)
class DemoSettings:
    """How much of everything; what the defaults take: README, Results."""

    recipe: str = "demo"
    recorded: tuple[RecordedPart, ...] = (
        RecordedPart("lane-keeping", 16, 24.0),
        RecordedPart("obstacle-avoidance", 15, 45.0),
        RecordedPart("obstacle-avoidance", 10, 45.0, late=True),
    )
    views: int | None = None
    """Learnt from; None: as many as the recipe says."""
    episodes: tuple[int | None, int | None] = (None, 208)
    """Evaluated in each suite; None: the suite's own number."""
    videos: int = 12
    """Failed drives captured in each suite."""


DEMOS = {
    "demo": DemoSettings(),
    "best": DemoSettings(
        "best",
        (
            RecordedPart("lane-keeping", 24, 30.0),
            RecordedPart("circuits", 48, 45.0),
            RecordedPart("obstacle-avoidance", 24, 45.0),
            RecordedPart("obstacle-avoidance", 12, 45.0, late=True),
            RecordedPart("critical", 36, 40.0),
            RecordedPart("critical", 18, 40.0, late=True),
        ),
    ),
}
"""By the recipe that each trains by."""


def run_demo(output: Path, stages: Stages, seed: int = 0, settings: DemoSettings | None = None) -> list[Path]:
    """Record, train and evaluate into ``output``; the paths of the reports.

    A run that was cut off goes on where it was when started again with the same folder and seed.

    Raises
    ------
    InputError
        ``output`` holds something else.
    """
    settings = settings or DemoSettings()
    _claim(output, seed, settings.recipe)
    dataset, model = output / "dataset", output / "model"
    _record(dataset, seed, settings.recorded, stages("record"))
    _train(dataset, model, seed, settings, stages("train"))
    from drive_sim.evaluation.harness import evaluate

    pages = []
    for suite, episodes in zip(SUITES, settings.episodes, strict=True):
        report = stages(f"evaluate {suite}")
        folder, videos = output / suite, settings.videos
        pages.append(evaluate(str(model), suite, folder, report, videos, episodes=episodes, seed=seed))
    return pages


def _claim(output: Path, seed: int, recipe: str) -> None:
    """Make the folder a demo's, or recognise it as this one's."""
    identity = {"drive_sim": __version__, "seed": seed, "recipe": recipe}
    note = output / "demo.json"
    if output.exists() and not output.is_dir():
        raise InputError("--output", "", f"{output} is a file", "name a folder")
    if listed(output):
        try:
            known = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError("--output", "", f"{output} is not empty", "name a new folder, or clear this one") from None
        if known != identity:
            raise InputError(note, "", f"is of another run ({known})", "name a new folder, or clear this one")
    output.mkdir(parents=True, exist_ok=True)
    replace_file(note, json.dumps(identity) + "\n")


class _OnceAwake(Recorder):
    """Records what is driven after the driver has looked up."""

    def __init__(self, path: Path, driver: HumanModelDriver, camera: CameraConfig) -> None:
        super().__init__(path, driver.name, camera_configs=(camera,), encoding="jpeg", background=WAITING_STEPS)
        self._at_wheel = driver

    def on_step(self, step: Step) -> None:
        """Leave out the worlds where the driver dreams."""
        self.add(replace(step, active=step.active & self._at_wheel.awake))

    def on_finish(self, simulator: Simulator) -> None:
        """Leave it to the next drive to add the episodes."""
        self.stop()


def demo_episodes(seed: int, suite: str, count: int, first: int = 0) -> list[Episode]:
    """What is driven for the recording, numbered from ``first`` on: training scenarios only."""
    episodes = []
    first += first_number(seed, apart=1000)
    for name in sorted(list_scenarios("train", suite)):
        scenario, wanted = load_scenario(name, "train"), 2 * count if name in HARD else count
        episodes += [scenario.draw(first + number) for number in range(wanted)]
    return episodes


def _record(path: Path, seed: int, parts: Sequence[RecordedPart], report: Report) -> None:
    done = set()
    if (path / "meta" / "info.json").exists():
        recover(path)
        # What was cut off is driven once more.
        done = {_identity(episode.provenance) for episode in Dataset.open(path) if episode.provenance["complete"]}
    wanted = []
    for part in parts:
        episodes = demo_episodes(seed, part.suite, part.episodes, LATE if part.late else 0)
        wanted.append(([one for one in episodes if _identity(vars(one)) not in done], part.seconds, part.late))
    total, driven = sum(len(episodes) for episodes, _, _ in wanted), 0
    with DemoRecording(path) as recording:
        for episodes, seconds, late in wanted:
            for start in range(0, len(episodes), BATCH):
                batch = episodes[start : start + BATCH]
                report(driven / total, f"{driven} episodes driven by the {HumanModelDriver.name}")
                recording.drive(batch, seconds, late)
                driven += len(batch)
    report(1.0, f"{len(done) + total} episodes in {path}")


class DemoRecording:
    """Batches recorded into a dataset: the episodes of each are added while the next is driven."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._adding = ThreadPoolExecutor(1, thread_name_prefix="drive_sim_recording")
        self._driven: Recorder | None = None
        self._added: Future[Any] | None = None

    def __enter__(self) -> DemoRecording:
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self._add_driven()
            self._settle()
        finally:
            self._adding.shutdown()

    def drive(self, episodes: list[Episode], seconds: float, late: bool) -> None:
        """Record each for at most ``seconds``; of a ``late`` driver, what it does once it has looked up."""
        config = CameraConfig()
        driver = HumanModelDriver(late)
        sensors = SensorSuite(("camera", *driver.sensors), CameraRig([config]))
        simulator = Simulator(episodes, on_failure="terminate")
        recorder = _OnceAwake(self._path, driver, config)
        try:
            steps = round(seconds / simulator.control_period)
            # Not before the journals are open: adding needs the dataset's lock.
            run(simulator, driver, [recorder, _OnceStarted(self._add_driven)], sensors, max_steps=steps)
        finally:
            self._settle()
            self._driven = recorder

    def _add_driven(self) -> None:
        if self._driven is not None:
            self._added, self._driven = self._adding.submit(self._driven.finish), None

    def _settle(self) -> None:
        added, self._added = self._added, None
        if added is not None:
            added.result()


class _OnceStarted(Observer):
    """Does something when the worlds have been reset."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """Do it."""
        self._work()


def _identity(values: Any) -> tuple[str, int]:
    return values["scenario"], values["number"]


def _train(dataset: Path, model: Path, seed: int, settings: DemoSettings, report: Report) -> None:
    from drive_sim.learning.recipe import load_recipe
    from drive_sim.learning.training import train

    views = {} if settings.views is None else {"views": settings.views}
    recipe = load_recipe(settings.recipe, {"seed": seed, **views})
    resume = (model / "training" / "checkpoint.safetensors").exists()
    result = train([dataset], model, recipe, resume=resume, report=report)
    report(1.0, f"{result.views:,} views in {result.seconds:.0f} s")
