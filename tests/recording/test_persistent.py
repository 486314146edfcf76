"""A full disk costs what it refuses, and ends no drive."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded_drives import drive, make_simulator

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.recording.curation import check
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.persistent import PersistentRecorder
from drive_sim.recording.recorder import Recorder
from drive_sim.recording.storage import disk_errors

pytestmark = pytest.mark.slow

REFUSING = {
    "reset": "drive_sim.recording.writer.store_road",
    "step": "drive_sim.recording.journal._write_all",
    "finish": "drive_sim.recording.conversion.replace_in_dataset",
}
"""What writes first at the start of an episode, at its steps and at its end."""


def refusal(number: int) -> Callable[..., None]:
    def refuse(*arguments: Any) -> None:
        raise OSError(number, "no")

    return refuse


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("moment", REFUSING)
def test_a_full_disk_costs_one_episode_and_does_not_end_driving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, number: int
) -> None:
    said: list[str] = []
    path = tmp_path / "dataset"
    recorder = PersistentRecorder(Recorder(path), said.append)
    for seed in range(3):
        simulator = make_simulator(first=seed)

        def fill(step: int, seed: int = seed) -> None:
            if moment == "step" and seed == 1 and step == 1:
                monkeypatch.setattr(REFUSING[moment], refusal(number))

        with monkeypatch.context() as patch:
            if moment == "reset" and seed == 1:
                patch.setattr(REFUSING[moment], refusal(number))
            drive(recorder, simulator, 4, seed, after_step=fill)
        with monkeypatch.context() as patch:
            if moment == "finish" and seed == 1:
                patch.setattr(REFUSING[moment], refusal(number))
            recorder.on_finish(simulator)
        monkeypatch.undo()
    [line] = said
    assert line.startswith(f"not recorded: {path}") and "disk" in line
    assert recorder.refused == 1
    lengths = {episode.provenance["number"]: episode.length for episode in Dataset.open(path).episodes}
    assert lengths == {0: 4, **{"reset": {}, "step": {1: 2}, "finish": {1: 4}}[moment], 2: 4}
    assert check(path) == []


def test_a_mistake_ends_driving(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    recorder = PersistentRecorder(Recorder(tmp_path), print)
    with pytest.raises(InputError, match="is a folder with other things in it"):
        drive(recorder, make_simulator(), 4, seed=1)


def test_a_folder_that_may_not_be_written_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")
    assert type(caught.value) is InputError


def test_driving_goes_on_without_a_window_and_the_status_says_what_was_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(REFUSING["reset"], refusal(errno.ENOSPC))
    call = ["drive", "--headless", "--driver", "straight", "--road", "mountain", "--episodes", "2"]
    assert cli.run([*call, "--record", str(tmp_path / "dataset")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["not recorded", "episode 0", "not recorded", "episode 1"]
