"""The window in the loop, on a clock and a screen that the test holds in its hands."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

from drive_sim.drivers.human.input import HumanDriver
from drive_sim.drivers.registry import make_driver
from drive_sim.recording.dataset import Dataset
from drive_sim.recording.recorder import Recorder
from drive_sim.rollout import run
from drive_sim.sensors.camera.rig import CameraConfig, CameraRig
from drive_sim.sensors.suite import SensorSuite
from drive_sim.window.display import Banner
from drive_sim.window.observer import NEWS_FADES, NEWS_LASTS, News, WindowObserver, Wish
from drive_sim.window.pacing import ImagePacer
from drive_sim.window.panel import Dashboard
from drive_sim.world.scenarios.episode import Episode
from drive_sim.world.scenarios.scenario import load_scenario
from drive_sim.world.simulator import Simulator

FRONT = CameraConfig()


@dataclass
class Screen:
    """Keeps what it is shown, and tells its user; an image takes no time unless said."""

    sees: Callable[[int, Screen], None] = lambda count, screen: None
    drawing: float = 0.0
    now: float = 0.0
    boards: list[Dashboard] = field(default_factory=list)
    scenes: list[Any] = field(default_factory=list)
    banners: list[Banner | None] = field(default_factory=list)

    def show(self, scene: Any, board: Dashboard, trail: Any, banner: Banner | None) -> None:
        self.now += self.drawing
        self.boards.append(board)
        self.scenes.append(scene)
        self.banners.append(banner)
        self.sees(len(self.boards), self)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    """Events, on no screen."""
    pygame.display.init()
    yield
    pygame.display.quit()


@pytest.fixture(scope="module")
def episode() -> Episode:
    return load_scenario("lane-keeping/rural").draw(0)


def press(key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


def drive(
    screen: Screen,
    episode: Episode,
    path: Path,
    driver: Any = None,
    steps: int = 20,
    recording: bool = False,
    camera: CameraConfig = FRONT,
) -> WindowObserver:
    """Drive so many steps before the screen."""
    driver = driver or make_driver("straight")
    recorder = Recorder(path, driver.name, camera_configs=(camera,))
    pacer = ImagePacer(clock=lambda: screen.now, wait=screen.wait)
    window = WindowObserver(screen, driver, recorder, recording, pacer)
    run(
        Simulator([episode]),
        driver,
        [window],
        SensorSuite(("camera", "odometry"), CameraRig((camera,))),
        max_steps=steps,
    )
    return window


def test_three_images_a_step_and_one_before_the_first(episode: Episode, tmp_path: Path):
    screen = Screen(drawing=0.012)
    window = drive(screen, episode, tmp_path, steps=20)
    assert window.images == len(screen.boards) == 61
    assert screen.now == pytest.approx(1.0, abs=0.02), "a second of driving takes a second"


@pytest.mark.parametrize("looks", [False, True])
def test_the_camera_is_shown_whatever_its_name(looks: bool, episode: Episode, tmp_path: Path):
    screen, camera, driver = Screen(), CameraConfig("bonnet", width=80, height=40), make_driver("straight")
    if looks:
        driver.camera = camera
    drive(screen, episode, tmp_path, driver, steps=2, camera=camera)
    assert {board.image.shape for board in screen.boards} == {(40, 80, 3)}


def test_v_marks_what_the_driver_looks_at_and_v_again_does_not(episode: Episode, tmp_path: Path):
    def sees(count: int, screen: Screen) -> None:
        if count in (7, 13):
            press(pygame.K_v)

    screen, driver = Screen(sees), make_driver("straight")
    driver.attention = lambda images: np.ones(images.shape[:3], np.float32)
    drive(screen, episode, tmp_path, driver, steps=8)
    tinted = [bool((board.image[..., 1] < 120).all()) for board in screen.boards]
    assert tinted.index(True) in (7, 8) and not tinted[-1] and 5 <= sum(tinted) <= 7
    assert ("V", "what it looks at") in screen.boards[0].help


def test_a_driver_that_cannot_say_what_it_looks_at_has_no_key_for_it(episode: Episode, tmp_path: Path):
    screen = Screen(lambda count, screen: press(pygame.K_v) if count == 3 else None)
    drive(screen, episode, tmp_path, steps=4)
    assert not any(key == "V" for key, _ in screen.boards[0].help)
    driver = make_driver("straight")
    driver.attention = lambda images: None
    again = Screen(lambda count, screen: press(pygame.K_v) if count == 3 else None)
    drive(again, episode, tmp_path / "again", driver, steps=4)
    assert all((one.image == other.image).all() for one, other in zip(screen.boards, again.boards, strict=True))


def test_between_two_states_the_car_moves_evenly(episode: Episode, tmp_path: Path):
    screen = Screen()
    drive(screen, episode, tmp_path, steps=20)
    x = [scene.ego.x for scene in screen.scenes]
    y = [scene.ego.y for scene in screen.scenes]
    moved = [((x[k + 1] - x[k]) ** 2 + (y[k + 1] - y[k]) ** 2) ** 0.5 for k in range(30, 60)]
    assert all(0.97 < later / earlier < 1.03 for earlier, later in pairwise(moved))


def test_a_machine_that_is_too_slow_draws_less_and_drives_every_step(episode: Episode, tmp_path: Path):
    screen = Screen(drawing=0.2)
    window = drive(screen, episode, tmp_path / "slow", steps=20, recording=True)
    assert 20 < window.images < 30
    assert [len(recorded) for recorded in Dataset.open(tmp_path / "slow")] == [20]


def test_a_slow_machine_does_not_make_a_slow_hand(episode: Episode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pressed = {pygame.K_UP: True}
    monkeypatch.setattr(
        pygame.key, "get_pressed", lambda: type("Keys", (), {"__getitem__": lambda _, k: k in pressed})()
    )
    throttle = {}
    for drawing in (0.0, 0.2):
        screen = Screen(drawing=drawing)
        driver = HumanDriver("keyboard")
        drive(screen, episode, tmp_path, driver, steps=8)
        throttle[drawing] = driver.command[1]
    assert throttle[0.0] == pytest.approx(8 * 0.05 * 1.8), "the pedal's rate, in the time driven"
    assert throttle[0.2] == pytest.approx(throttle[0.0], abs=0.1)


@pytest.mark.slow
def test_what_is_driven_while_the_recording_is_off_is_not_in_the_dataset(episode: Episode, tmp_path: Path):
    def sees(count: int, screen: Screen) -> None:
        if count in (31, 61):  # after 10 and 20 steps
            press(pygame.K_r)

    screen = Screen(sees)
    drive(screen, episode, tmp_path / "parts", steps=30, recording=True)
    first, second = Dataset.open(tmp_path / "parts")
    assert first.state().time[-1] == pytest.approx(0.5, abs=0.051)
    assert second.state().time[0] == pytest.approx(1.05, abs=0.051)
    lights = [board.recording is not None for board in screen.boards]
    assert lights[1:30] == [True] * 29 and lights[33:60] == [False] * 27 and lights[63:] == [True] * (len(lights) - 63)


@pytest.mark.parametrize(("key", "wish"), [(pygame.K_ESCAPE, Wish.LEAVE), (pygame.K_n, Wish.NEXT)])
@pytest.mark.slow
def test_leaving_and_going_on_keep_what_was_recorded(key: int, wish: Wish, episode: Episode, tmp_path: Path):
    screen = Screen(lambda count, screen: press(key) if count == 16 else None)
    window = drive(screen, episode, tmp_path / "kept", recording=True)
    assert window.wish is wish
    assert [len(recorded) for recorded in Dataset.open(tmp_path / "kept")] == [6]


def test_backspace_forgets_it(episode: Episode, tmp_path: Path):
    screen = Screen(lambda count, screen: press(pygame.K_BACKSPACE) if count == 16 else None)
    window = drive(screen, episode, tmp_path / "forgotten", recording=True)
    assert window.wish is Wish.AGAIN
    assert len(Dataset.open(tmp_path / "forgotten")) == 0
    assert not list((tmp_path / "forgotten").glob("journal-*"))


def test_a_full_disk_at_the_start_of_an_episode_is_shown_and_ends_no_episode(
    episode: Episode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("drive_sim.recording.writer.store_road", refuse)
    screen = Screen()
    window = drive(screen, episode, tmp_path / "mine", recording=True)
    assert window.images == 61 and window.persistent.refused == 1
    assert screen.boards[-1].alarm and "the disk is full" in screen.boards[-1].status
    assert all(board.recording is None for board in screen.boards)


def test_a_recording_that_cannot_begin_is_said_and_ends_no_episode(episode: Episode, tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    screen = Screen(lambda count, screen: press(pygame.K_r) if count == 16 else None)
    window = drive(screen, episode, tmp_path / "file" / "mine")
    assert window.images == 61 and not window.recording
    assert screen.boards[-1].alarm and screen.boards[-1].status.startswith("not recorded: ")
    assert all(board.recording is None for board in screen.boards)


def test_the_end_is_announced_for_a_moment(tmp_path: Path):
    bend = load_scenario("lane-keeping/mountain").draw(0)
    screen = Screen()
    drive(screen, bend, tmp_path, steps=2000)
    banners = [banner for banner in screen.banners if banner is not None]
    assert len(banners) > 60, "more than a second"
    assert banners[0].title == "Off the road" and not banners[0].good
    assert banners[0].detail.endswith(f"{screen.boards[-1].time:.1f} s")
    assert screen.boards[-1].alarm and "off the road" in screen.boards[-1].status


def test_news_are_new_for_two_seconds_and_gone_after_three():
    news = News("lane departure", True, time=10.0)
    assert news.freshness(10.0) == news.freshness(10.0 + NEWS_LASTS) == 1.0
    assert news.freshness(10.0 + NEWS_LASTS + 0.5 * NEWS_FADES) == pytest.approx(0.5)
    assert news.freshness(10.0 + NEWS_LASTS + NEWS_FADES) == 0.0
