"""What the package declares and what it imports agree, and what was tested is pinned."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

DISTRIBUTION_OF = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "llvmlite": "numba",  # numba's own compiler, which it brings
    "pygame": "pygame-ce",
    "pynvml": "nvidia-ml-py",
    "yaml": "pyyaml",
}
"""Distributions that are not named like what is imported from them."""

USED_BY_ANOTHER = {"tensorboard"}
"""Imported by torch.utils.tensorboard for us."""


def distribution(requirement: str) -> str:
    """Name of the distribution that a requirement names."""
    return re.match(r"[A-Za-z0-9_.-]+", requirement).group().lower().replace("_", "-")


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def core(project: dict) -> set[str]:
    return {distribution(line) for line in project["dependencies"]}


@pytest.fixture(scope="module")
def optional(project: dict) -> set[str]:
    extras = project["optional-dependencies"]
    return {
        distribution(line) for extra in ("gpu", "learn", "window", "report", "onnx", "sb3") for line in extras[extra]
    }


@pytest.fixture(scope="module")
def imported(repository: Path) -> set[str]:
    """Distributions that any module of the package imports, at its top or inside a function."""
    names = set()
    for path in (repository / "drive_sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.partition(".")[0])
    strangers = names - set(sys.stdlib_module_names) - {"drive_sim"}
    return {DISTRIBUTION_OF.get(name, name.replace("_", "-")) for name in strangers}


@pytest.mark.slow
def test_everything_imported_is_declared(imported: set[str], core: set[str], optional: set[str]) -> None:
    assert imported - core - optional == set()


def test_every_dependency_earns_its_line(imported: set[str], core: set[str], optional: set[str]) -> None:
    assert (core | optional) - imported - USED_BY_ANOTHER == set()


def test_what_was_tested_is_pinned(repository: Path, project: dict) -> None:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    # A local label such as +cpu would refuse every other build of the same version.
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    declared = [*project["dependencies"]]
    declared += [line for name, extra in project["optional-dependencies"].items() if name != "all" for line in extra]
    assert {distribution(line) for line in declared} - {distribution(pin) for pin in pins} == set()


def test_the_oldest_versions_that_are_tried_are_the_lower_bounds(repository: Path, project: dict) -> None:
    lines = (repository / "constraints-oldest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    extras = project["optional-dependencies"]
    declared = [
        *project["dependencies"],
        *(line for name in ("learn", "window", "report", "test") for line in extras[name]),
    ]
    bounds = {distribution(line): re.findall(">=([0-9.]+)", line)[0] for line in declared}
    del bounds["torch"]
    assert bounds.keys() == pins.keys()
    assert [name for name, bound in bounds.items() if not f"{pins[name]}.".startswith(f"{bound}.")] == []


def test_everything_together_is_every_extra(project: dict) -> None:
    extras = project["optional-dependencies"]
    # Peers are measured beside us, where they are installed; nothing of ours needs them. Stable-Baselines3,
    # which brings much, is needed by its policies only.
    ours = [name for name in extras if name not in ("all", "peers", "sb3")]
    assert extras["all"] == [f"drive-sim[{','.join(ours)}]"]


def test_hooks_and_make_lint_run_the_same_tools(repository: Path) -> None:
    hooks = (repository / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    of_hooks = re.findall(r"entry: \.venv/bin/([\w-]+(?: check| format)?)", hooks)
    of_make = re.findall(r"\$\(bin\)/([\w-]+(?: check| format)?)", recipe)
    assert sorted(of_hooks) == sorted(of_make)
    assert len(of_make) == 4
