"""Episodes built by hand: arrays small enough that every metric can be worked out on paper."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.evaluation import harness
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.logs.episode_log import EpisodeFacts, EpisodeLog
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.suites.suite import load_suite
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.state import ACTOR_CAR

sys.path.insert(0, str(Path(__file__).parent))

FACTS: dict[str, Any] = {
    "scenario": "hand/made",
    "split": "test",
    "number": 0,
    "seed": 1,
    "weather": "dry",
    "road": "straight",
    "road_class": "rural",
    "road_seed": 0,
    "road_length": 1000.0,
    "road_closed": False,
    "lane_centre": 0.0,
    "lane_width": 3.5,
    "lanes_backward": 0,
    "speed_limit": 20.0,
    "route_length": 100.0,
    "time_limit": 60.0,
    "control_period": 0.1,
    "vehicle_length": 4.0,
    "vehicle_width": 1.8,
}


TYPES: dict[str, Any] = {
    "events": np.uint32,
    "interventions": np.int32,
    "invalid_commands": np.int32,
    "hit_actor": np.int32,
    "actor_phase": np.uint8,
}


def _column(given: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if isinstance(given, dict):
        sparse = np.zeros(shape, dtype)
        for step, mask in given.items():
            sparse[step] = mask
        return sparse
    array = np.asarray(given, dtype)
    # One series stands for that of a single actor.
    return np.broadcast_to(array[:, None] if 0 < array.ndim < len(shape) else array, shape).copy()


def build_log(
    steps: int, actors: tuple[ActorSpec, ...] = (), facts: dict[str, Any] | None = None, **arrays: Any
) -> EpisodeLog:
    """A log of ``steps`` steps: 10 m/s straight along the lane's centre, unless told otherwise.

    ``arrays`` are scalars, sequences of T entries or, for events, a dict {step: mask}. Progress and path length are
    those of the speed, s is the progress, actors stand at their starts.
    """
    known = EpisodeFacts(**{**FACTS, **(facts or {})}, actors=actors)
    period, count = known.control_period, len(actors)
    speed = np.broadcast_to(np.asarray(arrays.pop("speed", 10.0), float), steps).copy()
    driven = np.cumsum(speed) * period
    values: dict[str, Any] = {
        "time": np.arange(1, steps + 1) * period,
        "speed": speed,
        "progress": driven,
        "odometer": driven,
        "gap": 1e6,
        "time_to_collision": 1e6,
        "hit_actor": -1,
        "actor_s": np.tile([spec.start_s for spec in actors], (steps, 1)),
        "actor_d": np.tile([spec.start_d for spec in actors], (steps, 1)),
        "actor_speed": np.tile([spec.start_speed for spec in actors], (steps, 1)),
        **arrays,
    }
    values.setdefault("s", np.asarray(values["progress"], float).copy())
    columns = {}
    for name in EpisodeLog.__dataclass_fields__:
        if name != "facts":
            shape = (steps, 2) if name == "action" else (steps, count) if name.startswith("actor_") else (steps,)
            columns[name] = _column(values.get(name, 0), shape, TYPES.get(name, float))
    return EpisodeLog(known, **columns)


@pytest.fixture
def make_log() -> Callable[..., EpisodeLog]:
    """`build_log`."""
    return build_log


@pytest.fixture
def make_actor() -> Callable[..., ActorSpec]:
    """A car of 4 m by 2 m standing at 50 m that demands a reaction, unless told otherwise."""

    def make(**fields: Any) -> ActorSpec:
        defaults: dict[str, Any] = {
            "kind": ACTOR_CAR,
            "length": 4.0,
            "width": 2.0,
            "height": 1.5,
            "start_s": 50.0,
            "start_d": 0.0,
            "demands_reaction": True,
        }
        return ActorSpec(**{**defaults, **fields})

    return make


MADE_ROW = EpisodeRow(
    scenario="obstacle-avoidance/cones",
    split="test",
    number=0,
    road="rural-1",
    road_class="rural",
    weather="dry",
    seed=1,
    outcome="finish",
    duration_s=60.0,
    distance_m=900.0,
    interventions=0,
)


@pytest.fixture
def made_row() -> Callable[..., EpisodeRow]:
    """An episode as in results.json: it arrived, unless told otherwise."""
    return lambda **changes: MADE_ROW.model_copy(update=changes)


@pytest.fixture
def made_results() -> Results:
    """Results of three such episodes, without any estimate."""
    driver = DriverFacts(name="net", given="net", hash=None, privileged=False, controller="classical")
    return Results(
        complete=True,
        driver=driver,
        suite="obstacle-avoidance",
        seed=0,
        roads=None,
        device="cpu",
        versions={},
        metrics={},
        groups=[],
        episodes=[MADE_ROW] * 3,
        baselines=[],
        comparisons=[],
        timing={},
    )


REPORTED = 3
"""Episodes of the evaluation that tests of the report read."""


@pytest.fixture(scope="session")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of driving straight ahead, beside the expert and against the human model; one episode captured."""
    with pytest.MonkeyPatch.context() as patch:
        short = load_suite("lane-keeping").model_copy(update={"seconds": 9.0, "baselines": ("expert",)})
        patch.setattr(harness, "load_suite", lambda name: short)
        patch.setattr("drive_sim.evaluation.report.comparison_page.PAIRS_VIDEOED", 1)
        output = tmp_path_factory.mktemp("evaluation")
        evaluate("straight", "lane-keeping", output, videos=1, episodes=REPORTED, against=["human-model"])
    return output


@pytest.fixture(scope="session")
def results(report_folder: Path) -> Results:
    return load_results(report_folder)


@pytest.fixture(scope="session")
def page(report_folder: Path) -> str:
    return (report_folder / "report.html").read_text(encoding="utf-8")
