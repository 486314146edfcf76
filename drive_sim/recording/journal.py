"""The crash-safe journal of an episode while it is being driven.

A folder with two files that only ever grow: ``frames.bin`` holds encoded images one after the other, ``log.jsonl``
a header line and then one line a step with where its images lie, their checksums, and all numbers. The images of
a step are written before its line, so a line that is there whole has its images; a torn last line, or one whose
images did not reach the disk, is dropped. Both files are handed to the operating system at every step (a killed
process loses nothing that was appended) and flushed to the disk once a second (a power cut loses the last second).
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from drive_sim.base.errors import InputError
from drive_sim.base.files import flush_folder, listed
from drive_sim.base.json import checked
from drive_sim.base.locks import Lock
from drive_sim.recording.storage import disk_errors

JOURNAL_SCHEMA = 2
"""1 called a step's images pictures, and numbered the controllers instead of naming them."""
PREFIX = "journal-"
KEY_PATTERN = r"^\w[\w.-]*$"
"""Of an episode's key: it becomes the name of folders."""
FRAMES, LOG, LOCK = "frames.bin", "log.jsonl", "lock"
ENCODINGS: dict[str, tuple[str, list[int]]] = {
    "png": (".png", []),
    "jpeg": (".jpg", [int(cv2.IMWRITE_JPEG_QUALITY), 95]),
}
"""File suffix and settings of OpenCV by name. PNG is exact; JPEG is smaller and shifts pixels by some grey levels."""


class _Header(BaseModel):
    """The first line of a log."""

    model_config = ConfigDict(extra="allow")

    journal: Annotated[int, Field(strict=True, ge=1, le=JOURNAL_SCHEMA)]
    key: Annotated[str, Field(pattern=KEY_PATTERN)]
    task: str
    cameras: dict[str, tuple[int, int]]
    encoding: Literal["png", "jpeg"]
    provenance: dict[str, Any]


def encode_image(image: NDArray[np.uint8], encoding: str) -> bytes:
    """uint8 (H, W, 3) RGB as the bytes of a PNG or JPEG file."""
    suffix, settings = ENCODINGS[encoding]
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise ValueError(f"an image of shape {image.shape} cannot be encoded as {encoding}")
    return data.tobytes()


def decode_image(data: bytes) -> NDArray[np.uint8]:
    """The uint8 (H, W, 3) RGB image in the bytes of a PNG or JPEG file; ValueError when there is none."""
    buffer = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if len(buffer) else None
    if image is None:
        raise ValueError("not an image")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


class JournalWriter:
    """An open journal. Not for several threads.

    Parameters
    ----------
    folder
        To be created: ``<dataset>/journal-<key>``.
    header
        JSON values that describe the episode: ``key``, ``task``, ``cameras`` (height and width by name), ``encoding``
        and ``provenance``.
    encoding
        One of `ENCODINGS`.
    clock
        Seconds that only grow; decides when the files are flushed to the disk.
    flush_period
        Time between two flushes [s].

    Raises
    ------
    InputError
        When the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        header: Mapping[str, Any],
        encoding: str = "png",
        clock: Callable[[], float] = time.monotonic,
        flush_period: float = 1.0,
    ) -> None:
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, not {encoding!r}")
        self.folder, self.encoding, self.steps = folder, encoding, 0
        self._shapes = {name: (*shape, 3) for name, shape in header["cameras"].items()}
        self._clock, self._flush_period = clock, flush_period
        self._offset = 0
        self._lock = Lock(folder / LOCK)
        self._frames = self._log = -1
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            with disk_errors(folder):
                folder.mkdir(parents=True)
                self._lock.acquire()
                self._frames = os.open(folder / FRAMES, flags, 0o644)
                self._log = os.open(folder / LOG, flags, 0o644)
                self._write_line({"journal": JOURNAL_SCHEMA, **header})
        except BaseException:
            self._close_files()
            self._lock.release()
            raise
        # There is nothing to lose yet: the first second's flush is soon enough for the folder too.
        self._flushed, self._lasting = clock(), False

    def append(self, values: Mapping[str, Any], images: Mapping[str, NDArray[np.uint8]]) -> None:
        """Add one step: JSON values by column, and a uint8 (H, W, 3) RGB image of every camera of the header.

        When the disk refuses (InputError), the journal is closed; the steps before stay.
        """
        if self._log < 0:
            raise ValueError("the journal is closed")
        if images.keys() != self._shapes.keys():
            raise ValueError(f"images are of {sorted(images)}, the journal is for {sorted(self._shapes)}")
        blobs, places = [], {}
        for name, image in images.items():
            if image.shape != self._shapes[name] or image.dtype != np.uint8:
                raise ValueError(f"camera {name} gives {image.dtype} {image.shape}, not uint8 {self._shapes[name]}")
            blob = encode_image(image, self.encoding)
            places[name] = (self._offset, len(blob), zlib.crc32(blob))
            self._offset += len(blob)
            blobs.append(blob)
        try:
            with disk_errors(self.folder):
                _write_all(self._frames, b"".join(blobs))
                self._write_line({"step": self.steps, "images": places, "values": values})
                self.steps += 1
                if self._clock() - self._flushed >= self._flush_period:
                    self._flush()
        except BaseException:
            # Half a line may be there: nothing after it could be read.
            self._close_files()
            raise

    def close(self, end: Mapping[str, Any] | None = None) -> None:
        """Write the closing line ``end`` (None: the journal stays an interrupted one) and let go of the files.

        The lock is kept until `release`, so that no other process takes the journal for one that a crash left.
        """
        if self._log < 0:
            return
        try:
            with disk_errors(self.folder):
                if end is not None:
                    self._write_line({"end": dict(end)})
                self._flush()
        finally:
            self._close_files()

    def release(self) -> None:
        """Give the lock back; `recover` may then make an episode of the journal."""
        self.close()
        self._lock.release()

    def _close_files(self) -> None:
        for descriptor in (self._frames, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._frames = self._log = -1

    def _write_line(self, value: Mapping[str, Any]) -> None:
        _write_all(self._log, (json.dumps(value, separators=(",", ":")) + "\n").encode())

    def _flush(self) -> None:
        _flush_data(self._frames)
        _flush_data(self._log)
        if not self._lasting:
            flush_folder(self.folder)
            flush_folder(self.folder.parent)
            self._lasting = True
        self._flushed = self._clock()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush_data(descriptor: int) -> None:
    # macOS and Windows have no fdatasync.
    getattr(os, "fdatasync", os.fsync)(descriptor)


@dataclass(frozen=True, eq=False)
class Journal:
    """What could be read of a journal: all steps before the first that is torn."""

    folder: Path
    header: dict[str, Any]
    steps: list[dict[str, Any]]
    """One ``{"step", "images", "values"}`` a step, as `JournalWriter.append` wrote it."""
    end: dict[str, Any] | None
    """The closing line; None when the recording was interrupted."""
    frames: Any = field(repr=False)
    """uint8, the bytes of ``frames.bin``, mapped into memory."""

    def image(self, step: int, camera: str) -> bytes:
        """The encoded image of one step."""
        offset, length, _ = self.steps[step]["images"][camera]
        return bytes(self.frames[offset : offset + length])


def journal_folders(root: Path) -> list[Path]:
    """The journals in dataset ``root``, oldest first."""
    return [path for path in listed(root, f"{PREFIX}*") if path.is_dir()]


def journal_key(folder: Path) -> str:
    """The key of the episode whose journal this is."""
    return folder.name.removeprefix(PREFIX)


def is_live(folder: Path) -> bool:
    """Whether some process is writing this journal now."""
    return Lock(folder / LOCK).held()


def count_steps(folder: Path) -> int:
    """About how many steps a journal holds, at little cost: its log's lines but the header."""
    try:
        with (folder / LOG).open("rb") as file:
            return max(sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) - 1, 0)
    except FileNotFoundError:
        return 0


def read_journal(folder: Path) -> Journal | None:
    """Read a journal that no process writes any more; None when not even its header is whole.

    Raises
    ------
    InputError
        The journal was written by a newer drive_sim, or its header was altered.
    """
    path = folder / LOG
    if not path.exists():
        return None
    header, *lines = path.read_bytes().split(b"\n")
    head = _parse(header)
    # A line counts only with the newline after it: digits may be missing from one without.
    if not lines or (head is None and not any(lines)):
        return None
    head = _checked_header(path, head)
    frames = _mapped(folder / FRAMES)
    steps: list[dict[str, Any]] = []
    end: dict[str, Any] | None = None
    for line in lines[:-1]:
        entry = _parse(line)
        if entry is not None and isinstance(entry.get("end"), dict):
            end = entry["end"]
            break
        if entry is not None and head["journal"] < 2:
            entry["images"] = entry.pop("pictures", None)
        if entry is None or not _whole(entry, len(steps), head["cameras"], frames):
            break
        steps.append(entry)
    return Journal(folder, head, steps, end, frames)


def remove_journal(folder: Path) -> None:
    """Delete a journal; when interrupted, what is left of it holds no steps."""
    (folder / LOG).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _mapped(path: Path) -> NDArray[np.uint8]:
    if not path.exists() or path.stat().st_size == 0:
        return np.zeros(0, np.uint8)
    return np.memmap(path, np.uint8, "r")


def _whole(entry: dict[str, Any], number: int, cameras: Mapping[str, Any], frames: NDArray[np.uint8]) -> bool:
    """Whether a line is the expected step and its images are there as they were written."""
    images = entry.get("images")
    if entry.get("step") != number or not isinstance(entry.get("values"), dict):
        return False
    if not isinstance(images, dict) or images.keys() != cameras.keys():
        return False
    return all(_image_is_whole(place, frames) for place in images.values())


def _image_is_whole(place: Any, frames: NDArray[np.uint8]) -> bool:
    if not isinstance(place, list) or len(place) != 3 or not all(type(number) is int for number in place):
        return False
    offset, length, checksum = place
    if not 0 <= offset < offset + length <= len(frames):
        return False
    return zlib.crc32(frames[offset : offset + length].tobytes()) == checksum


def _checked_header(path: Path, head: dict[str, Any] | None) -> dict[str, Any]:
    """The header; InputError where it is of a newer version or was altered: no crash leaves steps after half of it."""
    hint = f"copy the file again, or move {path.parent} out of the dataset"
    if head is None:
        raise InputError(path, "line 1", "is not the header of a journal", hint)
    version = head.get("journal")
    if isinstance(version, int) and version > JOURNAL_SCHEMA:
        problem = f"is {version}, this version reads up to {JOURNAL_SCHEMA}"
        raise InputError(path, "journal", problem, "open the dataset with the drive_sim that recorded it")
    checked(_Header, head, path, hint=hint)
    return head
