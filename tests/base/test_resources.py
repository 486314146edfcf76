"""The bundled scenarios and models are found from a checkout and from a wheel, and bad model folders are refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drive_sim.base import resources
from drive_sim.base.errors import InputError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with the files of a model."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in resources.MODEL_FILES:
        (folder / name).touch()
    return folder


@pytest.fixture
def bundled(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundled model called pilot."""
    models = tmp_path / "bundled"
    shutil.copytree(model, models / "pilot")
    monkeypatch.setattr(resources, "models_folder", lambda: models)
    return models / "pilot"


def test_a_checkout_has_its_data_at_the_top(repository: Path) -> None:
    assert resources.scenarios_folder() == repository / "scenarios"
    assert resources.models_folder() == repository / "models"


@pytest.mark.slow
def test_a_wheel_has_its_data_inside_the_package(repository: Path, tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "drive_sim"
    (package / "base").mkdir(parents=True)
    for name in ("__init__.py", "base/__init__.py", "base/errors.py", "base/files.py", "base/resources.py"):
        (package / name).write_text((repository / "drive_sim" / name).read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("scenarios", "models"):
        (package / "_data" / name).mkdir(parents=True)
    program = "from drive_sim.base.resources import *; print(scenarios_folder(), models_folder(), sep='\\n')"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=package.parent, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == [str(package / "_data" / "scenarios"), str(package / "_data" / "models")]


def test_a_model_is_found_by_path_and_by_name(model: Path, bundled: Path) -> None:
    assert resources.find_model(model) == model
    assert resources.find_model(str(model)) == model
    assert resources.find_model("pilot") == bundled


def test_a_folder_here_wins_over_a_bundled_model(
    bundled: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    shutil.copytree(model, here / "pilot")
    monkeypatch.chdir(here)
    assert resources.find_model("pilot").resolve() == here / "pilot"


def test_an_unknown_model_is_refused_with_those_on_offer(bundled: Path) -> None:
    with pytest.raises(InputError, match="pilto: is neither a model folder nor a bundled model; name one of pilot, or"):
        resources.find_model("pilto")


@pytest.mark.parametrize("absent", resources.MODEL_FILES)
def test_a_folder_that_lacks_a_model_file_is_refused(model: Path, absent: str) -> None:
    (model / absent).unlink()
    with pytest.raises(InputError, match=f"mine: {absent}: is missing"):
        resources.find_model(model)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.touch()
    with pytest.raises(InputError, match="is neither a model folder"):
        resources.find_model(weights)


@pytest.mark.parametrize("name", ["scenarios", "models"])
def test_data_folders_hold_no_python(repository: Path, name: str) -> None:
    assert not list((repository / name).rglob("*.py"))
