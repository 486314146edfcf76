"""results.json: strict JSON that is whole or not there, and a reader that says what is wrong with a bad one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drive_sim.base.errors import InputError
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import EpisodeRow, EstimateRow
from drive_sim.evaluation.results import Results, load_results, versions, write_results
from drive_sim.evaluation.statistics.estimates import score_episode

DRIVER = DriverFacts(name="net", given="models/net", hash="ab12", privileged=False, controller="model")
KNOWN = EstimateRow(estimate=0.987, low=0.97, high=0.995, unit="1", episodes=50, basis=2900.0)
UNKNOWN = EstimateRow(estimate=None, low=1.5, high=None, unit="km", episodes=50, basis=38.0)


def results(**changes: Any) -> Results:
    values: dict[str, Any] = {
        "complete": True,
        "driver": DRIVER,
        "suite": "lane-keeping",
        "seed": 0,
        "roads": None,
        "device": "cpu",
        "versions": versions(),
        "metrics": {"autonomy": KNOWN, "distance_per_intervention": UNKNOWN},
        "groups": [],
        "episodes": [],
        "baselines": [],
        "comparisons": [],
        "timing": {},
    }
    return Results(**values | changes)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = results()
    path = write_results(written, tmp_path)
    assert path == tmp_path / "results.json"
    assert load_results(path) == load_results(tmp_path) == written


def test_the_file_begins_with_its_schema_and_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    document = json.loads(write_results(results(), tmp_path).read_text(encoding="utf-8"))
    assert next(iter(document)) == "schema"
    assert document["schema"] == 2
    assert {"driver", "suite", "seed", "device", "versions", "metrics", "groups", "episodes"} < document.keys()
    assert {"estimate", "low", "high", "unit", "episodes"} < document["metrics"]["autonomy"].keys()
    assert {"name", "hash", "privileged"} < document["driver"].keys()


def test_what_is_not_known_is_null_and_never_nan(tmp_path: Path) -> None:
    text = write_results(results(), tmp_path).read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)["metrics"]["distance_per_intervention"]["estimate"] is None
    with pytest.raises(ValueError, match="finite number"):
        EstimateRow(estimate=float("nan"), low=None, high=None, unit="1", episodes=1, basis=1.0)


def test_numbers_are_written_in_full(tmp_path: Path) -> None:
    exact = EstimateRow(estimate=1 / 3, low=None, high=None, unit="1", episodes=3, basis=3.0)
    assert load_results(write_results(results(metrics={"autonomy": exact}), tmp_path)).metrics["autonomy"] == exact


def test_an_episode_has_its_place_its_outcome_and_every_metric(make_log) -> None:
    row = EpisodeRow(**score_episode(make_log(40)).to_json()).model_dump()
    named = {"scenario", "road", "weather", "seed", "number", "outcome", "duration_s", "distance_m"}
    assert named | METRICS.keys() < row.keys()


def test_a_write_that_fails_leaves_the_older_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_results(results(seed=1), tmp_path)

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_results(results(seed=2), tmp_path)
    assert load_results(tmp_path).seed == 1


def spoilt(document: dict[str, Any], *path: Any, to: Any) -> str:
    """The document with one entry changed; removed where ``to`` is the ellipsis."""
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "to", "complaint"),
    [
        (("schema",), 1, "schema: is 1, of drive_sim before its fields were renamed"),
        (("schema",), 3, "schema: is 3; give results of schema 2"),
        (("schema",), ..., "schema: is None"),
        (("driver",), ..., "driver: field required"),
        (("driver", "privileged"), "perhaps", "driver.privileged: input should be a valid boolean"),
        (("metrics", "autonomy", "low"), "much", "metrics.autonomy.low: input should be a valid number"),
        (("metrics", "autonomy", "low"), float("nan"), "NaN is not JSON"),
        (("seed",), 1.5, "seed: input should be a valid integer"),
        (("episodes",), {}, "episodes: input should be a valid"),
        (("episodes",), [{"scenario": "a/b"}], "episodes.0.split: field required"),
        (("colour",), "red", "colour: extra inputs are not permitted"),
    ],
)
def test_a_spoilt_file_is_named_with_its_field(path: tuple, to: Any, complaint: str, tmp_path: Path) -> None:
    file = write_results(results(), tmp_path)
    file.write_text(spoilt(json.loads(file.read_text(encoding="utf-8")), *path, to=to), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_results(file)
    assert str(file) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "does not exist"), (b"", "is not JSON"), (b"[1]", "is not a JSON object"), (b"\xff\xfe", "is not JSON")],
)
def test_what_is_no_result_at_all_is_said_to_be_none(content: bytes | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        load_results(file)
