"""A cache is not data: whatever is wrong in it or with its place, kernels run; what can be kept is kept."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from numba.core.errors import TypingError

from drive_sim.base.locks import Lock
from drive_sim.compute import cache, kernel_cache
from drive_sim.compute.compiling import scalar

pytestmark = pytest.mark.slow  # each starts processes that compile

PROGRAM = """
import numpy as np
from drive_sim.compute.kernel import kernel, scalar

@scalar
def twice(number):
    return 2.0 * number

@kernel()
def fill(i, arrays):
    arrays[0][i] = twice(i)

out = np.zeros(4)
fill("cpu", 4, (out,))
print(out.tolist(), sum(fill._loop.stats.cache_hits.values()))
"""
RIGHT = "[0.0, 2.0, 4.0, 6.0]"


class Machine:
    """A process that compiles two small functions, on a machine with the given environment variables."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.script, self.cache = folder / "program.py", folder / "cache"
        self.script.write_text(PROGRAM)
        path = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
        self.variables = {**path, "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, before: str = "", **variables: str) -> tuple[str, str]:
        """Result with the number of cache hits, and what was said on standard error."""
        place = {} if variables else {"DRIVE_SIM_CACHE": str(self.cache)}
        self.script.write_text(PROGRAM)
        command = [sys.executable, "-c", f"{before}\nimport runpy; runpy.run_path({str(self.script)!r}, run_name='m')"]
        environment = {**self.variables, **place, **variables}
        done = subprocess.run(
            command, env=environment, cwd=self.script.parent, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), done.stderr

    def files(self) -> list[Path]:
        """Files of compiled code."""
        return sorted(self.cache.rglob(f"*{cache.CODE}"))


@pytest.fixture
def machine(tmp_path: Path, repository: Path) -> Machine:
    """One whose cache is cold."""
    return Machine(tmp_path, repository)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Machine:
    """One that has run the program once."""
    machine = Machine(tmp_path_factory.mktemp("machine"), repository)
    assert machine.run() == (f"{RIGHT} 0", "")
    return machine


@pytest.fixture
def warm(machine: Machine, compiled: Machine) -> Machine:
    """One whose cache is warm; the files are the test's own."""
    shutil.copytree(compiled.cache, machine.cache)
    return machine


def test_the_second_process_finds_what_the_first_compiled(warm: Machine) -> None:
    assert warm.run() == (f"{RIGHT} 1", "")
    assert not list(warm.cache.rglob("*.unfinished"))


TOGETHER = """
import pathlib, time
from drive_sim.compute import kernel_cache
def ready_together():
    pathlib.Path({own!r}).touch()
    while len(list(pathlib.Path({folder!r}).iterdir())) < 2:
        time.sleep(0.01)
lock_or_compile = kernel_cache.KernelCache._key
def when_both_are(*arguments):
    ready_together()
    return lock_or_compile(*arguments)
kernel_cache.KernelCache._key = when_both_are
"""


def test_of_two_processes_that_start_together_one_compiles(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "ready"
    folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        before = [TOGETHER.format(own=str(folder / name), folder=str(folder)) for name in ("one", "two")]
        results = sorted(pool.map(machine.run, before))
    assert results == [(f"{RIGHT} 0", ""), (f"{RIGHT} 1", "")]
    assert not list(machine.cache.rglob("*.lock"))


def test_a_process_that_compiles_without_end_is_not_waited_for(warm: Machine) -> None:
    locks = []
    for path in warm.files():
        path.unlink()
        locks.append(Lock(path.with_suffix(".lock")))
        assert locks[-1].acquire(0.0)
    assert warm.run("from drive_sim.compute import kernel_cache; kernel_cache.PATIENCE = 0.0") == (f"{RIGHT} 0", "")
    for lock in locks:
        lock.release()
    assert len(warm.files()) == 2


def test_locks_of_a_killed_process_hold_nobody_up(warm: Machine) -> None:
    for path in warm.files():
        path.unlink()
        path.with_suffix(".lock").write_text("1\n")
    assert warm.run() == (f"{RIGHT} 0", "")
    assert not list(warm.cache.rglob("*.lock"))


def test_what_cannot_be_compiled_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "module_folder", lambda module, file: tmp_path)
    function = scalar(lambda number: number.missing)
    with pytest.raises(TypingError):
        function(1.0)
    assert function._cache._locks == [] and list(tmp_path.iterdir()) == []


def damaged(content: bytes, how: str) -> bytes:
    if how == "empty":
        return b""
    if how == "cut":
        return content[: len(content) // 2]
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("how", ["empty", "cut", "altered"])
def test_damaged_code_is_compiled_again_in_silence_and_kept(warm: Machine, how: str) -> None:
    for path in warm.files():
        path.write_bytes(damaged(path.read_bytes(), how))
        assert kernel_cache.intact(path) is None
    assert warm.run() == (f"{RIGHT} 0", "")
    assert all(kernel_cache.intact(path) is not None for path in warm.files())


def test_whole_files_that_numba_cannot_rebuild_are_compiled_again(warm: Machine) -> None:
    for path in warm.files():
        kernel_cache._write(path, b"of another library's making")
    assert warm.run() == (f"{RIGHT} 0", "")


def test_code_of_other_argument_types_is_never_taken(warm: Machine) -> None:
    first, second = warm.files()
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert warm.run() == (f"{RIGHT} 0", "")


@pytest.mark.skipif(sys.platform == "win32", reason="user numbers")
def test_a_user_without_a_home_is_told_once_and_computes(machine: Machine) -> None:
    nobody = "import pwd\ndef none(number): raise KeyError(number)\npwd.getpwuid = none"
    result, said = machine.run(nobody, XDG_CACHE_HOME="")
    assert result == f"{RIGHT} 0"
    assert said.count("\n") == 1
    assert "no cache folder; set DRIVE_SIM_CACHE" in said
    assert not (machine.script.parent / "~").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="XDG")
def test_a_cache_folder_of_the_desktop_serves_a_user_without_a_home(machine: Machine) -> None:
    nobody = "import pwd\ndef none(number): raise KeyError(number)\npwd.getpwuid = none"
    place = str(machine.cache)
    assert machine.run(nobody, XDG_CACHE_HOME=place) == (f"{RIGHT} 0", "")
    assert machine.run(nobody, XDG_CACHE_HOME=place) == (f"{RIGHT} 1", "")


@pytest.mark.skipif(sys.platform != "linux", reason="XDG")
def test_a_desktops_cache_folder_that_cannot_be_written_is_told_once(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result, said = machine.run(XDG_CACHE_HOME=str(tmp_path / "file" / "below"))
    assert result == f"{RIGHT} 0"
    assert said.count("\n") == 1
    assert "set DRIVE_SIM_CACHE to a folder that can be written" in said


FULL = """
import errno
from drive_sim.compute import kernel_cache
def full(path, data): raise OSError({number}, {text!r})
kernel_cache._write = full
"""


def test_a_full_disk_is_told_once(machine: Machine) -> None:
    before = FULL.format(number=errno.ENOSPC, text=os.strerror(errno.ENOSPC))
    result, said = machine.run(before)
    assert result == f"{RIGHT} 0"
    assert said.count("\n") == 1 and os.strerror(errno.ENOSPC) in said


def test_a_warm_cache_that_may_only_be_read_is_used(warm: Machine) -> None:
    before = FULL.format(number=errno.EACCES, text=os.strerror(errno.EACCES))
    assert warm.run(before) == (f"{RIGHT} 1", "")


def test_an_unfinished_file_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="full"):
        kernel_cache._write(tmp_path / "code.nbc", b"code")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="home folders by HOME")
def test_a_home_that_cannot_be_written_is_told_once_however_many_modules_compile(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "home").touch()
    (tmp_path / "another_module.py").write_text(PROGRAM)
    before = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import another_module"
    results, said = machine.run(before, HOME=str(tmp_path / "home"))
    assert results.splitlines() == [f"{RIGHT} 0"] * 2
    assert said.count("\n") == 1 and "set DRIVE_SIM_CACHE to a folder that can be written" in said


def test_numbas_own_cache_variable_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    variables = {"DRIVE_SIM_CACHE": str(machine.cache), "NUMBA_CACHE_DIR": str(tmp_path / "file")}
    assert machine.run(**variables) == (f"{RIGHT} 0", "")
    assert machine.run(**variables) == (f"{RIGHT} 1", "")
