"""Reads the device in a person's hands through pygame and tells the driver what it commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pygame

from drive_sim.base.errors import InputError
from drive_sim.drivers.human.input import HumanDriver

KEYS = {
    "left": (pygame.K_LEFT, pygame.K_a),
    "right": (pygame.K_RIGHT, pygame.K_d),
    "up": (pygame.K_UP, pygame.K_w),
    "down": (pygame.K_DOWN, pygame.K_s),
}
STICK, LEFT_TRIGGER, RIGHT_TRIGGER = "stick", "left trigger", "right trigger"
WHEEL, WHEEL_THROTTLE, WHEEL_BRAKE = "wheel", "throttle", "brake"
CONTROLLER_AXES = {
    STICK: pygame.CONTROLLER_AXIS_LEFTX,
    LEFT_TRIGGER: pygame.CONTROLLER_AXIS_TRIGGERLEFT,
    RIGHT_TRIGGER: pygame.CONTROLLER_AXIS_TRIGGERRIGHT,
}
"""Axes of a pad that SDL knows: it maps every make to one layout."""
FULL_SCALE = 32767.0
"""A controller's axis at its end."""
MOVED = 0.02
"""Change of an axis from its first reading that is a movement, not noise."""


def joystick_axes(count: int, platform: str = sys.platform) -> dict[str, int]:
    """The axes of a wheel, or of a pad that SDL does not know, of ``count`` axes.

    Linux numbers them in the kernel's order: a pad's triggers are 2 and 5, and a wheel with a clutch has it at 1.
    """
    linux = platform.startswith("linux")
    left, right = (2, 5) if linux else (4, 5)
    throttle, brake = (2, 3) if linux and count > 3 else (1, 2)
    return {STICK: 0, LEFT_TRIGGER: left, RIGHT_TRIGGER: right, WHEEL: 0, WHEEL_THROTTLE: throttle, WHEEL_BRAKE: brake}


class Axes:
    """The axes of a device by name. An axis counts from when it first moved: until then its reading may be anything.

    Systems report 0 for an axis that has not moved yet, which is half a pedal.

    Parameters
    ----------
    readings
        The present reading of an axis, [-1, 1]; a trigger's or pedal's from end to end. None where there is none.
    """

    def __init__(self, readings: Callable[[str], float | None]) -> None:
        self._readings = readings
        self._first: dict[str, float] = {}
        self._moved: set[str] = set()

    def read(self, axis: str, rest: float) -> float:
        """The reading of ``axis``; ``rest`` while it is untouched."""
        reading = self._readings(axis)
        if reading is None:
            return rest
        if abs(reading - self._first.setdefault(axis, reading)) > MOVED:
            self._moved.add(axis)
        return reading if axis in self._moved else rest


def controller_readings(controller: Any) -> Callable[[str], float | None]:
    """Readings of a pad that SDL maps: its triggers go from 0 to `FULL_SCALE`."""

    def reading(axis: str) -> float:
        share = controller.get_axis(CONTROLLER_AXES[axis]) / FULL_SCALE
        return float(share if axis == STICK else 2.0 * share - 1.0)

    return reading


def joystick_readings(joystick: Any, platform: str = sys.platform) -> Callable[[str], float | None]:
    """Readings of any other joystick."""
    count = joystick.get_numaxes()
    numbers = joystick_axes(count, platform)
    return lambda axis: float(joystick.get_axis(numbers[axis])) if numbers[axis] < count else None


class InputDevice:
    """The device of a `HumanDriver`; `read` once for every image drawn.

    Parameters
    ----------
    axes
        Those of a gamepad or wheel; by default the first one that is connected.

    Raises
    ------
    InputError
        When a gamepad or a wheel is asked for and none is connected.
    """

    def __init__(self, driver: HumanDriver, axes: Axes | None = None) -> None:
        self.driver = driver
        self._axes = axes
        if axes is None and driver.name in ("gamepad", "wheel"):
            self._axes = _connected(driver.name)

    def read(self, speed: float, dt: float) -> None:
        """Pass on what the device commands after ``dt`` [s] at ``speed`` [m/s]."""
        read = {"keyboard": self._keyboard, "mouse": self._mouse, "gamepad": self._gamepad, "wheel": self._wheel}
        self.driver.set(*read[self.driver.name](speed, dt))

    def _keyboard(self, speed: float, dt: float) -> tuple[float, float]:
        pressed = pygame.key.get_pressed()
        down = {name: any(pressed[key] for key in keys) for name, keys in KEYS.items()}
        action: tuple[float, float] = self.driver.device.update(**down, speed=speed, dt=dt)
        return action

    def _mouse(self, speed: float, dt: float) -> tuple[float, float]:
        surface = pygame.display.get_surface()
        middle = surface.get_width() / 2 if surface else 1.0
        pointer = 1.0 - pygame.mouse.get_pos()[0] / middle
        left, _, right = pygame.mouse.get_pressed()
        action: tuple[float, float] = self.driver.device.update(pointer, left, right, speed, dt)
        return action

    def _gamepad(self, speed: float, dt: float) -> tuple[float, float]:
        # Triggers rest at -1; sticks are positive to the right.
        throttle, brake = ((self._axis(axis, -1.0) + 1.0) / 2.0 for axis in (RIGHT_TRIGGER, LEFT_TRIGGER))
        action: tuple[float, float] = self.driver.device.update(-self._axis(STICK), throttle, brake, speed, dt)
        return action

    def _wheel(self, speed: float, dt: float) -> tuple[float, float]:
        # Pedals rest at +1.
        throttle, brake = ((1.0 - self._axis(axis, 1.0)) / 2.0 for axis in (WHEEL_THROTTLE, WHEEL_BRAKE))
        action: tuple[float, float] = self.driver.device.update(-self._axis(WHEEL), throttle, brake, speed, dt)
        return action

    def _axis(self, axis: str, rest: float = 0.0) -> float:
        assert self._axes is not None
        return self._axes.read(axis, rest)


def _connected(name: str) -> Axes:
    """The axes of the first gamepad or wheel that is connected."""
    pygame.joystick.init()
    if not pygame.joystick.get_count():
        raise InputError("--driver", "", f"no {name} is connected", "connect one, or use keyboard")
    if name == "gamepad":
        from pygame._sdl2 import controller

        controller.init()
        for index in range(pygame.joystick.get_count()):
            if controller.is_controller(index):
                return Axes(controller_readings(controller.Controller(index)))
    return Axes(joystick_readings(pygame.joystick.Joystick(0)))
