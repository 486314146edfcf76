"""A file is the old or the new one; what operating systems leave in a folder is not listed."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.files import flush_folder, left_by_system, listed, replace_file


@pytest.mark.parametrize("content", ["é\n", "é\n".encode(), lambda path: path.write_text("é\n", encoding="utf-8")])
def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path, content: Any) -> None:
    target = tmp_path / "new" / "figures.json"
    target.parent.mkdir()
    replace_file(target, "old")
    replace_file(target, content)
    assert target.read_bytes() == "é\n".encode()
    assert [path.name for path in target.parent.iterdir()] == ["figures.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_umask_decides_who_may_read_a_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_contents_are_on_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        done.append("flush folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "flush file")  # noqa: PTH112
        real_fsync(descriptor)

    def replace(source: Path, target: Path) -> None:
        done.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    replace_file(tmp_path / "file", b"x")
    expected = ["flush file", "rename", "flush folder"] if Path("/proc/self/fd").is_dir() else None
    assert expected is None or done == expected


@pytest.mark.parametrize("refused", ["write", "flush", "rename"])
def test_a_disk_that_refuses_leaves_the_old_file_and_the_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    target = tmp_path / "results.json"
    target.write_text("old")

    def refuse(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left") as caught:
        if refused != "write":
            patch.setattr(os, {"flush": "fsync", "rename": "replace"}[refused], refuse)
        replace_file(target, refuse if refused == "write" else b"new")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(target))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_about_another_file_stays_about_that_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        replace_file(tmp_path / "copy", lambda path: path.write_bytes((tmp_path / "gone").read_bytes()))
    assert caught.value.filename in (tmp_path / "gone", str(tmp_path / "gone"))


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    number = errno.EINVAL
    flush_folder(tmp_path)
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        flush_folder(tmp_path)


LEFT = [
    "._circuit.csv",
    ".DS_Store",
    "__MACOSX",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    ".AppleDouble",
    "Thumbs.db",
    "thumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "circuit.csv:Zone.Identifier",
    ".directory",
    ".Trash-1000",
    ".nfs000000001",
    ".fuse_hidden0001",
    "lost+found",
    ".~lock.circuit.csv#",
    ".#circuit.toml",
    "circuit.csv~",
    ".circuit.csv.swp",
    "@eaDir",
    "System Volume Information",
    "Icon\r",
]


@pytest.mark.parametrize("name", LEFT)
def test_what_operating_systems_leave_is_known(name: str) -> None:
    assert left_by_system(name)


@pytest.mark.parametrize("name", ["circuit.csv", "_map.csv", ".hidden.csv", "journal-2026", "file-000.parquet", "icon"])
def test_other_names_are_data(name: str) -> None:
    assert not left_by_system(name)


def test_a_list_passes_over_what_systems_leave_and_what_is_inside_it(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "._a.csv", "more/c.csv", "__MACOSX/a.csv", "more/.AppleDouble/c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert listed(tmp_path) == [tmp_path / name for name in ("a.csv", "b.csv", "more")]
    assert listed(tmp_path, "**/*.csv") == [tmp_path / name for name in ("a.csv", "b.csv", "more/c.csv")]
    assert listed(tmp_path / "gone") == []


def test_every_folder_is_listed_in_this_way(repository: Path) -> None:
    """A module that lists a folder by itself takes what systems leave for data.

    The cache asks whether a folder that cannot be written holds anything at all; its upkeep looks at all that takes
    space in its folders, and removes by names that nothing else has.
    """
    listing = re.compile(r"\b(glob|rglob|iterdir|listdir|scandir|walk)\(")
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((repository / "drive_sim").rglob("*.py"))}
    listing_themselves = [path.name for path, text in sources.items() if listing.search(text)]
    assert listing_themselves == ["files.py", "cache.py", "cache_upkeep.py"]
