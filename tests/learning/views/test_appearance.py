"""Randomised appearances: a share of the views, far wider than nature, with the labels that natural ones have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.recipe import load_recipe
from drive_sim.learning.settings import ViewSettings
from drive_sim.learning.views import randomised as ranges
from drive_sim.learning.views.appearance import Appearances
from drive_sim.learning.views.episodes import SourceEpisode
from drive_sim.learning.views.randomised import Randomised
from drive_sim.learning.views.source import Views, ViewSource
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.world.roads.road import STYLE_NONE
from drive_sim.world.scenarios.episode import WeatherSpec, map_arrays
from drive_sim.world.state import ROADSIDE_SNOW, World

COUNT = 40
SMALL = CameraConfig(width=96, height=40)
SECOND = replace(SMALL, name="second", width=64)
SIZES = {"height": SMALL.height, "width": SMALL.width, "more_images": ((SECOND.height, SECOND.width),)}
NETWORK = NetworkSettings(**SIZES, channels=(8, 8), kernels=(5, 5), strides=(2, 2))


def drawn(episodes: list[SourceEpisode], share: float, key: str = "a", count: int = COUNT) -> Views:
    settings = ViewSettings(randomised=share)
    return ViewSource(episodes, CameraRig([SMALL, SECOND]), [WeatherSpec()], settings, NETWORK).draw(count, key)


@pytest.fixture(scope="module")
def natural(episodes: list[SourceEpisode]) -> Views:
    return drawn(episodes, 0.0)


@pytest.fixture(scope="module")
def half(episodes: list[SourceEpisode]) -> Views:
    return drawn(episodes, 0.5)


@pytest.fixture(scope="module")
def many(episodes: list[SourceEpisode]) -> tuple[World, Randomised, ViewSource]:
    """4,000 views' worlds, half of them randomised, without rendering any."""
    source = ViewSource(episodes, CameraRig([SMALL]), [WeatherSpec()], ViewSettings())
    world: World = map_arrays(source._world, lambda array: array[np.arange(4000) % len(episodes)])
    appearances = Appearances([WeatherSpec()], [], ViewSettings(randomised=0.5))
    return world, appearances.randomised(("many",), source._roads, world, 1), source


def changed(natural: Views, other: Views) -> np.ndarray:
    return np.asarray((natural.images != other.images).any((1, 2, 3)))


def test_a_share_of_the_views_is_randomised_and_the_others_stay_as_they_are_to_the_bit(
    natural: Views, half: Views, many: tuple[World, Randomised, ViewSource]
) -> None:
    world, found, source = many
    assert len(found.rows) == pytest.approx(2000, abs=100)
    few: World = map_arrays(world, lambda array: array[:COUNT].copy())
    appearances = Appearances([WeatherSpec()], [], ViewSettings(randomised=0.5))
    chosen = appearances.randomised(("a",), source._roads, few, 1).rows
    assert 0.25 * COUNT < len(chosen) < 0.75 * COUNT
    assert set(np.flatnonzero(changed(natural, half))) == set(chosen)


def test_labels_do_not_depend_on_appearance(natural: Views, half: Views) -> None:
    for name in ("curvature", "speed", "future"):
        assert np.array_equal(getattr(natural, name), getattr(half, name)), name
    # Who is seen follows from what is rendered: scenery may hide an actor.
    assert np.mean(natural.seen == half.seen) > 0.98


def test_a_randomised_view_shows_the_same_actors_on_the_same_road(
    episodes: list[SourceEpisode], many: tuple[World, Randomised, ViewSource]
) -> None:
    world, _, source = many
    before: World = map_arrays(source._world, lambda array: array[np.arange(4000) % len(episodes)])
    for name in World._fields[: World._fields.index("weather")]:
        assert np.array_equal(getattr(world, name), getattr(before, name)), name
    for name in set(world.actors._fields) - {"colour"}:
        assert np.array_equal(getattr(world.actors, name), getattr(before.actors, name)), name
    assert np.array_equal(world.weather.friction, before.weather.friction)


def test_the_same_key_draws_the_same_randomised_views(episodes: list[SourceEpisode], half: Views) -> None:
    assert np.array_equal(drawn(episodes, 0.5).images, half.images)
    assert changed(drawn(episodes, 0.5, "b"), half).all()


def test_nothing_is_painted_beside_the_narrower_image_of_a_mosaic(half: Views) -> None:
    assert not half.images[:, SMALL.height :, SECOND.width :].any()
    assert half.images[:, SMALL.height :, : SECOND.width].any((1, 2, 3)).all()


@pytest.mark.parametrize(
    ("field", "bounds"),
    [
        ("marking_wear", (0.0, 1.0)),
        ("asphalt_texture", (0.0, 1.0)),
        ("verge_texture", (0.0, 1.0)),
        ("scenery", (0.0, 1.0)),
        ("night", (0.0, 1.0)),
        ("sun_strength", (0.0, 1.0)),
        ("wetness", (0.0, 1.0)),
        ("sun_elevation", ranges.SUN_ELEVATION),
        ("fog_visibility", ranges.FOG_VISIBILITY),
        ("rain", (0.0, ranges.RAIN[1])),
        ("exposure", ranges.EXPOSURE),
        ("camera_noise", ranges.CAMERA_NOISE),
        ("shutter", ranges.SHUTTER),
    ],
)
def test_randomised_weather_covers_its_range(
    many: tuple[World, Randomised, ViewSource], field: str, bounds: tuple[float, float]
) -> None:
    world, found, _ = many
    plain = np.float32(getattr(WeatherSpec(), field))
    rest = np.setdiff1d(np.arange(len(world.seed)), found.rows)
    before = {np.float32(getattr(episode, field)) for episode in _weathers(many)}
    assert set(getattr(world.weather, field)[rest]) <= before, "others were changed"
    values = getattr(world.weather, field)[found.rows]
    values = values[~np.isin(values, [plain, *before])]
    low, high = bounds
    assert len(values) > 100
    assert low <= values.min() <= low + 0.05 * (high - low)
    assert high >= values.max() >= high - 0.05 * (high - low)


def _weathers(many: tuple[World, Randomised, ViewSource]) -> list[WeatherSpec]:
    return [episode.world.weather for episode in many[2].episodes]


def test_each_group_of_properties_is_drawn_in_its_share_of_the_randomised_views(
    many: tuple[World, Randomised, ViewSource],
) -> None:
    world, found, _ = many
    for field in ("marking_wear", "asphalt_texture", "sun_azimuth", "wetness", "exposure"):
        before = [np.float32(getattr(weather, field)) for weather in _weathers(many)]
        drawn_anew = ~np.isin(getattr(world.weather, field)[found.rows], before)
        assert drawn_anew.mean() == pytest.approx(ranges.GROUP_SHARE, abs=0.05), field


def test_colours_are_of_every_brightness_and_hue_and_none_is_beyond_white(
    many: tuple[World, Randomised, ViewSource],
) -> None:
    world, found, _ = many
    for colours in (world.weather.asphalt[found.rows], world.weather.verge[found.rows], world.weather.sky[found.rows]):
        assert colours.min() >= 0.0
        assert colours.max() <= 1.0
        assert colours.mean(1).min() < 0.05
        assert colours.mean(1).max() > 0.7
        for channel in range(3):
            others = np.delete(colours, channel, 1)
            assert (colours[:, channel] > 1.3 * others.max(1)).mean() > 0.05


def test_the_surface_of_a_test_weather_is_never_drawn(many: tuple[World, Randomised, ViewSource]) -> None:
    world, found, _ = many
    assert set(world.weather.paving[found.rows]) == {0, 1, 2}
    assert ROADSIDE_SNOW not in world.weather.roadside
    assert set(world.weather.roadside[found.rows]) == {0, 1, 2}


def test_lines_are_missing_on_either_side_in_randomised_views_only(
    many: tuple[World, Randomised, ViewSource],
) -> None:
    world, found, source = many
    rest = np.setdiff1d(np.arange(len(world.seed)), found.rows)
    assert not found.lines[rest].any()
    assert found.roads[0] is source._roads
    assert set(found.lines[found.rows]) == set(range(ranges.TABLES))
    painted = source._roads.boundary_style != STYLE_NONE
    missing = np.mean([(roads.boundary_style == STYLE_NONE)[painted] for roads in found.roads[1:]])
    assert 0.1 < missing < 0.7


def test_randomised_actors_wear_any_colour_and_empty_slots_none(many: tuple[World, Randomised, ViewSource]) -> None:
    world, found, _ = many
    there = world.actors.kind > 0
    assert not world.actors.colour[~there].any()
    worn = world.actors.colour[found.rows][there[found.rows]]
    assert len(np.unique(worn, axis=0)) > 0.5 * len(worn)


def test_more_than_half_of_the_views_cannot_be_randomised() -> None:
    with pytest.raises(InputError, match="randomised"):
        load_recipe(changes={"sampling.randomised": 0.6})
