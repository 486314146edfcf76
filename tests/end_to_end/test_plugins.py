"""What another package adds by entry points is found by name and drives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "data" / "plugin_package"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the package as an installer leaves it: its modules, and metadata with its entry points."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PACKAGE / "drive_sim_toy", tmp_path / "drive_sim_toy")
    metadata = tmp_path / f"drive_sim_toy-{project['version']}.dist-info"
    metadata.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(head, encoding="utf-8")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_a_driver_of_another_package_is_found_by_its_name(installed: Path, repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(repository), str(installed)])}
    program = (
        "from drive_sim.drivers.registry import DRIVERS, make_driver\n"
        "print(DRIVERS.origin('toy-brake'), make_driver('toy-brake').name)"
    )
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, cwd=installed, capture_output=True, text=True, timeout=120)
    assert found.stdout.split() == ["drive-sim-toy", "toy-brake"], found.stderr
