"""A search from end to end: it finds a known corner, repeats, survives a kill, and its files drive and score."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.errors import InputError
from drive_sim.cli import main as cli
from drive_sim.evaluation.results import load_results
from drive_sim.mining.harness import MinedFiles, mine
from drive_sim.mining.search import Search
from drive_sim.world.scenarios.scenario import load_scenario

FEW: dict[str, Any] = {"episodes": 80, "rounds": 4}
OFFSET = "car.parked.at.offset"
HITS = 2.0
"""[m] of the parked car's offset below which a car that goes straight on may touch it."""


@pytest.fixture(scope="module")
def found(own_suite: Path) -> MinedFiles:
    return mine("straight", own_suite, own_suite.parent / "found", videos=1, **FEW)


@pytest.mark.slow
def test_a_known_corner_is_found_with_more_failures_than_by_uniform_draws(found: MinedFiles) -> None:
    (row,) = found.mined.scenarios
    assert row.searched.estimate > 1.3 * row.uniform.estimate
    assert row.fresh is not None
    assert row.fresh.estimate > 2.0 * row.uniform.estimate
    assert row.parameters[0].name in (OFFSET, "met.lateral_offset")
    assert OFFSET in row.region
    assert row.causes == {"hit a vehicle": len(found.mined.situations)}
    for one in found.mined.situations:
        assert float(one.values[OFFSET]) < HITS
        assert one.again
        assert one.preventable


@pytest.mark.slow
def test_a_killed_search_goes_on_and_finds_the_same(
    found: MinedFiles, own_suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_suite.parent / "killed"
    outcome, left = Search._outcome, [13]

    def killed(self: Search, *given: object) -> object:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return outcome(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Search, "_outcome", killed)
        with pytest.raises(KeyboardInterrupt):
            mine("straight", own_suite, folder, videos=0, batch=5, **FEW)
    journal = folder / "search.jsonl"
    kept = journal.read_bytes()
    assert kept.count(b"\n") == 1 + 10
    journal.write_bytes(kept[:-20])
    again = mine("straight", own_suite, folder, videos=0, batch=5, **FEW)
    assert again.mined == found.mined
    assert (folder / "mined.json").read_bytes() == (found.page.parent / "mined.json").read_bytes()
    with pytest.raises(InputError, match="is of another search \\(other seed\\)"):
        mine("straight", own_suite, folder, videos=0, seed=1, **FEW)


@pytest.mark.slow
def test_the_files_drive_and_score_as_they_were_found(
    found: MinedFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = found.page.parent
    situation = folder / found.mined.situations[0].file
    assert load_scenario(situation).split == "validation"
    line = ["drive", "--driver", "straight", "--headless", "--scenario"]
    assert cli.run([*line, str(situation)]) == cli.DONE
    assert "collision" in capsys.readouterr().out
    scored = ["evaluate", "straight", "--no-baselines", "--videos", "0"]
    assert cli.run([*scored, "--suite", str(folder / "failures.toml"), "--output", str(tmp_path / "all")]) == cli.DONE
    assert {row.outcome for row in load_results(tmp_path / "all").episodes} == {"collision with a vehicle"}
    (row,) = found.mined.scenarios
    narrowed = str(folder / row.file)
    count = row.fresh.situations
    line = ["--scenario", narrowed, "--episodes", str(count), "--seconds", "20", "--output", str(tmp_path / "where")]
    assert cli.run([*scored, *line]) == cli.DONE
    results = load_results(tmp_path / "where")
    assert {one.split for one in results.episodes} == {"validation"}
    assert sum(one.outcome != "finish" for one in results.episodes) == row.fresh.failures
    recorded = ["drive", "--driver", "expert", "--headless", "--scenario", narrowed, "--record", str(tmp_path / "data")]
    assert cli.run(recorded) == cli.DONE


@pytest.mark.slow
def test_the_files_say_what_they_are_and_have_no_draws_of_test(found: MinedFiles) -> None:
    (row,) = found.mined.scenarios
    narrowed = found.page.parent / row.file
    tables = tomllib.loads(narrowed.read_text(encoding="utf-8"))
    assert tables["splits"] == ["train", "validation"]
    assert tables["description"].startswith("Found by drive-sim mine straight --suite suite")
    assert f"{row.fresh.failures} of {row.fresh.situations} fresh draws" in tables["description"]
    assert load_scenario(narrowed).split == "train"
    with pytest.raises(InputError, match="there are no test draws of it"):
        load_scenario(narrowed, "test")


@pytest.mark.slow
def test_the_page_works_offline_and_says_where_and_why(found: MinedFiles) -> None:
    page = found.page.read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "")
    assert OFFSET in page
    assert "hit a vehicle" in page
    assert "drive-sim drive --scenario" in page
    assert page.count("<video") == 1
    assert json.loads((found.page.parent / "mined.json").read_text(encoding="utf-8"))["schema"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--suite lane-keeping --split test", "--split: test draws score drivers and may not be searched; give train"),
        ("--suite real-roads", "--suite: real-roads has no scenarios to search; name a suite of scenarios"),
        ("--suite uncertainty", "--suite: uncertainty has conditions, which are not searched; name a suite"),
        ("--suite alks", "alks/free-driving: is no validation scenario; choose"),
        ("--suite lane-keeping --episodes 4", "--episodes: 4 situations of a scenario do not make 4 rounds and fresh"),
        ("--suite lane-keeping --rounds 1", "mine: --rounds: 1 is not in the range"),
        ("--suite nothing", "--suite: 'nothing' is not a suite; use one of"),
    ],
)
def test_what_cannot_be_searched_is_told_in_one_line(
    line: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["mine", "straight", *line.split(), "--output", str(tmp_path / "out")]) == cli.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"drive-sim: {said}")
    assert not (tmp_path / "out").exists()


def test_a_scenario_of_test_is_not_searched_by_its_file(tmp_path: Path) -> None:
    bundled = load_scenario("alks/cut-in", "test")
    assert bundled.split == "test"
    suite = Path(__file__).parents[2] / "scenarios" / "test" / "alks" / "cut-in.toml"
    text = (
        'purpose = "Search what scores."\ngood_driver = "Nobody does."\nsplit = "validation"\n'
        'on_failure = "terminate"\n'
        f'scenarios = [{json.dumps(str(suite))}]\nseconds = 20.0\nheadline = "autonomy"\nbaselines = []\n'
    )
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is a test scenario"):
        mine("straight", tmp_path / "suite.toml", tmp_path / "out")
