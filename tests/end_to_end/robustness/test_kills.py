"""Killed at random moments: nothing is lost but the step being written, and the next start goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="children are forked")
def test_what_is_killed_at_random_moments_goes_on_at_the_next_start(repository: Path) -> None:
    """One run of each kind here; ``docs/benchmarks/robustness.md`` tells of a hundred."""
    command = [sys.executable, "scripts/kill_runs.py", "--kills", "1", "--seed", "1"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("record", "add", "train", "evaluate"):
        assert f"{kind}: 1 killed" in done.stdout
