"""The instance image says which road user is seen where, and agrees with the class image in every pixel."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_CYCLIST, SEMANTIC_OBJECT, SEMANTIC_PEDESTRIAN, SEMANTIC_VEHICLE
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CONE, ACTOR_CYCLIST, ACTOR_PEDESTRIAN

USERS = (SEMANTIC_VEHICLE, SEMANTIC_PEDESTRIAN, SEMANTIC_CYCLIST, SEMANTIC_OBJECT)
CAMERA = CameraConfig(width=240, height=120)


def class_of(kind: int) -> int:
    if kind >= ACTOR_CONE:
        return SEMANTIC_OBJECT
    return {ACTOR_PEDESTRIAN: SEMANTIC_PEDESTRIAN, ACTOR_CYCLIST: SEMANTIC_CYCLIST}.get(kind, SEMANTIC_VEHICLE)


@pytest.mark.parametrize("weather", [{}, {"rain": 12.0, "wetness": 1.0}, {"night": 1.0, "scenery": 0.9}])
def test_every_pixel_of_a_road_user_has_its_instance_and_no_other_pixel_has_one(photographer, weather):
    episode = photographer.crowd(weather=photographer.weather(**weather))
    frames = photographer.shoot(episode, camera=CAMERA)
    semantic, instance = frames.semantic[0, 0], frames.instance[0, 0]
    assert instance.dtype == np.uint8
    assert np.array_equal(np.isin(semantic, USERS), instance > 0)
    assert set(np.unique(instance)) == set(range(7))
    for slot, actor in enumerate(episode.actors):
        assert np.all(semantic[instance == slot + 1] == class_of(actor.kind))


@pytest.mark.slow
def test_it_holds_wherever_scenarios_put_them():
    scenario = load_scenario("obstacle-avoidance/mixed", "train")
    simulator = Simulator([scenario.draw(number) for number in range(24)])
    state = simulator.state
    # Right behind the nearest road user, so that there is something to see.
    state.x[:], state.y[:] = (
        place[:, 0] - 8.0 * turn(state.yaw) for place, turn in ((state.actor_x, np.cos), (state.actor_y, np.sin))
    )
    rig = CameraRig([CAMERA])
    frames = rig.render("cpu", simulator.roads, simulator.world, state, ("semantic", "instance"))
    assert np.array_equal(np.isin(frames.semantic, USERS), frames.instance > 0)
    assert np.count_nonzero(frames.instance.reshape(24, -1).any(1)) > 12
    kinds = simulator.world.actors.kind
    for world, _, row, column in np.argwhere(frames.instance > 0)[::50]:
        slot = frames.instance[world, 0, row, column] - 1
        assert frames.semantic[world, 0, row, column] == class_of(kinds[world, slot])


def test_the_road_user_in_front_is_seen(photographer):
    episode = photographer.crowd()
    together = photographer.shoot(episode, camera=CAMERA).instance[0, 0]
    for slot in range(6):

        def alone(simulator, slot=slot):
            others = np.arange(6) != slot
            simulator.world.actors.kind[0, others] = 0

        frames = photographer.shoot(episode, camera=CAMERA, pose=alone)
        assert set(np.unique(frames.instance)) == {0, slot + 1}
        assert np.all(frames.instance[0, 0][together == slot + 1] == slot + 1)


def test_asked_for_alone_it_is_the_same_and_otherwise_it_is_not_there(photographer):
    episode = photographer.crowd()
    alone, others = (photographer.shoot(episode, layers=layers) for layers in (("instance",), ("rgb", "depth")))
    assert others.instance.size == alone.rgb.size == alone.semantic.size == 0
    assert np.array_equal(alone.instance, photographer.shoot(episode).instance)


def test_more_road_users_than_a_byte_tells_apart_are_refused(photographer):
    simulator = Simulator([photographer.crowd()], slots=256)
    with pytest.raises(ValueError, match="255"):
        CameraRig.default().render("cpu", simulator.roads, simulator.world, simulator.state, ("instance",))
