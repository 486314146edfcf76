"""What the environments show: the top-down view, images, windows."""

from __future__ import annotations

import sys

import numpy as np
import pygame
import pytest

from drive_sim.base.errors import InputError
from drive_sim.envs import DriveEnv, DriveVectorEnv
from tests.envs.commands import FULL_THROTTLE, QUIET, action


def test_the_top_down_view_follows_the_car_and_needs_no_display():
    env = DriveEnv(sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    first = env.render()
    for _ in range(10):
        env.step(action(FULL_THROTTLE))
    second = env.render()
    assert first.shape == second.shape == (600, 800, 3)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, second)
    assert len(DriveVectorEnv(2, sensors=QUIET, render_mode="rgb_array").reset(seed=1)) == 2


def test_every_world_of_a_batch_is_rendered():
    env = DriveVectorEnv(2, sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    one, two = env.render()
    assert not np.array_equal(one, two)


def test_a_window_without_a_display_is_told_in_one_line(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "none-such")
    with pytest.raises(InputError, match="no display"):
        DriveEnv(sensors=QUIET, render_mode="human").reset(seed=1)


def test_images_without_pygame_are_told_in_one_line(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("pygame", "drive_sim.top_down"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(InputError, match="pygame"):
        DriveEnv(sensors=QUIET, render_mode="rgb_array")
    DriveEnv(sensors=QUIET).reset(seed=1)


def test_the_window_opens_at_the_first_reset_and_closes_with_the_environment():
    env = DriveEnv(sensors=QUIET, render_mode="human")
    assert not pygame.display.get_init()
    env.reset(seed=1)
    assert pygame.display.get_surface().get_size() == (800, 600)
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


def test_human_mode_without_a_display_is_told_in_one_line(monkeypatch):
    for variable in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError, match="no display"):
        DriveEnv(sensors=QUIET, render_mode="human").reset(seed=1)
    assert not pygame.display.get_init()


def test_images_go_on_after_another_library_quits_pygame():
    env = DriveEnv(sensors=QUIET, render_mode="rgb_array")
    env.reset(seed=1)
    before = env.render()
    pygame.quit()
    assert np.array_equal(env.render(), before)


def test_a_window_that_another_library_closed_opens_again():
    env = DriveEnv(sensors=QUIET, render_mode="human")
    env.reset(seed=1)
    pygame.quit()
    env.step(action())
    assert pygame.display.get_surface() is not None
    env.close()


def test_closing_one_of_two_shown_cars_leaves_the_other_its_window():
    first, second = (DriveEnv(sensors=QUIET, render_mode="human") for _ in range(2))
    for env in (first, second):
        env.reset(seed=1)
    first.close()
    second.step(action())
    assert pygame.display.get_surface() is not None
    second.close()
    assert not pygame.display.get_init()


def test_another_librarys_window_is_neither_drawn_over_nor_closed():
    theirs = pygame.display.set_mode((64, 64))
    env = DriveEnv(sensors=QUIET, render_mode="human")
    with pytest.raises(InputError, match="only window in use"):
        env.reset(seed=1)
    env.close()
    assert pygame.display.get_surface() is theirs
    pygame.display.quit()
