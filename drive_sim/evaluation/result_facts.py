"""Parts of ``results.json`` that tell what was driven by what: drivers, machine, files left out, metrics added.

docs/results.md is written from the fields' docstrings: the meaning, with the unit in brackets.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from drive_sim.base.errors import InputError
from drive_sim.compute.hardware import gpu_name, processor_name
from drive_sim.compute.threads import thread_count


class ResultsPart(BaseModel):
    """A part of ``results.json``: unknown fields are errors, and numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileFacts(ResultsPart):
    """A file of the user's own that results rest on."""

    file: str
    """As it was named, or as Python found it."""
    path: str | None = None
    """The same from the folder of the results, or absolute where no relative path leads there."""
    sha256: str
    """Of its content, 64 hexadecimal digits; what the file draws on in turn is not told."""


class ScenarioFacts(ResultsPart):
    """A single scenario that was driven in place of a suite (``--scenario``)."""

    given: str
    """As it was named on the command line: a name or a file."""
    split: str
    """Whose draws: train, validation or test."""
    source: FileFacts | None = None
    """The file of a scenario of the user's own; null for a bundled one."""


class DriverFacts(ResultsPart):
    """A driver."""

    name: str
    """What reports call it."""
    given: str
    """As it was named on the command line: a name, a model's folder, or a reference such as ``my_file.py:MyDriver``."""
    path: str | None = None
    """A model's folder as seen from the folder of the results, or absolute where no relative path leads there; null
    for drivers and bundled models, which their names identify."""
    hash: str | None
    """Of a model's weights; null for programmed drivers, which the version of drive_sim, or of ``package``,
    identifies."""
    privileged: bool
    """Whether it sees the simulator's truth instead of sensors."""
    controller: str
    """``model`` for a network, ``human`` for a person, else the name that the driver is registered by."""
    package: str | None = None
    """Name and version of another package that the driver, or its network, comes from; null for drive_sim's own."""
    source: FileFacts | None = None
    """The file that defines a driver, or a network, that is not drive_sim's own."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The driver's own options (``--driver-option``), by name."""


class Machine(ResultsPart):
    """What computed the results: last bits, and so now and then an outcome, differ between kinds of processor."""

    processor: str
    """Its model, as the system calls it."""
    cores: int = Field(ge=1)
    """Threads that loops were spread over [1]."""
    gpu: str | None = None
    """Name of the GPU; null where everything was computed on the processor."""

    @classmethod
    def this(cls, device: str) -> Machine:
        """The machine that runs this, computing on ``device``: "cpu" or "cuda"."""
        return cls(processor=processor_name(), cores=thread_count(), gpu=gpu_name() if device == "cuda" else None)

    @property
    def name(self) -> str:
        """Processor and GPU in words."""
        return self.processor if self.gpu is None else f"{self.gpu}, {self.processor}"

    def difference(self, other: Machine) -> str:
        """In a clause that ``other`` computes with another processor or GPU; empty if it does not."""
        return "" if self.name == other.name else f"computed on {self.name}, not {other.name}"


class LeftOut(ResultsPart):
    """A file that was to be driven and could not be used."""

    file: str
    """Its name in the folder ``roads``."""
    problem: str
    """What is wrong with it, where."""
    hint: str
    """How to put it right."""

    @classmethod
    def of(cls, file: str, error: InputError) -> LeftOut:
        """The file that ``error`` is about."""
        problem = " ".join(f"{error.field}: {error.problem}".split()) if error.field else error.problem
        shown = file.encode("utf-8", "backslashreplace").decode("utf-8")
        return cls(file=shown, problem=problem, hint=error.hint)

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"left out: {self.file}: {self.problem}; {self.hint}"


class AddedMetric(ResultsPart):
    """A metric that another package, or a file of the user's own, adds; drive_sim answers for none of it."""

    package: str
    """Name and version of the package, or the file."""
    defined_in: FileFacts | None = None
    """The file of a metric of the user's own (``--metrics``); null for a package's."""
    unit: str = ""
    """As of the other metrics."""
    formula: str = ""
    """As the package gives it."""
    source: str = ""
    """Where the formula comes from, as the package says."""
    better: Literal["higher", "lower"] | None = None
    """Higher or lower; null where it cannot be loaded."""
    problem: str | None = None
    """Why it is missing, of all episodes or of some; null where it is not."""
