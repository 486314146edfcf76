"""matplotlib as this package ships its drawings: the same bytes whatever the user has set up for their own.

A notebook's ``MPLBACKEND``, a ``matplotlibrc`` (in the working directory, named by ``MATPLOTLIBRC``, or in the user's
folder) and a style that was switched on change how matplotlib draws, and some of them keep it from being imported.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.base.errors import InputError

if TYPE_CHECKING:
    from types import ModuleType

USERS_VARIABLES = ("MPLBACKEND", "MATPLOTLIBRC")
"""Variables that set matplotlib up for the user's own drawings."""
KEPT = ("backend", "backend_fallback", "date.epoch", "interactive", "toolbar", "webagg.port")
"""Settings of windows and servers, which no drawing into a file depends on: they stay as the user has them."""


def load_matplotlib() -> ModuleType:
    """matplotlib, imported without the user's variables.

    Raises
    ------
    InputError
        A ``matplotlibrc`` cannot be read as text.
    ModuleNotFoundError
        matplotlib is not installed.
    """
    hidden = {name: os.environ.pop(name) for name in USERS_VARIABLES if name in os.environ}
    complaints = logging.getLogger("matplotlib")
    level = complaints.level
    # What matplotlib finds wrong with a file of the user's has no bearing on drawings that do not use it.
    complaints.setLevel(logging.CRITICAL)
    try:
        import matplotlib as mpl
    except UnicodeDecodeError as error:
        raise InputError("matplotlibrc", "", f"is not UTF-8 ({error})", "save it as UTF-8, or remove it") from None
    finally:
        complaints.setLevel(level)
        os.environ.update(hidden)
    return mpl


@contextmanager
def shipped_style(changes: dict[str, Any] | None = None) -> Iterator[None]:
    """matplotlib's own settings, apart from ``changes``, while the block runs."""
    mpl = load_matplotlib()
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if name not in KEPT}
    with mpl.rc_context(defaults | (changes or {})):
        yield


def shipped_font(name: str = "DejaVuSans.ttf") -> Path:
    """The file of a font that matplotlib brings along, so that no other font of that name is used."""
    return Path(load_matplotlib().get_data_path()) / "fonts" / "ttf" / name
