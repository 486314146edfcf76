"""The same drive is the same drive: again, alone or among others, on any number of threads, and on CUDA nearly so."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drive_sim.compute.kernel import threads
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

SCENARIOS = (
    "lane-keeping/rural",
    "lane-keeping/mountain",
    "obstacle-avoidance/mixed",
    "obstacle-avoidance/cut-in",
    "obstacle-avoidance/oncoming-traffic",
    "obstacle-avoidance/crossing-pedestrian",
    "obstacle-avoidance/oncoming-overtaker",
    "obstacle-avoidance/walking-pedestrian",
)
STEPS = 200


@pytest.fixture(scope="module")
def episodes():
    scenarios = [load_scenario(name) for name in SCENARIOS]
    return [scenarios[n % len(scenarios)].draw(n // len(scenarios)) for n in range(64)]


def actions(simulator, worlds):
    """Commands as a function of each world's own state: wobbly lane keeping, with some throttle."""
    state = simulator.state
    aim = -0.05 * (state.d - simulator.world.lane_centre) - 0.6 * state.heading_error + 4.0 * state.curvature
    steering = aim + 0.02 * np.sin(0.3 * state.step + worlds)
    return np.stack([steering, 0.1 + 0.2 * np.cos(0.1 * state.step + worlds)], axis=1).astype(np.float32)


def drive(episodes, worlds, slots, steps=STEPS, on_failure="reset_to_lane"):
    """All states of all steps: {name: (steps, B, ...)}."""
    simulator = Simulator(episodes, on_failure=on_failure, slots=slots)
    history = {name: [] for name in simulator.state._fields}
    for _ in range(steps):
        simulator.step(actions(simulator, worlds))
        for name, values in history.items():
            values.append(np.array(getattr(simulator.state, name)))
    return {name: np.array(values) for name, values in history.items()}


def assert_identical(a, b):
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def slots_for(episodes):
    return max(len(episode.actors) for episode in episodes)


@pytest.fixture(scope="module")
def reference(episodes):
    with threads(1):
        return drive(episodes, np.arange(64), slots_for(episodes))


@pytest.mark.slow
def test_the_drives_are_worth_comparing(reference, episodes):
    assert slots_for(episodes) >= 3
    assert np.ptp(reference["actor_phase"]) > 0
    assert reference["interventions"][-1].max() > 0
    assert np.all(np.isfinite(reference["x"]))


def test_the_same_drives_twice_are_the_same(reference, episodes):
    assert_identical(reference, drive(episodes, np.arange(64), slots_for(episodes)))


def test_drives_drawn_anew_are_the_same(reference, episodes):
    again = [load_scenario(episode.scenario, episode.split).draw(episode.number) for episode in episodes[:12]]
    fresh = drive(again, np.arange(12), slots_for(episodes))
    assert_identical({name: values[:, :12] for name, values in reference.items()}, fresh)


@pytest.mark.parametrize("world", [0, 2, 5, 17, 40, 63])
def test_a_world_of_sixty_four_is_the_world_alone(reference, episodes, world):
    alone = drive([episodes[world]], np.array([world]), slots_for(episodes))
    assert_identical({name: values[:, [world]] for name, values in reference.items()}, alone)


@pytest.mark.parametrize("count", [2, 4])
def test_threads_change_nothing(reference, episodes, count, short_loops_shared):
    with threads(count):
        assert_identical(reference, drive(episodes, np.arange(64), slots_for(episodes)))


def test_empty_slots_change_nothing(reference, episodes):
    roomy = drive(episodes[:8], np.arange(8), 16)
    slots = slots_for(episodes)
    for name, values in roomy.items():
        kept = values[:, :, :slots] if name.startswith("actor_") else values
        np.testing.assert_array_equal(kept, reference[name][:, :8], err_msg=name)


ROUNDING = '''
import sys
import numpy as np
from drive_sim.compute.kernel import kernel, scalar
from drive_sim.sensors.camera.frame_setup import frame_scalar

@frame_scalar
def series(row):
    """Sums whose last bits depend on the order in which the compiler adds."""
    a, b, c = 0.0, 0.0, 0.0
    for k in range(row.shape[0] - 2):
        x, y, z = row[k], row[k + 1], row[k + 2]
        a += x * y
        b += z * x - y * 0.3
        c += x * y * z - x * z * 0.4 + (a - b) * 0.01
    for _ in range(3):
        a = (a * b + c * 0.3) * 0.01
        b = (b * c - a * 0.1 + b) * 0.01
        c = (c * a * b + 0.2) * 0.01
    return a + b + c

@kernel(fastmath=True)
def once(i, arrays):
    rows, out = arrays
    out[i] = series(rows[i]) + series(rows[i + 1])

@kernel(fastmath=True)
def often(i, arrays):
    rows, out = arrays
    for k in range(i + 1):
        out[i] += series(rows[k][:20]) - series(rows[k])

@scalar
def total(row):
    result = 0.0
    for k in range(row.shape[0]):
        result += row[k]
    return result

@kernel()
def exact(i, arrays):
    arrays[1][i] = total(arrays[0][i])

@kernel(fastmath=True)
def relaxed(i, arrays):
    arrays[1][i] = total(arrays[0][i]) + 1.0

rows = np.random.default_rng(1).random((41, 101))
for name in sys.argv[1:]:
    out = np.zeros(40)
    globals()[name]("cpu", 40, (rows, out))
    assert np.all(np.isfinite(out)) and np.ptp(out) > 0
    print(name, out.tobytes().hex())
'''


def results_of_a_process(kernels, cache):
    """Results, by name, of a process that runs these kernels of `ROUNDING` in this order."""
    script = cache.parent / "rounding.py"
    if not script.exists():  # to Numba's cache, a file written again is another one
        script.write_text(ROUNDING)
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "DRIVE_SIM_CACHE": str(cache), "PYTHONPATH": str(root)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, str(script), *kernels]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cache.parent)
    assert result.returncode == 0, result.stderr[-2000:]
    return dict(line.split() for line in result.stdout.splitlines())


@pytest.mark.slow
def test_a_kernel_gives_the_same_bits_whether_it_was_compiled_or_found_on_disk(tmp_path):
    """The camera's kernels take a minute to compile; these are small, and round as differently."""
    compiling = results_of_a_process(["once"], tmp_path / "cache")
    finding_one = results_of_a_process(["often", "once"], tmp_path / "cache")
    finding_both = results_of_a_process(["once", "often"], tmp_path / "cache")
    assert compiling["once"] == finding_both["once"]
    assert finding_one == finding_both


@pytest.mark.slow
def test_images_compiled_first_do_not_relax_the_arithmetic_of_driving(tmp_path):
    alone = results_of_a_process(["exact"], tmp_path / "one")
    after_an_image = results_of_a_process(["relaxed", "exact"], tmp_path / "other")
    assert alone["exact"] == after_an_image["exact"]


SCRIPTED = """
import sys
import numpy as np
from drive_sim.drivers.registry import make_driver
from drive_sim.sensors.suite import Observation
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import *
road = generate_road("rural", 3, 500.0)
left = road.oncoming_lane_centre(0)
size = {"length": 4.5, "width": 1.8, "height": 1.5}
coming = {"direction": -1, "motion": MOTION_LANE}
slow = ActorSpec(ACTOR_CAR, start_s=118.0, start_d=left, start_speed=5.0, desired_speed=5.0, **coming, **size)
swerve = {"trigger": TRIGGER_OWN_HEADWAY, "trigger_value": 1.0, "action": ACTION_LATERAL, "action_d": -1.0}
back = {"next_action": ACTION_LATERAL, "next_after": 0.2, "next_d": left, "heedless": True}
overtaker = ActorSpec(
    ACTOR_CAR, start_s=133.0, start_d=left, start_speed=12.0, desired_speed=12.0, **swerve, **back, **coming, **size
)
walker = ActorSpec(
    ACTOR_PEDESTRIAN, 0.5, 0.6, 1.8, 80.0, -3.0, direction=-1, start_speed=1.4, desired_speed=1.4, motion=MOTION_LANE,
    heedless=True,
)
cones = tuple(ActorSpec(ACTOR_CONE, 0.4, 0.4, 0.8, 60.0, road.lane_centre(0) + side) for side in (-1.3, 1.5))
actors = (slow, overtaker, walker, *cones)
episode = Episode("hand/made", "test", 0, 5, road, WeatherSpec(), actors, start_s=40.0, start_speed=9.0)
out = {}
for device in ("cpu", "cuda"):
    simulator, driver = Simulator([episode], device=device), make_driver("expert")
    driver.bind(simulator)
    driver.reset(simulator, None, 1)
    for step in range(12):
        simulator.step(driver.act(Observation(simulator.state.time)))
    out[device] = simulator.state
for name, a, b in zip(simulator.state._fields, out["cpu"], out["cuda"]):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=name)
assert out["cuda"].actor_phase[0, 1] == PHASE_ACTING and out["cuda"].actor_timer[0, 1] > 0.2
print("same")
"""


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_cuda_drives_scripts_of_two_actions_and_their_expert_the_same(tmp_path):
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", SCRIPTED]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.strip() == "same"


@pytest.mark.cuda_simulator
@pytest.mark.thorough
def test_cuda_drives_the_same(tmp_path):
    """Numba's simulator runs the CUDA path: the launch, the masks and the frozen worlds, with the CPU's arithmetic."""
    code = """
import sys
import numpy as np
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
episodes = [load_scenario(name).draw(1) for name in ("lane-keeping/rural", "obstacle-avoidance/mixed")]
out = {}
for device in ("cpu", "cuda"):
    simulator = Simulator(episodes, device=device, on_failure="reset_to_lane", slots=8)
    for step in range(12):
        action = np.array([[0.02 * step, 0.3], [-0.6, -0.2]], np.float32)
        action[0, 1] = np.nan if step in (2, 3) else action[0, 1]
        action[1, 0] = np.inf if step == 6 else action[1, 0]
        simulator.step(action)
        if step == 5:
            simulator.reset_to_lane(np.array([True, False]))
        if step == 8:
            simulator.replace(1, episodes[0])
            simulator.reset(np.array([False, True]))
    out[device] = simulator.state
    assert np.array(simulator.invalid_commands).tolist() == [2, 0], "those of world 1 were before its episode"
for name, a, b in zip(simulator.state._fields, out["cpu"], out["cuda"]):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=name)
assert out["cuda"].step[0] == 12 and out["cuda"].interventions[0] == 1
print("same")
"""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(root)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.strip() == "same"
