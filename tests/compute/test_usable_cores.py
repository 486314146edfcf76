"""As many threads as the process may use: no more than affinity and the control group's quota leave."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.compute import threads


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity")
def test_a_process_bound_to_one_core_uses_one_thread(repository: Path) -> None:
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from drive_sim.compute.threads import thread_count; print(thread_count())"
    )
    variables = {name: value for name, value in os.environ.items() if name != "DRIVE_SIM_THREADS"}
    variables["PYTHONPATH"] = str(repository)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize(("quota", "cores"), [(1.0, 1), (1.5, 2), (0.25, 1), (math.inf, 8)])
def test_a_quota_of_processor_time_bounds_the_threads(
    quota: float, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "_quota", lambda: quota)
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert threads.usable_cores.__wrapped__() == cores


@pytest.mark.parametrize(
    ("text", "limit"), [("150000 100000\n", 1.5), ("max 100000\n", math.inf), ("", math.inf), ("1 0\n", math.inf)]
)
def test_a_control_group_tells_its_quota(text: str, limit: float, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert threads._limit(tmp_path / "cpu.max") == limit
    assert threads._limit(tmp_path / "absent") == math.inf


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"job/part/cpu.max": "150000 100000"}, 1.5),
        ({"job/part/cpu.max": "max 100000", "job/cpu.max": "300000 100000", "cpu.max": "400000 100000"}, 3.0),
        ({"cpu.max": "200000 100000"}, 2.0),  # of a container, whose group's name is the host's
        ({"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"}, 2.5),  # the first version
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, math.inf),
        ({}, math.inf),
    ],
)
def test_the_smallest_quota_of_the_group_and_those_above_it_counts(
    files: dict[str, str], cores: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_text
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(threads, "CGROUPS", tmp_path)
    own = Path("/proc/self/cgroup")
    monkeypatch.setattr(Path, "read_text", lambda path: "1:cpu:/\n0::/job/part\n" if path == own else read(path))
    assert threads._quota() == cores


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "²", "9" * 5000])
def test_a_variable_that_is_no_number_is_bad_input(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVE_SIM_THREADS", value)
    with pytest.raises(InputError, match="DRIVE_SIM_THREADS"):
        threads._Pool().threads  # noqa: B018


@pytest.mark.parametrize(("value", "count"), [("3", 3), (" 2 ", 2), ("", 5), (" ", 5), ("0", 5)])
def test_a_variable_sets_the_number_and_an_empty_one_does_not(
    value: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "usable_cores", lambda: 5)
    monkeypatch.setenv("DRIVE_SIM_THREADS", value)
    assert threads._Pool().threads == count


@pytest.mark.slow
def test_a_wrong_variable_ends_a_command_in_one_line_before_any_work(repository: Path) -> None:
    command = [sys.executable, "-m", "drive_sim.cli.main", "drive", "--headless", "--driver", "expert"]
    variables = {**os.environ, "PYTHONPATH": str(repository), "DRIVE_SIM_THREADS": "abc"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    expected = "drive-sim: DRIVE_SIM_THREADS: 'abc' is no number of threads; set 1 or more, or unset it"
    assert done.stderr.strip() == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_process_makes_threads_of_its_own() -> None:
    pool = threads._Pool()
    pool.resize(1)
    assert pool.executor().submit(int, "7").result() == 7
    child = os.fork()
    if child == 0:
        try:
            os._exit(pool.executor().submit(int, "7").result(timeout=5.0) - 7)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
