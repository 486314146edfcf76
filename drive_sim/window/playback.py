"""Which moment of a recorded episode is shown: by the time that passes, and by the keys."""

from __future__ import annotations

LEAP = 1.0
"""How far a key goes [s]."""


class Playback:
    """A place in an episode of ``steps`` steps, ``period`` [s] apart."""

    def __init__(self, steps: int, period: float) -> None:
        self.steps, self.period = steps, period
        self.position, self.paused = 0.0, False
        """In steps; whole at a recorded one, and in between on the way to the next."""

    def advance(self, elapsed: float) -> None:
        """Let ``elapsed`` [s] pass."""
        if not self.paused:
            self.position += elapsed / self.period

    def leap(self, seconds: float) -> None:
        """Go on, or back, but not beyond the last step; on from there the episode is over."""
        beyond = seconds > 0.0 and self.step == self.steps - 1
        last = float(self.steps) if beyond else self.steps - 1.0
        self.position = min(max(self.position + seconds / self.period, 0.0), last)

    @property
    def over(self) -> bool:
        """Whether the last step has been shown for its time."""
        return self.position >= self.steps

    @property
    def step(self) -> int:
        """The step shown now."""
        return min(int(self.position), self.steps - 1)

    @property
    def share(self) -> float:
        """The share of the way to the next step that is behind."""
        return self.position - self.step if self.step < self.steps - 1 else 0.0
