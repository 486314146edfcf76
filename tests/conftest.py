"""What every test may count on: nobody's screen is used, plots are headless, shared data is found if it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before anything imports pygame, matplotlib or the kernels. A test of the real window starts its own virtual display
# and removes the dummy driver from the environment of the process that it starts.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ["MPLBACKEND"] = "Agg"
if "PYTEST_XDIST_WORKER" in os.environ:
    # One worker for each core already: more threads in each would only take turns.
    for variable in ("DRIVE_SIM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared road, scenario and recording files; the test is skipped where it is absent."""
    shared = Path(os.environ.get("DRIVE_SIM_SHARED") or REPOSITORY.parent / "shared")
    if not (shared / "data").is_dir():
        pytest.skip(f"no shared data: {shared / 'data'} is absent; DRIVE_SIM_SHARED names another folder")
    return shared / "data"


@pytest.fixture
def short_loops_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread the simulator's loops over threads however short they are."""
    from drive_sim.compute.kernel import KERNELS

    for name, kernel in KERNELS.items():
        if name.startswith("drive_sim.world.simulator."):
            monkeypatch.setattr(kernel, "grain", 8)
