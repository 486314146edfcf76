"""A compiled function's code is named by all sources that it depends on, and by no others."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numba
import pytest

from drive_sim.compute import dependencies
from drive_sim.compute.kernel import KERNELS, scalar


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `shop`: `till` imports `prices`, which imports `.tax`; `window` and `shelf` stand apart."""
    folder = tmp_path / "shop"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "till.py").write_text("from shop.prices import (\n    total,  # all of it\n    RATE,\n)\n")
    (folder / "prices.py").write_text("from .tax import RATE\n\ndef total(x):\n    return x * RATE\n")
    (folder / "tax.py").write_text("RATE = 1.2\n")
    (folder / "window.py").write_text("import numpy as np, shop.shelf as shelf\n")
    (folder / "shelf.py").write_text("WIDTH = 2.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("shop")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]
    forget()


def forget() -> None:
    """Ask the files again, as a new process would."""
    for cached in (dependencies._digest, dependencies.file_digest, dependencies._imports, dependencies._file_below):
        cached.cache_clear()


def digests(folder: Path) -> dict[str, str]:
    forget()
    return {
        path.stem: dependencies.sources_digest(f"shop.{path.stem}", str(path))
        for path in folder.glob("*.py")
        if path.stem != "__init__"
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("tax", {"tax", "prices", "till"}),
        ("prices", {"prices", "till"}),
        ("till", {"till"}),
        ("shelf", {"shelf", "window"}),
    ],
)
def test_a_changed_file_changes_whatever_imports_it_at_any_depth_and_nothing_else(
    package: Path, changed: str, expected: set[str]
) -> None:
    before = digests(package)
    path = package / f"{changed}.py"
    path.write_text(path.read_text() + "# changed\n")
    after = digests(package)
    assert {name for name in before if before[name] != after[name]} == expected


def test_this_package_counts_for_another_packages_kernel(package: Path) -> None:
    path = package / "tax.py"
    path.write_text("from drive_sim.world.collision import *\n")
    files = dependencies._imported_files("shop.tax", path)
    assert dependencies.module_file("drive_sim.world.collision") in files


def test_code_without_a_file_depends_on_the_whole_package() -> None:
    everything = dependencies._files_below("drive_sim")
    assert dependencies.module_file("drive_sim.cli.main") in everything
    assert dependencies.sources_digest("__main__", "<cell 3>") != dependencies.sources_digest(
        "drive_sim.compute.geometry", str(dependencies.module_file("drive_sim.compute.geometry"))
    )


def test_every_function_that_a_kernel_reaches_stands_in_a_file_that_its_module_imports() -> None:
    """The names in the functions themselves agree with the import lines, from which the hash is made."""
    importlib.import_module("drive_sim.envs")
    importlib.import_module("drive_sim.learning.views.visible_objects")
    importlib.import_module("drive_sim.drivers.planning.r157")
    own = {name: kernel for name, kernel in KERNELS.items() if name.startswith("drive_sim.")}
    assert len(own) >= 10
    for name, kernel in own.items():
        function = kernel._loop.py_func
        files = dependencies._imported_files(function.__module__, Path(function.__code__.co_filename))
        reached = {Path(file) for file in dependencies.reached_modules(function).values()}
        assert reached <= files, name


def test_a_change_of_a_driver_leaves_the_cameras_code_valid() -> None:
    file = dependencies.module_file("drive_sim.sensors.camera.kernels")
    assert file is not None
    files = dependencies._imported_files("drive_sim.sensors.camera.kernels", file)
    assert not [path for path in files if {"drivers", "learning", "cli"} & set(path.parts)]
    assert dependencies.module_file("drive_sim.sensors.camera.shading.light") in files


def test_functions_in_a_closure_are_reached() -> None:
    helper = KERNELS[next(iter(KERNELS))]._source

    def factory(inner: Any) -> Any:
        return scalar(lambda x: inner(x))

    assert helper.__module__ in dependencies.reached_modules(factory(helper).py_func)


class Point(NamedTuple):
    x: float
    y: float


class Swapped(NamedTuple):
    y: float
    x: float


def test_the_order_of_a_named_tuples_fields_counts_at_any_depth() -> None:
    point, swapped = numba.typeof(((Point(1.0, 2.0),), 3)), numba.typeof(((Swapped(1.0, 2.0),), 3))
    Swapped.__qualname__ = "Point"
    assert dependencies.named_tuples([point]) == ["Point('x', 'y')"]
    assert dependencies.named_tuples([swapped]) == ["Point('y', 'x')"]
