"""Where compiled kernels are kept: what ``DRIVE_SIM_CACHE`` may name, and one line for what it may not."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import doctor
from drive_sim.cli.main import run
from drive_sim.compute import cache

HINT = "set it to a folder that can be written, or unset it"


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_not_set(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIVE_SIM_CACHE", raising=False)
    usual = cache.cache_root()
    monkeypatch.setenv("DRIVE_SIM_CACHE", value)
    assert cache.cache_root() == usual


def test_the_variable_wins_and_its_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "desktop"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("DRIVE_SIM_CACHE", "~/kept")
    assert cache.cache_root() == tmp_path / "kept" / "numba"


def test_a_relative_name_is_one_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRIVE_SIM_CACHE", "kept")
    assert cache.cache_root() == tmp_path / "kept" / "numba"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG")
@pytest.mark.parametrize("odd", ["relative", "~/x"])
def test_a_desktops_cache_folder_that_is_no_absolute_path_is_left_alone(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRIVE_SIM_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", odd)
    root = cache.cache_root()
    assert root is None or (root.is_absolute() and not root.is_relative_to(tmp_path))


@pytest.fixture
def unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The variable set to what names no usable folder, and what is said of it."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "link")
    given, problem = {
        "file": (str(tmp_path / "file"), os.strerror(errno.ENOTDIR)),
        "below a file": (str(tmp_path / "file" / "below"), os.strerror(errno.ENOTDIR)),
        "loop of links": (str(tmp_path / "link"), os.strerror(errno.ELOOP)),
        "long name": (str(tmp_path / ("x" * 300)), os.strerror(errno.ENAMETOOLONG)),
        "unknown user": ("~nobody-of-that-name/x", "names the home folder of a user that is unknown"),
        "read only": (str(tmp_path / "empty"), "is empty and cannot be written"),
    }[request.param]
    if request.param == "read only":
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # whatever the user's rights: root has all
    monkeypatch.setenv("DRIVE_SIM_CACHE", given)
    cache.cache_folder.cache_clear()
    return f"DRIVE_SIM_CACHE: {given}: {problem}; {HINT}"


each_unusable = pytest.mark.parametrize(
    "unusable", ["file", "below a file", "loop of links", "long name", "unknown user", "read only"], indirect=True
)


@pytest.mark.skipif(sys.platform == "win32", reason="errors of POSIX")
@each_unusable
def test_an_unusable_folder_that_the_user_names_is_bad_input(
    unusable: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for command in (["drive", "--headless", "--record", str(tmp_path / "recorded")], ["cache", "show"]):
        assert run(command) == 2
        assert capfd.readouterr().err == f"drive-sim: {unusable}\n"
    assert not (tmp_path / "recorded").exists()
    finding = doctor.find_kernel_cache()
    assert not finding.present and finding.essential
    assert finding.hint == HINT


def test_a_full_disk_under_the_named_folder_is_no_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setenv("DRIVE_SIM_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(Path, "mkdir", full)
    assert cache.cache_root() == tmp_path / "kept" / "numba"


def test_a_named_folder_with_code_that_may_only_be_read_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numba" / "0123456789abcdef").mkdir(parents=True)
    monkeypatch.setenv("DRIVE_SIM_CACHE", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert cache.cache_root() == tmp_path / "numba"


@pytest.mark.parametrize("variable", ["DRIVE_SIM_CACHE", "DRIVE_SIM_THREADS", "DRIVE_SIM_DEBUG"])
def test_help_asks_no_variable(variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    cache.cache_folder.cache_clear()
    assert run(["drive", "--help"]) == 0


def test_an_unusable_folder_from_python_raises_once_kernels_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DRIVE_SIM_CACHE", str(tmp_path / "file"))
    cache.cache_folder.cache_clear()
    with pytest.raises(InputError, match="DRIVE_SIM_CACHE"):
        cache.module_folder("drive_sim.world.events", "events.py")
