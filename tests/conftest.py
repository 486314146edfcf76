"""What every test may count on: no real screen is used, plots are headless, tests are marked by what they need."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.base.order import order_for
from tests.data.circuits import shared_folder

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


MARKED_FIXTURES = {"browser": pytest.mark.browser, "screen": pytest.mark.display, "report_folder": pytest.mark.slow}
"""Marks of the tests that use a fixture; a whole report takes ten seconds."""


@pytest.hookimpl(hookwrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark every test by what its fixtures need of the machine; order those that are left once marks have chosen."""
    for item in items:
        for fixture, mark in MARKED_FIXTURES.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
    yield
    paths = [item.nodeid.removeprefix("tests/") for item in items]
    order = order_for(paths, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    items[:] = [items[number] for number in order]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the files that a test adds where they are there; what a clone has stands in ``tests/data``."""
    shared = shared_folder()
    if shared is None:
        pytest.skip("adds nothing without the shared data; DRIVE_SIM_SHARED names its folder")
    return shared


@pytest.fixture
def short_loops_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread the simulator's loops over threads however short they are."""
    from drive_sim.compute.kernel import KERNELS

    for name, kernel in KERNELS.items():
        if name.startswith("drive_sim.world.simulator."):
            monkeypatch.setattr(kernel, "grain", 8)


@pytest.fixture
def add_entries(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, dict[str, object]], None]:
    """Adds entries to a registry as the package ``toy_package`` would; None stands for one that is not there."""

    def add(registry: Any, things: dict[str, object]) -> None:
        module = ModuleType("toy_package")
        found = dict(registry._entry_points())
        for name, thing in things.items():
            attribute = name.replace("-", "_")
            found[name] = [EntryPoint(name, f"toy_package:{attribute}", registry.group)]
            if thing is not None:
                setattr(module, attribute, thing)
        monkeypatch.setitem(sys.modules, "toy_package", module)
        monkeypatch.setattr(registry, "_added", found)
        monkeypatch.setattr(registry, "_loaded", {})

    return add
