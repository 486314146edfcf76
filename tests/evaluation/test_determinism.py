"""The same driver, suite and seed are the same results.json: again, in any batch, in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from drive_sim.drivers.neural.model_folder import save_model
from drive_sim.drivers.neural.networks import build_network
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.report import page as report
from drive_sim.sensors.camera.rig import CameraConfig

EVALUATED = [
    ("network", "lane-keeping", 5),
    pytest.param("network", "uncertainty", 2, marks=pytest.mark.thorough),
    ("expert", "obstacle-avoidance", 9),
]
"""Driver, suite, episodes: a network that was never trained magnifies every last bit."""

PROGRAM = """
import json, sys
from drive_sim.evaluation.report import page as report
from drive_sim.evaluation.harness import evaluate
report.write_report = lambda page, *_: page.touch()
evaluate(**json.loads(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small randomly initialised model."""
    folder = tmp_path_factory.mktemp("models") / "small"
    torch.manual_seed(4)
    settings = NetworkSettings(channels=(8, 8, 8, 8, 8), dense=(16, 16))
    save_model(folder, build_network(settings), CameraConfig(), {}, "# a card\n")
    return folder


@pytest.fixture
def results(tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Evaluates a few seconds of each episode, in this process or one of its own; the file's content but for timing."""
    monkeypatch.setattr(report, "write_report", lambda page, *_: page.touch())

    def go(driver: str, suite: str, episodes: int, process: bool = False, **arguments: Any) -> dict[str, Any]:
        output = tmp_path / str(len(list(tmp_path.iterdir())))
        arguments |= {
            "driver": str(network) if driver == "network" else driver,
            "suite": suite,
            "episodes": episodes,
            "output": str(output),
            "seconds": 3.0,
            "baselines": False,
        }
        if process:
            subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(arguments)], check=True)
        else:
            evaluate(**arguments)
        document: dict[str, Any] = json.loads((output / "results.json").read_text(encoding="utf-8"))
        assert document.pop("timing")["wall_s"] > 0.0
        return document

    return go


@pytest.mark.parametrize(("driver", "suite", "episodes"), EVALUATED)
@pytest.mark.slow
def test_again_alone_or_all_at_once_is_the_same(
    driver: str, suite: str, episodes: int, results: Callable[..., dict[str, Any]]
) -> None:
    first = results(driver, suite, episodes)
    assert len({row["distance_m"] for row in first["episodes"]}) >= episodes
    assert first == results(driver, suite, episodes)
    assert first == results(driver, suite, episodes, batch=1)
    assert first == results(driver, suite, episodes, batch=256)


@pytest.mark.slow
@pytest.mark.thorough
def test_another_process_gives_the_same(results: Callable[..., dict[str, Any]]) -> None:
    first, second = (results(*EVALUATED[0], process=True, batch=batch) for batch in (2, 256))
    assert first == second == results(*EVALUATED[0])


@pytest.mark.slow
def test_another_seed_gives_other_results(results: Callable[..., dict[str, Any]]) -> None:
    assert results(*EVALUATED[0])["metrics"] != results(*EVALUATED[0], seed=1)["metrics"]
