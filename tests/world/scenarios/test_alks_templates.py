"""scenarios/test/alks carries the figures of the public UN R157 templates, but for the differences named here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from drive_sim.world.ego.vehicle import BMW_320I
from drive_sim.world.scenarios.episode import ActorSpec, Episode
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.state import (
    ACTION_LATERAL,
    ACTION_NONE,
    ACTION_SPEED,
    ACTION_WALK,
    TRIGGER_DISTANCE,
    TRIGGER_HEADWAY,
    TRIGGER_TIME,
)

FIGURES_FILE = Path(__file__).resolve().parents[2] / "data" / "alks_figures.json"
"""What `read` finds in the templates of asam-oss/OSC-ALKS-scenarios, by the name of our scenario."""
DRAWS = 6
"""Of each scenario that are looked at."""
EGO_S = 5.0
"""[m] at which every template puts the ego on its road."""
LANE = 3.5
"""[m] wide are the lanes of the templates' roads."""

TEMPLATES = {
    "4_1_1_free_driving": "free-driving",
    "4_1_2_swerving_lead_vehicle": "swerving-lead",
    "4_2_1_fully_blocking_target": "fully-blocking-target",
    "4_2_2_partially_blocking_target": "partially-blocking-target",
    "4_2_3_crossing_pedestrian": "crossing-pedestrian",
    "4_3_1_follow_lead_vehicle_comfortable": "follow-lead-comfortable",
    "4_4_1_cut_in_no_collision": "cut-in",
    "4_5_1_cut_out_fully_blocking": "cut-out-fully-blocking",
}
"""Our scenario by its template."""

NO_FIGURE = {
    "Road": "we drive on generated motorways",
    "Ego_InitPosition_LaneId": "the outermost lane there, the one our scenarios call outer",
    "LeadVehicle_Model": "a car, of a size that is drawn",
    "CutInVehicle_Model": "a car, of a size that is drawn",
    "TargetBlocking_Catalog": "a pedestrian",
    "TargetBlocking_Model": "a pedestrian",
}
"""Parameters that are names, and what stands for them."""

NEARER = "the first quarter of a kilometre, in which the ego is alone, is left out"
SHORTER = "a drive is shorter; the template waits until its system has settled after second 3"
ONE_ACTION = "other road users of these files have one action each"

DIFFERENCES = {
    ("free-driving", "Ego_InitSpeed_Ve0_kph"): ((10.0, 60.0), "drawn within the template's own range, 0 to 60 km/h"),
    ("swerving-lead", "Swerve_Offset_Right_m"): (None, ONE_ACTION),
    ("swerving-lead", "SwerveEventStart"): (7.0, SHORTER),
    ("fully-blocking-target", "TargetBlocking_InitPosition_LongitudinalOffset_m"): (255.0, NEARER),
    ("partially-blocking-target", "TargetBlocking_InitPosition_LongitudinalOffset_m"): (255.0, NEARER),
    ("crossing-pedestrian", "TargetBlocking_InitPosition_LongitudinalOffset_m"): (205.0, NEARER),
    ("follow-lead-comfortable", "LeadVehicle_VaryingSpeed_Positive_Offset_mps"): (None, ONE_ACTION),
    ("follow-lead-comfortable", "VaryingSpeedStartCondition"): (5.0, SHORTER),
    ("cut-in", "CutInVehicle_InitPosition_RelativeLaneId"): (1.0, "from the left: nobody drives right of our lane"),
    ("cut-out-fully-blocking", "TargetBlocking_InitPosition_LongitudinalOffset_m"): (255.0, NEARER),
}
"""What is meant to differ: (scenario, parameter) to our figure, None where there is none, and the reason."""


@dataclass(frozen=True)
class Figure:
    """What our scenario has for a parameter of a template, in the parameter's unit."""

    of: Callable[[Episode], float]
    tolerance: float = 0.005
    """Of rounding in our files, and of sizes that are drawn where distances are between bumpers."""


def first(episode: Episode) -> ActorSpec:
    """The road user whom the template is about; with a lead that cuts out, the lead."""
    return episode.actors[0]


def last(episode: Episode) -> ActorSpec:
    """The one who stands in the way."""
    return episode.actors[-1]


def moved(actor: ActorSpec) -> float:
    """How far its script takes it to the left [m]."""
    assert actor.action in (ACTION_LATERAL, ACTION_WALK)
    return actor.action_d - actor.start_d


def gap(episode: Episode, actor: ActorSpec) -> float:
    """Between the bumpers, at the start [m]."""
    return actor.start_s - episode.start_s - 0.5 * (BMW_320I.length + actor.length)


def lateral_speed(actor: ActorSpec) -> float:
    """The most of a half cosine over a lane of the template's width, v = π d / 2 T [m/s]."""
    return math.pi * LANE / (2.0 * actor.action_duration)


def lateral_acceleration(actor: ActorSpec) -> float:
    """The most of a half cosine, a = π² d / 2 T² [m/s²]."""
    return math.pi**2 * abs(moved(actor)) / (2.0 * actor.action_duration**2)


def begins(actor: ActorSpec) -> float:
    """When its script begins [s]."""
    assert actor.trigger == TRIGGER_TIME
    return actor.trigger_value


def trigger(actor: ActorSpec, kind: int) -> float:
    """At what gap or headway its script begins."""
    assert actor.trigger == kind
    return actor.trigger_value


def gap_when_it_acts(episode: Episode) -> float:
    """Of the lead to who stands before it, when its script begins by the clock [m]."""
    lead, target = first(episode), last(episode)
    driven = lead.start_speed * begins(lead)
    return target.start_s - lead.start_s - driven - 0.5 * (lead.length + target.length)


def speed_change(episode: Episode) -> float:
    """Of the lead against the ego's speed [m/s]."""
    assert first(episode).action == ACTION_SPEED
    return first(episode).action_speed - episode.start_speed


def beside_lane(episode: Episode) -> float:
    """Of who stands or walks there, left of the centre of the ego's lane [m]."""
    return last(episode).start_d - episode.road.lane_centre(episode.lane)


TARGET = "TargetBlocking_InitPosition_LongitudinalOffset_m"
AT = Figure(lambda e: EGO_S + last(e).start_s - e.start_s)
COMMON = {"Ego_InitSpeed_Ve0_kph": Figure(lambda e: 3.6 * e.start_speed)}
FIGURES: dict[str, dict[str, Figure]] = {
    "free-driving": COMMON,
    "swerving-lead": COMMON
    | {
        "timeGap": Figure(lambda e: gap(e, first(e)) / e.start_speed, 0.02),
        "Swerve_Offset_Left_m": Figure(lambda e: moved(first(e))),
        "Swerve_MaxLateralAcc_mps2": Figure(lambda e: lateral_acceleration(first(e))),
        "SwerveEventStart": Figure(lambda e: begins(first(e))),
    },
    "fully-blocking-target": COMMON | {TARGET: AT},
    "partially-blocking-target": COMMON
    | {TARGET: AT, "TargetBlocking_InitPosition_LateralOffset_m": Figure(beside_lane)},
    "crossing-pedestrian": COMMON
    | {
        TARGET: AT,
        "TargetBlocking_InitPosition_LateralOffset_m": Figure(beside_lane),
        "TargetBlocking_InitPosition_Heading_rad": Figure(lambda e: math.copysign(math.pi / 2, moved(last(e)))),
        "TargetBlocking_Speed_kph": Figure(lambda e: 3.6 * last(e).action_speed),
        "CrossStartCondition": Figure(lambda e: trigger(last(e), TRIGGER_HEADWAY)),
        "way across": Figure(lambda e: moved(last(e))),
    },
    "follow-lead-comfortable": COMMON
    | {
        "LeadVehicle_Init_HeadwayTime_s": Figure(lambda e: gap(e, first(e)) / e.start_speed, 0.02),
        "LeadVehicle_Init_LateralOffset_m": Figure(beside_lane),
        "LeadVehicle_VaryingSpeed_Negative_Offset_mps": Figure(speed_change),
        "LeadVehicle_VaryingSpeed_Rate_mps2": Figure(lambda e: first(e).action_rate),
        "VaryingSpeedStartCondition": Figure(lambda e: begins(first(e))),
    },
    "cut-in": COMMON
    | {
        "CutInVehicle_InitPosition_RelativeLaneId": Figure(lambda e: -math.copysign(1.0, moved(first(e)))),
        "CutInVehicle_RelativeInitSpeed_Ve0_Vo0_kph": Figure(lambda e: 3.6 * (first(e).start_speed - e.start_speed)),
        "CutInVehicle_HeadwayDistanceTrigger_dx0_m": Figure(lambda e: trigger(first(e), TRIGGER_DISTANCE)),
        "CutInVehicle_LaneChange_MaxLateralVelocity_Vy_mps": Figure(lambda e: lateral_speed(first(e))),
        "CutInVehicle_Acceleration_Rate_mps2": Figure(lambda e: float(first(e).next_action != ACTION_NONE)),
        "CutInVehicle_Acceleration_Target_kph": Figure(lambda e: 3.6 * first(e).start_speed),
        "start ahead": Figure(lambda e: first(e).start_s - e.start_s, 0.05),
    },
    "cut-out-fully-blocking": COMMON
    | {
        TARGET: AT,
        "timeGap": Figure(lambda e: gap(e, first(e)) / e.start_speed, 0.02),
        "CutOutVehicle_RelativeTargetLane": Figure(lambda e: math.copysign(1.0, moved(first(e)))),
        "CutOutVehicle_LaneChange_MaxLateralVelocity_Vy_mps": Figure(lambda e: lateral_speed(first(e))),
        "FrontOfLead_Distance_dx0_f_m": Figure(gap_when_it_acts, 0.5),
    },
}
"""Ours, by scenario and by the name of the template's parameter, attribute or condition."""


@dataclass(frozen=True)
class Template:
    """What a template says."""

    declared: dict[str, str]
    """Parameters by name."""
    values: dict[str, float]
    """Figures by the names of `FIGURES`."""


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """The figures of the templates by the name of our scenario."""
    written = json.loads(FIGURES_FILE.read_text(encoding="utf-8"))
    return {scenario: Template(**figures) for scenario, figures in written.items()}


def test_the_figures_are_those_of_the_templates(shared_data: Path, templates: dict[str, Template]) -> None:
    """Against the files of asam-oss/OSC-ALKS-scenarios, where they are there."""
    folder = shared_data / "openscenario" / "alks"
    for name, scenario in TEMPLATES.items():
        assert templates[scenario] == read(folder / f"alks_scenario_{name}_template.xosc"), scenario


def read(path: Path) -> Template:
    """The figures of a template: declared parameters, and what its storyboard carries by hand or computes of them."""
    root = ElementTree.parse(path).getroot()
    declared = {one.attrib["name"]: one.attrib["value"] for one in root.iter("ParameterDeclaration")}
    values = {name: float(value) for name, value in declared.items() if name not in NO_FIGURE}
    for action in root.iter("LongitudinalDistanceAction"):
        if not action.attrib["timeGap"].startswith("$"):
            values["timeGap"] = float(action.attrib["timeGap"])
    for condition in root.iter("Condition"):
        for time in condition.iter("SimulationTimeCondition"):
            if condition.attrib["name"] in ("SwerveEventStart", "VaryingSpeedStartCondition"):
                values[condition.attrib["name"]] = float(time.attrib["value"])
    offset = values.get("TargetBlocking_InitPosition_LateralOffset_m", 0.0)
    if walking := values.get("TargetBlocking_Speed_kph"):
        # The expressions of its TimeHeadwayCondition and of its trajectory.
        values |= {"CrossStartCondition": abs(offset) / (walking / 3.6), "way across": -2.0 * offset}
    if slower := values.get("CutInVehicle_RelativeInitSpeed_Ve0_Vo0_kph"):
        # The expression of its RelativeLanePosition.
        values["start ahead"] = values["CutInVehicle_HeadwayDistanceTrigger_dx0_m"] - 10.0 * slower / 3.6
    return Template(declared, values)


def draws(scenario: str) -> list[Episode]:
    loaded = load_scenario(f"alks/{scenario}", "test")
    return [loaded.draw(number) for number in range(DRAWS)]


@pytest.mark.parametrize("scenario", FIGURES)
def test_every_parameter_of_the_template_is_ours_or_differs_for_a_reason(
    scenario: str, templates: dict[str, Template]
) -> None:
    template, episodes = templates[scenario], draws(scenario)
    for name, wanted in template.values.items():
        if (scenario, name) in DIFFERENCES:
            continue
        figure = FIGURES[scenario][name]
        found = [figure.of(episode) for episode in episodes]
        assert found == pytest.approx([wanted] * DRAWS, abs=figure.tolerance), name


@pytest.mark.parametrize(("scenario", "name"), DIFFERENCES)
def test_every_difference_that_is_named_is_one(scenario: str, name: str, templates: dict[str, Template]) -> None:
    wanted, (ours, _) = templates[scenario].values[name], DIFFERENCES[scenario, name]
    if ours is None:
        assert name not in FIGURES[scenario]
        return
    found = [FIGURES[scenario][name].of(episode) for episode in draws(scenario)]
    if isinstance(ours, tuple):
        limits = load_scenario(f"alks/{scenario}", "test").definition.road.speed_limit
        assert limits is not None
        assert tuple(3.6 * limit for limit in limits) == pytest.approx(ours, abs=0.005)
        assert min(limits) <= min(found) / 3.6 < max(found) / 3.6 <= max(limits)
        assert ours[1] == wanted
    else:
        assert found == pytest.approx([ours] * DRAWS, abs=0.005)
        assert ours != wanted


def test_every_figure_looked_at_is_one_of_the_template(templates: dict[str, Template]) -> None:
    for scenario, figures in FIGURES.items():
        assert set(figures) <= set(templates[scenario].values), scenario


def test_what_has_no_figure_is_a_name(templates: dict[str, Template]) -> None:
    declared = {name for template in templates.values() for name in template.declared}
    assert set(NO_FIGURE) <= declared


def test_our_lanes_are_as_wide_as_the_templates_or_hardly_wider() -> None:
    """A lane change over one takes as long, so that its lateral speed is at most 8 % more than the template's."""
    for scenario in ("cut-in", "cut-out-fully-blocking"):
        assert all(LANE <= episode.road.lane_width <= 1.08 * LANE for episode in draws(scenario))
