"""``drive-sim cache`` tells what there is, and removes what it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drive_sim.cli.cache import cache as command
from drive_sim.compute import cache, cache_upkeep
from drive_sim.compute.cache import cache_folder, module_file, module_folder
from drive_sim.compute.cache_upkeep import Contents


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache with two functions of this version, one of another and one of other libraries."""
    monkeypatch.setenv("DRIVE_SIM_CACHE", str(tmp_path))
    cache_folder.cache_clear()
    module = "drive_sim.world.events"
    folder = module_folder(module, str(module_file(module)))
    assert folder is not None and folder.is_relative_to(tmp_path / "numba")
    for path in (
        folder / "one-1.nbc",
        folder / "two-1.nbc",
        folder.with_name(f"{module}-0123456789abcdef") / "one-2.nbc",
        tmp_path / "numba" / "fedcba9876543210" / "one-3.nbc",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(500_000))
    (tmp_path / "numba" / "notes.txt").touch()
    yield tmp_path / "numba"
    cache_folder.cache_clear()


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, arguments, input=answer)


def left(root: Path) -> list[str]:
    """Files of code that are there."""
    return sorted(path.name for path in root.rglob("*.nbc"))


def test_place_and_size_are_shown(root: Path) -> None:
    place, mine, others, together = run("show").output.splitlines()
    assert place == f"place         {root}"
    assert mine == f"this version  2 functions, 1.0 MB, in {cache_folder()}"
    assert others == "others        2 functions, 1.0 MB"
    assert together == "together      4 functions, 2.0 MB"


def test_this_versions_functions_are_removed_when_that_is_confirmed(root: Path) -> None:
    declined = run("clear", answer="n\n")
    assert f"remove 2 functions, 1.0 MB from {root}?" in declined.output
    assert len(left(root)) == 4
    assert run("clear", answer="y\n").output.endswith("removed 2 functions, 1.0 MB\n")
    assert left(root) == ["one-2.nbc", "one-3.nbc"]
    assert run("clear").output == "nothing to remove\n"


def test_everything_is_removed_without_a_question_where_that_is_said(root: Path) -> None:
    answer = run("clear", "--all", "--yes")
    assert answer.output == "removed 4 functions, 2.0 MB\n"
    assert [path.name for path in root.iterdir()] == ["notes.txt"]


def test_what_cannot_be_removed_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    answer = run("clear", "--yes")
    assert answer.exit_code == 1
    assert "cannot be removed; see to its permissions" in answer.output
    assert len(left(root)) == 4


def test_a_user_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_root", lambda: None)
    monkeypatch.setattr(cache_upkeep, "cache_root", lambda: None)
    cache_folder.cache_clear()
    assert "set DRIVE_SIM_CACHE" in run("show").output
    assert run("clear", "--yes").output == "nothing to remove\n"
    assert cache_upkeep.survey() == (Contents(), Contents())
