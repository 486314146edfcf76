"""A driver of one's own, whole.

    drive-sim evaluate own_driver.py:Cautious --suite lane-keeping --episodes 4 --output runs/cautious
    drive-sim evaluate own_driver.py:Cautious --driver-option speed=8 --suite lane-keeping --output runs/cautious-8
    drive-sim drive --driver own_driver.py:coast --headless

`sensors` and `act` are enough. `act` gets the readings of B worlds at once and answers (B, 2): [steering,
acceleration], each from -1 to 1, left and throttle positive.
"""

import numpy as np

ROWS = slice(37, 42)
"""Of the image: ground about 10 m ahead."""
LEFT, RIGHT, REACH = 74, 125, 21
"""Columns in which the lane's two markings stand when the car is in its middle, and how far it looks beside them."""


class Cautious:
    """Keeps between the two brightest stripes 10 m ahead, and holds a low speed."""

    sensors = ("camera", "odometry")
    """Only these are rendered and measured: camera, lidar, radar, imu, gnss, odometry."""

    def __init__(self, speed: float = 6.0) -> None:
        # Arguments come from --driver-option speed=8.
        self.speed = speed  # [m/s]

    def reset(self, simulator, mask, batch_size) -> None:
        """New episodes begin in the worlds of mask (None: in all). Leave it out where there is nothing to forget."""
        if mask is None:
            self.steering = np.zeros(batch_size)
        else:
            self.steering[mask] = 0.0

    def act(self, observation):
        """Readings are arrays with a row for each world: images (B, 66, 200, 3) RGB, odometry (B, 3)."""
        brightness = observation.camera["front"][:, ROWS].mean(axis=(1, 3))  # (B, 200)
        found = [self.stripe(brightness, column) for column in (LEFT, RIGHT)]
        weight = sum(strength for _, strength in found) + 1e-6
        shift = sum(shift * strength for shift, strength in found) / weight  # [pixels], right positive
        self.steering += 0.5 * (-0.008 * shift - self.steering)
        acceleration = np.clip(0.5 * (self.speed - observation.odometry[:, 0]), -0.5, 0.4)
        return np.stack([self.steering, acceleration], axis=1)

    @staticmethod
    def stripe(brightness, column):
        """How far from the column [pixels] the brightest stripe near it stands, and how it stands out; both (B)."""
        near = brightness[:, column - REACH : column + REACH + 1]
        contrast = np.maximum(near - np.median(near, axis=1, keepdims=True), 0.0)
        return contrast.argmax(axis=1) - REACH, contrast.max(axis=1)


def coast(observation):
    """A plain function will do, too; it is given the camera and the odometer."""
    return np.zeros((observation.batch_size, 2))
