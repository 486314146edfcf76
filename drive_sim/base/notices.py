"""Lines that a person is told once, however often there is reason to."""

from __future__ import annotations

import functools
import logging

_LOG = logging.getLogger("drive_sim")


@functools.cache
def say_once(line: str) -> None:
    """Log ``line`` as a warning once in this process; where nothing is set up to log, it goes to standard error."""
    _LOG.warning(line)
