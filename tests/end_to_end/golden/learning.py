"""Cases of evaluating and learning: results, recordings, views, weights."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.numpy import load_file

import drive_sim  # noqa: F401 (registers the environments)
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.drivers.registry import make_driver
from drive_sim.evaluation.harness import evaluate
from drive_sim.learning.recordings import training_weathers
from drive_sim.learning.settings import TrainingSettings
from drive_sim.learning.training import fit
from drive_sim.learning.views.episodes import SourceEpisode, source_episodes
from drive_sim.learning.views.source import ViewSource
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from tests.end_to_end.golden.entries import Entries, image_entry, number, text_entry, values_entry

SMALL = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
QUICK = TrainingSettings(views=96, chunk=32, batch=16, trials=0, held_out=0.4, network=SMALL, half_precision=False)


def evaluation(driver: str) -> Entries:
    """Metrics and episodes of results.json of a short evaluation; wall times and versions left out."""
    with TemporaryDirectory() as folder:
        evaluate(driver, "lane-keeping", folder, videos=0, episodes=2, seconds=4.0, baselines=False)
        document = json.loads((Path(folder) / "results.json").read_text(encoding="utf-8"))
    entries = {}
    for name, row in document["metrics"].items():
        values = np.array([number(row[key]) for key in ("estimate", "low", "high")])
        entries[f"metrics/{name}"] = values_entry(values, summary=np.nan_to_num(values))
    rows = document["episodes"]
    for name in rows[0]:
        column = [row[name] for row in rows]
        if any(isinstance(value, str) for value in column):
            entries[f"episodes/{name}"] = text_entry(" ".join(column))
        else:
            values = np.array([number(value) for value in column])
            entries[f"episodes/{name}"] = values_entry(values, summary=np.nan_to_num(values))
    return entries


@cache
def recorded() -> tuple[list[SourceEpisode], Entries]:
    """Three recorded episodes of six seconds as learning sees them, and entries of what the recording holds."""
    names = ("lane-keeping/rural", "lane-keeping/urban", "obstacle-avoidance/parked-car")
    simulator, camera = Simulator([load_scenario(name).draw(0) for name in names]), CameraConfig()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dataset"
        recorder = Recorder(path, "expert", camera_configs=(camera,))
        run(simulator, make_driver("expert"), [recorder], SensorSuite(("camera",), CameraRig([camera])), max_steps=120)
        dataset = Dataset.open(path)
        episodes = source_episodes(dataset)
        columns = {name: [episode.columns[name] for episode in dataset] for name in sorted(next(iter(dataset)).columns)}
    timed = ("wall_time", "timestamp")
    entries = {
        f"recording/{name}": values_entry(*arrays)
        for name, arrays in columns.items()
        if name not in timed and arrays[0].dtype.kind in "biuf"
    }
    return episodes, entries


def views() -> Entries:
    """A recording, and a labelled batch of views drawn from it."""
    episodes, entries = recorded()
    batch = ViewSource(episodes, CameraRig([CameraConfig()]), training_weathers()[::40]).draw(24, "golden")
    labels = ("curvature", "speed", "future", "seen")
    return {
        **entries,
        **{f"labels/{name}": values_entry(getattr(batch, name)) for name in labels},
        **{f"images/{index}": image_entry(image) for index, image in enumerate(batch.images)},
    }


def training() -> Entries:
    """Weights after six steps."""
    before = torch.get_num_threads()
    # A sum's order, and so its last bits, depends on the number of threads.
    torch.set_num_threads(1)
    try:
        with TemporaryDirectory() as folder:
            result = fit(recorded()[0], [WeatherSpec()], Path(folder) / "model", QUICK)
            weights = load_file(result.folder / "weights.safetensors")
    finally:
        torch.set_num_threads(before)
    return {name: values_entry(weights[name]) for name in sorted(weights)}
