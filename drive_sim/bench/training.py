"""Whether a network in training waits for its images: the next views are rendered while it learns from the last."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drive_sim.bench.figures import Effort, Figure, Measured
from drive_sim.bench.hardware import cores
from drive_sim.compute.device import torch_device
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

EPISODES, STEPS = 4, 120
"""Recorded episodes that views are rendered from, and their control steps."""


def training(device: str, effort: Effort) -> Iterator[Figure | str]:
    """Learning from views that lie ready, and from views that are rendered meanwhile, in alternation."""
    try:
        import torch

        from drive_sim.learning.learner import Learner
        from drive_sim.learning.settings import TrainingSettings
    except ModuleNotFoundError as error:
        yield f"training: skipped, {error.name} is not installed; pip install 'drive-sim[learn]'"
        return
    settings = TrainingSettings(views=effort.views, chunk=effort.views, trials=0)
    learner, before = Learner(settings, torch_device(device)), torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        source = _views_of_episodes(settings)
        ready = source.draw(effort.views, "ready")
        with ThreadPoolExecutor(1, thread_name_prefix="views") as ahead:
            numbers = count()

            def learn_ready() -> int:
                learner.learn(ready, 0)
                return effort.views

            def learn_drawn() -> int:
                # One beat of the pipeline: it lasts as long as the slower of both.
                drawn = ahead.submit(source.draw, effort.views, "drawn", next(numbers))
                learner.learn(ready, 0)
                drawn.result()
                return effort.views

            kinds = [Measured(work, None, effort.least_time) for work in (learn_ready, learn_drawn)]
            for turn in range(effort.repeats + 1):
                for kind in kinds:
                    kind.once(keep=turn > 0)
    finally:
        torch.set_num_threads(before)
    alone, drawn = kinds
    for kind, key, what in ((alone, "ready", "ready"), (drawn, "drawn", "drawn meanwhile")):
        what = f"PilotNet learns, views {what}"
        yield Figure(f"training.{key}", what, "views/s", tuple(kind.rates), tuple(kind.processor), cores())
    shares = tuple(100.0 * there / here for here, there in zip(alone.rates, drawn.rates, strict=True))
    yield Figure("training.share", "the second of the first", "%", shares, (), cores())


def _views_of_episodes(settings: Any) -> Any:
    """A source of views of a few episodes of the expert."""
    from drive_sim.learning.views.episodes import source_episodes
    from drive_sim.learning.views.source import ViewSource
    from drive_sim.recording.dataset import Dataset
    from drive_sim.recording.recorder import Recorder

    camera, scenario = CameraConfig(), load_scenario("lane-keeping/rural")
    rig = CameraRig((camera,))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dataset"
        simulator = Simulator([scenario.draw(number) for number in range(EPISODES)])
        recorder = Recorder(path, "expert", camera_configs=(camera,))
        run(simulator, ExpertDriver(), [recorder], SensorSuite(("camera",), rig), max_steps=STEPS)
        episodes = source_episodes(Dataset.open(path))
    weathers = [episode.world.weather for episode in episodes]
    return ViewSource(episodes, rig, weathers, settings.sampling, settings.network)
