"""Thresholds and JUnit: what passes, what misses, and files that are wrong."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drive_sim.base.errors import InputError
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.report.junit import write_junit
from drive_sim.evaluation.results import Results, load_results
from drive_sim.evaluation.thresholds import judge, load_thresholds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Of the driver that drives straight ahead."""
    folder = tmp_path_factory.mktemp("results")
    evaluate("straight", "lane-keeping", folder, episodes=3, baselines=False)
    return load_results(folder)


def thresholds(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    return path


def test_estimates_and_ends_of_intervals_are_judged(results: Results, tmp_path: Path) -> None:
    row = results.metrics["lateral_error_mean"]
    assert row.estimate is not None and row.high is not None
    between = (row.estimate + row.high) / 2
    text = f"[lateral_error_mean]\nat_most = {between}\n[autonomy]\nat_least = 0.999\n[success]\nat_least = 0.0"
    first, second, third = judge(results, load_thresholds(thresholds(tmp_path, text)))
    assert first.passed and not second.passed and third.passed
    assert "autonomy is" in second.sentence and "wanted >= 0.999" in second.sentence
    strict = f'[lateral_error_mean]\nat_most = {between}\nbound = "high"'
    assert not judge(results, load_thresholds(thresholds(tmp_path, strict)))[0].passed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[autonomy", "is not TOML"),
        ("", "has no threshold"),
        ("[autonmy]\nat_least = 1", "autonmy: is not a metric"),
        ("autonomy = 0.9", "autonomy: is not a table"),
        ("[autonomy]", "autonomy: has not one limit; give either at_least or at_most"),
        ("[autonomy]\nat_least = 0.9\nat_most = 1.0", "autonomy: has not one limit; give either at_least or at_most"),
        ("[autonomy]\nat_least = 'much'", "autonomy.at_least"),
        ("[autonomy]\nat_least = nan", "autonomy.at_least"),
        ("[autonomy]\nat_least = 0.9\nbound = 'middle'", "autonomy.bound"),
        ("[autonomy]\nleast = 0.9", "autonomy.least"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_field(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_thresholds(thresholds(tmp_path, text))
    assert complaint in str(caught.value) and "\n" not in str(caught.value)
    assert "thresholds.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_thresholds(tmp_path / "nothing.toml")


def test_a_file_may_begin_with_a_byte_order_mark_and_lie_below_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "limits.toml").write_bytes(b"\xef\xbb\xbf[autonomy]\nat_least = 0.9\n")
    assert load_thresholds("~/limits.toml")["autonomy"].at_least == 0.9


def test_junit_has_a_test_for_each_threshold(results: Results, tmp_path: Path) -> None:
    text = "[autonomy]\nat_least = 0.999\n[success]\nat_least = 0.0"
    write_junit(tmp_path / "junit.xml", results, judge(results, load_thresholds(thresholds(tmp_path, text))))
    suite = ET.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("drive_sim.lane-keeping", "2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None and "autonomy" in failure.get("message", "")


def test_junit_has_a_test_for_each_episode_without_thresholds(results: Results, tmp_path: Path) -> None:
    write_junit(tmp_path / "junit.xml", results, [])
    cases = ET.parse(tmp_path / "junit.xml").getroot().findall("testsuite/testcase")
    assert [case.get("classname") for case in cases] == [row.scenario for row in results.episodes]
    failed = [case.find("failure") is not None for case in cases]
    assert failed == [row.interventions > 0 for row in results.episodes]


def test_junit_into_a_folder_that_is_not_there_is_one_line(results: Results, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--junit.*cannot be written"):
        write_junit(tmp_path / "nowhere" / "junit.xml", results, [])
