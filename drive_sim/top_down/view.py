"""Drawing a scene: ground, road users, light.

Everything is drawn twice as large as shown and reduced at the end, which smooths every edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import pygame
from numpy.typing import NDArray

from drive_sim.compute.geometry import to_world
from drive_sim.top_down.grass import GRASS_LENGTH, GRASS_PIXELS, grass
from drive_sim.top_down.ground import Ground, Patches, Shade
from drive_sim.top_down.legend import draw_compass, draw_scale, scale_label
from drive_sim.top_down.projection import Eye, Floats
from drive_sim.top_down.scene import Scene, SceneActor
from drive_sim.top_down.sprites import Wardrobe, look_of
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import WeatherSpec
from drive_sim.world.state import ACTOR_CONE, ACTOR_CYCLIST, ACTOR_DEBRIS, ACTOR_PEDESTRIAN

SMOOTHING = 2
"""Times that the image is drawn larger than it is shown."""
UNLIT = (ACTOR_PEDESTRIAN, ACTOR_CYCLIST, ACTOR_CONE, ACTOR_DEBRIS)
"""Road users without headlights."""
BEAM_LENGTH, BEAM_HALF_ANGLE = 38.0, 0.26
"""What headlights light at night [m], [rad]."""
DARKEST = (38, 44, 62)
"""What is left of white at night, away from lamps."""
TRAIL_LENGTH = 200
"""Steps of the trail that are drawn."""
TRAIL_SHADE = (255, 206, 84)
LAMP_GLOW, TAIL_GLOW = (255, 244, 205), (255, 30, 20)


class TopDownView:
    """Draws scenes on surfaces of one size.

    Parameters
    ----------
    size
        (width, height) of the image [px].
    scale
        Pixels a metre [px/m].
    heading_up
        Whether the car's direction is up; else north (y) is.
    ego_height
        Where the car is, as a share of the height from the top.
    """

    def __init__(
        self,
        size: tuple[int, int] = (800, 600),
        scale: float = 9.0,
        heading_up: bool = True,
        ego_height: float = 0.68,
    ) -> None:
        self.size, self.scale, self.heading_up, self.ego_height = size, scale, heading_up, ego_height
        self._fine = scale * SMOOTHING
        # OpenCV's order of colours, so that its texture needs no conversion.
        pattern = pygame.image.frombuffer(bytes(4), (1, 1), "RGBX")
        self._canvas = pygame.Surface((size[0] * SMOOTHING, size[1] * SMOOTHING), 0, pattern)
        self._shown = pygame.Surface(size, 0, pattern)
        self._wardrobe = Wardrobe(self._fine)
        self._grounds: dict[int, tuple[Road, WeatherSpec, Ground]] = {}
        self._grass: tuple[Shade, NDArray[np.uint8], int] | None = None
        self._beams: pygame.Surface | None = None
        self._fog: tuple[float, pygame.Surface] | None = None
        self._scale_label = scale_label(size[0], scale)
        # The farthest corner of the image from the car.
        lowest = max(ego_height, 1.0 - ego_height) * size[1]
        self._reach = math.hypot(size[0] / 2, lowest) / scale + 4.0

    def __reduce__(self) -> tuple[Any, ...]:
        # Surfaces and fonts can be neither copied nor pickled, and hold nothing that is not drawn anew.
        return TopDownView, (self.size, self.scale, self.heading_up, self.ego_height)

    def image(self, scene: Scene, trail: Sequence[tuple[float, float]] = ()) -> NDArray[np.uint8]:
        """The scene as uint8 (height, width, 3); needs no display."""
        self.draw(self._shown, scene, trail)
        width, height = self.size
        pixels: NDArray[np.uint8] = np.frombuffer(self._shown.get_buffer().raw, np.uint8)
        rows = pixels.reshape(height, self._shown.get_pitch() // 4, 4)[:, :width]
        return np.asarray(cv2.cvtColor(rows, cv2.COLOR_RGBA2RGB), np.uint8)

    def draw(self, surface: pygame.Surface, scene: Scene, trail: Sequence[tuple[float, float]] = ()) -> None:
        """Draw the scene on a surface of this view's size, with the way that the car has come (world points [m])."""
        up = scene.ego.yaw if self.heading_up else math.pi / 2
        eye = Eye(scene.ego.x, scene.ego.y, up, self._fine, self._canvas.get_size(), self.ego_height)
        ground = self._ground(scene)
        self._draw_verge(eye, ground)
        self._draw_road(eye, ground, scene)
        self._draw_trail(eye, trail, ground.asphalt)
        self._draw_actors(eye, scene)
        pygame.transform.smoothscale(self._canvas, self.size, self._shown)
        self._light(scene, up)
        draw_scale(self._shown, self._scale_label, self.scale)
        draw_compass(self._shown, up)
        if surface is not self._shown:
            surface.blit(self._shown, (0, 0))

    def _ground(self, scene: Scene) -> Ground:
        known = self._grounds.get(id(scene.road))
        if known is None or known[0] is not scene.road or known[1] != scene.weather:
            if len(self._grounds) > 64:
                self._grounds.clear()
            known = (scene.road, scene.weather, Ground(scene.road, scene.weather))
            self._grounds[id(scene.road)] = known
        return known[2]

    def _draw_verge(self, eye: Eye, ground: Ground) -> None:
        """Grass that stays where it grows while the car moves on."""
        if self._grass is None or self._grass[0] != ground.verge:
            # OpenCV is slow at wrapping around, so the texture is laid out as far as the image can reach.
            rim = math.ceil(self._reach / GRASS_LENGTH)
            self._grass = (ground.verge, np.pad(grass(ground.verge), ((rim, rim), (rim, rim), (0, 0)), "wrap"), rim)
        # From image to texture, both in pixels: turn and scale about the car.
        turn = np.linalg.inv(eye.turn) * SMOOTHING / GRASS_LENGTH
        car = np.array([eye.x, eye.y]) / GRASS_LENGTH % GRASS_PIXELS + self._grass[2]
        matrix = np.column_stack([turn.T, car - (eye.origin / SMOOTHING) @ turn])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        pixels = cv2.warpAffine(self._grass[1], matrix, self.size, flags=flags)
        surface = pygame.image.frombuffer(pixels.data, self.size, "RGBX")
        pygame.transform.scale(surface, self._canvas.get_size(), self._canvas)

    def _draw_road(self, eye: Eye, ground: Ground, scene: Scene) -> None:
        pieces = [
            piece
            for piece in ground.pieces(eye.x, eye.y, self._reach + ground.reach)
            if self._seen(eye.pixels(ground.points[piece]), ground.reach * self._fine)
        ]
        for strip in ground.strips:
            for piece in pieces:
                self._fill(strip.shade, eye.pixels(ground.outline(strip, piece)))
        for patches in ground.patches:
            self._draw_patches(eye, patches)
        if scene.finish is not None and self._near(eye, ground.at(np.array(scene.finish), 0.0)):
            for square, dark in ground.finish_line(scene.finish):
                self._fill((24, 24, 26) if dark else (240, 240, 236), eye.pixels(square))

    def _near(self, eye: Eye, place: Floats) -> bool:
        return math.hypot(place[0] - eye.x, place[1] - eye.y) < self._reach + 20.0

    def _seen(self, pixels: Floats, margin: float) -> bool:
        """Whether a chain of points comes within ``margin`` pixels of the image."""
        low, high = pixels.min(axis=0) - margin, pixels.max(axis=0) + margin
        return bool((low < self._canvas.get_size()).all() and (high > 0.0).all())

    def _draw_patches(self, eye: Eye, patches: Patches) -> None:
        offsets = patches.polygons[:, 0] - (eye.x, eye.y)
        near = np.hypot(offsets[:, 0], offsets[:, 1]) < self._reach + 4.0
        for polygon in eye.pixels(patches.polygons[near]):
            self._fill(patches.shade, polygon)

    def _fill(self, shade: Shade, pixels: Floats) -> None:
        pygame.draw.polygon(self._canvas, shade, pixels.tolist())

    def _draw_trail(self, eye: Eye, trail: Iterable[tuple[float, float]], road: Shade) -> None:
        """The way that the car has come, fading into the road."""
        places = np.asarray(list(trail), float).reshape(-1, 2)[::-1][:TRAIL_LENGTH]
        if len(places) < 2:
            return
        pixels, width = eye.pixels(places).tolist(), round(0.22 * self._fine)
        for k in range(len(pixels) - 1):
            share = 0.8 * (1.0 - k / TRAIL_LENGTH)
            shade = [round(b + share * (a - b)) for a, b in zip(TRAIL_SHADE, road, strict=True)]
            pygame.draw.line(self._canvas, shade, pixels[k], pixels[k + 1], width)

    def _draw_actors(self, eye: Eye, scene: Scene) -> None:
        everyone = [*scene.actors, scene.ego]
        near = [a for a in everyone if math.hypot(a.x - eye.x, a.y - eye.y) < self._reach + a.length]
        for actor in near:
            self._draw_shadow(eye, actor, scene.weather)
        for actor in sorted(near, key=lambda a: a.height):
            self._turned(eye, self._wardrobe.sprite(look_of(actor)), actor.x, actor.y, actor.yaw)

    def _draw_shadow(self, eye: Eye, actor: SceneActor, weather: WeatherSpec) -> None:
        """Under the body, and where sun shines, away from it."""
        shift = 0.05 + 0.1 * actor.height
        if weather.night < 0.5 and weather.sun_strength > 0.1:
            shift = min(actor.height / math.tan(max(weather.sun_elevation, 0.3)), 1.4) * 0.6
        x = actor.x - shift * math.cos(weather.sun_azimuth)
        y = actor.y - shift * math.sin(weather.sun_azimuth)
        self._turned(eye, self._wardrobe.shadow(actor.length, actor.width), x, y, actor.yaw)

    def _turned(self, eye: Eye, sprite: pygame.Surface, x: float, y: float, yaw: float) -> None:
        turned = pygame.transform.rotozoom(sprite, math.degrees(yaw - eye.up) + 90.0, 1.0)
        place = eye.pixels(np.array([x, y]))
        self._canvas.blit(turned, (place[0] - turned.get_width() / 2, place[1] - turned.get_height() / 2))

    def _light(self, scene: Scene, up: float) -> None:
        """Night with headlights, and fog, over the finished image."""
        weather = scene.weather
        if weather.night > 0.05:
            eye = Eye(scene.ego.x, scene.ego.y, up, self.scale, self.size, self.ego_height)
            lit = [
                actor
                for actor in (*scene.actors, scene.ego)
                if actor.kind not in UNLIT and self._near(eye, np.array([actor.x, actor.y]))
            ]
            self._shown.blit(self._lamplight(scene, up, lit), (0, 0), special_flags=pygame.BLEND_RGB_MULT)
            for actor in lit:
                self._draw_lamps(eye, actor)
        if weather.fog_visibility < 1500.0:
            if self._fog is None or self._fog[0] != weather.fog_visibility:
                self._fog = (weather.fog_visibility, self._fog_layer(weather))
            self._shown.blit(self._fog[1], (0, 0))

    def _lamplight(self, scene: Scene, up: float, lit: list[SceneActor]) -> pygame.Surface:
        """How much of its colour each pixel keeps: little at night, much where headlights shine."""
        # Light is soft: half the resolution is enough.
        size = (self.size[0] // 2, self.size[1] // 2)
        eye = Eye(scene.ego.x, scene.ego.y, up, self.scale / 2, size, self.ego_height)
        layer = pygame.Surface(size, 0, self._shown)
        layer.fill([round(255 + scene.weather.night * (dark - 255)) for dark in DARKEST])
        for actor in lit:
            beam = pygame.transform.rotozoom(self._beam(), math.degrees(actor.yaw - up) + 90.0, 1.0)
            middle = eye.pixels(_ahead(actor, 0.5 * actor.length + BEAM_LENGTH / 2))
            corner = (middle[0] - beam.get_width() / 2, middle[1] - beam.get_height() / 2)
            layer.blit(beam, corner, special_flags=pygame.BLEND_RGB_ADD)
        return pygame.transform.smoothscale(layer, self.size)

    def _draw_lamps(self, eye: Eye, actor: SceneActor) -> None:
        """The glow of head and tail lamps; a brake lamp is wider."""
        side = 0.33 * actor.width if actor.width > 1.0 else 0.0
        tail = 1.1 if actor.braking else 0.7
        for colour, along, size in ((LAMP_GLOW, 0.46, 0.9), (TAIL_GLOW, -0.49, tail)):
            glow = self._wardrobe.glow(colour, size * self.scale)
            for across in {side, -side}:
                place = eye.pixels(_ahead(actor, along * actor.length, across))
                corner = (place[0] - glow.get_width() / 2, place[1] - glow.get_height() / 2)
                self._shown.blit(glow, corner, special_flags=pygame.BLEND_RGB_ADD)

    def _beam(self) -> pygame.Surface:
        """The light of a pair of headlights on the ground at half the scale, pointing right."""
        if self._beams is None:
            scale = self.scale / 2
            length, half = round(BEAM_LENGTH * scale), round(BEAM_LENGTH * 0.36 * scale)
            along = (np.arange(length)[:, None] + 0.5) / length
            across = (np.arange(2 * half)[None, :] + 0.5 - half) / scale
            angle = np.abs(across) / (along * BEAM_LENGTH + 1.2)
            power = np.exp(-((angle / BEAM_HALF_ANGLE) ** 2)) * (1.0 - along) ** 1.3 * np.minimum(1.0, along * 12.0)
            pixels = (power[..., None] * np.array([225.0, 214.0, 186.0])).astype(np.uint8)
            self._beams = pygame.surfarray.make_surface(pixels)
        return self._beams

    def _fog_layer(self, weather: WeatherSpec) -> pygame.Surface:
        """What fog takes from the driver: thicker with distance from the car, as its visibility says."""
        width, height = self.size
        x = (np.arange(width)[:, None] + 0.5 - width / 2) / self.scale
        y = (np.arange(height)[None, :] + 0.5 - self.ego_height * height) / self.scale
        share = 0.75 * (1.0 - np.exp(-3.0 * np.hypot(x, y) / weather.fog_visibility))
        layer = pygame.Surface(self.size, pygame.SRCALPHA)
        layer.fill([round(60 + 150 * (1.0 - weather.night))] * 3)
        pygame.surfarray.pixels_alpha(layer)[:] = (255.0 * share).astype(np.uint8)
        return layer


def _ahead(actor: SceneActor, forward: float, left: float = 0.0) -> Floats:
    """World point (2) [m] in a road user's frame."""
    return np.array(to_world(forward, left, actor.x, actor.y, actor.yaw))
