"""Recipes that are wrong in any way: what they say, or one clear line, and soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.base.resources import recipe_files
from drive_sim.learning.recipe import load_recipe
from tests.base.mutations import count, try_mutations

CAMERAS = """
[[more_cameras]]
name = "narrow"
width = 128
field_of_view = 0.35
"""


@pytest.mark.parametrize("name", ["demo", "paper"])
@pytest.mark.slow
def test_a_mutated_recipe_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_files()[name].read_text(encoding="utf-8") + CAMERAS, encoding="utf-8")
    load_recipe(path)
    assert try_mutations(path, load_recipe, count(60)) > 0
