"""An image does not depend on what else is rendered, by how many threads, or on which device."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drive_sim.compute import kernel
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.world.roads.road import EDGE_RAIL
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_LORRY


def variety(photographer, count: int) -> list:
    """Episodes with different roads, weathers and traffic."""
    roads = [photographer.road(k, seed=n, edge=n % 3) for n, k in enumerate((0.0, 0.012, -0.02))]
    weathers = [
        photographer.weather(scenery=0.8, sun_strength=0.7, asphalt_texture=0.8, verge_texture=0.8, camera_noise=1.0),
        photographer.weather(scenery=0.5, rain=8.0, wetness=0.9, fog_visibility=300.0, camera_noise=2.0),
        photographer.weather(scenery=0.5, night=1.0, marking_wear=0.4, camera_noise=2.0),
        photographer.weather(scenery=0.4, fog_visibility=80.0),
    ]
    actors = (
        ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 120.0, -1.75, start_speed=8.0),
        ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 160.0, 1.75, direction=-1),
    )
    return [
        photographer.episode(roads[n % 3], weathers[n % 4], actors[: n % 3], start_s=60.0 + 3.1 * n, seed=n)
        for n in range(count)
    ]


def render(episodes, rig=None, layers=LAYERS, **options):
    simulator = Simulator(episodes)
    rig = rig or CameraRig([CameraConfig("front"), CameraConfig("left", yaw=0.6)])
    return rig.render("cpu", simulator.roads, simulator.world, simulator.state, layers, **options)


def test_an_image_in_a_batch_of_64_equals_the_same_alone(photographer):
    episodes = variety(photographer, 64)
    together = render(episodes)
    for index in (0, 7, 22, 63):
        alone = render([episodes[index]])
        for layer in LAYERS:
            assert np.array_equal(getattr(together, layer)[index], getattr(alone, layer)[0]), (index, layer)


def test_two_threads_render_what_one_renders(photographer):
    episodes = variety(photographer, 13)
    with kernel.threads(1):
        one = render(episodes)
    with kernel.threads(2):
        two = render(episodes)
    assert all(np.array_equal(getattr(one, layer), getattr(two, layer)) for layer in LAYERS)


def test_layers_that_are_not_asked_for_cost_no_memory_and_change_nothing(photographer):
    episodes = variety(photographer, 3)
    everything = render(episodes)
    image = render(episodes, layers=("rgb",))
    truth = render(episodes, layers=("depth", "semantic"))
    assert image.depth.size == image.semantic.size == truth.rgb.size == 0
    assert np.array_equal(image.rgb, everything.rgb)
    assert np.array_equal(truth.depth, everything.depth)
    assert np.array_equal(truth.semantic, everything.semantic)
    with pytest.raises(ValueError, match="unknown layers"):
        render(episodes, layers=("normals",))


def test_frames_are_rendered_into_again_and_only_the_rows_that_are_named(photographer):
    episodes = variety(photographer, 4)
    simulator = Simulator(episodes)
    rig = CameraRig.default()
    frames = rig.render("cpu", simulator.roads, simulator.world, simulator.state)
    before = frames.rgb.copy()
    simulator.state.x[:] += 2.0
    again = rig.render("cpu", simulator.roads, simulator.world, simulator.state, frames=frames, rows=[1, 3])
    assert again.rgb is frames.rgb
    assert np.array_equal(again.rgb[[0, 2]], before[[0, 2]])
    assert not np.array_equal(again.rgb[1], before[1])
    assert not np.array_equal(again.rgb[3], before[3])


def test_odd_sizes_are_rendered_to_the_edge(photographer):
    episode = photographer.episode()
    narrow = photographer.shoot(episode, camera=CameraConfig(width=37, height=21, field_of_view=1.2))
    assert narrow.rgb.shape == (1, 1, 21, 37, 3)
    assert np.all(narrow.rgb.max((0, 1, 2, 4)) > 40)


PARITY = """
import sys
import numpy as np
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/camera"]
from conftest import Photographer
from test_batch import variety
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraRig
from drive_sim.world.simulator import Simulator
photographer = Photographer()
simulator = Simulator([*variety(photographer, 3), photographer.crowd()])
rig = CameraRig([CameraConfig(width=36, height=18)])
frames = rig.render(sys.argv[1], simulator.roads, simulator.world, simulator.state, LAYERS)
np.savez(sys.argv[3], **frames._asdict())
"""


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_cuda_renders_what_the_cpu_renders(tmp_path):
    """The CUDA kernels run under Numba's simulator: pixels equal within a grey level on 99.9 %."""
    here = Path(__file__).resolve()
    frames = {}
    for device, simulated in (("cpu", "0"), ("cuda", "1")):
        out = tmp_path / f"{device}.npz"
        environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": simulated}
        command = [sys.executable, "-c", PARITY, device, str(here.parents[1]), str(out)]
        subprocess.run(command, cwd=here.parents[3], env=environment, check=True)
        frames[device] = np.load(out)
    cpu, cuda = frames["cpu"], frames["cuda"]
    difference = np.abs(cpu["rgb"].astype(int) - cuda["rgb"].astype(int))
    assert (difference <= 1).mean() >= 0.999
    assert (cpu["semantic"] == cuda["semantic"]).mean() >= 0.999
    assert (cpu["instance"] == cuda["instance"]).mean() >= 0.999
    assert len(np.unique(cpu["instance"])) > 4
    np.testing.assert_allclose(cpu["depth"], cuda["depth"], rtol=1e-3)
    assert cpu["rgb"].std() > 20


def test_a_rail_is_rendered_by_the_road_that_has_one(photographer):
    with_rail, without = (photographer.episode(photographer.road(edge=edge)) for edge in (EDGE_RAIL, 0))
    frames = photographer.shoot(with_rail, without)
    assert (frames.semantic[0] == 5).sum() > 100 > (frames.semantic[1] == 5).sum() == 0
