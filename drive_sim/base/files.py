"""Files that are complete or not there, and folders without what operating systems leave in them."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable
from fnmatch import translate
from pathlib import Path

_LEFT_BY_SYSTEMS = (
    # macOS, its servers (netatalk) and its archives
    *("._*", ".ds_store", ".appledouble", ".appledb", ".appledesktop", ".lsoverride", ".apdisk", "icon\r", "__macosx"),
    *(".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", ".documentrevisions-v100", ".volumeicon.icns"),
    *(".com.apple.*", "network trash folder", "temporary items"),
    # Windows, and what a file from the internet carries along when it is copied elsewhere
    *("thumbs.db", "thumbs.db:*", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin"),
    *("system volume information", "*:zone.identifier", "~$*"),
    # Linux desktops and file systems
    *(".directory", ".trash", ".trash-*", ".nfs*", ".fuse_hidden*", "lost+found", ".~lock.*", ".xdg-volume-info"),
    # editors, storage servers and programs that keep folders in step
    *(".#*", "#*#", "*~", ".*.sw?", "@eadir", "#recycle", "#snapshot", ".snapshot"),
    *(".dropbox", ".dropbox.*", ".stfolder", ".stversions", ".syncthing.*"),
)
_LEFT = re.compile("|".join(translate(pattern) for pattern in _LEFT_BY_SYSTEMS))

_NO_FOLDER_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""What file systems answer that cannot flush a folder; shared folders of virtual machines do."""


def left_by_system(name: str) -> bool:
    """Whether an operating system, a desktop or an editor leaves files or folders of this name beside people's own."""
    return _LEFT.match(name.lower()) is not None


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """The files and folders below ``folder`` that match a glob pattern, sorted, without what systems leave behind.

    Nothing in a folder that a system left is listed either. A folder that is not there holds nothing.
    """
    return sorted(path for path in folder.glob(pattern) if not any(map(left_by_system, path.relative_to(folder).parts)))


def replace_file(target: Path, content: str | bytes | Callable[[Path], object], staged: Path | None = None) -> None:
    """Put a complete file in place of ``target``: whatever happens, it is the old or the new one.

    The file is written under another name, flushed to the disk and renamed; its mode follows the umask.

    Parameters
    ----------
    content
        Text (written as UTF-8), bytes, or a function that writes the file at the path it is given.
    staged
        Where it is written first, on the same file system; by default beside ``target`` with ``.part`` added.

    Raises
    ------
    OSError
        The disk refuses; the error names ``target``.
    """
    staged = target.with_name(f"{target.name}.part") if staged is None else staged
    try:
        if callable(content):
            content(staged)
        else:
            staged.write_bytes(content.encode() if isinstance(content, str) else content)
        flush_file(staged)
        put_in_place(staged, target)
    except OSError as error:
        if error.errno is None or error.filename not in (None, staged, str(staged)):
            raise
        # A write that fails names no file, and the staged one means nothing to a person.
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        staged.unlink(missing_ok=True)


def put_in_place(staged: Path, target: Path) -> None:
    """Rename a finished file over its target, durably."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staged, target)  # noqa: PTH105 - tests stand in for it to crash here
    flush_folder(target.parent)


def flush_file(path: Path) -> None:
    """Make the contents of ``path`` survive a power cut."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut (where the system can)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FLUSH:
            raise
    finally:
        os.close(descriptor)
