"""A person at the wheel: what turns keys, sticks and pedals into actions, and the driver that passes them on.

Nothing here knows a window or a device library: each class takes what its device says and the time since the last
call, so that the feel of a device can be tested without one. All ``update`` methods answer with an action,
(steering, acceleration), each in [-1, 1], left and throttle positive.

A key or a stick asks for a share of the largest *sensible* steering: full lock at walking pace, and at speed no more
than what holds a lateral acceleration of `LATERAL_LIMIT`. A steering wheel is turned by an arm that knows how far to
turn it, so it stays linear.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.drivers.driver import Actions
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters, steering_command

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

LATERAL_LIMIT = 4.5
"""Lateral acceleration of a fully pressed key at speed [m/s²]: brisk, and within dry grip."""
WALKING_PACE = 2.0
"""Below this speed a key reaches full lock [m/s]."""
STEERING_RATIO = 15.0
"""Steering wheel angle over road-wheel angle of a common car [1]."""


def steering_reach(speed: float, vehicle: VehicleParameters = BMW_320I) -> float:
    """Largest sensible steering fraction (0, 1] at ``speed`` [m/s]: v² κ = `LATERAL_LIMIT` in steady cornering."""
    if speed <= WALKING_PACE:
        return 1.0
    # A sharper curve than full lock's is asked for until a few m/s, where the command saturates at 1.
    return float(steering_command(vehicle, LATERAL_LIMIT / (speed * speed), speed))


def approach(value: float, target: float, step: float) -> float:
    """``value`` moved towards ``target`` by at most ``step``."""
    return min(max(target, value - step), value + step)


def shape_axis(value: float, dead_zone: float, exponent: float) -> float:
    """A stick's deflection [-1, 1] without its dead zone and finer near the middle: odd, continuous, onto [-1, 1]."""
    deflection = min(max((abs(value) - dead_zone) / (1.0 - dead_zone), 0.0), 1.0)
    return math.copysign(deflection**exponent, value)


class Pedals:
    """Throttle and brake that a foot would press: on/off demands become ramps; braking wins over throttle.

    Rates in full pedals per second.
    """

    THROTTLE_RATE, BRAKE_RATE, RELEASE_RATE = 1.8, 2.5, 5.0

    def __init__(self) -> None:
        self.throttle = self.brake = 0.0

    def update(self, throttle: float, brake: float, dt: float) -> float:
        """Acceleration fraction after ``dt`` [s] of demands in [0, 1]."""
        if brake > 0.0:
            throttle = 0.0
        self.throttle = self._press(self.throttle, throttle, self.THROTTLE_RATE, dt)
        self.brake = self._press(self.brake, brake, self.BRAKE_RATE, dt)
        return self.throttle - self.brake

    def _press(self, pedal: float, demand: float, rate: float, dt: float) -> float:
        return approach(pedal, demand, (rate if demand > pedal else self.RELEASE_RATE) * dt)


class KeyboardSteering:
    """Arrow keys: steering builds up while a key is held, centres itself when none is, and shrinks with speed.

    Rates in shares of `steering_reach` per second: a tap of 0.1 s moves a sixth of the way.
    """

    STEER_RATE, CENTRE_RATE = 1.6, 2.4

    def __init__(self, vehicle: VehicleParameters = BMW_320I) -> None:
        self.vehicle = vehicle
        self.reset()

    def reset(self) -> None:
        """Hands off, feet off."""
        self.share = 0.0
        self.pedals = Pedals()

    def update(self, left: bool, right: bool, up: bool, down: bool, speed: float, dt: float) -> tuple[float, float]:
        """Action after the keys were down for ``dt`` [s] at ``speed`` [m/s]; opposite keys cancel, down beats up."""
        target = float(left) - float(right)
        # Turning back towards the middle is as quick as letting go, whichever key asks for it.
        rate = self.CENTRE_RATE if target * self.share < 0.0 or target == 0.0 else self.STEER_RATE
        self.share = approach(self.share, target, rate * dt)
        acceleration = self.pedals.update(float(up), float(down), dt)
        return self.share * steering_reach(speed, self.vehicle), acceleration


class GamepadSteering:
    """A thumb stick and two triggers: dead zone, a curve that is fine near the middle, a limited rate."""

    DEAD_ZONE, EXPONENT, RATE = 0.12, 1.7, 4.0

    def __init__(self, vehicle: VehicleParameters = BMW_320I) -> None:
        self.vehicle = vehicle
        self.reset()

    def reset(self) -> None:
        """Stick in the middle."""
        self.share = 0.0

    def update(self, stick: float, throttle: float, brake: float, speed: float, dt: float) -> tuple[float, float]:
        """Action for a stick in [-1, 1] (left positive) and triggers in [0, 1]."""
        self.share = approach(self.share, shape_axis(stick, self.DEAD_ZONE, self.EXPONENT), self.RATE * dt)
        pressed, braked = (max(0.0, shape_axis(pedal, 0.05, 1.0)) for pedal in (throttle, brake))
        acceleration = -braked if braked > 0.0 else pressed
        return self.share * steering_reach(speed, self.vehicle), acceleration


class WheelSteering:
    """A steering wheel and pedals: linear, the road wheels following as through a steering gear.

    Parameters
    ----------
    wheel_range
        Turn of the wheel from lock to lock [rad]; 900° is common.
    """

    def __init__(self, vehicle: VehicleParameters = BMW_320I, wheel_range: float = math.radians(900.0)) -> None:
        self.gain = 0.5 * wheel_range / STEERING_RATIO / vehicle.steering_max

    def reset(self) -> None:
        """Nothing to forget: the wheel stands where the hands hold it."""

    def update(self, wheel: float, throttle: float, brake: float, speed: float, dt: float) -> tuple[float, float]:
        """Action for a wheel in [-1, 1] of its range (left positive) and pedals in [0, 1]."""
        pressed, braked = (max(0.0, shape_axis(pedal, 0.02, 1.0)) for pedal in (throttle, brake))
        return min(max(wheel * self.gain, -1.0), 1.0), -braked if braked > 0.0 else pressed


class MouseSteering:
    """The pointer's distance from the window's middle steers; the left button is throttle, the right one the brake."""

    DEAD_ZONE, EXPONENT, RATE = 0.03, 1.5, 3.0

    def __init__(self, vehicle: VehicleParameters = BMW_320I) -> None:
        self.vehicle = vehicle
        self.reset()

    def reset(self) -> None:
        """Pointer in the middle, buttons up."""
        self.share = 0.0
        self.pedals = Pedals()

    def update(
        self, pointer: float, left_button: bool, right_button: bool, speed: float, dt: float
    ) -> tuple[float, float]:
        """Action for a pointer in [-1, 1] of half the window (left positive)."""
        self.share = approach(self.share, shape_axis(pointer, self.DEAD_ZONE, self.EXPONENT), self.RATE * dt)
        acceleration = self.pedals.update(float(left_button), float(right_button), dt)
        return self.share * steering_reach(speed, self.vehicle), acceleration


DEVICES: dict[str, Any] = {
    "keyboard": KeyboardSteering,
    "gamepad": GamepadSteering,
    "wheel": WheelSteering,
    "mouse": MouseSteering,
}
"""The dynamics of each device by its name."""


class HumanDriver:
    """A person: the reader of the device sets the command, and the loop is told when it asks.

    The window calls ``driver.set(*driver.device.update(...))`` whenever it has read the device; `act` answers with
    the latest command, for every world alike.
    """

    privileged = False
    sensors: tuple[str, ...] = ()
    controller = "human"

    def __init__(self, name: str = "keyboard", vehicle: VehicleParameters = BMW_320I) -> None:
        if name not in DEVICES:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}, not {name!r}")
        self.name = name
        self.device = DEVICES[name](vehicle)
        self.command = (0.0, 0.0)

    def set(self, steering: float, acceleration: float) -> None:
        """From now on the person commands this; values are held to [-1, 1]."""
        self.command = (min(max(steering, -1.0), 1.0), min(max(acceleration, -1.0), 1.0))

    def reset(self, simulator: Any = None, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """A new drive: hands off the device, when every world begins anew."""
        if mask is None or bool(np.all(mask)):
            self.device.reset()
            self.command = (0.0, 0.0)

    def act(self, observation: Observation) -> Actions:
        """The latest command, (B, 2)."""
        return np.tile(np.array(self.command, np.float32), (observation.batch_size, 1))
