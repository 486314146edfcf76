"""What an ONNX file says of itself, so that it can drive: its camera, its input and its output.

The declaration is JSON under the key ``drive_sim`` of the file's metadata (``metadata_props``), or in a file of the
same name with the ending ``.json`` beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from drive_sim.base.errors import InputError
from drive_sim.base.json import checked, parse_json, read_json
from drive_sim.sensors.camera.rig import CameraConfig

KEY = "drive_sim"
HINT = "correct the declaration, docs/examples/README.md has one"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ImageInput(_Part):
    """How the network takes images."""

    name: str | None = None
    """Of the input; None where the file has only one."""
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    range: tuple[float, float] = (0.0, 255.0)
    """What black and the brightest grey level become; an input of type uint8 takes 0 to 255."""
    colours: Literal["RGB", "BGR"] = "RGB"
    frames: Annotated[int, Field(ge=1, le=16)] = 1
    """Moments below each other, the present one on top; before the first one of an episode, that one is repeated."""
    frame_interval: Annotated[float, Field(gt=0.0, le=5.0)] = 0.2
    """Time between them [s], rounded to control steps."""


class CommandOutput(_Part):
    """[steering, acceleration], each from -1 to 1, left and throttle positive: (B, 2)."""

    kind: Literal["command"]
    command: str | None = None
    """Name of the output; None where the file has only one."""


class CurvatureOutput(_Part):
    """Curvature to drive [1/m, positive left] and target speed [m/s], (B) or (B, 1) each."""

    kind: Literal["curvature and speed"]
    curvature: str = "curvature"
    speed: str = "speed"


class Declaration(_Part):
    """The whole declaration."""

    schema_number: Literal[1] = Field(alias="schema")
    camera: dict[str, Any]
    """Fields of `CameraConfig`; height and width are those of the images."""
    more_cameras: list[dict[str, Any]] = Field(default_factory=list)
    """The same of further cameras, whose images lie below the first's in one: `drive_sim.sensors.camera.mosaic`."""
    input: ImageInput = ImageInput()
    output: CommandOutput | CurvatureOutput = Field(discriminator="kind")
    model: dict[str, str] = Field(default_factory=dict)
    """What the file was made from, in words; nothing depends on it."""

    def camera_configs(self, source: str) -> tuple[CameraConfig, ...]:
        """The cameras, the first one first; InputError, about ``source``, for one that cannot be."""
        more = (CameraConfig.from_dict(one, f"{source} more_cameras.{n}") for n, one in enumerate(self.more_cameras))
        return (CameraConfig.from_dict(self.camera, source), *more)


def sidecar(file: Path) -> Path:
    """The file beside an ONNX file that may hold its declaration, and what a check of its export found."""
    return file.with_suffix(".json")


def declaration_of(file: Path, metadata: dict[str, str]) -> tuple[Declaration, str]:
    """The declaration of an ONNX file with this ``metadata``, and where it stands, for errors.

    Raises
    ------
    InputError
        There is none, or a field of it is wrong.
    """
    if KEY in metadata:
        document, place = parse_json(metadata[KEY], file, f"metadata {KEY}", HINT), file
    elif sidecar(file).is_file():
        place = sidecar(file)
        document = read_json(place, HINT)
    else:
        problem = f"declares neither camera nor output: no metadata {KEY!r}, and no {sidecar(file).name} beside it"
        raise InputError(file, "", problem, "add one of them, docs/examples/README.md has one")
    return checked(Declaration, document, place, hint=HINT), str(place)
