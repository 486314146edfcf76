"""Scenarios that prescribe what others leave to chance: the starting speed, gaps, road users who keep to a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from drive_sim.base.errors import InputError
from drive_sim.evaluation.suites.suite import draw_suite, load_suite
from drive_sim.world.scenarios.scenario import list_scenarios, load_scenario
from drive_sim.world.simulator import Simulator

SCENARIO = """
purpose = "Try a prescribed start."
good_driver = "Drives at that speed."
weather = { dry = 1.0 }
route_length = 200.0

[road]
classes = { rural = 1.0 }

[ego]
"""


def scenario(tmp_path: Path, ego: str):
    path = tmp_path / "start.toml"
    path.write_text(SCENARIO + ego + "\n")
    return load_scenario(path, "test")


def test_a_start_can_have_a_speed_of_its_own(tmp_path) -> None:
    assert scenario(tmp_path, "speed = 7.5").draw(3).start_speed == 7.5
    drawn = scenario(tmp_path, "speed = [5.0, 9.0]").draw(3).start_speed
    assert 5.0 < drawn < 9.0


def test_a_speed_takes_as_many_random_numbers_as_a_share_of_it(tmp_path) -> None:
    share, speed = (scenario(tmp_path, ego).draw(1) for ego in ("speed_fraction = 0.5", "speed = 8.0"))
    assert (share.seed, share.weather, share.start_offset) == (speed.seed, speed.weather, speed.start_offset)


def test_speed_and_share_together_are_refused_with_a_hint(tmp_path) -> None:
    with pytest.raises(InputError, match=r"ego: speed and speed_fraction are both given; keep one of them"):
        scenario(tmp_path, "speed = 8.0\nspeed_fraction = 0.5")


def test_a_child_with_a_speed_drops_its_parents_share(tmp_path) -> None:
    path = tmp_path / "child.toml"
    path.write_text('extends = "test/ncap/ccrs"\n[ego]\nspeed = 6.0\n[road]\nfile = "../r.csv"\n')
    (tmp_path.parent / "r.csv").write_text("".join(f"{x},0,4,4\n" for x in range(0, 700, 10)))
    assert load_scenario(path, "test").draw(0).start_speed == 6.0


@pytest.mark.parametrize("suite", ["alks", "ncap"])
def test_the_suites_of_critical_situations_draw_for_test_only_in_dry_daylight(suite) -> None:
    names = list_scenarios("test", suite)
    assert set(load_suite(suite).scenarios) == set(names)
    assert not list_scenarios("train", suite) and not list_scenarios("validation", suite)
    for episode in draw_suite(load_suite(suite), len(names)):
        assert (episode.split, episode.weather.name) == ("test", "dry")
        assert episode.actors or episode.scenario == "alks/free-driving"


def test_the_ego_starts_at_the_speed_of_the_test() -> None:
    """ALKS templates at 60 km/h; a consumer test at its drawn speed, which is also the limit."""
    assert load_scenario("alks/cut-in", "test").draw(0).start_speed == pytest.approx(60.0 / 3.6, abs=1e-3)
    for number in range(5):
        episode = load_scenario("ncap/ccrs", "test").draw(number)
        assert episode.start_speed == pytest.approx(episode.speed_limit)
        assert 10.0 / 3.6 <= episode.start_speed <= 80.0 / 3.6 + 1e-3


@pytest.mark.parametrize(("metres", "name"), [(12.0, "ccrb-12m-2"), (40.0, "ccrb-40m-6")])
def test_the_lead_is_as_far_ahead_as_the_protocol_says(metres: float, name: str) -> None:
    for number in range(4):
        episode = load_scenario(f"ncap/{name}", "test").draw(number)
        lead = episode.actors[0]
        assert lead.start_s - episode.start_s - 0.5 * (lead.length + 4.508) == pytest.approx(metres, abs=0.26)


def test_a_heedless_actor_drives_its_script(tmp_path) -> None:
    """The lead of the cut-out does not slow down for the pedestrian that it occludes."""
    simulator = Simulator([load_scenario("alks/cut-out-fully-blocking", "test").draw(0)])
    lead = next(slot for slot, actor in enumerate(simulator.episodes[0].actors) if actor.heedless)
    for _ in range(190):
        simulator.step([[0.0, 0.06]])
    assert simulator.state.actor_speed[0, lead] == pytest.approx(16.667, abs=1e-6)
