"""Scenario files: what they may say, how they build on each other, and every way in which one can be bad."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.world.roads.road import Road, chain_arcs
from drive_sim.world.scenarios.files import weather_domains
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario, scenario_for_road

GOOD = """
purpose = "Keep the lane for a test."
good_driver = "Keeps the lane."
weather = { dry = 1.0 }
route_length = 200.0
run_out = 60.0

[road]
classes = { rural = 1.0 }

[encounters.car]
position = [90.0, 120.0]

[encounters.car.actors.car]
kind = "car"
at = { place = "right-of-lane", blocks = 0.8 }
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_drawn_as_the_bundled_ones_are(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    episode = scenario.draw(0)
    assert scenario.name == f"{tmp_path.name}/mine" and episode.weather.name == "dry"
    assert len(episode.actors) == 1 and 60.0 < episode.route_length < 200.0
    assert load_scenario(str(scenario_path := write(tmp_path, GOOD)), "test").draw(0).seed != episode.seed
    assert load_scenario(scenario_path).draw(0).seed == episode.seed


def test_a_headway_of_zero_is_allowed_and_a_negative_one_is_refused(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD + "headway = 0\n"))
    assert scenario.draw(0).actors[0].headway == 0.0
    with pytest.raises(InputError, match=r"encounters\.car\.actors\.car\.headway: .*negative"):
        load_scenario(write(tmp_path, GOOD + "headway = -0.5\n"))


def test_a_scenario_on_a_road_from_a_file(tmp_path: Path) -> None:
    angle = np.linspace(0.0, 2.0 * math.pi, 200, endpoint=False)
    rows = [f"{120.0 * math.cos(a):.4f},{80.0 * math.sin(a):.4f},4.5,4.5" for a in angle]
    write(tmp_path, "\n".join(["# x_m,y_m,w_tr_right_m,w_tr_left_m", *rows]), "loop.csv")
    text = GOOD.replace("classes = { rural = 1.0 }", 'file = "loop.csv"').replace("route_length = 200.0\n", "")
    scenario = load_scenario(write(tmp_path, text))
    first, second = scenario.draw(0), scenario.draw(1)
    assert first.road is second.road and first.road.name == "loop"
    assert first.actors[0].start_s != second.actors[0].start_s


def test_children_change_what_they_name_and_keep_the_rest(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    child = 'extends = "mine.toml"\n[encounters.car.actors.car.at]\nblocks = [1.0, 1.5]\n[ego]\noffset = 0.5\n'
    definition = load_scenario(write(tmp_path, child, "child.toml")).definition
    parent = load_scenario(tmp_path / "mine.toml").definition
    assert definition.encounters["car"].actors["car"].at.blocks == (1.0, 1.5)
    assert definition.ego.offset == (0.5, 0.5)
    assert definition.encounters["car"].position == parent.encounters["car"].position
    two = 'extends = ["train/obstacle-avoidance/mixed", "mine.toml"]\n'
    both = load_scenario(write(tmp_path, two, "two.toml")).definition.encounters
    assert both.keys() > {"car", "debris", "cones"}


def test_a_variant_says_only_what_differs_from_the_one_it_is_like(tmp_path: Path) -> None:
    variants = """
    pick = [1, 1]
    [encounters.soon]
    like = "car"
    position = 60.0
    [encounters.soon-left]
    like = "soon"
    [encounters.soon-left.actors.car.at]
    place = "left-of-lane"
    leaves = 2.5
    """
    write(tmp_path, GOOD)
    encounters = load_scenario(
        write(tmp_path, 'extends = "mine.toml"\n' + variants, "child.toml")
    ).definition.encounters
    assert encounters["soon"].position == encounters["soon-left"].position == (60.0, 60.0)
    assert encounters["soon"].actors == encounters["car"].actors
    spot = encounters["soon-left"].actors["car"].at
    assert (spot.place, spot.leaves, spot.blocks) == ("left-of-lane", (2.5, 2.5), None)
    # A grandchild that changes the first changes all that are like it.
    wider = 'extends = "child.toml"\n[encounters.car.actors.car]\nyaw = [-0.1, 0.1]\n'
    encounters = load_scenario(write(tmp_path, wider, "wider.toml")).definition.encounters
    assert {encounter.actors["car"].yaw for encounter in encounters.values()} == {(-0.1, 0.1)}


def test_a_variant_can_ask_for_a_lane(tmp_path: Path) -> None:
    scenario = load_scenario("obstacle-avoidance/cut-in", "test")
    for number in range(16):
        episode = scenario.draw(number)
        left = episode.variant.startswith("left")
        assert episode.lane == (episode.road.lanes_forward - 1 if left else 0)
        assert (episode.actors[0].start_d > episode.road.lane_centre(episode.lane)) == left


def test_a_child_can_choose_another_alternative_than_its_parent(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    child = """
    extends = "mine.toml"
    weather = { fog = 1.0 }
    [road]
    classes = { urban = 1.0 }
    [encounters.car.actors.car.at]
    place = "lane"
    offset = 0.2
    """
    definition = load_scenario(write(tmp_path, child, "child.toml")).definition
    assert definition.weather == {"fog": 1.0} and definition.road.classes == {"urban": 1.0}
    spot = definition.encounters["car"].actors["car"].at
    assert (spot.place, spot.offset, spot.blocks) == ("lane", (0.2, 0.2), None)


def test_a_bundled_file_given_by_path_keeps_its_name_and_split(repository: Path) -> None:
    path = repository / "scenarios" / "test" / "lane-keeping" / "urban.toml"
    by_path, by_name = load_scenario(path), load_scenario("lane-keeping/urban", "test")
    assert (by_path.name, by_path.split) == (by_name.name, by_name.split)
    assert by_path.draw(2).seed == by_name.draw(2).seed


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    plain = load_scenario(write(tmp_path, GOOD))
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_scenario(marked).definition == plain.definition


def test_a_file_may_lie_below_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, GOOD)
    assert load_scenario("~/mine.toml").name == f"{tmp_path.name}/mine"


def test_a_file_name_that_is_not_utf8_gives_a_printable_scenario(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.toml"
    try:
        path.write_text(GOOD, encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    scenario = load_scenario(path)
    assert scenario.name.endswith("/caf?") and scenario.draw(0).scenario == scenario.name
    path.write_text("purpose = ", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert "caf?.toml" in str(caught.value)


BAD_SCENARIOS = {
    "not TOML": (GOOD + "\nmotorway =", "end of document: is not TOML: Invalid value; correct the line"),
    "an unknown key": (GOOD.replace("run_out", "runout"), "runout: is not a known key; remove it"),
    "an unknown key far down": (GOOD.replace("blocks", "block"), "encounters.car.actors.car.at.block: is not a known"),
    "no purpose": (GOOD.replace("purpose =", "#"), "purpose: is missing; add it"),
    "a purpose of a word": (GOOD.replace("Keep the lane for a test.", "test"), "purpose: string should have at least"),
    "an unknown weather": (GOOD.replace("dry", "hail"), "there is no weather 'hail'; choose from dry"),
    "no weather": (GOOD.replace("dry = 1.0", ""), "weather: the weights leave nothing to draw"),
    "a negative weight": (GOOD.replace("dry = 1.0", "dry = -1.0"), "weather: the weights leave nothing to draw"),
    "an unknown road class": (GOOD.replace("rural", "canal"), "road: there is no road class canal; choose from"),
    "class and file": (GOOD.replace("[road]", '[road]\nfile = "x.csv"'), "road: give either classes or file"),
    "a file that is missing": (GOOD.replace("classes = { rural = 1.0 }", 'file = "x.csv"'), "x.csv: does not exist"),
    "a range upside down": (GOOD.replace("[90.0, 120.0]", "[120.0, 90.0]"), "position: [120, 90] runs downwards"),
    "a range of three": (GOOD.replace("[90.0, 120.0]", "[90.0, 100.0, 120.0]"), "encounters.car.position"),
    "text for a number": (GOOD.replace("200.0", '"far"'), "route_length"),
    "not a finite number": (GOOD.replace("200.0", "inf"), "finite"),
    "a length of nothing": (GOOD.replace("200.0", "0.0"), "route_length: 0 is not positive"),
    "no end": (GOOD.replace("route_length = 200.0\nrun_out = 60.0", ""), "the drive has no end"),
    "no run-out": (GOOD.replace("run_out = 60.0", ""), "encounters need run_out"),
    "an unknown kind": (GOOD.replace('"car"', '"tank"'), "there is no kind 'tank'; choose from car, lorry"),
    "an unknown place": (GOOD.replace("right-of-lane", "pavement"), "at.place"),
    "the wrong distance": (GOOD.replace("blocks", "offset"), "offset says nothing about right-of-lane; give blocks"),
    "no distance": (GOOD.replace(", blocks = 0.8", ""), "right-of-lane needs blocks or leaves; add it"),
    "a trigger without action": (GOOD + 'when = { by = "time", value = 3.0 }\n', "when and then belong together"),
    "a walk without a speed": (
        GOOD + 'when = { by = "time", value = 3.0 }\nthen = { do = "walk", to = { place = "lane" } }\n',
        "then: a walk needs a speed above 0",
    ),
    "a cone on wheels": (
        GOOD.replace('kind = "car"', 'kind = "cone"\nspeed = 1.0'),
        "go along the road; give others a walk",
    ),
    "two distances": (GOOD.replace("0.8", "0.8, leaves = 2.5"), "blocks and leaves are both given; keep one"),
    "room left in the lane's middle": (
        GOOD.replace('"right-of-lane", blocks = 0.8', '"lane", leaves = 2.5'),
        "leaves says nothing about lane; give offset",
    ),
    "a second action alone": (
        GOOD + 'next = { after = 2.0, do = "speed", speed = 3.0 }\n',
        "next follows then, which is missing; add when and then",
    ),
    "a second action at no time": (
        GOOD
        + 'when = { by = "time", value = 3.0 }\nthen = { do = "speed", speed = 3.0 }\n'
        + 'next = { do = "speed", speed = 0.0 }\n',
        "next.after: is missing; add it",
    ),
    "heedless and parked": (GOOD + "heedless = true\n", "are for actors that move along the road; add a speed"),
    "its own headway, standing": (
        GOOD + 'when = { by = "own-headway", value = 2.0 }\nthen = { do = "speed", speed = 3.0 }\n',
        "are for actors that move along the road; add a speed",
    ),
    "a second lane that is not there": (
        GOOD.replace('kind = "car"', 'kind = "car"\nspeed = 5.0')
        + 'when = { by = "time", value = 3.0 }\nthen = { do = "speed", speed = 3.0 }\n'
        + 'next = { after = 1.0, do = "lateral", to = { place = "adjacent" } }\n',
        "there is no adjacent lane",
    ),
    "too many actors": (GOOD + "count = [2, 9]\n", "9 actors are too many"),
    "a count upside down": (GOOD + "count = [3, 2]\n", "count does not run"),
    "no lane beside": (
        GOOD.replace('"right-of-lane", blocks = 0.8', '"adjacent"'),
        "encounters.car.actors.car: there is no adjacent lane",
    ),
    "more picked than there are": (
        GOOD.replace("run_out", "pick = [1, 2]\nspacing = 100.0\nrun_out"),
        "pick does not fit 1 encounters",
    ),
    "two lanes at once": (
        GOOD.replace("position", 'lane = "inner"\nposition')
        + GOOD[GOOD.index("[encounters") :].replace(".car", ".two"),
        "an ego has one lane",
    ),
    "like nobody": (GOOD + '[encounters.two]\nlike = "none"\n', "encounters.two.like: there is no encounter 'none'"),
    "like a number": (GOOD + "[encounters.two]\nlike = 3\n", "encounters.two.like: there is no encounter 3"),
    "like itself": (GOOD + '[encounters.two]\nlike = "two"\n', "encounters.two.like: 'two' is like this one"),
    "a parent that is missing": ('extends = "train/none"\n' + GOOD, "extends: there is no scenario 'train/none'"),
    "a parent that is a number": ("extends = 3\n" + GOOD, "extends: is not a name"),
    "its own parent": ('extends = "mine.toml"\n' + GOOD, "extend each other: mine -> mine"),
}


@pytest.mark.parametrize("case", BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_in_one_line_that_says_where(case: str, tmp_path: Path) -> None:
    text, expected = BAD_SCENARIOS[case]
    with pytest.raises(InputError) as caught:
        load_scenario(write(tmp_path, text))
    message = str(caught.value)
    assert message.startswith(str(tmp_path)) and expected in message, message
    assert "\n" not in message and "; " in message


def test_parents_that_extend_each_other_are_named(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "b.toml"\n' + GOOD, "a.toml")
    path = write(tmp_path, 'extends = "a.toml"\n' + GOOD, "b.toml")
    with pytest.raises(InputError, match="b -> a -> b"):
        load_scenario(path)


def test_a_parents_mistake_is_named_in_the_parent(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("rural", "canal"))
    with pytest.raises(InputError, match=r"mine\.toml: road: there is no road class canal"):
        load_scenario(write(tmp_path, 'extends = "mine.toml"\n', "child.toml"))


def test_names_that_do_not_exist_list_those_that_do() -> None:
    with pytest.raises(InputError, match=r"is no train scenario; choose one of: .*lane-keeping/rural"):
        load_scenario("lane-keeping/canal")
    with pytest.raises(InputError, match="there is no split 'exam'; choose train, validation, test"):
        load_scenario("lane-keeping/rural", "exam")


def test_what_is_no_scenario_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, expected in (
        ("folder.toml", "is a folder"),
        ("binary.toml", "is not text"),
        ("missing.toml", "does not exist"),
    ):
        with pytest.raises(InputError, match=expected):
            load_scenario(tmp_path / name)


def test_a_road_without_a_fitting_place_gets_the_least_bad_one(tmp_path: Path) -> None:
    """On a circle of 40 m nothing lies straight ahead: the encounter is placed all the same."""
    curvature = np.full(250, 1.0 / 40.0)
    step = 2.0 * math.pi * 40.0 / 250
    x, y, heading = chain_arcs(curvature, step)
    paved = np.full(250, 4.5)
    circle = Road("circle", "track", True, step, x, y, heading, curvature, paved, paved, 3.5, 1, 1, 20.0)
    text = GOOD.replace("position = [90.0, 120.0]", "position = [90.0, 120.0]\nsight = 70.0\nsmallest_radius = 150.0")
    scenario = replace(load_scenario(write(tmp_path, text)), road=circle)
    assert len(scenario.draw(0).actors) == 1


@pytest.mark.parametrize("weather", ["dusk", "low-sun", "snow", "worn"])
@pytest.mark.slow
def test_weather_that_is_for_test_only_is_refused_everywhere_else(weather: str, tmp_path: Path) -> None:
    assert weather_domains()[weather].splits == ("test",)
    road = load_scenario("lane-keeping/rural").draw(0).road
    assert scenario_for_road(road, weather, "test").draw(0).weather.name == weather
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "train/lane-keeping/rural"\nweather = {{ {weather} = 1.0 }}\n')
    for attempt in (lambda: load_scenario(file), lambda: scenario_for_road(road, weather, "train")):
        with pytest.raises(InputError, match=f"weather: {weather} is for test scenarios only, not for train"):
            attempt()
    for name in list_scenarios("train") + list_scenarios("validation"):
        for split in ("train", "validation"):
            if name in list_scenarios(split):
                assert weather not in load_scenario(name, split).definition.weather


def test_an_episode_says_when_it_is_unavoidable(tmp_path: Path) -> None:
    assert not load_scenario(write(tmp_path, GOOD)).draw(0).unavoidable
    assert load_scenario(write(tmp_path, "unavoidable = true\n" + GOOD)).draw(0).unavoidable


def test_a_file_may_be_for_some_splits_only(tmp_path: Path) -> None:
    path = write(tmp_path, 'splits = ["validation", "train"]\n' + GOOD)
    assert load_scenario(path).split == "train"
    assert load_scenario(path, "validation").split == "validation"
    with pytest.raises(InputError, match=r"mine\.toml: splits: is validation and train: there are no test draws"):
        load_scenario(path, "test")
