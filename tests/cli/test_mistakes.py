"""Every mistake of a user is one line and status 2; failures that the user can mend are no tracebacks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click
import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from tests.cli.calling import call

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
    ("evaluate expert --output there", "--suite: is missing"),
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


class TestMistakes:
    @pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[line for line, _ in MISTAKES])
    def test_a_mistake_ends_in_one_line_with_its_place_and_hint(
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

    def test_bad_input_is_told_by_file_field_and_hint(self, module, capsys: pytest.CaptureFixture[str]) -> None:
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

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
    def test_a_disk_that_refuses_is_told_as_other_wrong_places_are(
        self, number: int, module, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run_raising(module, OSError(number, os.strerror(number), "runs/frames.bin")) == cli.BAD_INPUT
        said = f"drive-sim: runs/frames.bin: {os.strerror(number)}; name a place that can be written and has room\n"
        assert capsys.readouterr().err == said

    def test_too_little_memory_is_no_traceback(self, module, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run_raising(module, MemoryError()) == cli.FAILED
        said = "drive-sim: the memory does not suffice; ask for fewer episodes, or fewer at once with --batch\n"
        assert capsys.readouterr().err == said

    @pytest.mark.parametrize("error", [ZeroDivisionError(), OSError(errno.EIO, "torn"), ModuleNotFoundError(name="x")])
    def test_an_unexpected_error_shows_its_traceback(self, error: Exception, module) -> None:
        with pytest.raises(type(error)):
            self.run_raising(module, error)

    def test_an_extra_is_named_for_every_optional_module(self, repository: Path) -> None:
        import tomllib

        project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"]
        for module_name, extra in cli.EXTRA_OF.items():
            distribution = {"pygame": "pygame-ce"}.get(module_name, module_name)
            assert any(requirement.startswith(distribution + ">") for requirement in extras[extra])
