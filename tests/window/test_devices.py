"""Gamepads and wheels as systems report them, without one."""

from __future__ import annotations

from collections import defaultdict

import pygame
import pytest

from drive_sim.drivers.human import input as dynamics
from drive_sim.drivers.human.input import HumanDriver
from drive_sim.drivers.registry import DEVICES
from drive_sim.window.devices import FULL_SCALE, Axes, InputDevice, controller_readings, joystick_readings
from drive_sim.window.observer import HELP


class Joystick:
    """A joystick with these axes [-1, 1]."""

    def __init__(self, *axes: float) -> None:
        self.axes = list(axes)

    def get_numaxes(self) -> int:
        return len(self.axes)

    def get_axis(self, number: int) -> float:
        return self.axes[number]


class Controller(Joystick):
    """A pad as SDL maps it: whole numbers, triggers from 0."""

    def get_axis(self, number: int) -> int:  # type: ignore[override]  # SDL's controllers answer in whole numbers
        return round(self.axes[number] * FULL_SCALE)


def device(kind: str, hardware: Joystick, platform: str = "linux") -> InputDevice:
    mapped = isinstance(hardware, Controller)
    readings = controller_readings(hardware) if mapped else joystick_readings(hardware, platform)
    return InputDevice(HumanDriver(kind), Axes(readings))


def command(seat: InputDevice) -> tuple[float, float]:
    """What is commanded after two seconds."""
    for _ in range(40):
        seat.read(0.0, 0.05)
    return seat.driver.command


@pytest.mark.parametrize("kind", sorted({*DEVICES, *dynamics.DEVICES, *HELP}))
def test_every_device_has_a_name_dynamics_a_reader_and_help(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind in DEVICES and kind in dynamics.DEVICES and HELP[kind]
    monkeypatch.setattr(pygame.key, "get_pressed", lambda: defaultdict(bool))
    monkeypatch.setattr(pygame.mouse, "get_pos", lambda: (1, 1))
    monkeypatch.setattr(pygame.mouse, "get_pressed", lambda: (False, False, False))
    monkeypatch.setattr(pygame.display, "get_surface", lambda: pygame.Surface((2, 2)))
    seat = InputDevice(HumanDriver(kind), Axes(lambda axis: None))
    assert command(seat) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "hardware"),
    [
        ("gamepad", Joystick(*[0.0] * 6)),
        ("gamepad", Joystick(0.0, 0.0, -1.0, 0.0, 0.0, -1.0)),
        ("gamepad", Joystick(0.0, 0.0)),
        ("gamepad", Controller(0.0, 0.0, 0.0, 0.0, 0.5, 0.5)),
        ("gamepad", Controller(*[0.0] * 6)),
        ("wheel", Joystick(0.0, 0.0, 0.0)),
        ("wheel", Joystick(0.0, 1.0, 1.0)),
        ("wheel", Joystick(0.3, 0.0, 0.0, 0.0)),
    ],
)
def test_nothing_touched_is_nothing_commanded(kind: str, hardware: Joystick) -> None:
    assert command(device(kind, hardware)) == (0.0, 0.0)


@pytest.mark.parametrize(("platform", "throttle", "brake"), [("linux", 5, 2), ("win32", 5, 4)])
def test_an_unknown_pads_triggers_are_where_the_system_puts_them(platform: str, throttle: int, brake: int) -> None:
    for trigger, wanted in ((throttle, 1.0), (brake, -1.0)):
        pad = Joystick(*[0.0] * 6)
        seat = device("gamepad", pad, platform)
        command(seat)
        pad.axes[trigger] = 1.0
        assert command(seat)[1] == pytest.approx(wanted), "the other trigger is still untouched"
        pad.axes[trigger] = -1.0
        assert command(seat)[1] == 0.0


def test_the_right_stick_of_an_xbox_pad_is_no_brake() -> None:
    pad = Joystick(0.0, 0.0, -1.0, 0.0, 0.0, -1.0)
    seat = device("gamepad", pad)
    command(seat)
    pad.axes[3] = pad.axes[4] = 1.0
    assert command(seat) == (0.0, 0.0)
    pad.axes[5] = 1.0
    assert command(seat) == (0.0, pytest.approx(1.0))


def test_a_known_pad_is_read_by_sdls_mapping() -> None:
    pad = Controller(*[0.0] * 6)
    seat = device("gamepad", pad)
    command(seat)
    pad.axes[pygame.CONTROLLER_AXIS_TRIGGERRIGHT] = 1.0
    pad.axes[pygame.CONTROLLER_AXIS_LEFTX] = -1.0
    steering, acceleration = command(seat)
    assert steering == pytest.approx(1.0) and acceleration == pytest.approx(1.0), "left is positive"


def test_a_wheels_pedals_count_once_they_have_moved() -> None:
    wheel = Joystick(0.0, 0.0, 0.0)
    seat = device("wheel", wheel)
    command(seat)
    wheel.axes[1] = -1.0
    assert command(seat)[1] == pytest.approx(1.0)
    wheel.axes[1] = 1.0
    assert command(seat)[1] == 0.0
    wheel.axes[2] = -1.0
    assert command(seat)[1] == pytest.approx(-1.0)


def test_a_wheel_with_a_clutch_has_its_pedals_further_on_on_linux() -> None:
    wheel = Joystick(0.0, 1.0, 1.0, 1.0)
    seat = device("wheel", wheel)
    command(seat)
    wheel.axes[1] = -1.0
    assert command(seat)[1] == 0.0, "the clutch"
    wheel.axes[2] = -1.0
    assert command(seat)[1] == pytest.approx(1.0)
