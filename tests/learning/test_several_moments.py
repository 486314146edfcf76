"""Views of several moments: the drive that led to where a view is taken, and models that learn from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive_sim.drivers.neural.driver import NeuralDriver
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.settings import TrainingSettings, ViewSettings
from drive_sim.learning.training import fit
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.source import ViewSource, displaced, shifted
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.scenarios.episode import WeatherSpec, map_arrays
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import EVENT_OFF_ROAD

CAMERA = CameraConfig(width=40, height=24)
STACK = NetworkSettings("stack", 24, 40, frames=3, channels=(8, 8), kernels=(5, 3), strides=(2, 2), dense=(16, 8))
ONE = replace(STACK, name="pilotnet", frames=1)
LAG = 4
"""Recorded steps between moments: 0.2 s at 20 Hz."""


def source(episodes: list[SourceEpisode], network: NetworkSettings, settings: ViewSettings | None = None) -> ViewSource:
    return ViewSource(episodes, CameraRig([CAMERA]), [WeatherSpec()], settings, network)


def test_the_present_moment_is_the_view_of_a_single_one(episodes: list[SourceEpisode]) -> None:
    one, three = (source(episodes, network).draw(12, "moments") for network in (ONE, STACK))
    assert three.images.shape == (12, 3 * 24, 40, 3)
    assert np.array_equal(three.images[:, :24], one.images)
    for name in ("curvature", "speed", "future", "seen"):
        assert np.array_equal(getattr(three, name), getattr(one, name))
    # The car moves, so the moments differ, the more the earlier.
    apart = [np.abs(three.images[:, :24].astype(int) - three.images[:, top : top + 24]).mean() for top in (24, 48)]
    assert 1.0 < apart[0] < apart[1]


def test_earlier_moments_are_those_recorded_an_interval_before(episodes: list[SourceEpisode]) -> None:
    views, first = source(episodes, STACK), episodes[0]
    mine, steps = views._table["episode"] == 0, first.learnable()
    for back, states in enumerate(views._earlier, 1):
        assert np.array_equal(states.x[mine], first.state.x[np.maximum(steps - back * LAG, 0)])


def test_no_moment_lies_before_the_episode_or_a_lane_reset(episodes: list[SourceEpisode]) -> None:
    events = np.zeros_like(episodes[0].events)
    events[50] = EVENT_OFF_ROAD
    helped = replace(episodes[0], events=events)
    assert helped.before(np.array([0, 3, 9, 50, 51, 53, 60]), 5).tolist() == [0, 0, 4, 45, 51, 51, 55]


def test_the_past_moves_with_the_view_like_a_rigid_body(episodes: list[SourceEpisode]) -> None:
    views = source(episodes, STACK, ViewSettings(unperturbed=0.0, yaw_sigma=0.3))
    rows, rng = np.arange(len(views)), np.random.default_rng(0)
    episode, recorded, earlier = views._table["episode"][rows], views._states, views._earlier[1]
    shift, turn = views._perturbation(rng, episode, recorded)
    world = map_arrays(views._world, lambda array: array[episode])
    _, seen = views._appearances.natural(rng, world, shifted(recorded, shift, turn))
    past = displaced(earlier, recorded, seen)
    assert np.abs(shift).max() > 0.5 and np.abs(turn).max() > 0.2

    def from_the_car(then: object, now: object) -> np.ndarray:
        """Where the earlier pose lies in the present one's frame."""
        dx, dy, yaw = then.x - now.x, then.y - now.y, now.yaw  # type: ignore[attr-defined]
        turned = then.yaw - yaw, then.pitch - now.pitch, then.roll - now.roll  # type: ignore[attr-defined]
        return np.stack([np.cos(yaw) * dx + np.sin(yaw) * dy, np.cos(yaw) * dy - np.sin(yaw) * dx, *turned])

    np.testing.assert_allclose(from_the_car(past, seen), from_the_car(earlier, recorded), atol=1e-9)
    assert np.array_equal(past.actor_x, earlier.actor_x) and np.array_equal(past.step, earlier.step)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "recurrent"])
def test_a_network_of_several_moments_is_trained_saved_and_driven(
    name: str, episodes: list[SourceEpisode], tmp_path: Path
) -> None:
    settings = TrainingSettings(
        views=48, chunk=24, batch=8, trials=0, held_out=0.4, half_precision=False, network=replace(STACK, name=name),
        camera=CAMERA,
    )  # fmt: skip
    folder = fit(episodes, [WeatherSpec()], tmp_path / "model", settings).folder
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "40 × 24, 3 moments 0.2 s apart" in card and "drivers/neural/temporal.py" in card
    assert load_recipe(folder).settings == settings
    simulator = Simulator([load_scenario("lane-keeping/rural").draw(0)])
    run(simulator, NeuralDriver.load(folder), max_steps=20)
    assert np.isfinite(simulator.state.x[0]) and simulator.state.odometer[0] > 5.0
