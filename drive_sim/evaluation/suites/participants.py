"""Participants of an evaluation: the drivers that were named, checked before they drive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drive_sim.base.errors import InputError
from drive_sim.base.files import listed
from drive_sim.base.references import Origin
from drive_sim.drivers.external.loading import driver_object
from drive_sim.drivers.registry import DRIVERS, make_driver
from drive_sim.evaluation.places import file_facts, path_from
from drive_sim.evaluation.result_facts import DriverFacts

if TYPE_CHECKING:
    from drive_sim.drivers.driver import Driver

TRAINING_RUNS = "--training-runs"


@dataclass(frozen=True)
class Participant:
    """A driver and what is known of it before it drives."""

    driver: Driver
    facts: DriverFacts


def enter(
    given: str | Path | Driver,
    device: str,
    source: str,
    folder: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Participant:
    """The driver of that name, folder or reference, or the object; InputError, about ``source``, if there is none.

    A driver that takes a person is refused. ``folder`` is that of the results, from which they name a model's folder
    and files of the user's own; ``options`` are the driver's own.
    """
    if isinstance(given, str | Path):
        driver, named = make_driver(given, device, source, options), str(given)
    else:
        driver = driver_object(given, options)
        named = getattr(driver, "given", driver.name)
    if driver.controller == "human":
        raise InputError(source, "", f"{named} needs a person at it", "name a driver that drives by itself")
    origin: Origin | None = getattr(driver, "origin", None)
    facts = DriverFacts(
        name=driver.name,
        given=named,
        path=path_from(folder, named) if folder is not None and driver.controller == "model" else None,
        hash=getattr(driver, "hash", None),
        privileged=driver.privileged,
        controller=driver.controller,
        package=_package(named, driver) if origin is None else origin.package,
        source=None if origin is None or origin.file is None else file_facts(folder, origin.file, origin.sha256),
        options=dict(options or {}),
    )
    return Participant(driver, facts)


def _package(given: str, driver: Driver) -> str | None:
    """The package that a driver, or its network, comes from; None for this one."""
    if given in DRIVERS:
        return DRIVERS.origin(given) or None
    return getattr(driver, "package", None)


def _was_trained(participant: Participant) -> bool:
    """Whether it is a model that ``drive-sim train`` wrote."""
    return participant.facts.controller == "model" and hasattr(participant.driver, "model")


def enter_training_runs(
    main: Participant, given: Sequence[str | Path], device: str, results_folder: Path | None = None
) -> list[Participant]:
    """The models trained as the driver was, but for the seed; ``given`` are their folders, or patterns of folders.

    A pattern may match the driver's own folder, which is no further training run.

    Raises
    ------
    InputError
        for drivers that were not trained, that were trained otherwise as far as their ``config.json`` says, and for
        the same weights twice.
    """
    found: list[Participant] = []
    if given and not _was_trained(main):
        hint = "leave it out, or score a model's folder"
        raise InputError(TRAINING_RUNS, "", f"means nothing to {main.facts.given}, which was not trained", hint)
    for folder in _folders(given, main.facts.given):
        participant = enter(folder, device, TRAINING_RUNS, results_folder)
        _check_alike(main, participant)
        for other in (main, *found):
            if other.facts.hash == participant.facts.hash:
                same = f"{folder} has the same weights as {other.facts.given}"
                raise InputError(TRAINING_RUNS, "", same, "name each training run once, each with a seed of its own")
        found.append(participant)
    return found


def _folders(given: Sequence[str | Path], of_driver: str) -> Iterator[str]:
    """The folders named, patterns replaced by what they match in the order of names."""
    for name in map(str, given):
        # Brackets are allowed in a folder's name, too.
        if not has_magic(name) or Path(name).is_dir():
            yield name
            continue
        pattern = Path(name).expanduser()
        start = Path(pattern.anchor or ".")
        matched = [path for path in listed(start, str(pattern.relative_to(pattern.anchor))) if path.is_dir()]
        if not matched:
            raise InputError(TRAINING_RUNS, "", f"no folder matches {name}", "name the folders of models")
        yield from (str(path) for path in matched if path.resolve() != Path(of_driver).expanduser().resolve())


def _check_alike(main: Participant, other: Participant) -> None:
    """InputError unless both are models of one network, one camera and, where they say so, one recipe of training."""
    given = other.facts.given
    if not _was_trained(other):
        hint = f"name models trained as {main.facts.given} was; --against compares with other drivers"
        raise InputError(TRAINING_RUNS, "", f"{given} was not trained", hint)
    models: list[Any] = [main.driver.model, other.driver.model]  # type: ignore[attr-defined]
    ours, theirs = ([asdict(model.settings), _optics(model), _recipe(model.training)] for model in models)
    for what, one, another in zip(("network", "camera", "training"), ours, theirs, strict=True):
        for field in one.keys() & another.keys() if what == "training" else one | another:
            if one.get(field) != another.get(field):
                differs = f"{given} has {what} {field} {another.get(field)}, {main.facts.given} has {one.get(field)}"
                hint = "train it alike, with another seed only; --against compares with other drivers"
                raise InputError(TRAINING_RUNS, "", differs, hint)


def _optics(model: Any) -> dict[str, Any]:
    """Every field of a model's cameras, those of further ones under their number."""
    fields = asdict(model.camera)
    for number, camera in enumerate(model.more_cameras, 2):
        fields |= {f"{number}.{name}": value for name, value in asdict(camera).items()}
    return fields


def _recipe(training: dict[str, Any]) -> dict[str, Any]:
    """What a training run's seed does not change, as ``config.json`` has it: its settings, how much was recorded."""
    settings = {name: value for name, value in training.get("settings", {}).items() if name not in ("seed", "network")}
    return settings | {name: training[name] for name in ("episodes", "minutes") if name in training}
