"""A virtual screen, and a window in another process that a test plays the user of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TOO_LONG = 300.0
"""When a test gives up waiting [s]: compiling on a busy machine takes minutes."""


def wait_until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> Any:
    """The first true answer of ``condition``: tests wait for what happens, never for a time."""
    end = time.monotonic() + TOO_LONG
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        assert process is None or process.poll() is None, f"it ended: {process and process.communicate()}"
        time.sleep(0.02)
    raise AssertionError(f"nothing happened for {TOO_LONG} s")


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """The DISPLAY of a virtual screen."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def environment(repository: Path, **variables: str) -> dict[str, str]:
    """Of a process with the checkout's package and no screen but the one named in ``variables``."""
    mine = ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY", "PYGAME_HIDE_SUPPORT_PROMPT", "DRIVE_SIM_THREADS")
    rest = {name: value for name, value in os.environ.items() if name not in mine}
    return {**rest, "PYTHONPATH": str(repository), **variables}


class Seat:
    """``drive-sim`` in a window, the keys that a person presses there, and what is being recorded."""

    def __init__(self, process: subprocess.Popen[str], display: str) -> None:
        self.process, self.display = process, display

    def keys(self, action: str, *keys: str) -> None:
        """``xdotool key|keydown|keyup``."""
        subprocess.run(["xdotool", action, *keys], env={**os.environ, "DISPLAY": self.display}, check=True)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """As `wait_until`, while the program runs."""
        return wait_until(condition, self.process)

    @staticmethod
    def recorded(dataset: Path) -> list[dict[str, Any]]:
        """The steps in the journal of the episode being recorded, so far; empty when none is."""
        steps: list[dict[str, Any]] = []
        for log in dataset.glob("journal-*/log.jsonl"):
            try:
                lines = log.read_text().split("\n")[1:-1]
            except FileNotFoundError:  # it has just become an episode
                continue
            entries = [json.loads(line) for line in lines]
            steps += [entry["values"] for entry in entries if "values" in entry]
        return steps

    def leave(self) -> tuple[int, str, str]:
        """Exit status and what was said, when the program has ended."""
        said, complained = self.process.communicate(timeout=TOO_LONG)
        return self.process.returncode, said, complained


@pytest.fixture
def sit_down(screen: str, repository: Path) -> Iterator[Callable[..., Seat]]:
    """``sit_down("drive", "--road", ...)`` starts the program on the screen."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> Seat:
        process = subprocess.Popen(
            [sys.executable, "-m", "drive_sim.cli.main", *arguments],
            env=environment(repository, DISPLAY=screen),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return Seat(process, screen)

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def drive_sim(repository: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``drive_sim("drive", ...)`` runs the program where there is no screen."""

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "drive_sim.cli.main", *arguments],
            env=environment(repository, **variables),
            capture_output=True,
            text=True,
            timeout=TOO_LONG,
        )

    return call
