"""``DRIVE_SIM_SHARED`` adds files to test with, and is told where it names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.circuits import circuit_files, shared_folder


def test_a_circuit_of_the_shared_folder_is_one_more_to_test_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIVE_SIM_SHARED", str(tmp_path))
    (tmp_path / "data" / "roads_csv").mkdir(parents=True)
    (tmp_path / "data" / "roads_csv" / "zandvoort.csv").touch()
    assert shared_folder() == tmp_path / "data"
    assert circuit_files()[-1] == tmp_path / "data" / "roads_csv" / "zandvoort.csv"


def test_a_folder_without_shared_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVE_SIM_SHARED", str(tmp_path / "gone"))
    with pytest.raises(NotADirectoryError, match=r"^DRIVE_SIM_SHARED: .*gone/data is no folder; name the one"):
        shared_folder()


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_not_set(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIVE_SIM_SHARED", raising=False)
    usual = shared_folder()
    monkeypatch.setenv("DRIVE_SIM_SHARED", empty)
    assert shared_folder() == usual
