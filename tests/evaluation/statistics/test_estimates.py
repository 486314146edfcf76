"""Estimates of a suite: pooled as their aggregation says, with intervals, grouped, and writable as JSON."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from drive_sim.evaluation.metrics import METRICS, TIMING_METRICS
from drive_sim.evaluation.statistics.estimates import estimate_all, estimate_groups, score_episode
from drive_sim.world.state import EVENT_COLLISION_VEHICLE, EVENT_FINISH, EVENT_OFF_ROAD, EVENT_TIME_OUT


def suite(make_log, make_actor, count=20):
    """Every fifth episode hits the parked car at 50 m, on its own road; the rest finish; weathers alternate."""
    logs = []
    for number in range(count):
        facts = {
            "road": f"road {number}",
            "number": number,
            "seed": number,
            "weather": ("dry", "rain")[number % 2],
        }
        if number % 5 == 0:
            log = make_log(
                47, (make_actor(),), facts=facts, hit_actor=[-1] * 46 + [0], events={46: EVENT_COLLISION_VEHICLE}
            )
        else:
            log = make_log(100, (make_actor(),), facts=facts, events={99: EVENT_FINISH})
        logs.append(log)
    return logs


def test_every_metric_says_what_it_is():
    """The report prints formula, unit and source beside the number; the docstring of each says more."""
    for name, metric in METRICS.items():
        assert metric.name == name and metric.__doc__.strip()
        assert metric.unit and metric.formula and metric.source and metric.basis


def test_every_metric_names_its_unit_in_its_first_sentence():
    """In brackets, the same that stands beside the number."""
    for name, metric in {**METRICS, **TIMING_METRICS}.items():
        assert re.search(r"\[(.+?)\]", metric.__doc__)[1] == metric.unit, name


def test_every_metric_is_worked_out_by_hand_somewhere():
    """Each is called by name in a test beside this one."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [name for name in (*METRICS, *TIMING_METRICS) if not re.search(rf"\b{name}\b", tests)] == []


def test_a_suite_is_pooled_as_each_metric_says(make_log, make_actor):
    """4 of 20 crash after 4.7 s and 47 m, 16 arrive after 10 s and 100 m.

    Autonomy: 1 − 6 · 4 / (4 · 4.7 + 16 · 10) = 1 − 24 / 178.8. Passes 16 / 20. Collisions 4 / 1.788 km.
    Completion (4 · 0.47 + 16) / 20 = 0.894. Score (4 · 0.47 / 1.7 + 16) / 20. Median survival 10 s.
    """
    found = estimate_all(suite(make_log, make_actor))
    assert found["autonomy"].estimate == pytest.approx(1 - 24 / 178.8)
    assert found["collision_free_passes"].estimate == pytest.approx(0.8)
    assert found["collision_free_passes"].basis == 20
    assert found["collisions_per_km"].estimate == pytest.approx(4 / 1.788)
    assert found["route_completion"].estimate == pytest.approx(0.894)
    assert found["driving_score"].estimate == pytest.approx((4 * 0.47 / 1.7 + 16) / 20)
    assert found["duckietown_survival_time"].estimate == pytest.approx(10.0)
    assert found["distance_per_intervention"].estimate == pytest.approx(1.788 / 4)
    assert found["success"].estimate == pytest.approx(0.8)


def test_intervals_hold_their_estimates_and_stay_possible(make_log, make_actor):
    """Low <= estimate <= high, inside the metric's bounds."""
    for name, found in estimate_all(suite(make_log, make_actor)).items():
        if math.isfinite(found.low):
            assert found.low <= found.estimate + 1e-12 and found.estimate <= found.high + 1e-12, name
            assert METRICS[name].of_ratio is not None and found.low >= METRICS[name].bounds[0] - 1e-12, name


def test_a_flawless_suite_is_not_claimed_to_be_certain(make_log):
    """20 clean episodes of 10 s: success at least 20 / (20 + z²) = 0.839, autonomy at least 1 − 6 · 3 / 200 = 0.91."""
    logs = [make_log(100, facts={"road": f"road {n}"}, events={99: EVENT_FINISH}) for n in range(20)]
    found = estimate_all(logs)
    assert found["success"].low == pytest.approx(20 / 23.8415, abs=1e-4)
    assert found["driving_score"].low == pytest.approx(20 / 23.8415, abs=1e-4)
    assert found["autonomy"].low == pytest.approx(1 - 6 * 2.9957 / 200, abs=1e-4)
    assert found["distance_per_intervention"].estimate == math.inf
    # 2 km without an intervention: at least 2 / 3.0 km.
    assert found["distance_per_intervention"].low == pytest.approx(2.0 / 2.9957, abs=1e-4)


def test_metrics_that_apply_to_no_episode_are_left_out(make_log):
    """No obstacles: no passes, no clearance."""
    found = estimate_all([make_log(100, events={99: EVENT_FINISH})])
    assert "collision_free_passes" not in found and "min_clearance" not in found
    assert "autonomy" in found


def test_groups_split_by_what_differs(make_log, make_actor):
    """Two weathers make two groups; one road class and one scenario none. Each group is the suite of its episodes."""
    logs = suite(make_log, make_actor)
    groups = estimate_groups(logs)
    assert [(group["by"], group["value"]) for group in groups] == [("weather", "dry"), ("weather", "rain")]
    dry = estimate_all([log for log in logs if log.facts.weather == "dry"])
    assert groups[0]["metrics"]["success"] == dry["success"].to_json()


def test_variants_make_groups_of_those_that_have_one(make_log, make_actor):
    """Of three episodes one has no variant."""
    logs = [make_log(100, facts={"variant": name, "seed": n}) for n, name in enumerate(("left-near", "", "right-near"))]
    assert [group["value"] for group in estimate_groups(logs) if group["by"] == "variant"] == [
        "left-near",
        "right-near",
    ]
    assert [score_episode(log).to_json()["variant"] for log in logs] == ["left-near", "", "right-near"]


@pytest.mark.slow
def test_results_are_valid_json_without_infinities(make_log, make_actor):
    """null stands where there is no finite number."""
    logs = [*suite(make_log, make_actor), make_log(100, events={99: EVENT_TIME_OUT})]
    everything = {
        "metrics": {name: found.to_json() for name, found in estimate_all(logs).items()},
        "groups": estimate_groups(logs),
        "episodes": [score_episode(log).to_json() for log in logs],
    }
    text = json.dumps(everything, allow_nan=False)
    row = json.loads(text)["episodes"][0]
    assert row["outcome"] == "collision with a vehicle"
    assert row["duration_s"] == pytest.approx(4.7) and row["distance_m"] == pytest.approx(47.0)
    assert row["interventions"] == 1 and row["collision_free_passes"] == 0.0
    assert json.loads(text)["episodes"][-1]["collision_free_passes"] is None


def test_an_episode_that_was_not_driven_is_refused(make_log):
    """It would silently count as flawless or not at all."""
    with pytest.raises(ValueError, match="no step was logged"):
        score_episode(make_log(0))


@pytest.mark.slow
def test_scores_and_logs_estimate_alike(make_log, make_actor):
    """Logs may be let go once they are scored."""
    logs = [*suite(make_log, make_actor), make_log(30, events={29: EVENT_OFF_ROAD}, facts={"road": "other"})]
    scores = [score_episode(log) for log in logs]
    assert {n: e.to_json() for n, e in estimate_all(logs).items()} == {
        n: e.to_json() for n, e in estimate_all(scores).items()
    }
