"""What is measured is what is said, and what comes out is whole; how fast it is, no test says."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import gymnasium
import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.bench import Effort, deciding, environments, machine, run_bench
from drive_sim.bench.episodes import ACTORS, Batch, among_actors, expert_actions
from drive_sim.bench.figures import HEADINGS, Figure, Measured, rounded, shown
from drive_sim.compute.kernel import cuda_available
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_VEHICLE
from drive_sim.world.state import EVENT_COLLISION

TINY = Effort(
    repeats=2,
    least_time=0.0,
    episodes=2,
    steps=4,
    batch=2,
    worlds=(1, 2),
    actors=(0, 8),
    images=((16, 32),),
    starts=1,
    long_run=20,
    views=64,
)

pytestmark = pytest.mark.timeout(1200)  # measures everything once, on any machine


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict]:
    """Lines and JSON file of a bench of the smallest effort."""
    output = tmp_path_factory.mktemp("bench") / "figures.json"
    lines = list(run_bench("cpu", output, TINY))
    return lines, json.loads(output.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.thorough
def test_every_section_has_its_figures(measured: tuple[list[str], dict]) -> None:
    expected = {
        "step.1", "step.2.threads_1", "env", "env.camera", "env.all", "env.2.threads_1", "step_camera.2.threads_1",
        "ratio.batched_per_core", "camera.dry", "camera.night", "camera.truth", "pixels.16x32",
        "actors.0", "actors.8", "worlds.1", "worlds.2", "worlds_camera.1", "worlds_camera.2", "memory.world",
        "memory.leak", "lidar",
        "radar",
        "motion_sensors", "pilotnet.1", "pilotnet.2", "closed_loop", "latency.median", "latency.p99", "cold_start",
        "training.ready", "training.drawn", "training.share",
    }  # fmt: skip
    assert expected <= measured[1]["figures"].keys()


@pytest.mark.thorough
def test_a_figure_is_a_median_within_its_range(measured: tuple[list[str], dict]) -> None:
    for key, figure in measured[1]["figures"].items():
        assert 0.0 <= figure["min"] <= figure["median"] <= figure["max"], key
        assert figure["max"] > 0.0 or key == "memory.leak"
        assert figure["what"] and figure["unit"] and figure["threads"] >= 1 and figure["repeats"] >= 1, key


@pytest.mark.thorough
def test_the_table_has_a_row_for_each_figure(measured: tuple[list[str], dict]) -> None:
    lines, document = measured
    rows = [line for line in lines if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == [figure["what"] for figure in document["figures"].values()]
    assert {len(row) for row in cells} == {len(HEADINGS)}


@pytest.mark.thorough
def test_the_file_names_the_machine_and_the_command(measured: tuple[list[str], dict]) -> None:
    lines, document = measured
    assert document["machine"] == machine("cpu")
    assert document["machine"]["device"] in lines[0]
    assert {"drive-sim", "python", "numba", "numpy"} <= document["machine"]["versions"].keys()
    assert document["command"] == "drive-sim bench --device cpu --output figures.json"


def test_without_torch_the_networks_are_left_out_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (line,) = deciding.networks("cpu", TINY)
    assert isinstance(line, str)
    assert "torch is not installed" in line


@pytest.mark.skipif(cuda_available(), reason="there is a GPU, or its simulator")
def test_a_missing_gpu_is_said_before_anything_is_measured() -> None:
    with pytest.raises(InputError, match="no usable CUDA device"):
        run_bench("cuda")


def test_a_missing_folder_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        run_bench("cpu", tmp_path / "absent" / "figures.json")


def test_preparation_is_not_timed_and_short_work_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("drive_sim.bench.figures.perf_counter", lambda: clock[0])
    monkeypatch.setattr("drive_sim.bench.figures.process_time", lambda: 2.0 * clock[0])

    def passing(seconds: float, items: int) -> int:
        clock[0] += seconds
        return items

    one = Measured(lambda: passing(0.1, 5), lambda: passing(7.0, 0) and None, least_time=0.25)
    one.once(keep=False)
    one.once()
    assert one.rates == [pytest.approx(50.0)]  # three times 5 in 0.3 s
    assert one.processor == [pytest.approx(0.04e6)]  # two processors' worth of 0.02 s each


def test_numbers_keep_their_first_digits() -> None:
    assert [rounded(v) for v in (0.0, 123456.0, 0.00123456)] == [0.0, 123500.0, 0.001235]
    assert [shown(v) for v in (0.0, 12345.0, 123.4, 1.2345, 0.012345)] == ["0", "12,300", "123", "1.23", "0.0123"]
    assert Figure("a", "b", "c", (3.0, 1.0, 2.0)).median == 2.0


@pytest.mark.slow
def test_the_measured_drives_are_driven_well_among_visible_traffic() -> None:
    effort = Effort()
    batch = Batch(0, 4, "cpu", effort.episodes, effort.steps)
    batch.go_on(effort.steps // 2)
    simulator = batch.simulator
    frames = CameraRig((CameraConfig(),)).render(
        "cpu", simulator.roads, simulator.world, simulator.state, ("semantic",)
    )
    assert ((frames.semantic == SEMANTIC_VEHICLE).sum(axis=(1, 2, 3)) > 60).all()
    batch.begin()
    batch.go_on(effort.steps)
    assert not simulator.state.interventions.any()
    assert not (simulator.state.events_ever & EVENT_COLLISION).any()
    assert not simulator.state.done.any()
    assert (simulator.state.progress > 20.0).all()


def test_a_batched_environment_goes_over_all_drives_from_their_start() -> None:
    environment = gymnasium.make_vec(
        "DriveSim-v0", num_envs=3, scenario=among_actors(), sensors=("odometry",), on_failure="reset_to_lane"
    )
    work, prepare = environments.vector_work(environment, TINY)
    batch = Batch(0, 3, "cpu", TINY.episodes, TINY.steps)
    batch.go_on(TINY.steps)
    for _ in range(2):
        prepare()
        assert work() == 3 * TINY.steps
        np.testing.assert_array_equal(environment.unwrapped.simulator.state.x, batch.simulator.state.x)


def test_environment_and_batch_go_over_the_same_episodes() -> None:
    environment = gymnasium.make(
        "DriveSim-v0", scenario=among_actors(), sensors=("odometry",), on_failure="reset_to_lane"
    )
    work, prepare = environments.environment_work(environment, TINY)
    batch = Batch(0, 2, "cpu", TINY.episodes, TINY.steps)
    batch.go_on(TINY.steps)
    for episode in range(TINY.episodes):
        prepare()
        assert work() == TINY.steps
        state = environment.unwrapped.simulator.state
        assert state.x[0] == batch.simulator.state.x[episode]
        assert (state.actor_x[0] == batch.simulator.state.actor_x[episode]).all()
        assert (environment.unwrapped.simulator.world.actors.kind[0] != 0).sum() == ACTORS
    assert expert_actions(TINY.episodes, TINY.steps).shape == (TINY.steps, TINY.episodes, 2)


@pytest.fixture
def peers(repository: Path) -> Iterator[ModuleType]:
    """The script that measures peers, as a module."""
    spec = importlib.util.spec_from_file_location("benchmark_peers", repository / "scripts" / "benchmark_peers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_missing_peer_is_left_out_with_a_line(
    peers: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(effort: Effort) -> None:
        raise gymnasium.error.DependencyNotInstalled("Box2D")

    monkeypatch.setattr(peers, "car_racing", missing)
    monkeypatch.setattr(peers, "Effort", lambda repeats: TINY)
    peers.main(["--output", str(tmp_path / "peers.json")])
    assert "CarRacing-v3: skipped" in capsys.readouterr().out
    figures = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))["figures"]
    assert figures.keys() == {"ours", "ours_no_camera", "warp", "ratio.warp"}


def test_the_warped_texture_is_seen_as_by_our_camera(peers: ModuleType) -> None:
    camera = CameraConfig()
    view = peers._texture_from_image(camera, 10.0)
    # The middle of the image looks ``pitch`` below the horizon: at the ground that is height / tan(pitch) away.
    x, y, scale = view @ np.array([(camera.width - 1) / 2, (camera.height - 1) / 2, 1.0])
    assert x / scale * peers.PIXEL == pytest.approx(10.0 + camera.z / np.tan(camera.pitch))
    assert y / scale == pytest.approx(peers.TEXTURE / 2)
