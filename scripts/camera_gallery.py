"""What the cameras see, as contact sheets in ``docs/images``: one command draws them all.

``python scripts/camera_gallery.py`` draws every weather on every class of road with class, depth and instance of
every pixel; pavings and roadsides; road users near and far; what motion and water do; and encounters. Everything is
drawn by seed: the same images each time. ``--duckietown FOLDER`` also draws images that
``scripts/duckietown_images.py`` left there, beside ours of their size.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pygame

from drive_sim.drivers.registry import make_driver
from drive_sim.rollout import Observer, Step, StopRollout, run
from drive_sim.sensors.camera.rig import LAYERS, CameraConfig, CameraFrames, CameraRig
from drive_sim.sensors.camera.semantics import SEMANTIC_COLOURS
from drive_sim.window.lettering import BACK, FAINT, INK, text
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.scenarios.files import actor_kinds, surfaces
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_NAMES, ACTOR_SIZE, MOTION_LANE, MOTION_STATIC, PAVINGS, ROADSIDES

WEATHERS = ("dry", "rain", "fog", "night", "dusk", "low-sun", "snow", "worn")
ROADS = ("motorway", "rural", "mountain", "urban")
CASTS = {  # kind, gap [m], lane (-1: the one towards us, 1: the next one, None: the right edge), colour of its kind
    "motorway": (("car", 15.0, 0, 4), ("lorry", 24.0, 1, 1), ("motorcycle", 36.0, 0, 1), ("bus", 55.0, 1, 2)),
    "rural": (("cyclist", 11.0, None, 0), ("car", 18.0, -1, 0), ("lorry", 34.0, 0, 2), ("car", 44.0, -1, 5)),
    "mountain": (("motorcycle", 12.0, 0, 1), ("bus", 20.0, -1, 3), ("cyclist", 26.0, None, 2)),
    "urban": (
        ("pedestrian", 11.0, None, 1),
        ("car", 16.0, 0, 7),
        ("cyclist", 22.0, None, 0),
        ("car", 19.0, -1, 5),
        ("cone", 8.0, None, 0),
    ),
}
"""Who is in view on each class of road."""
ENCOUNTERS = ("parked-car", "crossing-pedestrian", "oncoming-traffic", "cones")
CLOSE = 11.0
"""Gap to the nearest road user when an encounter is imaged [m]."""
GAPS = (8.0, 15.0, 30.0)
"""How far off road users are imaged [m]."""
FARTHEST = 120.0
"""Depths from here on are drawn black [m]."""
ENLARGED = 2
"""Screen pixels per pixel of an image."""
DRAWS = 400
"""Draws of a scenario that are looked through for a weather."""
HERE = 120.0
"""Where along its road a staged image is taken [m]."""
BRIGHT = WeatherSpec(sun_azimuth=-1.2, sun_elevation=0.5, sun_strength=0.8, asphalt_texture=0.7, verge_texture=0.7)
DARK = replace(BRIGHT, night=0.95, sun_strength=0.0, sky=(0.02, 0.02, 0.035), horizon=(0.05, 0.05, 0.06), shutter=3.0)
WET = replace(
    BRIGHT, wetness=0.9, rain=6.0, sun_strength=0.03, fog_visibility=900.0, sky=(0.5, 0.52, 0.56),
    horizon=(0.62, 0.65, 0.68),
)  # fmt: skip
Image = np.ndarray


def drawn(name: str, weather: str, split: str = "train") -> Episode:
    """The first episode of a scenario that has this weather."""
    scenario = load_scenario(name, split)
    for number in range(DRAWS):
        episode = scenario.draw(number)
        if episode.weather.name == weather:
            return episode
    raise SystemExit(f"camera_gallery: {name} has no {weather} among its first {DRAWS} episodes")


def user(
    road: Road, kind: str, gap: float, lane: int | None, colour: int, speed: float = 0.0, here: float = HERE
) -> ActorSpec:
    """A road user ``gap`` [m] ahead of a car that stands at ``here``."""
    number = ACTOR_NAMES.index(kind)
    length, width, height = ACTOR_SIZE[number]
    own = road.lanes_forward - 1
    if lane is None:
        d = road.lane_centre(own) - 0.5 * road.lane_width + 0.2
    elif lane < 0:
        d = road.oncoming_lane_centre(0)
    else:
        d = road.lane_centre(own - lane)
    moving = speed > 0.0 and lane is not None and kind != "cone"
    return ActorSpec(
        number, length, width, height, here + 2.3 + gap + 0.5 * length, d, colour=actor_kinds()[kind].colours[colour],
        direction=-1 if lane is not None and lane < 0 else 1, start_speed=speed if moving else 0.0,
        desired_speed=speed, motion=MOTION_LANE if moving else MOTION_STATIC,
    )  # fmt: skip


def staged(episode: Episode, users: Sequence[ActorSpec], speed: float, **fields: Any) -> Episode:
    """An episode that begins in its outer lane at ``HERE`` with these road users."""
    lane = episode.road.lanes_forward - 1
    start: dict[str, Any] = {
        "start_s": HERE,
        "start_speed": speed,
        "start_offset": 0.0,
        "start_heading_error": 0.0,
        "lane": lane,
    }
    return replace(episode, actors=tuple(users), **start | fields)


def rendered(episodes: Sequence[Episode], camera: CameraConfig | None = None, yaw_rate: float = 0.0) -> CameraFrames:
    """What the front camera sees as the episodes begin."""
    simulator = Simulator(list(episodes))
    simulator.state.yaw_rate[:] = yaw_rate
    rig = CameraRig([camera or CameraConfig()])
    return rig.render("cpu", simulator.roads, simulator.world, simulator.state, LAYERS)


def approached(episodes: Sequence[Episode], seconds: float, close: float) -> CameraFrames:
    """What the front camera sees in each on a drive of ``seconds`` where a gap is first below ``close``."""
    simulator = Simulator(list(episodes))
    driver, rig = make_driver("expert"), CameraRig.default()
    frames = rig.allocate("cpu", len(episodes), LAYERS)
    waiting = np.ones(len(episodes), bool)

    class Look(Observer):
        def on_step(self, step: Step) -> None:
            nonlocal waiting
            rows = np.flatnonzero(waiting & (step.active | (step.index == 0)))
            rig.render("cpu", simulator.roads, simulator.world, simulator.state, LAYERS, frames, rows)
            waiting = waiting & (simulator.state.gap > close)
            if not waiting.any():
                raise StopRollout

    run(simulator, driver, [Look()], max_steps=round(seconds / simulator.control_period))
    return frames


def shades(depth: Image) -> Image:
    """Depths [m] as grey RGB, near ones bright."""
    near = np.clip(1.0 - np.log(np.maximum(depth, 2.0) / 2.0) / np.log(FARTHEST / 2.0), 0.0, 1.0)
    return np.repeat((255.0 * near).astype(np.uint8)[..., None], 3, axis=-1)


def hues(instance: Image) -> Image:
    """Instances as RGB, each road user in a colour of its own, everything else black."""
    turn = (instance[..., None] * 0.618 + np.array([0.0, 1 / 3, 2 / 3])) % 1.0
    colour = 255.0 * (0.25 + 0.75 * np.clip(2.0 - np.abs(6.0 * turn - 3.0), 0.0, 1.0))
    return np.where(instance[..., None] > 0, colour, 0.0).astype(np.uint8)


def layers_of(frames: CameraFrames) -> tuple[Image, Image, Image, Image]:
    """Colour, class, depth and instance of the first camera as RGB (B, H, W, 3)."""
    return (
        frames.rgb[:, 0],
        SEMANTIC_COLOURS[frames.semantic[:, 0]],
        shades(frames.depth[:, 0]),
        hues(frames.instance[:, 0]),
    )


def surface_of(image: Image, width: int, smooth: bool = True) -> pygame.Surface:
    """An image (H, W, 3) at a width [screen pixels]."""
    height, across = image.shape[:2]
    surface = pygame.image.frombuffer(np.ascontiguousarray(image).tobytes(), (across, height), "RGB")
    size = (width, round(width * height / across))
    return pygame.transform.smoothscale(surface, size) if smooth else pygame.transform.scale(surface, size)


def with_truth(layers: Sequence[Image]) -> pygame.Surface:
    """An image with its class, depth and instance small below it."""
    wide = ENLARGED * layers[0].shape[1]
    small = (wide - 8) // 3
    images = [surface_of(layers[0], wide), *(surface_of(layer, small, smooth=False) for layer in layers[1:])]
    cell = pygame.Surface((wide, images[0].get_height() + 4 + images[1].get_height()))
    cell.fill(BACK)
    cell.blit(images[0], (0, 0))
    for k, image in enumerate(images[1:]):
        cell.blit(image, (k * (small + 4), images[0].get_height() + 4))
    return cell


def sheet(rows: Sequence[Sequence[pygame.Surface]], names: Sequence[str], titles: Sequence[str]) -> pygame.Surface:
    """Images of one size in rows and columns, with a name before each row and a title above each column."""
    width, height = rows[0][0].get_size()
    gap, left, top = 10, 116, 40
    surface = pygame.Surface((left + len(titles) * (width + gap), top + len(names) * (height + gap)))
    surface.fill(BACK)
    for column, title in enumerate(titles):
        label = text(title, 26 if width > 250 else 20, INK)
        surface.blit(label, label.get_rect(midbottom=(left + column * (width + gap) + width // 2, top - 8)))
    for row, (name, images) in enumerate(zip(names, rows, strict=True)):
        y = top + row * (height + gap)
        label = text(name, 22, FAINT)
        surface.blit(label, label.get_rect(midright=(left - 10, y + height // 2)))
        for column, image in enumerate(images):
            surface.blit(image, (left + column * (width + gap), y))
    return surface


def in_rows(images: Sequence[pygame.Surface], columns: int) -> list[Sequence[pygame.Surface]]:
    """The images, ``columns`` to a row."""
    return [images[k : k + columns] for k in range(0, len(images), columns)]


def image_weathers(folder: Path) -> None:
    """Every weather on every class of road, with road users; in the gallery with the truth of the same pass."""
    episodes = []
    for weather in WEATHERS:
        for road_class in ROADS:
            episode = drawn(f"weather/{road_class}", weather, "test")
            speed = 0.8 * episode.speed_limit
            users = [user(episode.road, *one, speed=speed) for one in CASTS[road_class]]
            episodes.append(staged(episode, users, speed))
    layers = layers_of(rendered(episodes))
    plain = [surface_of(image, ENLARGED * image.shape[1]) for image in layers[0]]
    pygame.image.save(sheet(in_rows(plain, len(ROADS)), WEATHERS, ROADS), folder / "camera-weathers.png")
    full = [with_truth(one) for one in zip(*layers, strict=True)]
    pygame.image.save(sheet(in_rows(full, len(ROADS)), WEATHERS, ROADS), folder / "camera-gallery.png")


def image_encounters(folder: Path) -> None:
    """Encounters as the camera sees them, with class, depth and instance from the same pass."""
    episodes = [drawn(f"obstacle-avoidance/{encounter}", "dry") for encounter in ENCOUNTERS]
    layers = layers_of(approached(episodes, seconds=40.0, close=CLOSE))
    wide = ENLARGED * layers[0].shape[2]
    rows = [[surface_of(one, wide, smooth=k == 0) for one in layer] for k, layer in enumerate(layers)]
    names = ("colour", "class", "depth", "instance")
    pygame.image.save(sheet(rows, names, ENCOUNTERS), folder / "camera-layers.png")


def image_surfaces(folder: Path) -> None:
    """Every paving between every roadside."""
    base = drawn("weather/rural", "dry", "test")
    episodes = []
    for paving, name in enumerate(PAVINGS):
        for roadside, beside in enumerate(ROADSIDES):
            asphalt = (surfaces()[name].colours or (BRIGHT.asphalt,))[0]
            snow = (0.855, 0.87, 0.855) if beside == "snow" else BRIGHT.verge
            verge = (surfaces()[beside].colours or (snow,))[0]
            weather = replace(BRIGHT, paving=paving, roadside=roadside, asphalt=asphalt, verge=verge, scenery=0.8)
            episodes.append(staged(base, (), 0.0, weather=weather, start_s=100.0))
    images = [surface_of(one, ENLARGED * one.shape[1]) for one in layers_of(rendered(episodes))[0]]
    pygame.image.save(sheet(in_rows(images, len(ROADSIDES)), PAVINGS, ROADSIDES), folder / "camera-surfaces.png")


def image_users(folder: Path) -> None:
    """Every kind of road user at several distances from behind and from before, enlarged."""
    base = drawn("weather/motorway", "dry", "test")
    kinds = ACTOR_NAMES[1:]
    episodes = []
    for kind in kinds:
        for gap in GAPS:
            for direction in (1, -1):
                one = replace(user(base.road, kind, gap, 0, 0), direction=direction)
                episodes.append(staged(base, (one,), 0.0, weather=BRIGHT))
    crops = [image[4:64, 65:135] for image in layers_of(rendered(episodes))[0]]
    images = [surface_of(crop, 3 * crop.shape[1], smooth=False) for crop in crops]
    titles = [f"{gap:.0f} m, {side}" for gap in GAPS for side in ("rear", "front")]
    pygame.image.save(sheet(in_rows(images, len(titles)), kinds, titles), folder / "camera-users.png")


def image_effects(folder: Path) -> None:
    """What speed, turning, darkness, water and sun do to the same road."""
    base = drawn("weather/rural", "dry", "test")

    def scene(weather: WeatherSpec, speed: float, others: float | None = None) -> Episode:
        cast = (("car", 16.0, 0, 4), ("lorry", 30.0, -1, 1)) if others is not None else ()
        users = [user(base.road, *one, speed=others or 0.0) for one in cast]
        return staged(base, users, speed, weather=weather)

    low = replace(BRIGHT, sun_elevation=0.14, sun_strength=1.0, scenery=0.9)
    still = rendered([scene(BRIGHT, 0.0), scene(BRIGHT, 30.0), scene(DARK, 30.0)]).rgb[:, 0]
    turning = rendered([scene(BRIGHT, 10.0)], yaw_rate=0.6).rgb[:, 0]
    water = [scene(WET, 0.0, 0.0), scene(WET, 14.0, 14.0), scene(WET, 25.0, 25.0), scene(low, 0.0, 0.0)]
    images = [*still, *turning, *rendered(water).rgb[:, 0]]
    images = [surface_of(one, ENLARGED * one.shape[1]) for one in images]
    titles = ("standing", "30 m/s", "30 m/s at night", "turning, 0.6 rad/s")
    lower = ("wet, standing", "wet, 14 m/s", "wet, 25 m/s", "low sun")
    whole = [sheet([images[:4]], ("motion",), titles), sheet([images[4:]], ("water, sun",), lower)]
    both = pygame.Surface((whole[0].get_width(), sum(one.get_height() for one in whole)))
    both.blit(whole[0], (0, 0))
    both.blit(whole[1], (0, whole[0].get_height()))
    pygame.image.save(both, folder / "camera-effects.png")


def image_duckietown(theirs: Path, folder: Path) -> None:
    """Duckietown's forward camera beside ours, both of 160 x 120 pixels and enlarged alike."""
    paths = sorted(theirs.glob("*.png"))[:4]
    if not paths:
        raise SystemExit(f"camera_gallery: {theirs} holds no images; run scripts/duckietown_images.py")
    camera = CameraConfig(width=160, height=120, field_of_view=1.2, pitch=0.2)
    episodes = []
    for road_class, weather in zip(ROADS, ("dry", "rain", "low-sun", "worn"), strict=True):
        episode = drawn(f"weather/{road_class}", weather, "test")
        speed = 0.8 * episode.speed_limit
        episodes.append(staged(episode, [user(episode.road, *one, speed=speed) for one in CASTS[road_class]], speed))
    ours = [surface_of(image, 320) for image in rendered(episodes, camera).rgb[:, 0]]
    others = [pygame.transform.smoothscale(pygame.image.load(path), (320, 240)) for path in paths]
    titles = [f"{number + 1}" for number in range(len(others))]
    whole = sheet([others, ours[: len(others)]], ("Duckietown", "drive_sim"), titles)
    pygame.image.save(whole, folder / "camera-duckietown.png")


def main() -> None:
    """Draw all sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("docs/images"), help="folder of the images")
    parser.add_argument("--duckietown", type=Path, help="folder of images by scripts/duckietown_images.py")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for draw in (image_weathers, image_encounters, image_surfaces, image_users, image_effects):
        draw(options.output)
    if options.duckietown is not None:
        image_duckietown(options.duckietown, options.output)


if __name__ == "__main__":
    main()
