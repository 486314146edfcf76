"""The whole pipeline, unattended: a modelled person drives, a network learns, and roads it never saw judge it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drive_sim import __version__
from drive_sim.drivers.driver import make_driver
from drive_sim.errors import InputError
from drive_sim.progress import Report, Stages
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera import CameraConfig, CameraRig
from drive_sim.sensors.observation import SensorSuite
from drive_sim.world.episode import Episode
from drive_sim.world.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator

DRIVER = "human-model"
SUITES = ("lane-keeping", "obstacle-avoidance")
HARD_TO_SEE = ("obstacle-avoidance/crossing-pedestrian", "obstacle-avoidance/debris")
"""Recorded twice as often as the other obstacles: small, and the weakest of every model so far (docs/learning.md)."""
CLAIRVOYANT = ("obstacle-avoidance/cut-out",)
"""Not recorded: the human model sees what the vehicle ahead hides; it would teach to swerve for nothing in sight."""
BATCH = 16
"""Worlds recorded at once."""


@dataclass(frozen=True)
class DemoSettings:
    """How much of everything; the defaults take under ten minutes on two cores."""

    lane_episodes: int = 8
    """Recorded of each lane-keeping scenario."""
    obstacle_episodes: int = 17
    """Recorded of each obstacle scenario; of those that are `HARD_TO_SEE`, twice as many."""
    views: int = 112_000
    trials: int = 0
    """Checkpoints that drive on validation roads."""
    seconds: float = 45.0
    """Recorded at most of one episode [s]."""
    episodes: tuple[int | None, int | None] = (None, 208)
    """Evaluated in each suite; None: the suite's own number."""


def run_demo(output: Path, stages: Stages, seed: int = 0, settings: DemoSettings | None = None) -> list[Path]:
    """Record, train and evaluate into ``output``; the paths of the reports.

    A run that was cut off goes on where it was when started again with the same folder and seed.

    Raises
    ------
    InputError
        ``output`` holds something else.
    """
    settings = settings or DemoSettings()
    _claim(output, seed)
    dataset, model = output / "dataset", output / "model"
    _record(dataset, seed, settings, stages("record"))
    _train(dataset, model, seed, settings, stages("train"))
    from drive_sim.evaluation.harness import evaluate

    pages = []
    for suite, episodes in zip(SUITES, settings.episodes, strict=True):
        report = stages(f"evaluate {suite}")
        pages.append(evaluate(str(model), suite, output / suite, episodes=episodes, seed=seed, report=report))
    return pages


def _claim(output: Path, seed: int) -> None:
    """Make the folder a demo's, or recognise it as this one's."""
    identity = {"drive_sim": __version__, "seed": seed}
    note = output / "demo.json"
    if output.exists() and not output.is_dir():
        raise InputError("--output", "", f"{output} is a file", "name a folder")
    if output.is_dir() and any(output.iterdir()):
        try:
            known = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError("--output", "", f"{output} is not empty", "name a new folder, or clear this one") from None
        if known != identity:
            raise InputError(note, "", f"is of another run ({known})", "name a new folder, or clear this one")
    output.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(identity) + "\n", encoding="utf-8")


def demo_episodes(seed: int, settings: DemoSettings) -> list[Episode]:
    """What is driven for the recording: training scenarios only."""
    episodes = []
    for suite, count in zip(SUITES, (settings.lane_episodes, settings.obstacle_episodes), strict=True):
        for name in sorted(set(list_scenarios("train", suite)) - set(CLAIRVOYANT)):
            scenario, wanted = load_scenario(name, "train"), 2 * count if name in HARD_TO_SEE else count
            episodes += [scenario.draw(1000 * seed + number) for number in range(wanted)]
    return episodes


def _record(path: Path, seed: int, settings: DemoSettings, report: Report) -> None:
    done = set()
    if (path / "meta" / "info.json").exists():
        # Opening for writing brings in what a crash left behind; reading is enough when all is there.
        done = {_identity(episode.provenance) for episode in Dataset.open(path)}
    wanted = [episode for episode in demo_episodes(seed, settings) if _identity(vars(episode)) not in done]
    config = CameraConfig()
    recorder = Recorder(path, DRIVER, camera_configs=(config,), encoding="jpeg")
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        report(start / len(wanted), f"{len(done) + start} episodes driven by the {DRIVER}")
        driver = make_driver(DRIVER)
        sensors = SensorSuite(("camera", *driver.sensors), CameraRig([config]))
        simulator = Simulator(part, on_failure="terminate")
        steps = round(settings.seconds / simulator.control_period)
        run(simulator, driver, [recorder], sensors, max_steps=steps)
    report(1.0, f"{len(done) + len(wanted)} episodes in {path}")


def _identity(values: Any) -> tuple[str, int]:
    return values["scenario"], values["number"]


def _train(dataset: Path, model: Path, seed: int, settings: DemoSettings, report: Report) -> None:
    from drive_sim.learning.learner import TrainingSettings
    from drive_sim.learning.training import train

    chunk = min(TrainingSettings.chunk, settings.views)
    plan = TrainingSettings(views=settings.views, chunk=chunk, trials=settings.trials, seed=seed)
    resume = (model / "training" / "checkpoint.safetensors").exists()
    result = train([dataset], model, seed=seed, settings=plan, resume=resume, report=report)
    report(1.0, f"{result.views:,} views in {result.seconds:.0f} s")
