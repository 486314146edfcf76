"""Every measuring leaves an entry that names commit, processor and how busy the machine was; entries are drawn."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from drive_sim import __version__
from drive_sim.base.errors import InputError
from drive_sim.bench import history, run_bench
from drive_sim.bench.figures import Effort, Figure
from drive_sim.cli.bench import bench


@pytest.fixture
def sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """One section with one figure, so that nothing is measured."""
    figure = Figure("step.1", "1 world", "steps/s", (1.0,), (20.0,))
    monkeypatch.setattr("drive_sim.bench.sections.SECTIONS", (lambda device, effort: iter([figure]),))


def git(folder: Path, *arguments: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True, timeout=60)


def test_an_entry_names_date_commit_processor_and_load(
    tmp_path: Path, sections: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 0.0, 0.0))
    monkeypatch.setattr(history, "cores", lambda: 2)
    monkeypatch.setattr(history, "commit", lambda: "0123456789")
    monkeypatch.setattr("drive_sim.bench.hardware.processor_name", lambda: "AMD EPYC 7B13 (64-Core)")
    *_, line = run_bench("cpu", effort=Effort(), history=tmp_path / "new" / "history")
    (entry,) = (tmp_path / "new" / "history").iterdir()
    assert line == f"history: {entry}"
    assert entry.name.endswith("-0123456789-amd-epyc-7b13-64-core.json")
    document = json.loads(entry.read_text(encoding="utf-8"))
    assert entry.name.startswith(document["date"])
    assert (document["commit"], document["load"], document["shared"]) == ("0123456789", 1.5, True)
    assert document["figures"]["step.1"]["processor_us"] == 20.0


def test_an_idle_machine_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.2, 0.0, 0.0))
    monkeypatch.setattr(history, "cores", lambda: 2)
    found = history.circumstances()
    assert (found["load"], found["shared"]) == (0.1, False)


def test_the_commit_is_the_checkouts_own_and_says_what_differs(tmp_path: Path) -> None:
    package = tmp_path / "drive_sim" / "bench"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert history.commit(package) == __version__
    git(tmp_path, "init")
    assert history.commit(package) == __version__  # somebody else's checkout
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    name = history.commit(package)
    assert len(name) == 10 and not name.endswith("-changed")
    (package / "__init__.py").write_text("changed")
    assert history.commit(package) == f"{name}-changed"


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="name a folder that can be made"):
        run_bench("cpu", history=tmp_path / "file" / "history")


def test_a_profile_has_no_history(tmp_path: Path) -> None:
    answer = CliRunner().invoke(bench, ["--profile", "--history", str(tmp_path)])
    assert answer.exit_code == 2
    assert "--history keeps no profile" in answer.output


@pytest.fixture
def script(repository: Path) -> ModuleType:
    """The script that draws the history, as a module."""
    spec = importlib.util.spec_from_file_location(
        "benchmark_history", repository / "scripts" / "figures" / "benchmark_history.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_committed_entries_name_their_processor_and_are_drawn(
    script: ModuleType, repository: Path, tmp_path: Path
) -> None:
    folder = repository / "docs" / "benchmarks" / "history"
    entries = script.load_entries(folder)
    assert entries
    for entry in entries:
        assert history.entry_path(folder, entry["machine"], entry).is_file()
        assert entry["figures"].keys() >= script.SHOWN.keys()
    found = script.curves(entries, "env.camera")
    assert sum(map(len, found.values())) == len(entries)
    script.main(["--history", str(folder), "--output", str(tmp_path / "history.svg")])
    drawn = (tmp_path / "history.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<?xml")


def test_a_folder_without_entries_is_told(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        script.main(["--history", str(tmp_path)])
    assert "holds no entry" in capsys.readouterr().err
