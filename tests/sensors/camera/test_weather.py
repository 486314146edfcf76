"""Fog, night, rain and lamps do to the image what they do outside."""

from __future__ import annotations

import numpy as np
import pytest

from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_ROAD, SEMANTIC_VEHICLE
from drive_sim.world.scenarios.episode import ActorSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_DEBRIS, ACTOR_LORRY


@pytest.mark.parametrize("visibility", [60.0, 150.0])
def test_contrast_is_five_per_cent_at_the_distance_of_visibility(photographer, visibility):
    """Koschmieder's law for a black object against the horizon (meteorological optical range)."""
    fog = photographer.weather(fog_visibility=visibility, horizon=(0.7, 0.7, 0.7), sky=(0.7, 0.7, 0.7))
    black = ActorSpec(ACTOR_DEBRIS, 1.0, 12.0, 9.0, 100.5 + visibility, -1.75, colour=(0.0, 0.0, 0.0))
    camera = CameraConfig(pitch=0.0, field_of_view=0.6)
    frames = photographer.shoot(photographer.episode(weather=fog, actors=(black,), start_offset=0.0), camera=camera)
    light = photographer.light(frames.rgb[0, 0, :, :, 1])
    seen, horizon = np.median(light[28:32, 98:102]), np.median(light[28:32, 2:8])
    # The camera stands half a metre ahead of the car's middle.
    assert 1.0 - seen / horizon == pytest.approx(0.05, abs=0.008)


def test_clear_air_hides_nothing(photographer):
    black = ActorSpec(ACTOR_DEBRIS, 1.0, 6.0, 3.0, 180.0, -1.75, colour=(0.0, 0.0, 0.0))
    frames = photographer.shoot(photographer.episode(actors=(black,)), camera=CameraConfig(field_of_view=0.6))
    assert frames.rgb.min() < 12


def brightness(photographer, frames, low: float, high: float) -> float:
    """Mean light of the road between two distances [m]."""
    depth, kind = frames.depth[0, 0], frames.semantic[0, 0]
    return float(photographer.light(frames.rgb[0, 0])[(depth > low) & (depth < high) & (kind == SEMANTIC_ROAD)].mean())


def test_at_night_the_headlights_light_the_road_ahead(photographer):
    day = photographer.shoot(photographer.episode())
    night = photographer.weather(night=1.0, sky=(0.02, 0.02, 0.03), horizon=(0.04, 0.04, 0.05))
    dark = photographer.shoot(photographer.episode(weather=night))
    near, far = brightness(photographer, dark, 8.0, 20.0), brightness(photographer, dark, 70.0, 110.0)
    assert near > 4.0 * far
    assert far < 0.2 * brightness(photographer, day, 70.0, 110.0)
    # The sides stay dark.
    light = photographer.light(dark.rgb[0, 0]).mean(2)
    assert light[40, 95:105].mean() > 2.0 * light[40, :8].mean()


@pytest.mark.parametrize("night", [0.0, 1.0])
def test_brake_lamps_light_up(photographer, night):
    weather = photographer.weather(night=night)
    lead = ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 115.0, -1.75, colour=(0.2, 0.2, 0.2), start_speed=10.0)

    def redness(acceleration: float) -> float:
        def pose(simulator):
            simulator.state.actor_acceleration[0, 0] = acceleration

        frames = photographer.shoot(photographer.episode(weather=weather, actors=(lead,), start_offset=0.0), pose=pose)
        light = photographer.light(frames.rgb[0, 0])
        car = frames.semantic[0, 0] == SEMANTIC_VEHICLE
        return float((light[..., 0] - light[..., 1])[car].max())

    assert redness(-3.0) > redness(0.0) + 0.1


def test_oncoming_headlights_are_the_brightest_thing_of_the_night(photographer):
    night = photographer.weather(night=1.0, sky=(0.02, 0.02, 0.03), horizon=(0.04, 0.04, 0.05))
    car = ActorSpec(ACTOR_CAR, 4.5, 1.8, 1.5, 140.0, 1.75, direction=-1)
    with_car = photographer.shoot(photographer.episode(weather=night, actors=(car,)))
    without = photographer.shoot(photographer.episode(weather=night))
    assert with_car.rgb[0, 0, :30].max() > 200 > without.rgb[0, 0, :30].max()


def test_a_wet_road_mirrors_the_sky_far_ahead_and_is_darker_below(photographer):
    dry = photographer.shoot(photographer.episode(weather=photographer.weather(horizon=(0.8, 0.8, 0.8))))
    wet = photographer.shoot(photographer.episode(weather=photographer.weather(horizon=(0.8, 0.8, 0.8), wetness=1.0)))
    assert brightness(photographer, wet, 60.0, 200.0) > 1.1 * brightness(photographer, dry, 60.0, 200.0)
    assert brightness(photographer, wet, 3.0, 6.0) < 0.9 * brightness(photographer, dry, 3.0, 6.0)


def test_rain_falls_anew_in_every_image(photographer):
    def at(step: int):
        def pose(simulator):
            simulator.state.step[0] = step

        weather = photographer.weather(rain=10.0)
        return photographer.shoot(photographer.episode(weather=weather), pose=pose).rgb[0, 0].astype(int)

    assert np.abs(at(0) - at(1)).max() > 5
    assert np.array_equal(at(1), at(1))


def test_rain_falls_differently_on_each_camera(photographer):
    twins = CameraRig([CameraConfig(), CameraConfig("twin")])
    for rain, alike in ((0.0, True), (10.0, False)):
        episode = photographer.episode(weather=photographer.weather(rain=rain, camera_noise=0.0))
        simulator = Simulator([episode])
        frames = twins.render("cpu", simulator.roads, simulator.world, simulator.state)
        assert np.array_equal(frames.rgb[0, 0], frames.rgb[0, 1]) == alike
        alone = CameraRig.default().render("cpu", simulator.roads, simulator.world, simulator.state)
        assert np.array_equal(frames.rgb[0, 0], alone.rgb[0, 0])


def test_noise_has_the_strength_that_the_weather_says(photographer):
    weather = photographer.weather(camera_noise=3.0)

    def at(step: int):
        def pose(simulator):
            simulator.state.step[0] = step

        return photographer.shoot(photographer.episode(weather=weather), pose=pose).rgb[0, 0].astype(float)

    difference = at(7) - at(8)
    assert difference.std() == pytest.approx(3.0 * np.sqrt(2.0), rel=0.05)
    assert abs(difference.mean()) < 0.1
    # Neighbours are independent.
    assert abs(np.corrcoef(difference[:, :-1].ravel(), difference[:, 1:].ravel())[0, 1]) < 0.03


def test_sun_throws_shadows_away_from_itself(photographer):
    lorry = ActorSpec(ACTOR_LORRY, 9.0, 2.5, 3.4, 120.0, -1.75)
    grey = {"asphalt": (0.25,) * 3, "verge": (0.25,) * 3}
    dark = {}
    for side, azimuth in (("left", -np.pi / 2), ("right", np.pi / 2)):
        weather = photographer.weather(sun_strength=1.0, sun_azimuth=azimuth, sun_elevation=0.5, **grey)
        frames = photographer.shoot(photographer.episode(weather=weather, actors=(lorry,), start_offset=0.0))
        light = photographer.light(frames.rgb[0, 0]).mean(2)
        dark[side] = light[30, 70:90].mean() - light[30, 110:130].mean()
    # A sun in the south (right of a car that drives east) throws the shadow to the north, the left.
    assert dark["left"] < -0.02
    assert dark["right"] > 0.02


def test_trees_stand_in_the_same_place_in_every_world(photographer):
    woods = photographer.weather(scenery=0.9)
    road = photographer.road(seed=11)
    one, other = (photographer.episode(road, woods, seed=seed) for seed in (1, 2))
    frames = photographer.shoot(one, other)
    assert np.array_equal(frames.semantic[0], frames.semantic[1])
    elsewhere = photographer.shoot(photographer.episode(photographer.road(seed=12), woods))
    assert not np.array_equal(frames.semantic[0], elsewhere.semantic[0])
    bare = photographer.shoot(photographer.episode(road, photographer.weather(scenery=0.0)))
    assert len(np.unique(frames.semantic[0])) > len(np.unique(bare.semantic[0]))


def test_scenery_grows_with_its_parameter(photographer):
    road = photographer.road(seed=3)
    simulator = Simulator(
        [photographer.episode(road, photographer.weather(scenery=share)) for share in (0.0, 0.3, 0.9)]
    )
    frames = CameraRig.default().render("cpu", simulator.roads, simulator.world, simulator.state, ("semantic",))
    counts = [(frames.semantic[k] == 10).sum() for k in range(3)]
    assert counts[0] == 0 < counts[1] < counts[2]


def test_exposure_is_a_gain_on_light(photographer):
    once, twice = (
        photographer.light(photographer.shoot(photographer.episode(weather=photographer.weather(exposure=e))).rgb[0, 0])
        for e in (0.5, 1.0)
    )
    fits = (twice < 0.95) & (once > 0.02)
    assert (twice[fits] / once[fits]).mean() == pytest.approx(2.0, rel=0.01)
