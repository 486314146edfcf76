"""An ONNX file at the wheel: any network that onnxruntime runs and that declares its input and output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin
from drive_sim.base.text import user_path
from drive_sim.compute.kernel import loop_threads
from drive_sim.drivers.driver import Actions
from drive_sim.drivers.external.loading import check_options
from drive_sim.drivers.external.onnx_declaration import (
    CommandOutput,
    CurvatureOutput,
    Declaration,
    declaration_of,
)
from drive_sim.drivers.neural.decoding import HARDEST_BRAKING, command_car
from drive_sim.drivers.neural.memory import FrameMemory
from drive_sim.sensors.camera.mosaic import mosaic, mosaic_size
from drive_sim.world.ego.vehicle import BMW_320I, VehicleParameters
from drive_sim.world.simulator import CONTROL_PERIOD

if TYPE_CHECKING:
    from drive_sim.sensors.suite import Observation

ENDING = ".onnx"
TYPES: dict[str, type] = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(double)": np.float64}
"""Types of an input as onnxruntime names them."""
AGAIN = "export it again, or correct its declaration"


class OnnxDriver:
    """Drives by an ONNX file, on the CPU.

    Each image is answered alone by one thread, so that no answer depends on the batch.

    Raises
    ------
    InputError
        onnxruntime is missing or cannot run the file, or the declaration does not fit the network.
    """

    privileged = False
    sensors: tuple[str, ...] = ("camera", "odometry")
    controller = "model"

    def __init__(self, file: Path, vehicle: VehicleParameters = BMW_320I) -> None:
        self._session = _session(file)
        metadata = self._session.get_modelmeta().custom_metadata_map
        declaration, self._place = declaration_of(file, metadata)
        self.declaration: Declaration = declaration
        self.cameras = declaration.camera_configs(self._place)
        self.camera = self.cameras[0]
        given = declaration.input
        self._size = mosaic_size([(camera.height, camera.width) for camera in self.cameras] * given.frames)
        self._memory = FrameMemory(given.frames, max(round(given.frame_interval / CONTROL_PERIOD), 1))
        self.name, self.file, self.vehicle = file.stem, file, vehicle
        self.origin = Origin.of_file(file)
        self._input, self._type = self._checked_input()
        self._outputs = self._checked_outputs()
        self._check_answers()

    @classmethod
    def named(cls, name: str | Path, source: str, options: Mapping[str, Any]) -> OnnxDriver:
        """The driver of the file called ``name``; InputError, about ``source``, where there is none."""
        file = user_path(name)
        if not file.is_file():
            raise InputError(source, "", f"there is no file {file}", "check the path")
        check_options(lambda: None, options, str(name))
        return cls(file)

    def reset(self, simulator: Any = None, mask: Any = None, batch_size: int = 1) -> None:
        """Forget the earlier moments of the worlds of ``mask``."""
        self._memory.beginnings.reset(mask, batch_size)

    def answer(self, images: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        """What the network answers to images (B, H, W, 3): an array (B, ...) for each of the declared outputs.

        Those of several cameras are one `mosaic`, and so are several moments.
        """
        rows = list(loop_threads().map(self._answer_one, self._prepared(images)))
        return [np.concatenate([np.asarray(row[k], np.float64) for row in rows]) for k in range(len(self._outputs))]

    def act(self, observation: Observation) -> Actions:
        """Action (B, 2) float32 from the camera's image and the odometer's speed; NaN where there is no answer."""
        observation = observation.host()
        images = mosaic([observation.images(camera.name) for camera in self.cameras])
        active = observation.active
        driving = np.arange(len(images)) if active is None else np.flatnonzero(active)
        action = np.zeros((len(images), 2), np.float32)
        if not len(driving):
            return action
        answers = self.answer(self._memory.look(observation, images[driving], driving))
        if isinstance(self.declaration.output, CommandOutput):
            action[driving] = answers[0]
            return action
        curvature, target = np.zeros((2, len(images)), np.float32)
        curvature[driving], target[driving] = (answer.reshape(-1) for answer in answers)
        speed = np.ascontiguousarray(observation.odometry[:, 0], np.float64)
        command_car("cpu", len(images), (action,), (curvature, target), (speed,), self.vehicle, HARDEST_BRAKING)
        return action

    def _answer_one(self, image: NDArray[Any]) -> list[NDArray[Any]]:
        return list(self._session.run(self._outputs, {self._input: image}))

    def _prepared(self, images: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Images (B, H, W, 3) as the network takes them, each a batch of one."""
        wanted = self.declaration.input
        if wanted.colours == "BGR":
            images = images[..., ::-1]
        planes: NDArray[Any] = images.transpose(0, 3, 1, 2) if wanted.layout == "NCHW" else images
        if self._type is not np.uint8:
            low, high = wanted.range
            planes = (low + planes.astype(self._type) * ((high - low) / 255.0)).astype(self._type)
        return list(np.ascontiguousarray(planes)[:, None])

    def _checked_input(self) -> tuple[str, type]:
        wanted = self.declaration.input
        inputs = {one.name: one for one in self._session.get_inputs()}
        name = wanted.name or (next(iter(inputs)) if len(inputs) == 1 else "")
        if name not in inputs or len(inputs) > 1:
            problem = f"is {wanted.name!r}, the network's inputs are {', '.join(inputs)}"
            raise InputError(self._place, "input.name", problem, "a network that drives has one input: the image")
        found = inputs[name]
        if found.type not in TYPES:
            hint = "let it take uint8 or float32 images"
            raise InputError(self.file, f"input {name}", f"is {found.type}", hint)
        size = (*self._size, 3)
        expected = (1, *size) if wanted.layout == "NHWC" else (1, 3, *size[:2])
        shape = tuple(found.shape)
        # What is not a number is free.
        if [one if isinstance(one, int) else two for one, two in zip(shape, expected, strict=False)] != list(expected):
            problem = f"takes {list(shape)}, the declared camera and layout {wanted.layout} give {list(expected)}"
            raise InputError(self.file, f"input {name}", problem, AGAIN)
        if TYPES[found.type] is np.uint8 and wanted.range != (0.0, 255.0):
            problem = f"is {list(wanted.range)}, and the input takes uint8"
            raise InputError(self._place, "input.range", problem, "leave it out, or let the input be float32")
        return name, TYPES[found.type]

    def _checked_outputs(self) -> list[str]:
        names, wanted = [one.name for one in self._session.get_outputs()], self.declaration.output
        if isinstance(wanted, CurvatureOutput):
            asked = {"curvature": wanted.curvature, "speed": wanted.speed}
        else:
            asked = {"command": wanted.command or (names[0] if len(names) == 1 else "")}
        for field, name in asked.items():
            if name not in names:
                problem = f"is {name!r}, the network's outputs are {', '.join(names)}"
                raise InputError(self._place, f"output.{field}", problem, "name one of them")
        return list(asked.values())

    def _check_answers(self) -> None:
        """InputError unless a black image is answered in the declared shapes."""
        black = np.zeros((1, *self._size, 3), np.uint8)
        try:
            answers = self._answer_one(self._prepared(black)[0])
        except Exception as error:
            raise InputError(self.file, "", f"cannot be run: {_first_line(error)}", AGAIN) from error
        shapes = [(1, 2)] if isinstance(self.declaration.output, CommandOutput) else [(1,), (1, 1)]
        for name, answer in zip(self._outputs, answers, strict=True):
            if np.shape(answer) not in shapes or np.asarray(answer).dtype.kind != "f":
                problem = f"is {np.asarray(answer).dtype} of shape {np.shape(answer)} for one image"
                hint = f"let it be float32 of shape {' or '.join(map(str, shapes))}"
                raise InputError(self.file, f"output {name}", problem, hint)


def _session(file: Path) -> Any:
    """An onnxruntime session of the file that computes in the calling thread."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        hint = "pip install 'drive-sim[onnx]'"
        raise InputError(file, "", "needs onnxruntime, which is not installed", hint) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        problem = f"is no model that onnxruntime can run ({_first_line(error)})"
        raise InputError(file, "", problem, "export it again, or copy the whole file") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
