"""The command as a process: status, streams, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from drive_sim import __version__
from drive_sim.cli import main as cli
from tests.cli.calling import TOO_LONG


class TestProcess:
    """The command as a program of its own."""

    def start(self, program: str, repository: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @pytest.mark.slow
    def test_the_status_reaches_the_shell(self, repository: Path) -> None:
        command = [sys.executable, "-m", "drive_sim.cli.main", "train"]
        answer = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=TOO_LONG)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert answer.stderr == "drive-sim: train: DATASET...: is missing; see drive-sim train --help\n"

    @pytest.mark.slow
    @pytest.mark.parametrize("module", ["drive_sim", "drive_sim.cli.main"])
    def test_the_package_is_the_command(self, module: str, repository: Path) -> None:
        command = [sys.executable, "-m", module, "--version"]
        answer = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True, timeout=TOO_LONG)
        assert __version__ in answer.stdout

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
    @pytest.mark.parametrize("line", ["data list --help | head -c 0", "doctor | head -0", "doctor >&-", "doctor 2>&-",
                                      "doctor <&- >&- 2>&-", "train >&- 2>&-", "data list /none 2>&-"])  # fmt: skip
    def test_a_closed_stream_is_no_traceback(self, line: str, repository: Path) -> None:
        program = f"{sys.executable} -m drive_sim {line}"
        command = ["bash", "-o", "pipefail", "-c", program]
        answer = subprocess.run(command, cwd=repository, text=True, capture_output=True, timeout=TOO_LONG, check=False)
        assert "Traceback" not in answer.stderr and "Exception ignored" not in answer.stderr, answer.stderr
        assert answer.returncode in (cli.DONE, cli.FAILED, cli.BAD_INPUT)

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
    @pytest.mark.parametrize(
        ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
    )
    def test_a_signal_that_meets_a_finaliser_ends_the_command_all_the_same(
        self, number: int, status: int, said: str, repository: Path
    ) -> None:
        """Python can only print what is raised in a finaliser or in a callback from C, such as those of a compiler."""
        program = (
            "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "import drive_sim.cli.doctor as d; from drive_sim.cli import main as cli\n"
            f"Met = type('Met', (), dict(__del__=lambda self: signal.raise_signal({int(number)})))\n"
            "d.report = lambda: (Met() is None, time.sleep(100.0))\n"
            "sys.argv[1:] = ['doctor']; cli.main()"
        )
        with self.start(program, repository) as process:
            try:
                errors = process.communicate(timeout=TOO_LONG)[1]
            finally:
                process.kill()
        assert (process.returncode, errors.strip()) == (status, f"drive-sim: {said}")

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
    @pytest.mark.parametrize(
        ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
    )
    @pytest.mark.slow
    def test_a_signal_that_meets_an_import_waits_until_it_is_done(
        self, number: int, status: int, said: str, repository: Path, tmp_path: Path
    ) -> None:
        """A library in C++ that is being loaded, such as torch, would abort the process."""
        library = f"import signal, time; signal.raise_signal({int(number)}); print('loaded', flush=True)"
        (tmp_path / "library.py").write_text(library, encoding="utf-8")
        program = (
            "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "import drive_sim.cli.doctor as d; from drive_sim.cli import main as cli\n"
            f"sys.path.append({str(tmp_path)!r})\n"
            "d.report = lambda: (__import__('library'), time.sleep(100.0))\n"
            "sys.argv[1:] = ['doctor']; cli.main()"
        )
        with self.start(program, repository) as process:
            try:
                said_out, errors = process.communicate(timeout=TOO_LONG)
            finally:
                process.kill()
        assert (process.returncode, errors.strip(), said_out) == (status, f"drive-sim: {said}", "loaded\n")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
    @pytest.mark.parametrize(
        ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
    )
    def test_a_signal_ends_the_command_in_one_line_though_a_thread_still_works(
        self, number: int, status: int, said: str, repository: Path
    ) -> None:
        program = (
            "import signal, sys, threading, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "import drive_sim.cli.doctor as d; from drive_sim.cli import main as cli\n"
            "threading.Thread(target=time.sleep, args=(1000.0,)).start()\n"
            "d.report = lambda: (print('ready', flush=True), signal.pause())\n"
            "sys.argv[1:] = ['doctor']; cli.main()"
        )
        with self.start(program, repository) as process:
            try:
                assert process.stdout is not None and process.stdout.readline() == "ready\n"
                process.send_signal(number)
                errors = process.communicate(timeout=TOO_LONG)[1]
            finally:
                process.kill()
        assert (process.returncode, errors.strip()) == (status, f"drive-sim: {said}")

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
    @pytest.mark.parametrize("inherited", [signal.default_int_handler, signal.SIG_IGN])
    def test_an_interrupt_from_outside_ends_with_130(self, inherited: Any, repository: Path) -> None:
        """Also where the tests themselves run with SIGINT ignored, as in a background job of a script."""
        program = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "import drive_sim.cli.doctor as d; from drive_sim.cli import main as cli\n"
            "d.report = lambda: (print('ready', flush=True), signal.pause())\n"
            "sys.exit(cli.run(['doctor']))"
        )
        before = signal.signal(signal.SIGINT, inherited)
        try:
            process = self.start(program, repository)
        finally:
            signal.signal(signal.SIGINT, before)
        # A child that never says so, or never ends, is killed: its pipes end, and the assertions tell.
        guard = threading.Timer(TOO_LONG, process.kill)
        guard.start()
        try:
            with process:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=TOO_LONG)
        finally:
            guard.cancel()
            process.kill()
        assert process.returncode == cli.INTERRUPTED
        assert err.strip() == "drive-sim: interrupted"

    def test_output_that_a_reader_left_unread_is_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as output:
            output.write("never read")
            os.close(reading)
            monkeypatch.setattr(sys, "stdout", output)
            cli._flush_output()
            assert os.fstat(output.fileno()).st_rdev == Path(os.devnull).stat().st_rdev
            monkeypatch.undo()
