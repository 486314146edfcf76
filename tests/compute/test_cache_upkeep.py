"""Old compiled code leaves the cache by itself; what is in use, recent or not the cache's stays."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drive_sim.compute import cache_upkeep, kernel_cache
from drive_sim.compute.cache_upkeep import KEPT, KEPT_TIME, Contents, contents, last_used, mark_used, remove, remove_old

LIBRARIES = "0123456789abcdef"
DAY = 86_400.0


def version(place: Path, number: int, days: float, module: str = "drive_sim.world.events") -> Path:
    """A module's folder with one function, last used so many days ago."""
    folder = place / f"{module}-{number:016x}"
    folder.mkdir(parents=True)
    (folder / "advance-1.nbc").write_bytes(bytes(100))
    used(folder, days)
    return folder


def used(folder: Path, days: float) -> None:
    os.utime(folder, (time.time() - days * DAY,) * 2)


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_versions_beyond_the_last_five_go_when_nothing_used_them_for_a_week(tmp_path: Path) -> None:
    place = tmp_path / LIBRARIES
    folders = [version(place, number, days=number + 5) for number in range(8)]
    other = version(place, 1, days=100, module="drive_sim.world.events-more")
    made = version(place, 99, days=0)
    remove_old(made)
    assert KEPT == 5
    assert names(place) == {made.name, other.name, *(folder.name for folder in folders[:4])}


def test_recent_versions_stay_however_many_there_are(tmp_path: Path) -> None:
    folders = [version(tmp_path / LIBRARIES, number, days=6.9) for number in range(20)]
    remove_old(version(tmp_path / LIBRARIES, 99, days=0))
    assert all(folder.is_dir() for folder in folders)


def test_a_version_that_a_process_loads_from_counts_as_used(tmp_path: Path) -> None:
    folders = [version(tmp_path / LIBRARIES, number, days=20 + number) for number in range(8)]
    mark_used(folders[-1])
    assert time.time() - last_used(folders[-1]) < 60.0
    remove_old(version(tmp_path / LIBRARIES, 99, days=0))
    assert folders[-1].is_dir()
    assert [folder.is_dir() for folder in folders[:-1]] == [True] * 3 + [False] * 4


def test_folders_of_other_libraries_go_by_the_last_use_of_what_is_in_them(tmp_path: Path) -> None:
    tops = [tmp_path / f"{number:016x}" for number in range(9)]
    for number, top in enumerate(tops):
        version(top, 0, days=0.5 if number == 8 else 10 + number)
        used(top, days=100)
    remove_old(version(tmp_path / f"{LIBRARIES}-debug", 0, days=0))
    assert names(tmp_path) == {f"{LIBRARIES}-debug", tops[8].name, *(top.name for top in tops[:3])}


def test_what_is_not_the_caches_own_stays(tmp_path: Path) -> None:
    for number in range(9):
        version(tmp_path / f"{number:016x}", 0, days=30)
        used(tmp_path / f"{number:016x}", days=30)
    for name in ("source", "0123", "0123456789abcdef.txt"):
        version(tmp_path / name, 0, days=30)
        used(tmp_path / name, days=100)
    (tmp_path / LIBRARIES).mkdir()
    own = tmp_path / LIBRARIES / "notes"
    own.mkdir()
    remove_old(version(tmp_path / LIBRARIES, 0, days=0))
    assert {"source", "0123", "0123456789abcdef.txt"} <= names(tmp_path)
    assert own.is_dir()
    assert len(names(tmp_path)) == 3 + KEPT


def test_a_removal_that_was_interrupted_is_finished(tmp_path: Path) -> None:
    half = tmp_path / LIBRARIES / f"{'ab' * 16}.removed"
    half.mkdir(parents=True)
    (half / "advance-1.nbc").touch()
    remove_old(version(tmp_path / LIBRARIES, 0, days=0))
    assert not half.exists()


def test_processes_that_remove_at_once_keep_the_same(tmp_path: Path) -> None:
    place = tmp_path / LIBRARIES
    for number in range(60):
        version(place, number, days=10 + number)
    made = version(place, 99, days=0)
    with ThreadPoolExecutor(8) as processes:
        list(processes.map(remove_old, [made] * 8))
    assert len(names(place)) == KEPT
    assert made.is_dir()


def test_a_folder_that_is_removed_while_code_is_written_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / LIBRARIES / "module-0123456789abcdef" / "code.nbc", Path.write_bytes
    removals = iter([True])

    def interrupted(self: Path, data: bytes) -> int:
        count = write(self, data)
        if next(removals, False):
            assert remove(self.parent)
        return count

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    kernel_cache._write(path, b"code")
    assert kernel_cache.intact(path) == b"code"


def test_a_new_folder_removes_the_old_ones_and_another_file_in_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(kernel_cache, "remove_old", made.append)
    folder = tmp_path / LIBRARIES / "module-0123456789abcdef"
    for name in ("one.nbc", "two.nbc"):
        kernel_cache._write(folder / name, b"code")
    assert made == [folder]


def test_a_folder_in_use_is_marked_once_an_hour(tmp_path: Path) -> None:
    folder = version(tmp_path, 0, days=0.5 / 24)
    before = folder.stat().st_mtime
    mark_used(folder)
    assert folder.stat().st_mtime == before
    used(folder, days=1.5 / 24)
    mark_used(folder)
    assert folder.stat().st_mtime > before
    mark_used(tmp_path / "absent")


def test_contents_are_counted_at_every_depth(tmp_path: Path) -> None:
    for number in range(3):
        version(tmp_path / LIBRARIES, number, days=0)
    (tmp_path / LIBRARIES / "old-1.nbc").write_bytes(bytes(10))
    (tmp_path / LIBRARIES / "part.unfinished").write_bytes(bytes(5))
    assert contents(tmp_path / LIBRARIES) == Contents(functions=4, size=315)
    assert contents(tmp_path / "absent") == Contents()


def test_a_week_is_a_week() -> None:
    assert KEPT_TIME == 7 * DAY
    assert cache_upkeep.MARKED_EVERY < DAY
