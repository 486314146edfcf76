"""What lidar and radar see of a motorway's bend, from above: ``python scripts/figures/sensor_image.py``.

Draws ``docs/images/lidar-radar.png``, the same each time: by seed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_sim.sensors.lidar import LidarConfig
from drive_sim.sensors.radar.configuration import RadarConfig
from drive_sim.sensors.radar.radar import NO_DETECTION
from drive_sim.sensors.suite import Observation, SensorConfigs, SensorSuite
from drive_sim.top_down.scene import scene_of
from drive_sim.top_down.view import TopDownView
from drive_sim.world.roads.generator import generate_road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.simulator import Simulator
from drive_sim.world.state import ACTOR_CAR, ACTOR_LORRY, ACTOR_MOTORCYCLE, ACTOR_SIZE, MOTION_LANE

SIZE, SCALE, EGO_HEIGHT = (520, 640), 7.0, 0.86
"""Image [px], [px/m], and where the car is in it."""
SPEED = 27.0
"""Of the car [m/s]."""
ROAD_SEED, START = 3, 260.0
BEAM, ECHO = (214, 48, 38), (255, 214, 51)
LIDAR, RADAR = LidarConfig(), RadarConfig()


def episode() -> Episode:
    """A bend with guard rails, and four road users: one slower, one faster, one hidden from the other two."""
    road = generate_road("motorway", ROAD_SEED)

    def mover(kind: int, ahead: float, lane: int, speed: float) -> ActorSpec:
        return ActorSpec(
            kind, *ACTOR_SIZE[kind], START + ahead, road.lane_centre(lane),
            start_speed=speed, desired_speed=speed, motion=MOTION_LANE,
        )  # fmt: skip

    actors = (
        mover(ACTOR_LORRY, 34.0, 1, 23.0),
        mover(ACTOR_CAR, 52.0, 1, 23.0),
        mover(ACTOR_CAR, 46.0, 0, 36.0),
        mover(ACTOR_MOTORCYCLE, 20.0, 0, 30.0),
    )
    return Episode("image", "train", 0, 7, road, WeatherSpec(), actors, lane=1, start_s=START, start_speed=SPEED)


def place(distance: float, angle: float, forward: float) -> tuple[int, int]:
    """Pixel of a point seen by a sensor that is ``forward`` of the car's reference point [m]."""
    ahead, left = forward + distance * math.cos(angle), distance * math.sin(angle)
    return round(SIZE[0] / 2 - SCALE * left), round(SIZE[1] * EGO_HEIGHT - SCALE * ahead)


def mark(image: NDArray[np.uint8], observation: Observation) -> None:
    """Draw beams that came back and detections on the view, in place."""
    shade = image.copy()
    for distance, angle in zip(observation.lidar[0], LIDAR.angles, strict=True):
        if distance < LIDAR.max_range:
            end = place(float(distance), float(angle), LIDAR.x)
            cv2.line(shade, place(0.0, 0.0, LIDAR.x), end, BEAM, 1, cv2.LINE_AA)
            cv2.circle(image, end, 2, BEAM, -1, cv2.LINE_AA)
    cv2.addWeighted(shade, 0.25, image, 0.75, 0.0, image)
    for distance, azimuth, rate, strength in observation.radar[0].tolist():
        if strength > NO_DETECTION:
            at = place(distance, azimuth, RADAR.x)
            cv2.circle(image, at, 7, (0, 0, 0), 4, cv2.LINE_AA)
            cv2.circle(image, at, 7, ECHO, 2, cv2.LINE_AA)
            words = (at[0] + 15, at[1] + 5)
            for colour, width in (((0, 0, 0), 4), (ECHO, 1)):
                cv2.putText(image, f"{rate:+.1f}", words, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "docs" / "images" / "lidar-radar.png"
    parser.add_argument("--output", type=Path, default=default, help="image file (default: %(default)s)")
    output = parser.parse_args(arguments).output
    simulator = Simulator([episode()])
    observation = SensorSuite(("lidar", "radar"), configs=SensorConfigs(lidar=LIDAR, radar=RADAR)).observe(simulator)
    image = np.array(TopDownView(SIZE, SCALE, ego_height=EGO_HEIGHT).image(scene_of(simulator)))
    mark(image, observation)
    cv2.imwrite(str(output), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    print(output)


if __name__ == "__main__":
    main()
