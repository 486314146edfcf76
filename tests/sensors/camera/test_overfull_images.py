"""An image with more in it than there is memory for lacks what matters least, and the rig counts what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from drive_sim.sensors.camera import buffers
from drive_sim.sensors.camera.rig import LAYERS, CameraFrames, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_SCENERY
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_LORRY, ACTOR_NONE, ACTOR_PEDESTRIAN

LORRIES = 60
RAIN = {"rain": 12.0, "wetness": 1.0, "sun_strength": 0.0}
NIGHT = {"night": 1.0, "sky": (0.02, 0.02, 0.03), "horizon": (0.04, 0.04, 0.05)}


def convoy(order: Sequence[int]) -> tuple[ActorSpec, ...]:
    """Lorries ahead of a car at s = 100 m, two abreast; number k of the order is the k-th nearest."""
    return tuple(ActorSpec(ACTOR_LORRY, 2.5, 1.2, 3.0, 108.0 + 3.5 * k, 1.0 if k % 2 else -2.5) for k in order)


def rendered(rig: CameraRig, episode: Episode, hidden: Sequence[int] = ()) -> CameraFrames:
    """What the rig sees of the episode; the actors with the numbers ``hidden`` are not there."""
    simulator = Simulator([episode])
    simulator.world.actors.kind[0, list(hidden)] = ACTOR_NONE
    return rig.render("cpu", simulator.roads, simulator.world, simulator.state, LAYERS)


def assert_equal(one: CameraFrames, other: CameraFrames) -> None:
    for name, layer, expected in zip(LAYERS, one, other, strict=True):
        np.testing.assert_array_equal(layer, expected, err_msg=name)


@pytest.mark.parametrize("weather", [{}, RAIN, NIGHT], ids=["dry", "rain", "night"])
def test_an_overfull_image_lacks_its_farthest_road_users(photographer, weather):
    weather = photographer.weather(**weather)
    episode = photographer.episode(weather=weather, actors=convoy(range(LORRIES)), start_offset=0.0)
    rig, roomy = CameraRig.default(), CameraRig.default()
    frames = rendered(rig, episode)
    assert 0 < rig.left_out < LORRIES
    assert_equal(frames, rendered(roomy, episode, hidden=range(LORRIES - rig.left_out, LORRIES)))
    assert roomy.left_out == 0
    assert (frames.instance == 1).sum() > 500


@pytest.mark.parametrize("order", [range(30), range(29, -1, -1), np.random.default_rng(3).permutation(30)])
def test_the_nearest_road_users_are_kept_in_whatever_order_they_come(photographer, monkeypatch, order):
    episode = photographer.episode(actors=convoy(order), start_offset=0.0)
    expected = rendered(CameraRig.default(), episode, hidden=np.flatnonzero(np.asarray(order) >= 10))
    monkeypatch.setattr(buffers, "MAX_OBJECTS", 10)
    rig = CameraRig.default()
    assert_equal(rendered(rig, episode), expected)
    assert rig.left_out == 20


@pytest.mark.parametrize("memory", [{"MAX_OBJECTS": 12}, {"MAX_POLYGONS": 24}], ids=["objects", "polygons"])
def test_scenery_gives_way_to_road_users_and_far_scenery_to_near(photographer, monkeypatch, memory):
    walkers = tuple(ActorSpec(ACTOR_PEDESTRIAN, 0.5, 0.6, 1.75, 110.0 + 12.0 * k, 0.8 * k - 2.0) for k in range(6))
    episode = photographer.episode(weather=photographer.weather(scenery=1.0), actors=walkers, start_offset=0.0)
    full = rendered(CameraRig.default(), episode)
    for name, value in memory.items():
        monkeypatch.setattr(buffers, name, value)
    rig = CameraRig.default()
    frames = rendered(rig, episode)
    assert rig.left_out > 0
    assert set(np.unique(full.instance)) <= set(np.unique(frames.instance))
    scenery, kept = full.semantic == SEMANTIC_SCENERY, frames.semantic == SEMANTIC_SCENERY
    reach = frames.depth[kept].max()
    assert reach < full.depth[scenery].max()
    # Objects are sorted by their distance on the ground, which differs from their depth at the image's sides.
    near = scenery & (full.depth < 0.7 * reach)
    assert near.sum() > 50
    np.testing.assert_array_equal(frames.semantic[near], SEMANTIC_SCENERY)


def test_what_is_left_out_is_counted_over_all_images(photographer):
    rig = CameraRig.default()
    rendered(rig, photographer.crowd(weather=photographer.weather(scenery=1.0)))
    assert rig.left_out == 0
    overfull = photographer.episode(actors=convoy(range(LORRIES)), start_offset=0.0)
    rendered(rig, overfull)
    once = rig.left_out
    rendered(rig, overfull)
    assert rig.left_out == 2 * once
    # A batch of another size is rendered in memory of its own.
    simulator = Simulator([overfull, overfull])
    rig.render("cpu", simulator.roads, simulator.world, simulator.state)
    assert rig.left_out == 4 * once
