"""Faults of a camera: each does what its name says, and the same episode suffers the same in any company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.sensors.camera.faults import CameraFaults, FaultyCameras
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

RIG = CameraRig((CameraConfig(width=100, height=33),))
COAST = np.zeros(2, np.float32)
STEPS = 12


@pytest.fixture(scope="module")
def episodes() -> list[Any]:
    scenario = load_scenario("lane-keeping/rural")
    return [scenario.draw(number) for number in range(3)]


def drive(episodes: list[Any], faults: CameraFaults | None, rig: CameraRig = RIG) -> dict[str, np.ndarray]:
    """Images (STEPS, B, H, W, 3) of each camera while the cars roll."""
    simulator, suite = Simulator(episodes), SensorSuite(("camera",), rig, faults=faults)
    suite.reset(simulator)
    seen: dict[str, list[np.ndarray]] = {config.name: [] for config in rig.configs}
    for _ in range(STEPS):
        for name, image in suite.observe(simulator).camera.items():
            seen[name].append(image)
        simulator.step(np.tile(COAST, (len(episodes), 1)))
    return {name: np.array(images) for name, images in seen.items()}


@pytest.fixture(scope="module")
def clean(episodes: list[Any]) -> np.ndarray:
    return drive(episodes, None)["front"]


def test_a_camera_without_faults_shows_what_it_would_show_anyway(episodes: list[Any], clean: np.ndarray) -> None:
    assert np.array_equal(drive(episodes, CameraFaults())["front"], clean)


def test_noise_adds_as_many_grey_levels_as_it_says_and_others_in_every_image(
    episodes: list[Any], clean: np.ndarray
) -> None:
    noisy = drive(episodes, CameraFaults(noise=6.0))["front"]
    middle = (clean > 40) & (clean < 215)
    added = (noisy.astype(float) - clean)[middle]
    assert added.std() == pytest.approx(6.0, rel=0.03)
    assert abs(added.mean()) < 0.1
    change = noisy.astype(float) - clean
    assert abs(np.corrcoef(change[3, 0].ravel(), change[4, 0].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(change[3, 0].ravel(), change[3, 1].ravel())[0, 1]) < 0.1


def test_dirt_darkens_and_blurs_where_it_sits_and_stays_there(episodes: list[Any], clean: np.ndarray) -> None:
    dirty = drive(episodes, CameraFaults(dirt=0.5))["front"]
    change = np.abs(dirty.astype(float) - clean).max(-1)
    untouched = (change < 1.5).all(0)
    assert 0.2 < untouched.mean() < 0.98
    # What was hidden in the first image is what is hidden later, too.
    where = change[0] > 20.0
    assert where.any()
    assert (change[-1] > 3.0)[where].mean() > 0.9
    assert dirty[:, where].mean() < clean[:, where].mean()
    assert not np.array_equal(where[0], where[1])


def test_behind_dirt_stripes_lose_more_contrast_than_light(episodes: list[Any]) -> None:
    stripes = np.zeros((3, 33, 100, 3), np.uint8)
    stripes[:, :, ::2] = 240
    seen = FaultyCameras(CameraFaults(dirt=0.5), "cpu").spoil(Simulator(episodes), {"front": stripes})["front"]
    bright, dark = seen[:, :, 20:80:2].astype(float), seen[:, :, 21:81:2].astype(float)
    light, contrast = (bright + dark) / 240.0, (bright - dark) / 240.0
    hidden = light < 0.7
    assert hidden.any()
    # A filter that only took light would leave both at the same share.
    assert (light - contrast)[hidden].mean() > 0.15
    assert 0.3 < (seen == stripes).mean() < 0.95


def test_more_dirt_is_the_same_dirt_and_more(episodes: list[Any], clean: np.ndarray) -> None:
    little, much = (np.abs(drive(episodes, CameraFaults(dirt=d))["front"][0] - 0.0 - clean[0]) for d in (0.2, 0.8))
    assert ((much > 1.0) | (little < 2.0)).mean() > 0.99
    assert (much > 2.0).mean() > (little > 2.0).mean()


def test_a_lost_image_is_the_one_before_once_more(episodes: list[Any], clean: np.ndarray) -> None:
    seen = drive(episodes, CameraFaults(dropped_frames=0.4))["front"]
    assert np.array_equal(seen[0], clean[0])
    lost = 0
    for step in range(1, STEPS):
        for world in range(len(episodes)):
            arrived = np.array_equal(seen[step, world], clean[step, world])
            assert arrived or np.array_equal(seen[step, world], seen[step - 1, world])
            lost += not arrived
    assert 0.2 < lost / ((STEPS - 1) * len(episodes)) < 0.6


def test_an_episode_suffers_the_same_alone_as_in_a_batch(episodes: list[Any]) -> None:
    faults = CameraFaults(noise=4.0, dirt=0.5, dropped_frames=0.3)
    together = drive(episodes, faults)["front"]
    for number, episode in enumerate(episodes):
        assert np.array_equal(drive([episode], faults)["front"][:, 0], together[:, number])


def test_every_camera_has_dirt_of_its_own(episodes: list[Any]) -> None:
    twins = CameraRig(tuple(CameraConfig(name=name, width=100, height=33) for name in ("one", "two")))
    seen = drive(episodes[:1], CameraFaults(dirt=0.5), twins)
    assert not np.array_equal(seen["one"], seen["two"])


@pytest.mark.parametrize("wrong", [{"noise": -1.0}, {"dirt": 1.5}, {"dropped_frames": 1.0}, {"noise": float("nan")}])
def test_a_fault_out_of_range_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"camera faults: {next(iter(wrong))}: input should be .*; "):
        CameraFaults(**wrong)


def test_a_masked_reset_keeps_the_last_image_of_the_other_worlds(episodes: list[Any]) -> None:
    simulator = Simulator(episodes)
    faults = CameraFaults(dirt=0.5, dropped_frames=0.9)
    suites = [SensorSuite(("camera",), RIG, faults=faults) for _ in range(2)]
    mask = np.arange(len(episodes)) == 0
    for suite in suites:
        suite.reset(simulator)
    for step in range(8):
        if step == 4:
            simulator.replace(0, episodes[0])
            suites[0].reset(simulator, mask)
        images = [suite.observe(simulator).camera["front"] for suite in suites]
        np.testing.assert_array_equal(images[0][1:], images[1][1:])
        simulator.step(np.full((len(episodes), 2), 0.3, np.float32))
