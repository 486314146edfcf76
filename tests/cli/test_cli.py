"""The command line: every mistake of a user is one line and status 2; what is called gets what was parsed."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import click
import pytest

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.base.resources import recipe_files
from drive_sim.base.toml import read_toml
from drive_sim.cli import doctor
from drive_sim.cli import main as cli
from drive_sim.cli.arguments import NAME_OR_PATH, FiniteRange
from drive_sim.evaluation.harness import VIDEOS

TOO_LONG = 60.0
"""When a test gives up waiting for a process [s]."""

COMMANDS = ["demo", "doctor", "drive", "replay", "data", "train", "evaluate", "bench"]

MISTAKES = [
    ("flie", "command line: No such command 'flie'"),
    ("--sed 3", "command line: --sed: No such option"),
    ("demo --output pyproject.toml", "demo: --output: Directory 'pyproject.toml' is a file"),
    ("demo --seed -1", "demo: --seed: -1 is not in the range"),
    ("demo now", "demo: Got unexpected extra argument (now)"),
    ("doctor --cure", "doctor: --cure: No such option"),
    ("drive --seeed 3", "drive: --seeed: No such option"),
    ("drive --seed x", "drive: --seed: 'x' is not a whole number"),
    ("drive --seed", "command line: --seed: Option '--seed' requires an argument"),
    ("drive --minutes soon", "drive: --minutes: 'soon' is not a number"),
    ("drive --minutes 0", "drive: --minutes: 0.0 is not in the range"),
    ("drive --episodes 0", "drive: --episodes: 0 is not in the range"),
    ("drive --headless=3", "command line: --headless: Option '--headless' does not take a value"),
    ("drive --record pyproject.toml", "drive: --record: Directory 'pyproject.toml' is a file"),
    ("drive --road rural --scenario lane-keeping/rural", "drive: --road: cannot be given together with --scenario"),
    ("replay", "replay: DATASET|RESULTS: is missing"),
    ("replay here first", "replay: [EPISODE]: 'first' is not a whole number"),
    ("data lst", "data: No such command 'lst'"),
    ("data list", "data list: DATASET: is missing"),
    ("data check", "data check: DATASET: is missing"),
    ("data drop here", "data drop: EPISODE...: is missing"),
    ("data drop here one", "data drop: EPISODE...: 'one' is not a whole number"),
    ("data restore here", "data restore: EPISODE...: is missing"),
    ("train", "train: DATASET...: is missing"),
    ("train here", "train: --output: is missing"),
    ("train here --output there --device tpu", "train: --device: 'tpu' is not one of 'auto', 'cpu', 'cuda'"),
    ("train here --output there --set views", "--set: 'views' is not of the form KEY=VALUE"),
    ("train here --output there --recipe=", "train: --recipe: is empty"),
    ("evaluate", "evaluate: DRIVER: is missing"),
    ("evaluate expert --output there", "--suite: is missing; give --suite NAME"),
    ("evaluate expert --suite lane-keeping", "evaluate: --output: is missing"),
    ("evaluate a b --suite s --output there", "evaluate: Got unexpected extra argument (b)"),
    ("evaluate a --suite s --output there --batch 0", "evaluate: --batch: 0 is not in the range"),
    ("evaluate a --suite s --output there --videos many", "evaluate: --videos: 'many' is neither a number of videos"),
    ("evaluate a --suite s --output there --videos -1", "evaluate: --videos: '-1' is neither a number of videos"),
    ("evaluate a --suite s --output there --seconds 0.5", "evaluate: --seconds: 0.5 is not in the range"),
    ("evaluate a --suite s --output there --seconds nan", "evaluate: --seconds: nan is not a finite number"),
    ("evaluate a --suite s --output there --seconds inf", "evaluate: --seconds: inf is not in the range"),
    ("evaluate a --suite s --output there --latency nan", "evaluate: --latency: nan is not a finite number"),
    ("drive --minutes nan", "drive: --minutes: nan is not a finite number"),
    ("drive --minutes inf", "drive: --minutes: inf is not in the range"),
    ("drive --minutes 1e300", "drive: --minutes: 1e+300 is not in the range"),
    ("drive --episodes 1000000000000", "drive: --episodes: 1000000000000 is not in the range"),
    ("evaluate a --suite s --output there --episodes 1000000000000", "evaluate: --episodes: 1000000000000 is not in"),
    ("evaluate a --suite s --output there --batch 1000000000000", "evaluate: --batch: 1000000000000 is not in"),
    ("evaluate a --suite s --output there --batch -1", "evaluate: --batch: -1 is not in the range"),
    ("evaluate a --suite s --output there --seconds 1e12", "evaluate: --seconds: 1000000000000.0 is not in the range"),
    ("drive --seed 9223372036854775808", "drive: --seed: 9223372036854775808 is not in the range"),
    ("drive --minutes -inf", "drive: --minutes: -inf is not in the range"),
    ("drive --record=", "drive: --record: is empty"),
    ("drive --road=", "drive: --road: is empty"),
    ("drive --record=~no-such-user/mine", "drive: --record: '~no-such-user/mine': Could not determine home directory"),
    ("replay \udcff", r"command line: \udcff: is not UTF-8"),
    ("bench --device tpu", "bench: --device: 'tpu' is not one of"),
    ("bench --output tests", "bench: --output: File 'tests' is a directory"),
]


def call(line: str) -> int:
    """Exit status of ``drive-sim LINE``."""
    return cli.run(line.split())


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in for a part of the house in its place: ``module("drive_sim.bench", run_bench=...)``."""

    def put(name: str, **members: object) -> None:
        stand_in = types.ModuleType(name)
        vars(stand_in).update(members)
        monkeypatch.setitem(sys.modules, name, stand_in)
        parent, _, child = name.rpartition(".")
        # `from package import module` asks the package first.
        monkeypatch.setattr(importlib.import_module(parent), child, stand_in, raising=False)

    monkeypatch.setattr(doctor, "compiled_kernels", lambda: 1)
    return put


class TestMistakes:
    @pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[line for line, _ in MISTAKES])
    def test_a_mistake_ends_in_one_line_with_its_place_and_mend(
        self,
        line: str,
        said: str,
        repository: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(repository)
        assert call(line) == cli.BAD_INPUT
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"drive-sim: {said}")
        assert err.count("\n") == 1
        assert err.partition("; ")[2].strip(), "no hint"

    @pytest.mark.parametrize(
        ("line", "meant"),
        [
            ("drive --seeed 3", "--seed"),
            pytest.param(
                "data lst",
                "list",
                marks=pytest.mark.skipif(
                    not hasattr(click.exceptions, "NoSuchCommand"), reason="this click suggests no commands"
                ),
            ),
        ],
    )
    def test_a_slip_is_told_with_what_was_meant(
        self, line: str, meant: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(line) == cli.BAD_INPUT
        assert f"; did you mean {meant}? see " in capsys.readouterr().err

    def test_bad_input_is_told_by_file_field_and_mend(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        def run_bench(device: str, output: Path | None, history: Path | None) -> list[str]:
            raise InputError("roads/spa.csv", "line 7, w_tr_left_m", "is\nnegative", "give the width in metres")

        module("drive_sim.bench", run_bench=run_bench)
        assert call("bench") == cli.BAD_INPUT
        said = "drive-sim: roads/spa.csv: line 7, w_tr_left_m: is negative; give the width in metres\n"
        assert capsys.readouterr() == ("", said)


class TestFailures:
    def run_raising(self, module, error: BaseException) -> int:
        def run_bench(device: str, output: Path | None, history: Path | None) -> list[str]:
            raise error

        module("drive_sim.bench", run_bench=run_bench)
        return call("bench")

    def test_ctrl_c_ends_quietly(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run_raising(module, KeyboardInterrupt()) == cli.INTERRUPTED
        assert capsys.readouterr().err.strip() == "drive-sim: interrupted"

    def test_the_end_of_a_file_is_no_interruption(self, module) -> None:
        with pytest.raises(EOFError, match="Ran out of input"):
            self.run_raising(module, EOFError("Ran out of input"))

    @pytest.mark.parametrize(("missing", "extra"), [("torch", "learn"), ("pygame", "window"), ("jinja2", "report")])
    def test_a_missing_extra_is_named(
        self, missing: str, extra: str, module, capsys: pytest.CaptureFixture[str]
    ) -> None:
        error = ModuleNotFoundError(f"No module named '{missing}'", name=missing)
        assert self.run_raising(module, error) == cli.FAILED
        assert capsys.readouterr().err == f"drive-sim: {missing}: is not installed; pip install 'drive-sim[{extra}]'\n"

    def test_a_full_disk_is_no_traceback(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/frames.bin")
        assert self.run_raising(module, error) == cli.FAILED
        assert capsys.readouterr().err.startswith("drive-sim: runs/frames.bin: No space left on device; ")

    def test_too_little_memory_is_no_traceback(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run_raising(module, MemoryError()) == cli.FAILED
        said = "drive-sim: the memory does not suffice; ask for fewer episodes, or fewer at once with --batch\n"
        assert capsys.readouterr().err == said

    @pytest.mark.parametrize("error", [ZeroDivisionError(), OSError(errno.EIO, "torn"), ModuleNotFoundError(name="x")])
    def test_what_nobody_foresaw_shows_where_it_happened(self, error: Exception, module) -> None:
        with pytest.raises(type(error)):
            self.run_raising(module, error)

    def test_an_extra_is_named_for_every_optional_module(self, repository: Path) -> None:
        import tomllib

        project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"]
        for module_name, extra in cli.EXTRA_OF.items():
            distribution = {"pygame": "pygame-ce"}.get(module_name, module_name)
            assert any(requirement.startswith(distribution + ">") for requirement in extras[extra])


class TestCalls:
    """What is parsed arrives where the work is done."""

    def test_drive(self, module) -> None:
        calls = []
        module("drive_sim.window.app", drive=lambda **options: calls.append(options) or "recorded")
        assert call("drive --road rural --driver expert --record runs/d --minutes 1.5") == cli.DONE
        assert calls == [
            {
                "road": "rural",
                "scenario": None,
                "driver": "expert",
                "record": Path("runs/d"),
                "minutes": 1.5,
                "episodes": None,
                "seed": 0,
                "driver_options": {},
            }
        ]

    def test_a_keyboard_drives_unless_told_otherwise(self, module) -> None:
        calls = []
        module("drive_sim.window.app", drive=lambda **options: calls.append(options) or "recorded")
        assert call("drive") == cli.DONE
        assert calls[0]["driver"] == "keyboard"

    def test_data(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        calls = []
        module(
            "drive_sim.recording.curation",
            drop=lambda dataset, episodes: calls.append(("drop", dataset, episodes)),
            restore=lambda dataset, episodes: calls.append(("restore", dataset, episodes)),
            check=lambda dataset: [f"{dataset}: episode 3: a frame is missing"],
            list_episodes=lambda dataset: ["0  12.0 s", "1  8.5 s"],
        )
        assert call("data drop d 3 4") == cli.DONE
        assert call("data restore d 4") == cli.DONE
        assert calls == [("drop", Path("d"), (3, 4)), ("restore", Path("d"), (4,))]
        assert call("data list d") == cli.DONE
        assert call("data check d") == cli.FAILED
        assert capsys.readouterr().out == "0  12.0 s\n1  8.5 s\nd: episode 3: a frame is missing\n"

    def test_replay_of_a_compared_driver_needs_results(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(f"replay {tmp_path} 0 --driver expert") == cli.BAD_INPUT
        assert "--driver: means nothing to" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("--retrained m", "--training-runs"),
            ("--films 3", "--videos"),
            ("--yardsticks", "--baselines"),
            ("--no-yardsticks", "--no-baselines"),
        ],
    )
    def test_an_old_option_ends_in_one_line_that_names_the_new_one(
        self, old: str, new: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call(f"evaluate straight --suite lane-keeping --output out {old}") == cli.BAD_INPUT
        assert capsys.readouterr().err == f"drive-sim: {old.split()[0]}: is called {new} now; write {new}\n"

    def test_train_hands_on_the_recipe_and_what_wins_over_it(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        calls = []

        def train(*datasets: object, **options: object) -> object:
            calls.append(options | {"datasets": datasets})
            return types.SimpleNamespace(folder="out")

        module("drive_sim.learning.training", train=train)
        assert call("train a b --recipe small --set views=64 --network pilotnet --seed 3 --output out") == cli.DONE
        assert capsys.readouterr().out == "model: out\n"
        assert (calls[0]["datasets"], calls[0]["recipe"]) == (((Path("a"), Path("b")),), "small")
        assert [(change.key, change.value, change.source) for change in calls[0]["changes"]] == [
            ("views", 64, "--set"), ("network.name", "pilotnet", "--network"), ("seed", 3, "--seed"),
        ]  # fmt: skip
        assert call("train a --output out --resume") == cli.DONE
        assert (calls[1]["recipe"], calls[1]["changes"], calls[1]["resume"]) == (None, [], True)

    def test_evaluate(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        calls = []

        class Scored:
            """Results that left nothing out."""

            left_out = ()

            def __init__(self, folder: Path) -> None:
                self.folder, self.added_metrics = folder, {}

            def __str__(self) -> str:
                return str(self.folder)

        def evaluate(**options: object) -> Path:
            calls.append(options)
            return Path("out/report.html")

        module("drive_sim.evaluation.harness", evaluate=evaluate)
        module("drive_sim.evaluation.metrics", METRICS=types.SimpleNamespace(broken=dict))
        module("drive_sim.evaluation.results", load_results=lambda folder: Scored(folder))
        module("drive_sim.evaluation.report.junit", check_junit=None, write_junit=None)
        module("drive_sim.evaluation.thresholds", judge=lambda results, wanted: [], load_thresholds=None)
        module("drive_sim.evaluation.report.words", energy=lambda results: f"energy of {results}")
        module("drive_sim.evaluation.report.third_party", third_party=lambda results: ["driver pilot"])
        module("drive_sim.evaluation.report.training_seeds", told=lambda results: f"training runs of {results}")
        compared = "--against expert --against classical --training-runs pilot-1 --training-runs runs/pilot-[2-5]"
        assert call(f"evaluate pilot --suite lane-keeping {compared} --episodes 5 --output out") == cli.DONE
        assert calls[0]["training_runs"] == ("pilot-1", "runs/pilot-[2-5]")
        assert (calls[0]["driver"], calls[0]["against"], calls[0]["episodes"]) == ("pilot", ("expert", "classical"), 5)
        assert capsys.readouterr().out == (
            "report: out/report.html\ntraining runs of out\nenergy of out\nnot drive_sim's own: driver pilot\n"
        )

    @pytest.mark.slow
    def test_evaluate_fails_when_a_threshold_is_missed(
        self, module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        page = "drive_sim.evaluation.report.page"
        module(page, check_report=lambda videos: None, write_report=lambda page, *_: None)
        file = tmp_path / "wanted.toml"
        drive = "evaluate straight --suite lane-keeping --episodes 1 --seconds 20 --no-baselines"
        line = f"{drive} --output {tmp_path}/out --thresholds {file}"
        file.write_text("[autonomy]\nat_most = 1.0\n")
        assert call(f"{line} --junit {tmp_path}/junit.xml") == cli.DONE
        assert "passed: autonomy is" in capsys.readouterr().out
        assert (tmp_path / "junit.xml").read_text().count("<testcase") == 1
        file.write_text("[lateral_error_mean]\nat_most = 0.0\n")
        assert call(line) == cli.FAILED
        assert "missed: lateral_error_mean is" in capsys.readouterr().out
        file.write_text("[nonsense]\nat_most = 0.0\n")
        assert call(line) == cli.BAD_INPUT

    def test_doctor_fails_only_for_what_is_essential(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        absent = doctor.Finding("display", False, "none", "use --headless")
        monkeypatch.setattr(doctor, "report", lambda: [absent])
        assert call("doctor") == cli.DONE
        assert capsys.readouterr().out == f"{absent}\n"
        monkeypatch.setattr(doctor, "report", lambda: [doctor.Finding("core", False, "no numba", essential=True)])
        assert call("doctor") == cli.FAILED


class TestHelp:
    def test_that_of_training_has_a_line_on_each_recipe_that_ships(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("train --help") == cli.DONE
        recipes = " ".join(capsys.readouterr().out.partition("Recipes:")[2].split())
        for name, path in recipe_files().items():
            assert f"{name} {read_toml(path)['description']}" in recipes

    @pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
    def test_it_names_every_command(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(arguments) == cli.DONE
        out, err = capsys.readouterr()
        assert err == ""
        assert all(f"\n  {command} " in out for command in COMMANDS)

    @pytest.mark.parametrize("command", [*COMMANDS, "data list", "data check", "data drop", "data restore"])
    def test_every_command_explains_itself(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run([*command.split(), "--help"]) == cli.DONE
        assert f"Usage: drive-sim {command} " in capsys.readouterr().out

    def test_every_option_is_explained(self) -> None:
        commands = [*cli.application.commands.values(), *cli.data.commands.values()]
        options = [option for command in commands for option in command.params if isinstance(option, click.Option)]
        # The old name of a renamed option is hidden and ends in a line that names the new one.
        options = [option for option in options if not option.hidden]
        assert [option.name for option in options if not option.help and option.name != "device"] == []

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["--version"]) == cli.DONE
        assert __version__ in capsys.readouterr().out


class TestPathsAndNumbers:
    """The kinds of values that options share."""

    def options(self) -> list[tuple[str, click.Parameter]]:
        commands = [*cli.application.commands.values(), *cli.data.commands.values()]
        return [(f"{command.name} {param.name}", param) for command in commands for param in command.params]

    def test_every_number_is_finite(self) -> None:
        numbers = [
            (name, param.type) for name, param in self.options() if isinstance(param.type, click.types.FloatParamType)
        ]
        assert numbers
        assert [name for name, kind in numbers if not isinstance(kind, FiniteRange)] == []

    def test_a_number_of_videos_with_thousands_of_digits_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["evaluate", "a", "--suite", "s", "--output", "there", "--videos", "9" * 5000]) == 2
        assert capsys.readouterr().err.count("\n") == 1

    def test_every_number_has_a_largest(self) -> None:
        """A number without bound ends in a hang or a MemoryError; an index may be any, as it is looked up."""
        numbers = [
            (name, param.type)
            for name, param in self.options()
            if isinstance(param.type, click.IntRange | click.FloatRange) and isinstance(param, click.Option)
        ]
        assert numbers
        assert [name for name, kind in numbers if kind.max is None] == []

    def test_a_tilde_is_the_home_in_every_path(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        paths = [(name, param) for name, param in self.options() if isinstance(param.type, click.Path)]
        assert len(paths) > 8
        for name, param in paths:
            assert param.type.convert("~/mine", param, None) == tmp_path / "mine", name
        assert NAME_OR_PATH.convert("~/road.csv", None, None) == str(tmp_path / "road.csv")
        assert NAME_OR_PATH.convert("lane-keeping/rural", None, None) == "lane-keeping/rural"


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

    @pytest.mark.parametrize("module", ["drive_sim", "drive_sim.cli.main"])
    @pytest.mark.slow
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

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
    @pytest.mark.parametrize(
        ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
    )
    @pytest.mark.slow
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

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
    @pytest.mark.parametrize(
        ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
    )
    @pytest.mark.slow
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

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
    @pytest.mark.parametrize("inherited", [signal.default_int_handler, signal.SIG_IGN])
    @pytest.mark.slow
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


@pytest.mark.parametrize(
    ("given", "videos"), [("", VIDEOS), ("--videos 0", 0), ("--videos 7", 7), ("--videos all", None)]
)
def test_as_many_failures_are_captured_as_are_asked_for(given: str, videos: int | None) -> None:
    words = ["expert", "--suite", "lane-keeping", "--output", "there", *given.split()]
    assert cli.evaluate.make_context("evaluate", words).params["videos"] == videos


def test_asking_for_help_changes_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    """The option is the process's: the reference is written from it, whatever was asked for before."""
    suite = next(option for option in cli.application.get_command(None, "evaluate").params if option.name == "suite")
    before = suite.help
    call("evaluate --help")
    assert "What it is scored on: alks, lane-keeping" in capsys.readouterr().out
    assert suite.help == before
