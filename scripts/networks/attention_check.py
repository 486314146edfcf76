"""Whether what a network is shown to look at is what moves its commands.

    python scripts/networks/attention_check.py pilotnet --images 400

Images of validation episodes, half-way along; in each, the ``--share`` of pixels that are looked at most
(`drive_sim.drivers.neural.attention`) is painted over with the image's mean colour, and, apart, as many pixels of the
same shape elsewhere in the same rows. Printed: how far the curvature moves in both cases, and the ratio of the means
with a 95 % interval over images.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.resources import find_model
from drive_sim.compute.randomness import generator
from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.planning.expert import ExpertDriver
from drive_sim.rollout import run
from drive_sim.sensors.camera.mosaic import mosaic
from drive_sim.sensors.camera.rig import CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator

BATCH = 32
STEPS = 100
"""Driven by the expert before an image is taken: 5 s."""


def images_of(driver: NeuralDriver, count: int) -> NDArray[np.uint8]:
    """What the driver's cameras see in validation episodes, (count, H, W, 3)."""
    names = list_scenarios("validation")
    episodes = [load_scenario(names[n % len(names)], "validation").draw(n // len(names)) for n in range(count)]
    seen = []
    for start in range(0, count, BATCH):
        simulator = Simulator(episodes[start : start + BATCH])
        run(simulator, ExpertDriver(), max_steps=STEPS)
        observation = SensorSuite(("camera",), CameraRig(driver.cameras)).observe(simulator)
        seen.append(mosaic([observation.images(camera.name) for camera in driver.cameras]))
    return np.concatenate(seen)


def elsewhere(spots: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """As many pixels of the same rows (H, W), shifted sideways to where they meet the fewest of ``spots``."""
    shifts = rng.permutation(np.arange(1, spots.shape[1]))
    common = [np.count_nonzero(np.roll(spots, shift, 1) & spots) for shift in shifts]
    return np.roll(spots, shifts[int(np.argmin(common))], 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder or name of a model")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--share", type=float, default=0.05, help="of the pixels, painted over")
    options = parser.parse_args()
    driver, rng = NeuralDriver.load(find_model(options.model)), generator("attention check")
    images = images_of(driver, options.images)
    masks = driver.attention(images)
    if masks is None:
        raise SystemExit("attention_check: the network does not say which its convolutions are")
    spots = masks >= np.quantile(masks.reshape(len(masks), -1), 1.0 - options.share, axis=1)[:, None, None]
    moved = []
    before = driver.perceive(images)[0]
    for chosen in (spots, np.array([elsewhere(one, rng) for one in spots])):
        colours = images.mean((1, 2), keepdims=True).astype(np.uint8)
        painted = np.where(chosen[..., None], colours, images)
        moved.append(np.abs(driver.perceive(np.ascontiguousarray(painted))[0] - before))
    draws = rng.integers(0, len(images), (4000, len(images)))
    ratios = moved[0][draws].mean(1) / moved[1][draws].mean(1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    print(f"{len(images)} images, {100.0 * options.share:g} % of the pixels painted over: the curvature moves by")
    print(f"  {moved[0].mean():.5f} 1/m where the network looks, {moved[1].mean():.5f} 1/m elsewhere in the same rows")
    print(f"  ratio of the means {moved[0].mean() / moved[1].mean():.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
