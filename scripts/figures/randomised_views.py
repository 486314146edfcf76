"""The contact sheet of randomised views for docs/recipes.md: moments as in nature, and beside each the same at random.

python scripts/figures/randomised_views.py

The moments are of a few drives of the expert on training roads, the views those of one key.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from drive_sim.drivers.registry import make_driver
from drive_sim.learning.recordings import training_weathers
from drive_sim.learning.settings import ViewSettings
from drive_sim.learning.views.episodes import SourceEpisode, source_episodes
from drive_sim.learning.views.source import ViewSource
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "images" / "randomised-views.png"
SCENARIOS = (
    "lane-keeping/rural",
    "lane-keeping/urban",
    "lane-keeping/motorway",
    "lane-keeping/mountain",
    "obstacle-avoidance/parked-car",
    "obstacle-avoidance/mixed",
)
STEPS = 240
ROWS, PAIRS = 8, 2
"""Of the sheet; a pair is a moment in nature and the same one at random."""
SCALE = 1.5


def recorded() -> list[SourceEpisode]:
    """A drive of the expert in each scenario."""
    simulator, camera = Simulator([load_scenario(name).draw(0) for name in SCENARIOS]), CameraConfig()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dataset"
        recorder = Recorder(path, "expert", camera_configs=(camera,))
        run(
            simulator, make_driver("expert"), [recorder], SensorSuite(("camera",), CameraRig([camera])), max_steps=STEPS
        )
        return source_episodes(Dataset.open(path))


def main() -> None:
    """Draw it."""
    episodes, weathers = recorded(), training_weathers()
    nature, half = (
        ViewSource(episodes, CameraRig.default(), weathers, ViewSettings(randomised=share)).draw(80, "sheet").images
        for share in (0.0, 0.5)
    )
    shown = np.flatnonzero((nature != half).any((1, 2, 3)))[: ROWS * PAIRS]
    pairs = [np.hstack([nature[number], half[number]]) for number in shown]
    sheet = np.vstack([np.hstack(pairs[PAIRS * row : PAIRS * (row + 1)]) for row in range(ROWS)])
    large = cv2.resize(sheet, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(OUTPUT), cv2.cvtColor(large, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
