"""Results as JUnit XML, which continuous integration shows: a test for each threshold, or else for each episode."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from drive_sim.base.errors import InputError
from drive_sim.evaluation.outputs import check_file
from drive_sim.evaluation.result_rows import EpisodeRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import DROVE_ON
from drive_sim.evaluation.thresholds import Verdict


def check_junit(path: Path) -> None:
    """InputError if the file cannot be written later."""
    check_file(path, "--junit")


def write_junit(path: Path, results: Results, verdicts: Sequence[Verdict]) -> None:
    """Write the file; with verdicts on thresholds these are the tests, without any every episode is one.

    Raises
    ------
    InputError
        if the file cannot be written.
    """
    suite = ET.Element("testsuite", name=f"drive_sim.{results.suite}")
    properties = ET.SubElement(suite, "properties")
    for name, value in {"driver": results.driver.given, "seed": results.seed, **results.versions}.items():
        ET.SubElement(properties, "property", name=name, value=str(value))
    if verdicts:
        for verdict in verdicts:
            _add(suite, "thresholds", verdict.metric, 0.0, None if verdict.passed else verdict.sentence)
    else:
        for number, row in enumerate(results.episodes):
            name = f"{number}: {row.road}, {row.weather}, seed {row.seed}"
            _add(suite, row.scenario, name, row.duration_s, _failure(row))
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    document = ET.ElementTree(ET.Element("testsuites"))
    root = document.getroot()
    assert root is not None
    root.append(suite)
    ET.indent(document)
    try:
        document.write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise InputError("--junit", "", f"{path} cannot be written ({error.strerror})", "name another file") from None


def _add(suite: ET.Element, group: str, name: str, seconds: float, failure: str | None) -> None:
    case = ET.SubElement(suite, "testcase", classname=group, name=name, time=f"{seconds:.3f}")
    if failure is not None:
        ET.SubElement(case, "failure", message=failure)


def _failure(row: EpisodeRow) -> str | None:
    if row.outcome not in DROVE_ON:
        return row.outcome
    return f"reset to lane {row.interventions} times" if row.interventions else None
