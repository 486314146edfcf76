"""Reads the device in a person's hands through pygame and tells the driver what it commands."""

from __future__ import annotations

import pygame

from drive_sim.base.errors import InputError
from drive_sim.drivers.human.input import HumanDriver

KEYS = {
    "left": (pygame.K_LEFT, pygame.K_a),
    "right": (pygame.K_RIGHT, pygame.K_d),
    "up": (pygame.K_UP, pygame.K_w),
    "down": (pygame.K_DOWN, pygame.K_s),
}
# Axes as common drivers report them: SDL's order for pads; wheel, throttle, brake for wheels.
STICK, LEFT_TRIGGER, RIGHT_TRIGGER = 0, 4, 5
WHEEL, WHEEL_THROTTLE, WHEEL_BRAKE = 0, 1, 2


class InputDevice:
    """The device of a `HumanDriver`; `read` once for every image drawn.

    Raises
    ------
    InputError
        When a gamepad or a wheel is asked for and none is connected.
    """

    def __init__(self, driver: HumanDriver) -> None:
        self.driver = driver
        self._joystick: pygame.joystick.JoystickType | None = None
        if driver.name in ("gamepad", "wheel"):
            pygame.joystick.init()
            if not pygame.joystick.get_count():
                raise InputError("--driver", "", f"no {driver.name} is connected", "connect one, or use keyboard")
            self._joystick = pygame.joystick.Joystick(0)

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
        throttle, brake = ((self._axis(axis) + 1.0) / 2.0 for axis in (RIGHT_TRIGGER, LEFT_TRIGGER))
        action: tuple[float, float] = self.driver.device.update(-self._axis(STICK), throttle, brake, speed, dt)
        return action

    def _wheel(self, speed: float, dt: float) -> tuple[float, float]:
        # Pedals rest at +1.
        throttle, brake = ((1.0 - self._axis(axis)) / 2.0 for axis in (WHEEL_THROTTLE, WHEEL_BRAKE))
        action: tuple[float, float] = self.driver.device.update(-self._axis(WHEEL), throttle, brake, speed, dt)
        return action

    def _axis(self, axis: int) -> float:
        if self._joystick is None or axis >= self._joystick.get_numaxes():
            return 0.0 if axis == 0 else -1.0 if self.driver.name == "gamepad" else 1.0
        return float(self._joystick.get_axis(axis))
