"""The journal gives back every whole step, whatever happened to its end."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_sim.base.errors import InputError
from drive_sim.recording import journal as journal_module
from drive_sim.recording.journal import (
    JournalWriter,
    decode_image,
    encode_image,
    is_live,
    read_journal,
    remove_journal,
)

STEPS = 4
HEADER = {
    "key": "k",
    "task": "lane-keeping/rural",
    "cameras": {"front": [3, 4], "left": [2, 2]},
    "encoding": "png",
    "provenance": {},
}


def values(step: int) -> dict[str, Any]:
    return {"speed": step / 3, "position": [step * 0.1, -step / 7]}


def images(step: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(step)
    return {"front": rng.integers(0, 256, (3, 4, 3), np.uint8), "left": rng.integers(0, 256, (2, 2, 3), np.uint8)}


def written(folder: Path, end: dict[str, Any] | None = None) -> Path:
    journal = JournalWriter(folder, HEADER)
    for step in range(STEPS):
        journal.append(values(step), images(step))
    journal.close(end)
    journal.release()
    return folder


def test_steps_come_back_exactly_with_their_images(tmp_path: Path) -> None:
    journal = read_journal(written(tmp_path / "journal-k", {"reason": "finish"}))
    assert journal is not None
    assert journal.header["cameras"] == HEADER["cameras"]
    assert journal.end == {"reason": "finish"}
    assert [step["values"] for step in journal.steps] == [values(step) for step in range(STEPS)]
    for step in range(STEPS):
        for camera, image in images(step).items():
            np.testing.assert_array_equal(decode_image(journal.image(step, camera)), image)


def test_png_is_exact_and_jpeg_close(tmp_path: Path) -> None:
    row, column = np.mgrid[0:66, 0:200]
    image = np.stack([row * 3, column, row + column], 2).astype(np.uint8)
    np.testing.assert_array_equal(decode_image(encode_image(image, "png")), image)
    error = np.abs(decode_image(encode_image(image, "jpeg")).astype(int) - image)
    assert 0 < error.mean() < 3


def test_torn_at_every_byte_of_the_log_only_unfinished_lines_are_lost(tmp_path: Path) -> None:
    log = written(tmp_path / "journal-k") / "log.jsonl"
    whole = log.read_bytes()
    for cut in range(len(whole) + 1):
        log.write_bytes(whole[:cut])
        journal = read_journal(log.parent)
        lines = whole[:cut].count(b"\n")
        if lines == 0:
            assert journal is None
        else:
            assert journal is not None and len(journal.steps) == lines - 1


@pytest.mark.slow
def test_torn_at_every_byte_of_the_images_only_steps_with_lost_images_are_lost(tmp_path: Path) -> None:
    frames = written(tmp_path / "journal-k") / "frames.bin"
    whole = frames.read_bytes()
    ends = np.cumsum([sum(len(encode_image(p, "png")) for p in images(step).values()) for step in range(STEPS)])
    for cut in range(len(whole) + 1):
        frames.write_bytes(whole[:cut])
        journal = read_journal(frames.parent)
        assert journal is not None and len(journal.steps) == int((ends <= cut).sum())


@settings(max_examples=30)
@given(step=st.integers(0, STEPS - 1), noise=st.binary(min_size=1, max_size=20))
def test_rubbish_in_the_log_ends_it_and_never_raises(
    tmp_path_factory: pytest.TempPathFactory, step: int, noise: bytes
) -> None:
    log = written(tmp_path_factory.mktemp("journal") / "journal-k") / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[: 1 + step]) + noise)
    journal = read_journal(log.parent)
    assert journal is not None and len(journal.steps) == step


def test_images_that_the_disk_lost_end_the_journal(tmp_path: Path) -> None:
    frames = written(tmp_path / "journal-k") / "frames.bin"
    whole = bytearray(frames.read_bytes())
    journal = read_journal(frames.parent)
    assert journal is not None
    offset, length, _ = journal.steps[3]["images"]["left"]
    whole[offset : offset + length] = bytes(length)
    frames.write_bytes(whole)
    journal = read_journal(frames.parent)
    assert journal is not None and len(journal.steps) == 3


def test_a_power_cut_loses_at_most_the_last_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut leaves is what was flushed last: at 20 steps a second never more than 20 steps less."""
    now = [0.0]
    flushed = {"steps": 0}
    journal = JournalWriter(tmp_path / "journal-k", HEADER, clock=lambda: now[0])
    monkeypatch.setattr(journal_module, "_flush_data", lambda descriptor: flushed.update(steps=journal.steps))
    for step in range(100):
        now[0] = step * 0.05
        journal.append(values(step), images(step))
        assert journal.steps - flushed["steps"] <= 20
    assert flushed["steps"] > 70


def test_a_journal_s_folder_lasts_through_a_power_cut_after_its_first_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, lasting = [0.0], []
    monkeypatch.setattr(journal_module, "flush_folder", lasting.append)
    journal = JournalWriter(tmp_path / "journal-k", HEADER, clock=lambda: now[0])
    for step in range(41):
        now[0] = step * 0.05
        journal.append(values(step), images(step))
        assert lasting == ([] if now[0] < 1.0 else [tmp_path / "journal-k", tmp_path])
    journal.release()


def test_every_step_is_with_the_operating_system_when_append_returns(tmp_path: Path) -> None:
    """So that killing the process loses nothing: no buffer of ours holds anything back."""
    journal = JournalWriter(tmp_path / "journal-k", HEADER, clock=lambda: 0.0)
    for step in range(STEPS):
        journal.append(values(step), images(step))
        read = read_journal(journal.folder)
        assert read is not None and len(read.steps) == step + 1
    journal.release()


def test_a_journal_is_live_until_it_is_released(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal-k", HEADER)
    assert is_live(journal.folder)
    assert (journal.folder / "lock").read_text().strip() == str(os.getpid())
    journal.close({})
    assert is_live(journal.folder)
    journal.release()
    assert not is_live(journal.folder)


def test_a_removal_that_was_interrupted_leaves_nothing_to_recover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "journal-k")
    monkeypatch.setattr(journal_module.shutil, "rmtree", lambda path: None)
    remove_journal(folder)
    assert folder.exists() and read_journal(folder) is None


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    log = written(tmp_path / "journal-k") / "log.jsonl"
    first, _, rest = log.read_text().partition("\n")
    log.write_text(json.dumps({**json.loads(first), "journal": 99}) + "\n" + rest)
    with pytest.raises(InputError, match=r"log\.jsonl: journal: is 99.*drive_sim that recorded it"):
        read_journal(log.parent)


@pytest.mark.parametrize(
    "given_images",
    [
        {"front": np.zeros((3, 4, 3), np.uint8)},
        {"front": np.zeros((4, 3, 3), np.uint8), "left": np.zeros((2, 2, 3), np.uint8)},
        {"front": np.zeros((3, 4, 3), np.float32), "left": np.zeros((2, 2, 3), np.uint8)},
    ],
)
def test_images_that_do_not_fit_the_header_are_a_mistake(tmp_path: Path, given_images: Any) -> None:
    journal = JournalWriter(tmp_path / "journal-k", HEADER)
    with pytest.raises(ValueError, match=r"front|left"):
        journal.append({}, given_images)
    with pytest.raises(ValueError, match="encoding must be one of png, jpeg"):
        JournalWriter(tmp_path / "journal-l", HEADER, "gif")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
@pytest.mark.parametrize("refused", ["frames.bin", "log.jsonl", "write"])
def test_a_journal_that_cannot_begin_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    real_open, real_write = os.open, os.write

    def refusing_open(path: Any, *arguments: Any) -> int:
        if Path(path).name == refused:
            raise OSError(errno.ENOSPC, "no")
        return real_open(path, *arguments)

    def refusing_write(descriptor: int, data: bytes) -> int:
        if refused == "write" and b'"journal"' in bytes(data):
            raise OSError(errno.ENOSPC, "no")
        return real_write(descriptor, data)

    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patch, pytest.raises(InputError, match="disk is full"):
        patch.setattr(os, "open", refusing_open)
        patch.setattr(os, "write", refusing_write)
        JournalWriter(tmp_path / "journal-k", HEADER)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
