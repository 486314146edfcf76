"""What is called gets what was parsed; the help tells of every command and option."""

from __future__ import annotations

import types
from pathlib import Path

import click
import pytest

from drive_sim import __version__
from drive_sim.base.resources import recipe_files
from drive_sim.base.toml import read_toml
from drive_sim.cli import doctor
from drive_sim.cli import main as cli
from drive_sim.cli.arguments import NAME_OR_PATH, FiniteRange
from drive_sim.evaluation.harness import VIDEOS
from tests.cli.calling import call

COMMANDS = ["demo", "doctor", "drive", "replay", "data", "train", "evaluate", "bench"]


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
                "driver_options": {},
                "record": Path("runs/d"),
                "minutes": 1.5,
                "episodes": None,
                "seed": 0,
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
        module("drive_sim.evaluation.report.third_party", third_party=lambda results: ["expert"])
        module("drive_sim.evaluation.report.words", energy=lambda results: f"energy of {results}")
        module("drive_sim.evaluation.report.training_seeds", told=lambda results: f"training runs of {results}")
        compared = "--against expert --against classical --training-runs pilot-1 --training-runs runs/pilot-[2-5]"
        assert call(f"evaluate pilot --suite lane-keeping {compared} --episodes 5 --output out") == cli.DONE
        assert calls[0]["training_runs"] == ("pilot-1", "runs/pilot-[2-5]")
        assert (calls[0]["driver"], calls[0]["against"], calls[0]["episodes"]) == ("pilot", ("expert", "classical"), 5)
        assert capsys.readouterr().out == (
            "report: out/report.html\ntraining runs of out\nenergy of out\nnot drive_sim's own: expert\n"
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
