"""Files that are either the old or the new one, whatever happens: atomic replacement, redo plans.

Nothing is ever written in place: `base.files` writes a file elsewhere in the dataset's folder and renames it over its
target. What needs several such renames that belong together is first written down as a plan; the
next process that opens the dataset carries out what a crash left undone.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from drive_sim.base.errors import InputError
from drive_sim.base.files import flush_file, flush_folder, listed, put_in_place, replace_file
from drive_sim.base.locks import Lock

STAGING = ".staging"
"""Folder inside a dataset for files that are not in place yet; outside ``data/``, which LeRobot reads whole."""
PLAN = "plan.json"
LOCK = ".lock"


class DiskError(InputError):
    """A disk that served so far refuses to take more: it is full or it fails."""


_FAILING = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the ways in which a disk refuses into an `InputError` about ``path``; `DiskError` where it is full."""
    free_space = "free some space and start again; what was recorded before is kept"
    hints = {
        errno.ENOSPC: ("the disk is full", free_space),
        errno.EDQUOT: ("the disk quota is used up", free_space),
        errno.EFBIG: ("the file system takes no file as large", "choose a folder on another disk"),
        errno.EACCES: ("writing is not permitted", "choose a folder that you may write to"),
        errno.EPERM: ("writing is not permitted", "choose a folder that you may write to"),
        errno.EROFS: ("the file system is read-only", "choose a folder that you may write to"),
        errno.EMFILE: ("too many files are open", "record fewer worlds at once, or raise the limit with ulimit -n"),
        errno.EEXIST: ("a file is in the way, not a folder", "choose another folder"),
        errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another folder"),
        errno.EIO: ("the disk reports an input/output error", "use another disk"),
    }
    try:
        yield
    except OSError as error:
        if error.errno not in hints:
            raise
        kind = DiskError if error.errno in _FAILING else InputError
        raise kind(path, "", *hints[error.errno]) from error


def replace_in_dataset(root: Path, target: Path, write: Callable[[Path], object]) -> None:
    """`replace_file` with a staged file outside ``data/``; for use inside `writing`."""
    staging = root / STAGING
    staging.mkdir(parents=True, exist_ok=True)
    replace_file(target, write, staging / target.name)


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:
    """``value`` as JSON."""
    path.write_text(json.dumps(value, indent=indent) + "\n", encoding="utf-8")


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Change dataset ``root`` as the only process; what a crash left undone is finished or cleared away first."""
    lock = Lock(root / LOCK)
    with disk_errors(root):
        lock.acquire()
        try:
            finish_plan(root)
            _clear_staging(root)
            try:
                yield
            except BaseException:
                # On a full disk, half of a change takes the room that is missing. A plan is carried out by the next.
                if not (root / STAGING / PLAN).exists():
                    _clear_staging(root)
                raise
        finally:
            lock.release()


def _clear_staging(root: Path) -> None:
    for left_behind in listed(root / STAGING):
        left_behind.unlink()


class PlannedChange:
    """Changes to several files that take effect together; for use inside `writing`.

    New files are written to the paths that `stage` gives; `commit` writes the plan down and carries it out, in the
    order of the calls. Before `commit` has written the plan, nothing has changed; after that, `finish_plan` brings it
    to its end however often it is interrupted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._steps: list[dict[str, str]] = []
        (root / STAGING).mkdir(exist_ok=True)

    def stage(self, target: Path) -> Path:
        """Where to write the file that will replace ``target``."""
        name = f"{len(self._steps):05d}-{target.name}"
        self._steps.append({"put": name, "at": target.relative_to(self.root).as_posix()})
        return self.root / STAGING / name

    def remove(self, target: Path) -> None:
        """Remove a file or a folder."""
        self._steps.append({"remove": target.relative_to(self.root).as_posix()})

    def commit(self) -> None:
        """Make it so."""
        folder = self.root / STAGING
        for step in self._steps:
            if "put" in step:
                flush_file(folder / step["put"])
        draft = folder / f"draft-{PLAN}"
        write_json(draft, self._steps)
        flush_file(draft)
        put_in_place(draft, folder / PLAN)
        finish_plan(self.root)


def settle(root: Path) -> None:
    """Before reading: finish what a crash left undone, if there is any such thing."""
    if (root / STAGING / PLAN).exists():
        with writing(root):
            pass


def finish_plan(root: Path) -> None:
    """Carry out what is left of a plan, if there is one. Doing a step twice changes nothing.

    Raises
    ------
    InputError
        The plan cannot be read or names a file outside the dataset; none of its steps is carried out then.
    """
    path = root / STAGING / PLAN
    if not path.exists():
        return
    for staged, target in _read_plan(root, path):
        if staged is not None:
            if staged.exists():
                put_in_place(staged, target)
        else:
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            if target.parent.exists():
                flush_folder(target.parent)
    path.unlink()
    flush_folder(path.parent)


class _PlanStep(BaseModel):
    """A step of a plan: ``put`` a staged file ``at`` a path, or ``remove`` a file or folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    put: str | None = None
    at: str | None = None
    remove: str | None = None


def _read_plan(root: Path, path: Path) -> list[tuple[Path | None, Path]]:
    """The steps of a plan: the staged file to put in place, None where the target is removed, and the target.

    A dataset comes from anywhere and a plan removes folders, so that every path must lie inside the dataset.
    """
    hint = f"delete {path}; the change that it was to finish is lost"
    try:
        steps = [_PlanStep.model_validate(step) for step in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(path, "", f"is no plan ({str(error).splitlines()[0]})", hint) from None
    found: list[tuple[Path | None, Path]] = []
    for number, step in enumerate(steps):
        target = step.remove if step.put is None else step.at
        staged_is_bare = step.put is None or (Path(step.put).name == step.put and step.put != "..")
        whole = (step.put is None) == (step.at is None) != (step.remove is None)
        if not whole or target is None or not staged_is_bare or not _inside(root, target):
            raise InputError(path, f"step {number}", "names no file inside the dataset", hint)
        found.append((None if step.put is None else root / STAGING / step.put, root / target))
    return found


def _inside(root: Path, name: str) -> bool:
    """Whether ``root / name`` lies below ``root``, links of folders on the way followed."""
    path = Path(name)
    if ".." in path.parts or "\0" in name:
        return False
    try:
        # The last part is not followed: a link is removed or replaced, not what it leads to.
        return root.resolve() in ((root / path).parent.resolve() / path.name).parents
    except (OSError, RuntimeError):
        return False
