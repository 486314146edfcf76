"""Roads and scenarios from files that are wrong in any way: a result or one clear line, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.base.resources import scenarios_folder
from drive_sim.world.roads.csv_import import load_road
from drive_sim.world.scenarios.scenario import load_scenario
from tests.base.mutations import count, try_mutations

ROAD = "# x_m,y_m,w_tr_right_m,w_tr_left_m\n" + "".join(
    f"{10.0 * k:.1f},{0.02 * k * k:.2f},4.0,4.5\n" for k in range(40)
)
RACE_LINE = "# s_m; x_m; y_m; psi_rad; kappa_radpm; vx_mps; ax_mps2\n" + "".join(
    f"{10.0 * k:.1f}; {10.0 * k:.1f}; 0.0; 0.0; 0.0; 20.0; 0.0\n" for k in range(40)
)


@pytest.mark.parametrize("text", [ROAD, RACE_LINE], ids=["centre-line", "race-line"])
@pytest.mark.slow
def test_a_mutated_road_is_read_or_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "road.csv"
    path.write_text(text, encoding="utf-8")
    assert load_road(path).length > 300.0
    assert try_mutations(path, load_road, count(150)) > 0


@pytest.mark.parametrize("name", ["lane-keeping/rural", "obstacle-avoidance/cut-out", "obstacle-avoidance/mixed"])
def test_a_mutated_scenario_is_drawn_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "scenario.toml"
    bundled = scenarios_folder() / "train" / f"{name}.toml"
    text = bundled.read_text(encoding="utf-8")
    path.write_text(text.replace('extends = "./', f'extends = "{bundled.parent}/'), encoding="utf-8")
    load_scenario(path).draw(0)
    assert try_mutations(path, lambda file: load_scenario(file).draw(0), count(60)) > 0
