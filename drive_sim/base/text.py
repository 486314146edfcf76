"""Text that a person writes: files in UTF-8 with or without a byte order mark, and paths as a shell writes them."""

from __future__ import annotations

from pathlib import Path

from drive_sim.base.errors import InputError


def read_text(path: Path) -> str:
    """The text of a file, without the byte order mark that Windows programs put before it.

    Raises
    ------
    InputError
        The file is missing, a folder, unreadable or not UTF-8.
    """
    if path.is_dir():
        raise InputError(path, "", "is a folder", "name one file in it")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, "", "does not exist", "check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(path, f"byte {error.start}", "is not text", "save the file as UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, "", f"cannot be read ({reason})", "check its permissions") from error
    if "\0" in text:
        raise InputError(path, f"byte {text.index(chr(0))}", "is not text", "save the file as UTF-8 text")
    return text


def user_path(path: str | Path) -> Path:
    """The path with a leading ``~`` replaced by the user's home; as it is where there is no such home."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def printable(name: str | Path) -> str:
    """A file name that every report can hold: bytes of it that are not UTF-8 become question marks."""
    return str(name).encode("utf-8", "replace").decode()
