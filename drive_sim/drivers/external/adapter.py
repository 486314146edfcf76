"""The user's own driver between the loop and its code: defaults for what it leaves out, its answers checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin, is_of_this_package, raise_error_of_user_code
from drive_sim.compute.kernel import to_host
from drive_sim.drivers.driver import Actions
from drive_sim.sensors.registry import checked_names

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

MUST_HAVE = ("sensors", "act")
NEEDED = 'a driver has sensors, such as ("camera", "odometry"), and act(observation), which answers (B, 2)'


class ExternalDriver:
    """A driver of the user's, of which `sensors` and `act` are enough.

    ``name`` and ``controller`` default to the name of its class, ``privileged`` to False, ``reset`` to nothing. Its
    observations are on the host. ``camera`` (or ``cameras``) and ``camera_faults`` are its own where it
    has them.

    Parameters
    ----------
    driver
        The user's object.
    given
        How errors name it, such as ``my_file.py:MyDriver``.
    name
        What it is called where it has no name.

    Raises
    ------
    InputError
        A member is missing or of no use.
    """

    def __init__(self, driver: Any, given: str, name: str, origin: Origin) -> None:
        missing = [member for member in MUST_HAVE if not hasattr(driver, member)]
        if missing:
            raise InputError(given, "", f"lacks {' and '.join(missing)}", NEEDED)
        if not callable(driver.act):
            raise InputError(given, "act", "is no method", NEEDED)
        self.driver, self.given, self.origin = driver, given, origin
        self.name = str(getattr(driver, "name", None) or name)
        self.privileged = bool(getattr(driver, "privileged", False))
        if self.privileged and not hasattr(driver, "bind"):
            hint = "add bind(self, simulator), or leave privileged out"
            raise InputError(given, "bind", "is missing, and privileged is true", hint)
        self.sensors = _checked_sensors(driver.sensors, given)
        self.controller = str(getattr(driver, "controller", None) or self.name)
        for member in ("camera", "cameras", "camera_faults"):
            value = getattr(driver, member, None)
            if value is not None:
                setattr(self, member, value)
        for camera in (*getattr(self, "cameras", ()), *([self.camera] if hasattr(self, "camera") else [])):
            _check_camera(camera, given)
        self._called = f"{type(driver).__name__}."
        self._first = True

    def bind(self, simulator: Any) -> None:
        """As the driver's, which is privileged if this is called."""
        self._guarded("bind", simulator)

    def reset(self, simulator: Any = None, mask: NDArray[np.bool_] | None = None, batch_size: int = 1) -> None:
        """As the driver's; nothing where it has none."""
        self._first = True
        if hasattr(self.driver, "reset"):
            self._guarded("reset", simulator, mask, batch_size)

    def act(self, observation: Observation) -> Actions:
        """The driver's action, float32 (B, 2).

        Raises
        ------
        InputError
            The driver raises, answers in another shape, with what are no numbers, or begins with no finite number for
            any world.
        """
        answer = self._guarded("act", observation.host())
        action = self._checked(answer, observation.batch_size)
        if self._first and not np.isfinite(action).any():
            problem = "answers no finite number to the first observation of any world"
            raise InputError(self.given, "act", problem, "answer numbers from -1 to 1: [steering, acceleration]")
        self._first = False
        return action

    def _guarded(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self.driver, method)(*arguments)
        except Exception as error:
            if is_of_this_package(error):  # such as `drive_sim.rollout.StopRollout`: a request, no fault of the driver
                raise
            raise_error_of_user_code(error, f"{self._called}{method}", self.given)

    def _checked(self, answer: Any, batch: int) -> Actions:
        wanted = f"answer ({batch}, 2), a row [steering, acceleration] for each world"
        try:
            array = np.asarray(to_host(answer) if hasattr(answer, "copy_to_host") else answer)
        except (TypeError, ValueError, RuntimeError) as error:
            problem = f"answers {type(answer).__name__}, which makes no array ({error})"
            raise InputError(self.given, "act", problem, wanted) from error
        if array.shape != (batch, 2):
            shape = f"shape {array.shape}" if answer is not None else "nothing"
            raise InputError(self.given, "act", f"answers {shape} to {batch} worlds", wanted)
        if array.dtype.kind not in "fiu":
            raise InputError(self.given, "act", f"answers numbers of dtype {array.dtype}", "answer float32")
        return np.ascontiguousarray(array, np.float32)


class ActingFunction:
    """A plain function ``act(observation) -> (B, 2)`` as a driver; it may have ``sensors``, ``name`` and the like."""

    sensors = ("camera", "odometry")

    def __init__(self, act: Any) -> None:
        self.act = act
        for member in ("sensors", "name", "camera", "cameras", "controller"):
            if hasattr(act, member):
                setattr(self, member, getattr(act, member))


def _checked_sensors(sensors: Any, given: str) -> tuple[str, ...]:
    try:
        return checked_names(sensors)
    except InputError as error:
        raise InputError(given, "sensors", f"{error.field} {error.problem}".strip(), error.hint) from None


def _check_camera(camera: Any, given: str) -> None:
    from drive_sim.sensors.camera.rig import CameraConfig

    if not isinstance(camera, CameraConfig):
        hint = "give drive_sim.sensors.camera.rig.CameraConfig(...)"
        raise InputError(given, "camera", f"is {type(camera).__name__}, no CameraConfig", hint)
