"""A recipe is a file: what it leaves out has its default, what is changed wins, and a mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.base.resources import recipe_files
from drive_sim.base.toml import read_toml
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.recipe import Change, Recipe, change_recipe, load_recipe, parse_changes
from drive_sim.learning.settings import TrainingSettings, ViewSettings
from drive_sim.sensors.camera.rig import CameraConfig


def refusal(source: object = None, *pairs: str) -> str:
    """What is said of a wrong recipe or change."""
    with pytest.raises(InputError) as caught:
        load_recipe(source, parse_changes(pairs))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


@pytest.mark.parametrize("name", sorted(recipe_files()))
def test_a_shipped_recipe_can_be_read_and_begins_with_what_it_is_for(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name and recipe.changes == {}
    path = recipe_files()[name]
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert 10 < len(read_toml(path)["description"]) < 100


def test_the_recipe_demo_is_the_defaults_without_driving_on_validation_roads() -> None:
    assert load_recipe("demo").settings == TrainingSettings(trials=0)


def test_without_a_recipe_every_key_has_its_default() -> None:
    assert load_recipe() == Recipe(TrainingSettings(), "defaults")


def test_a_file_defines_views_network_sampling_and_camera(file: Path) -> None:
    file.write_text(
        'description = "mine"\nviews = 64\nlearning_rate = 1\n[camera]\nwidth = 128\nname = "wide"\n'
        '[network]\ndense = []\nactivation = "elu"\n[sampling]\nunperturbed = 1.0\n',
        encoding="utf-8",
    )
    recipe = load_recipe(file)
    assert recipe.name == "mine"
    assert recipe.settings == TrainingSettings(
        views=64,
        learning_rate=1.0,
        camera=CameraConfig(name="wide", width=128),
        network=NetworkSettings(width=128, dense=(), activation="elu"),
        sampling=ViewSettings(unperturbed=1.0),
    )


def test_settings_are_the_same_after_saving() -> None:
    settings = load_recipe("demo", {"camera.width": 100, "views": 64}).settings
    saved = json.loads(json.dumps(settings.to_dict()))
    assert TrainingSettings.from_dict(saved, "config.json") == settings


def test_a_network_has_options_of_its_own(file: Path) -> None:
    file.write_text("[network.options]\ndepth = 3\ngates = ['a', {b = 1.5}]\n", encoding="utf-8")
    recipe = load_recipe(file, parse_changes(["network.options.depth=4", "network.options.head.units=[8, 8]"]))
    options = {"depth": 4, "gates": ["a", {"b": 1.5}], "head": {"units": [8, 8]}}
    assert recipe.settings.network.options == options
    saved = json.loads(json.dumps(recipe.settings.to_dict()))
    assert TrainingSettings.from_dict(saved, "config.json").network.options == options


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("views=64", "views", 64),
        ("learning_rate=1e-3", "learning_rate", 1e-3),
        ("network.activation=elu", "network.activation", "elu"),
        ('network.activation="elu"', "network.activation", "elu"),
        ("network.dense=[64, 32]", "network.dense", [64, 32]),
        ("half_precision=true", "half_precision", True),
        (" views = 64 ", "views", 64),
        ("camera.name=2024-01-01", "camera.name", "2024-01-01"),
        ("network.name=nets/mine.py:Net", "network.name", "nets/mine.py:Net"),
    ],
)
def test_a_change_is_toml_or_a_bare_word(text: str, key: str, value: object) -> None:
    assert parse_changes([text]) == [Change(key, value)]


def test_a_change_wins_over_the_recipe_and_is_kept_by_name() -> None:
    recipe = load_recipe("demo", parse_changes(["views=64", "network.dropout=0.2"]))
    assert (recipe.settings.views, recipe.settings.network.dropout, recipe.settings.batch) == (64, 0.2, 32)
    assert recipe.provenance() == {"name": "demo", "changes": {"views": 64, "network.dropout": 0.2}}
    again = change_recipe(recipe, [Change("seed", 3, "--seed")])
    assert (again.settings.views, again.settings.seed, len(again.changes)) == (64, 3, 3)


def test_the_network_follows_the_size_of_the_camera() -> None:
    settings = load_recipe("demo", {"camera.width": 320, "camera.height": 80}).settings
    assert (settings.network.width, settings.network.height) == (320, 80)


def test_a_file_on_disk_does_not_hide_a_recipe_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make demo` leaves a folder of that name."""
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_recipe("demo").settings.views == 224_000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("view = 3", "view: is not a key of a recipe; did you mean views?"),
        ("width = 3", "width: is not a key of a recipe; did you mean network.width or camera.width?"),
        ("[camera]\nwidht = 3", "camera.widht: is not a key of a recipe; did you mean camera.width?"),
        ("[networks]\nname = 'x'", "networks: is not a key of a recipe; "),
        ("foo = 3", "foo: is not a key of a recipe; docs/recipes.md lists the keys"),
        ("network = 3", "network: is not a table; write [network]"),
        ("views = 12_000", "views: must be a multiple of chunk, 8000, which 12000 is not; use 8000, or another chunk"),
        ("views = '64'", "views: '64' is not a whole number"),
        ("views = true", "views: True is not a whole number"),
        ("batch = 0", "batch: input should be greater than or equal to 1; give at least 1"),
        ("ema = 1.0", "ema: input should be less than 1"),
        ("learning_rate = nan", "learning_rate: input should be a finite number"),
        ("half_precision = 'yes'", "half_precision: 'yes' is neither True nor False"),
        ("[network]\nwidth = 100", "network.width: is 100, camera.width is 200; leave network.width out"),
        ("[network]\nname = 'resnet'", "network.name: 'resnet' is not a network; use pilotnet"),
        ("[network]\ndropout = 2024-01-01", "network.dropout: '2024-01-01': input should be a valid number"),
        ("[network]\nfuture = 4", "network.future: 4: input should be less than or equal to 3"),
        ("[network]\noptions = 3", "network.options: 3: input should be an object"),
        ("[network.options]\na = [1.0, nan]", "network.options.a.1: is not a finite number"),
        ("[sampling]\nunperturbed = 2", "sampling.unperturbed: input should be less than or equal to 1"),
        ("[camera]\nheight = 8", "network.kernels.1: is larger than what it looks at"),
        ("[camera]\nk1 = -5.0", "camera.k1: bends the image's edge too far"),
        ("description = 3", "description: is not text"),
        ("views = ", "end of document: is not TOML"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it_the_key_and_a_hint(file: Path, text: str, complaint: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert refusal(file).startswith(f"{file}: {complaint}")


@pytest.mark.parametrize(
    ("pairs", "complaint"),
    [
        (["view=3"], "--set: view: is not a key of a recipe; did you mean views?"),
        (["views"], "--set: 'views' is not of the form KEY=VALUE; write it as views=32000"),
        (["=3"], "--set: '=3' is not of the form KEY=VALUE"),
        (["views="], "--set: views: '' is no value"),
        (["views=[1"], "--set: views: '[1' is no value"),
        (["views=abc"], "--set: views: 'abc' is not a whole number"),
        (["views=1\nbatch=2"], r"--set: views: '1\nbatch=2' is more than one value"),
        (["seed=1", "seed=2"], "--set: seed: is given twice; give it once"),
        (["network=3"], "--set: network: is a table; set one of its keys, such as network.name"),
        (["views=12_000"], "--set: views: must be a multiple of chunk"),
        (["network.width=100"], "--set: network.width: is 100, camera.width is 200"),
        (["network.options..a=3"], "--set: network.options..a: is not a key of a recipe"),
        (["network.options.a=nan"], "--set: network.options.a: is not a finite number"),
        (["network.channels=[1, 2]"], "--set: network.channels: needs as many entries as kernels and strides"),
        (["network.channels=[0, 1, 1, 1, 1]"], "--set: network.channels.0: 0: input should be greater than"),
    ],
)
def test_a_wrong_change_is_one_line_that_names_the_option(pairs: list[str], complaint: str) -> None:
    assert refusal("demo", *pairs).startswith(complaint)


def test_a_shorthand_given_beside_the_same_key_is_given_twice() -> None:
    with pytest.raises(InputError, match=r"^--set and --seed: seed: is given twice"):
        load_recipe(None, [Change("seed", 1), Change("seed", 1, "--seed")])


def test_what_is_no_recipe_is_told_with_those_that_ship(tmp_path: Path) -> None:
    assert refusal("nope") == (
        "--recipe: nope: is neither a recipe that ships nor a recipe file nor a model; "
        f"use {', '.join(recipe_files())}, or a path"
    )
    assert refusal(tmp_path).startswith(f"{tmp_path}: config.json: is missing; ")


@pytest.mark.parametrize("training", [None, {}, {"settings": 3}, []])
def test_a_model_without_settings_is_no_recipe(tmp_path: Path, training: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"training": training}), encoding="utf-8")
    (tmp_path / "weights.safetensors").touch()
    assert refusal(tmp_path).startswith(f"{tmp_path / 'config.json'}: training.settings: is missing; ")


def test_a_bundled_model_is_a_recipe() -> None:
    recipe = load_recipe("pilotnet", {"camera.width": 100})
    assert recipe.name == "pilotnet"
    assert (
        recipe.settings == load_recipe("demo", {"camera.width": 100, "network.channels": [24, 40, 48, 64, 64]}).settings
    )
