"""Locks between processes: exclusive, given back by the dead, never waited for beyond the time that is given."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drive_sim.base.locks import Lock


def test_a_second_holder_waits_no_longer_than_it_is_told(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.acquire() and first.held()
    assert not second.acquire(0.0)
    first.release()
    assert not second.held()
    assert second.acquire(0.0)
    second.release()


def test_a_lock_in_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "none" / "lock").acquire(0.0)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_child_that_was_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    lock.acquire()
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(20,))
    child.start()
    lock.release()
    assert not lock.held()
    child.kill()
    child.join()


@pytest.mark.slow
def test_a_killed_process_holds_no_lock(tmp_path: Path, repository: Path) -> None:
    program = "import sys, time; from pathlib import Path; from drive_sim.base.locks import Lock\n"
    program += "assert Lock(Path(sys.argv[1])).acquire(0.0); lock = None; print(flush=True); time.sleep(60)"
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", program, path], cwd=repository, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not Lock(path).acquire(0.0)
        process.kill()
    assert Lock(path).acquire(0.0)
