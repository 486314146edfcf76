"""The command line called from tests."""

from __future__ import annotations

from drive_sim.cli import main as cli

TOO_LONG = 60.0
"""When a test gives up waiting for a process [s]."""


def call(line: str) -> int:
    """Exit status of ``drive-sim LINE``."""
    return cli.run(line.split())
