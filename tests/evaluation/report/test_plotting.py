"""Drawings of scripts are the same whatever the user has set up for their own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import pytest

from drive_sim.evaluation.result_rows import EstimateRow


@pytest.fixture
def script(repository: Path) -> Callable[[str], ModuleType]:
    """A script as a module."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, repository / "scripts" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # A dataclass looks itself up among the modules.
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        return module

    return load


def drawn_alike(draw: Callable[[Path], None], folder: Path) -> bool:
    """Whether a drawing is the same to the byte under the user's settings."""
    draw(folder / "plain.png")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 20.0, "lines.linewidth": 5.0}):
        draw(folder / "users.png")
    return (folder / "plain.png").read_bytes() == (folder / "users.png").read_bytes()


@pytest.mark.slow
def test_the_curve_over_delays_does_not_depend_on_the_users_settings(script, tmp_path: Path) -> None:
    rows = [EstimateRow(estimate=0.9, low=0.8, high=0.95, unit="1", episodes=4, basis=10.0)] * 2
    module = script("latency_curve")
    assert drawn_alike(lambda path: module.draw(path, "title", [0, 100], {"autonomy": rows}), tmp_path)


@pytest.mark.slow
def test_the_border_of_cut_ins_does_not_depend_on_the_users_settings(script, tmp_path: Path) -> None:
    module = script("r157_border")
    columns = [
        module.Column(ego, 20.0, lateral, (0.5, 1.0), (True, False), 0.7, 0.6, 0.4)
        for ego in module.EGO_SPEEDS
        for lateral in module.LATERAL_SPEEDS
    ]
    assert drawn_alike(lambda path: module.draw(path, columns), tmp_path)
