"""Tells of episodes whose recording was cut off: their journals are whole, but the dataset does not list them.

`writer.recover` makes episodes of them, and so does whatever opens the dataset for recording. Reading leaves a dataset
as it is, and says so.
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path

from drive_sim.base.locks import Lock
from drive_sim.recording.journal import count_steps, is_live, journal_folders, journal_key
from drive_sim.recording.lerobot.metadata import Metadata, episode_keys
from drive_sim.recording.storage import LOCK

_LOG = logging.getLogger("drive_sim")


def interrupted(metadata: Metadata) -> list[Path]:
    """The journals that no process writes and that hold an episode which the dataset has not."""
    if Lock(metadata.root / LOCK).held():
        return []  # another process is making episodes of journals
    folders = [folder for folder in journal_folders(metadata.root) if not is_live(folder)]
    keys = episode_keys(metadata) if folders else set()
    return [folder for folder in folders if journal_key(folder) not in keys and count_steps(folder)]


def warn_of_interrupted(metadata: Metadata) -> None:
    """Say in one line, once, that the dataset has interrupted episodes, and how to get them back."""
    journals = interrupted(metadata)
    if journals:
        seconds = sum(map(count_steps, journals)) / metadata.info["fps"]
        what = "1 interrupted episode" if len(journals) == 1 else f"{len(journals)} interrupted episodes"
        told = f"{metadata.root}: {what} ({seconds:.0f} s) left out; drive-sim data recover {metadata.root} adds"
        _warn_once(f"{told} {'it' if len(journals) == 1 else 'them'}")


@functools.cache
def _warn_once(line: str) -> None:
    _LOG.warning(line)
