"""Recording that ends no drive: what a full or failing disk refuses is told, and the next episode is tried again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from drive_sim.recording.recorder import Recorder
from drive_sim.recording.storage import DiskError
from drive_sim.rollout import Observer

if TYPE_CHECKING:
    from drive_sim.rollout import Step
    from drive_sim.sensors.suite import Observation
    from drive_sim.world.simulator import Simulator


class PersistentRecorder(Observer):
    """Records every episode with ``recorder``, as far as the disk takes it.

    An episode that it refuses in the middle keeps the steps before: in the dataset, or in a journal that the next
    recording or `writer.recover` makes an episode of. Errors of any other kind are raised: they are mistakes.

    Parameters
    ----------
    say
        Told in one line why an episode is not recorded or not to its end.
    """

    def __init__(self, recorder: Recorder, say: Callable[[str], Any]) -> None:
        self.recorder, self._say = recorder, say
        self.refused = 0
        """Episodes that were not recorded, or not to their end."""

    def on_reset(self, simulator: Simulator, observation: Observation) -> None:
        """Begin an episode of every world."""
        self.attempt(self.recorder.on_reset, simulator, observation)

    def on_step(self, step: Step) -> None:
        """Record the step, unless the disk has refused this episode."""
        if self.recorder.recording:
            self.attempt(self.recorder.add, step)

    def on_finish(self, simulator: Simulator) -> None:
        """End the recording and keep it."""
        self.attempt(self.recorder.finish)

    def attempt(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Call a method of the recorder; the episode is not recorded, or no further, where the disk refuses."""
        try:
            work(*arguments)
        except DiskError as error:
            self.refused += 1
            with suppress(DiskError):
                self.recorder.finish()
            self._say(f"not recorded: {error}")
