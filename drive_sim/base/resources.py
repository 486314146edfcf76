"""Where the data lies that ships with the package: scenarios, trained models and training recipes.

In a checkout (and an editable installation of it) scenarios and models are top-level folders; in a wheel they are
inside the package, because a top-level package named ``models`` would be overwritten by any other distribution that
has one.
"""

from __future__ import annotations

from pathlib import Path

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed

MODEL_FILES = ("config.json", "weights.safetensors")
"""What makes a folder a model; its card, ``README.md``, is for people."""


def scenarios_folder() -> Path:
    """Folder of the bundled scenarios: ``train/``, ``validation/`` and ``test/``."""
    return _data_folder("scenarios")


def suite_files() -> dict[str, Path]:
    """Files of the suites that a driver can be scored on, by name, in the order of their names."""
    return {path.stem: path for path in listed(scenarios_folder() / "suites", "*.toml")}


def recipe_files() -> dict[str, Path]:
    """Files of the training recipes that ship, by name, in the order of their names."""
    folder = Path(__file__).resolve().parents[1] / "learning" / "recipes"
    return {path.stem: path for path in listed(folder, "*.toml")}


def models_folder() -> Path:
    """Folder of the bundled models, one folder each."""
    return _data_folder("models")


def find_model(name_or_path: str | Path) -> Path:
    """The folder of a model, given its name under `models_folder` or a path to it.

    A path that exists wins over a bundled model of the same name.

    Raises
    ------
    InputError
        There is no such folder, or it lacks one of `MODEL_FILES`.
    """
    given = Path(name_or_path).expanduser()
    folder = given if given.is_dir() else models_folder() / given
    if not folder.is_dir():
        raise InputError(name_or_path, "", "is neither a model folder nor a bundled model", _models_on_offer())
    for name in MODEL_FILES:
        if not (folder / name).is_file():
            raise InputError(folder, name, "is missing", "name a folder that drive-sim train wrote")
    return folder


def _models_on_offer() -> str:
    folder = models_folder()
    names = [path.parent.name for path in listed(folder, f"*/{MODEL_FILES[0]}")]
    bundled = f"one of {', '.join(names)}, or " if names else ""
    return f"name {bundled}the folder that drive-sim train wrote"


def _data_folder(name: str) -> Path:
    package = Path(__file__).resolve().parents[1]
    bundled = package / "_data" / name
    return bundled if bundled.is_dir() else package.parent / name
