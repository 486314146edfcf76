"""The baseline without learning: OpenCV finds the lane in the camera's image, a linear law steers along it.

Each image is warped onto the ground (inverse perspective, Bertozzi & Broggi 1998), where paint has a constant
width: a morphological top-hat keeps what is brighter than the asphalt to both sides of it. The peaks are explained by
one lane, y(x) = c0 + c1 x + c2 x²/2 for its centre and W for its width, in the car's frame (x forward, y left). The
four numbers are tracked from image to image by an extended Kalman filter that moves them along with the car
(Dickmanns & Mysliwetz 1992) and weighs down what does not fit. Steering feeds c2 forward and c0, c1 back.

It knows the image and the wheels' speed and angle, nothing else: no map, no speed limit. It does not look for
obstacles, and where a single dashed line is all the paint there is, it is easily lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters, acceleration_command, steering_command

if TYPE_CHECKING:
    from drive_sim.sensors.camera.rig import CameraConfig
    from drive_sim.sensors.suite import Observation

Floats = NDArray[np.float64]

NEAREST, FURTHEST, ALONG = 4.5, 28.5, 0.2
"""The ground that is looked at: from, to, and size of a cell, forward [m]."""
ASIDE, ACROSS = 6.0, 0.05
"""To both sides, and size of a cell, across [m]."""
PAINT = 0.75
"""What is wider than this is no marking [m]: a double line is narrower."""
LEAST_CONTRAST, CONTRAST_SHARE = 3.0, 0.10
"""A marking stands out by so many grey levels, and by this share of the asphalt's brightness."""
LANE_WIDTH, NARROWEST_LANE, WIDEST_LANE = 3.3, 2.7, 3.8
"""Of a lane not yet measured, and of lanes that there are [m]."""
TURN = 0.45
"""[rad]"""
GATE = 0.3
"""Peaks further than this (and what the filter doubts) from a marking are something else [m]."""
FEWEST = 6
"""With fewer rows of peaks than this an image says nothing."""
LOST_AFTER, MOST_DOUBTS = 12, 5
"""After so many images that say nothing, or something else, begin again in the middle of a lane."""
SUPPORT, SUPPORT_RANGE = 0.25, 14.0
"""Peaks on a lane's markings: within so much of them, and no further ahead [m]."""
BENDS = (0.0, 0.02, -0.02, 0.045, -0.045)
"""Curvatures with which a lane may begin [1/m]."""
WIDTH_DOUBT = 0.7
"""How little one image lets the usual lane width count [m]."""
COLOURFUL, BESIDE_PAINT = 0.16, 0.3
"""Asphalt has less saturation than this [1], and is found so far beside paint, to one side at least [m]."""
FASTEST, LATERAL_ACCELERATION = 14.0, 1.8
"""Speed on a straight [m/s] and acceleration in bends [m/s²]."""
BLIND_SPEED = 7.0
"""When no lane is seen [m/s]."""
NATURAL_FREQUENCY, DAMPING = 1.1, 0.9
"""Of the lateral control [rad/s], [1]."""
LAG = 0.2
"""Time from an image to what it causes [s]."""


@dataclass
class LaneTrack:
    """What is believed of the lane ahead, in the car's frame."""

    state: Floats = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, LANE_WIDTH]))
    """(4) c0 [m], c1 [1], c2 [1/m], W [m]"""
    covariance: Floats = field(default_factory=lambda: np.diag([0.35, 0.06, 0.008, 0.25]) ** 2)
    """(4, 4)"""
    misses: int = 0
    """Images in a row that said nothing."""
    doubts: int = 0
    """Images that another lane explained better."""

    def move(self, distance: float, turn: float, slip: float) -> None:
        """Carry the lane along while the car drives ``distance`` [m], ``slip`` [rad] left of its axis, and turns."""
        step = np.eye(4)
        step[0, 1], step[0, 2], step[1, 2] = distance, 0.5 * distance * distance, distance
        self.state = step @ self.state
        self.state[0] -= distance * (slip + 0.5 * turn)
        self.state[1] -= turn
        drift = np.array([0.03, 0.012, 0.0012 * max(distance, 0.05), 0.003]) ** 2
        self.covariance = step @ self.covariance @ step.T + np.diag(drift)

    def support(self, state: Floats, x: Floats, y: Floats) -> int:
        """How many of the nearer peaks at (x, y) [m] lie on the markings of lane ``state``."""
        miss = np.abs(y - state[0] - state[1] * x - 0.5 * state[2] * x * x)
        return int(np.count_nonzero((np.abs(miss - 0.5 * state[3]) < SUPPORT) & (x < SUPPORT_RANGE)))

    def doubt(self, x: Floats, y: Floats) -> None:
        """Begin again in the middle of a lane when that has explained the peaks better for a while."""
        width = self.state[3]
        fresh = max((np.array([0.0, 0.0, bend, width]) for bend in BENDS), key=lambda state: self.support(state, x, y))
        better = self.support(fresh, x, y) > 1.3 * self.support(self.state, x, y) + 6
        self.doubts = self.doubts + 1 if better else max(self.doubts - 1, 0)
        strange = abs(self.state[0]) > 1.6 or abs(self.state[1]) > 0.5 or abs(self.state[2]) > 0.12
        if self.doubts >= MOST_DOUBTS or self.misses > LOST_AFTER or strange:
            self.state, self.covariance = fresh, LaneTrack().covariance
            self.misses = self.doubts = 0

    def explain(self, x: Floats, y: Floats, strength: Floats) -> None:
        """Let peaks at (x, y) [m] with their ``strength`` (0..1], all (n), correct the lane."""
        # A parabola is a good arc only as far as the road has not turned by more than `TURN`.
        near = x < max(TURN / max(abs(self.state[2]), 1e-4), 9.0)
        x, y, strength = x[near], y[near], strength[near]
        curve = np.stack([np.ones_like(x), x, 0.5 * x * x], 1)
        noise = (0.08 + 0.01 * x) ** 2
        state, information = self.state.copy(), np.linalg.inv(self.covariance)
        # Lanes are about as wide as lanes are; with one marking in sight there is nothing else to go by.
        information[3, 3] += 1.0 / WIDTH_DOUBT**2
        prior = information @ self.state
        prior[3] += (LANE_WIDTH - self.state[3]) / WIDTH_DOUBT**2
        rows = 0
        for _ in range(2):
            matrix, vector, seen = information.copy(), prior.copy(), []
            for side in (0.5, -0.5):
                h = np.concatenate([curve, np.full((len(x), 1), side)], 1)
                miss = y - h @ state
                doubt = np.einsum("ni,ij,nj->n", h, self.covariance, h)
                near = np.abs(miss) < GATE + 1.5 * np.sqrt(doubt)
                # Cauchy weights; neighbouring peaks are not independent, so each counts a fifth.
                weight = near * strength * 0.2 / (noise * (1.0 + miss * miss / (4.0 * noise)))
                matrix += (h * weight[:, None]).T @ h
                vector += h.T @ (weight * y)
                seen.append(np.unique(x[near & (miss * miss < 9.0 * noise)]))
            state = np.linalg.solve(matrix, vector)
            rows = sum(len(part) for part in seen)
        if rows < FEWEST or abs(state[0]) > 1.8:
            self.misses += 1
            return
        self.misses = 0
        self.state, self.covariance = state, np.linalg.inv(matrix)
        self.state[3] = min(max(state[3], NARROWEST_LANE), WIDEST_LANE)


class Ground:
    """The ground ahead as a camera sees it: warp to a grid whose rows lie across the road, the nearest last."""

    def __init__(self, camera: CameraConfig) -> None:
        self.rows, self.columns = round((FURTHEST - NEAREST) / ALONG), round(2.0 * ASIDE / ACROSS)
        corners = np.array([[0, 0], [self.columns, 0], [self.columns, self.rows], [0, self.rows]], np.float32)
        places = [(*self._place(column, row), 0.0) for column, row in corners]
        seen = camera.project(np.array(places))[:, :2].astype(np.float32)
        self._to_image = cv2.getPerspectiveTransform(corners, seen)
        self.x = self._place(0.0, np.arange(self.rows))[0]

    @staticmethod
    def _place(column: Any, row: Any) -> tuple[Any, Any]:
        return FURTHEST - row * ALONG, ASIDE - column * ACROSS

    def warp(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The ground in RGB, uint8 (rows, columns, 3)."""
        size = (self.columns, self.rows)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpPerspective(image, self._to_image, size, flags=flags), np.uint8)

    @staticmethod
    def _dull(colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether RGB colours (n, 3) might be asphalt's."""
        brightest = colours.max(axis=1).astype(np.float64)
        return np.asarray(brightest - colours.min(axis=1) < np.maximum(COLOURFUL * brightest, 3.0))

    def peaks(self, ground: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
        """(x [m], y [m], strength) of what looks like paint on asphalt, each (n)."""
        # Red and green: white and yellow paint alike.
        paint = cv2.addWeighted(ground[:, :, 0], 0.5, ground[:, :, 1], 0.5, 0.0)
        width = int(PAINT / ACROSS) | 1
        smooth = cv2.GaussianBlur(paint, (5, 5), 0)
        ridge = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, np.ones((1, width), np.uint8))
        highest = cv2.dilate(ridge, np.ones((1, width), np.uint8))
        asphalt = np.median(smooth, axis=1)[:, None]
        threshold = np.maximum(LEAST_CONTRAST, CONTRAST_SHARE * asphalt)
        row, column = np.nonzero((ridge == highest) & (ridge > threshold))
        beside = round(BESIDE_PAINT / ACROSS)
        left, right = np.maximum(column - beside, 0), np.minimum(column + beside, self.columns - 1)
        grey = self._dull(ground[row, left]) | self._dull(ground[row, right])
        row, column, left, right = row[grey], column[grey], left[grey], right[grey]
        x, y = self._place(column + 0.0, row)
        height = ridge[row, column].astype(np.float64)
        # A step from dark to bright is the edge of something, a ridge between equals is paint.
        step = np.abs(smooth[row, left].astype(np.float64) - smooth[row, right])
        strength = np.minimum(height / (4.0 * threshold[row, 0]), 1.0) * np.clip(1.4 - step / height, 0.1, 1.0)
        return x, y, strength


class ClassicalDriver:
    """Lane detection and a linear law.

    Parameters
    ----------
    camera
        The camera whose images it is given; by default the simulator's own.
    """

    name = "classical"
    privileged = False
    sensors = ("camera", "odometry")
    controller = "classical"

    def __init__(self, camera: CameraConfig | None = None, vehicle: VehicleParameters = BMW_320I) -> None:
        if camera is None:
            from drive_sim.sensors.camera.rig import CameraConfig

            camera = CameraConfig()
        self.camera, self.vehicle = camera, vehicle
        self.ground = Ground(camera)
        self.tracks: list[LaneTrack] = []

    def reset(self, simulator: Any = None, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """Forget the lanes of the worlds in ``mask``."""
        if len(self.tracks) != batch_size:
            self.tracks = [LaneTrack() for _ in range(batch_size)]
        for world in range(batch_size) if mask is None else np.flatnonzero(mask):
            self.tracks[world] = LaneTrack()

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2), one image after the other."""
        observation = observation.host()
        images, odometry = observation.images(self.camera.name), observation.odometry
        action = np.zeros((len(images), 2), np.float32)
        driving = range(len(images)) if observation.active is None else np.flatnonzero(observation.active)
        for world in driving:
            speed, angle, distance = (float(value) for value in odometry[world])
            self.track(self.tracks[world], images[world], angle, distance)
            action[world] = self._command(self.tracks[world], speed)
        return action

    def track(self, track: LaneTrack, image: NDArray[np.uint8], angle: float, distance: float) -> None:
        """Bring ``track`` up to date: the car has driven ``distance`` [m] with the wheels at ``angle`` [rad]."""
        curvature = math.tan(angle) / (self.vehicle.front_axle + self.vehicle.rear_axle)
        track.move(distance, distance * curvature, self.vehicle.rear_axle * curvature)
        x, y, strength = self.ground.peaks(self.ground.warp(image))
        if len(x):
            track.explain(x, y, strength)
        else:
            track.misses += 1
        track.doubt(x, y)

    def _command(self, track: LaneTrack, speed: float) -> tuple[float, float]:
        """(steering, acceleration) along the tracked lane."""
        offset, slope, bend, _ = track.state
        # The rear axle's middle drives where the car points, also in a bend; what it does comes after a lag.
        moved = max(speed, 3.0) * LAG - self.vehicle.rear_axle
        offset, slope = offset + slope * moved + 0.5 * bend * moved * moved, slope + bend * moved
        rate = NATURAL_FREQUENCY / max(speed, 5.0)
        curvature = bend + 2.0 * DAMPING * rate * slope + rate * rate * offset
        target = min(FASTEST, math.sqrt(LATERAL_ACCELERATION / max(abs(bend), 1e-4)))
        if track.misses > 4:
            target = min(target, BLIND_SPEED)
        wanted = min(max((target - speed) / 1.0, -3.0), 1.5)
        return steering_command(self.vehicle, curvature, speed), acceleration_command(self.vehicle, wanted, speed)
