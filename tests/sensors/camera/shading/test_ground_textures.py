"""Pavings and roadsides look like what they are called; spray hangs behind a vehicle that drives fast in the wet."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig
from drive_sim.sensors.camera.semantics import SEMANTIC_ROAD, SEMANTIC_VERGE
from drive_sim.sensors.camera.shading.ground_textures import draw_concrete
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.state import (
    ACTOR_LORRY,
    PAVING_ASPHALT,
    PAVING_CONCRETE,
    PAVING_PATCHED,
    PAVINGS,
    ROADSIDE_GRASS,
    ROADSIDE_SAND,
    ROADSIDES,
)

ABOVE = CameraConfig(width=200, height=200, field_of_view=1.2, z=10.0, pitch=1.0)
"""Looks down on the road, which then fills the image's middle."""


def from_above(photographer, start_s: float = 100.0, **weather) -> np.ndarray:
    """Linear light (H, W) of bare road seen from above, the car being where the two lanes meet."""
    road = photographer.road(boundaries=(), paved=60.0)
    look = photographer.weather(**({"asphalt_texture": 1.0} | weather))
    episode = photographer.episode(road, look, start_s=start_s, start_offset=1.75)
    return photographer.light(photographer.shoot(episode, camera=ABOVE).rgb[0, 0]).mean(-1)


@pytest.mark.parametrize("paving", range(len(PAVINGS)), ids=PAVINGS)
def test_a_paving_is_as_bright_as_its_reflectance_says(photographer, paving):
    grey = {"asphalt": (0.3, 0.3, 0.3), "paving": paving}
    mean = np.mean([from_above(photographer, start_s, **grey).mean() for start_s in (100.0, 110.0, 120.0)])
    plain = from_above(photographer, asphalt=(0.3, 0.3, 0.3), asphalt_texture=0.0).mean()
    assert mean == pytest.approx(plain, rel=0.12)


@pytest.mark.slow
def test_concrete_has_a_joint_where_lanes_meet_and_after_every_slab(photographer):
    """Lanes of 3.5 m: joints along the road at d = 0 and 3.5 m to either side, wherever the car is."""
    light = np.mean([from_above(photographer, 100.0 + k, paving=PAVING_CONCRETE) for k in range(32)], axis=0)
    row = light[120]
    middle = np.argmin(row[90:110]) + 90
    assert abs(middle - 99.5) <= 1.0
    assert row[middle] < 0.8 * np.median(row)
    depth = ABOVE.z / (np.sin(ABOVE.pitch) + 20.5 / ABOVE.focal_length * np.cos(ABOVE.pitch))
    for side in (-1, 1):
        column = round(99.5 + side * 3.5 * ABOVE.focal_length / depth)
        assert row[column - 2 : column + 3].min() < 0.85 * np.median(row)
    asphalt = np.mean([from_above(photographer, 100.0 + k, paving=PAVING_ASPHALT) for k in range(32)], axis=0)
    assert asphalt[120, 95:105].min() > 0.8 * np.median(asphalt[120])
    # And six slabs to the texture's 32 m.
    along = draw_concrete((128, 512)).mean(0)
    joints = np.flatnonzero(along < along.mean() - 0.35)
    assert len(joints) == 6
    assert np.diff(joints) == pytest.approx(512 / 6, abs=1.0)


def test_patched_roads_have_more_to_see_than_new_ones(photographer):
    def variety(paving: int) -> float:
        return float(np.mean([from_above(photographer, 100.0 + 8.0 * k, paving=paving).std() for k in range(4)]))

    assert variety(PAVING_PATCHED) > 1.3 * variety(PAVING_ASPHALT)


def test_sand_is_not_grass_and_truth_does_not_care(photographer):
    def seen(roadside: int):
        look = photographer.weather(verge_texture=0.8, roadside=roadside)
        return photographer.shoot(photographer.episode(weather=look))

    grass, sand = seen(ROADSIDE_GRASS), seen(ROADSIDE_SAND)
    verge = grass.semantic[0, 0] == SEMANTIC_VERGE
    assert np.array_equal(grass.semantic, sand.semantic)
    assert np.array_equal(grass.depth, sand.depth)
    assert np.abs(grass.rgb[0, 0].astype(int) - sand.rgb[0, 0])[verge].mean() > 3.0
    assert len(ROADSIDES) == 4


def test_a_lorry_hides_in_its_spray(photographer):
    """The faster, the wetter, the less is seen of its wheels; its class stays."""

    def seen(speed: float, wetness: float):
        lorry = ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 122.0, -1.75, colour=(0.02, 0.02, 0.02), start_speed=speed)

        def pose(simulator):
            simulator.state.actor_speed[0, 0] = speed

        look = photographer.weather(wetness=wetness, sky=(0.6,) * 3, horizon=(0.6,) * 3)
        episode = photographer.episode(weather=look, actors=(lorry,), start_offset=0.0)
        return photographer.shoot(episode, pose=pose)

    box = (slice(24, 34), slice(92, 108))
    dry, slow, fast = seen(25.0, 0.0), seen(3.0, 1.0), seen(25.0, 1.0)
    level = [frames.rgb[0, 0][box].mean() for frames in (dry, slow, fast)]
    assert level[2] > 1.3 * level[1]
    assert abs(level[1] - level[0]) < 0.35 * level[0]
    assert np.array_equal(slow.semantic, fast.semantic)
    assert np.array_equal(slow.instance, fast.instance)
    assert (slow.semantic[0, 0] == SEMANTIC_ROAD).any()
