"""The model card: what a model is, what it learnt from, and how to drive it."""

from __future__ import annotations

from typing import Any

from drive_sim.base.references import Origin
from drive_sim.drivers.neural.cost import NetworkCost
from drive_sim.drivers.neural.registry import OURS, is_ours, package_of
from drive_sim.drivers.neural.settings import NetworkSettings
from drive_sim.learning.settings import TrainingSettings

_CARD = """# {name}

A network that drives from {images}: `{network}`, {parameters:,} parameters, defined in
{defined}; a moment costs {millions:,.1f} million multiply-accumulates.

| | |
|---|---|
| input | {input}, RGB, as `config.json` describes the cameras |
| output | curvature [1/m]{curvature}, target speed [m/s]{speed} |
| auxiliary tasks | {tasks} |
| learnt from | {episodes}{quality} |{transplants}
| training | {recipe}{views:,} views rendered afresh, seed {seed}, drive_sim {version} |{rounds}
| validation | {validation} |

Drive it: `drive-sim drive --driver {name}`. Score it: `drive-sim evaluate {name} --suite lane-keeping --output DIR`.

It has only ever seen this simulator. It must not steer a vehicle that can hurt anybody.
"""


def _defined(name: str, origin: Origin | None) -> str:
    """Where a network is defined, and whose it is."""
    if origin is not None:
        package = f" of {origin.package}" if origin.package else ""
        return f"`{origin.file}`{package}, which is not part of drive_sim (SHA-256 `{origin.sha256}`)"
    package = package_of(name)
    if package:
        return f"the package {package}"
    file = f"{OURS[name].partition(':')[0].replace('.', '/')}.py"
    return f"[`{file}`](../../{file})"


def _tasks(network: NetworkSettings) -> str:
    """What training asks for beside driving."""
    if not is_ours(network.name):
        return "those of its own network"
    tasks = {
        f"the curvature {0.5 * network.future:g} s ahead and on the way there": network.future > 0,
        "the nearest actor in each column": network.seen,
        "the lowest speed of the next two seconds": network.slowest,
    }
    return ", ".join(task for task, asked in tasks.items() if asked) or "none"


def _bins(count: int) -> str:
    return f" as a distribution over {count} bins" if count > 1 else ""


def _moments(network: NetworkSettings) -> str:
    """How many moments it learnt from, of several."""
    return f", {network.frames} moments {network.frame_interval:g} s apart" if network.frames > 1 else ""


def _recipe(recipe: dict[str, Any] | None) -> str:
    """The recipe's name and what won over its values; nothing of a run that none was named for."""
    if recipe is None:
        return ""
    changes = ", ".join(f"{key} = {value}" for key, value in recipe["changes"].items())
    return f"recipe `{recipe['name']}`{f' with {changes}' if changes else ''}: "


def _quality(found: dict[str, Any] | None) -> str:
    """What the recording could teach, and what was missing; nothing where nobody looked."""
    if found is None:
        return ""
    roads = ", ".join(f"{road} {minutes:.1f} min" for road, minutes in found["by"]["road"].items())
    hand = f"{found['off_centre']:.2f} m off the lane's middle, {found['recoveries']} recoveries"
    passed = f"{sum(found['encounters'].values())} actors passed"
    return f": {roads}; {hand}, {passed}. " + " ".join(found["advice"])


def _transplants(made: dict[str, dict[str, int]] | None) -> str:
    """The row of transplanted manoeuvres; nothing of a run without."""
    if made is None:
        return ""
    kept, passes, thrown = (
        f"{sum(counts.values())}{f' ({told})' if (told := _counts(counts)) else ''}"
        for counts in (made["kept"], made["passes"], made["thrown_away"])
    )
    return f"\n| transplanted | {kept} on other roads, of {passes} passes of the recording; thrown away: {thrown} |"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _rounds(told: list[dict[str, Any]] | None, settings: TrainingSettings) -> str:
    """A line on the on-policy rounds; nothing where there was none."""
    if not told:
        return ""
    minutes = sum(one["seconds"] for one in told) / 60.0
    labels = f"`{settings.rounds_teacher}`, a teacher" if settings.rounds_teacher else "the recording, no teacher"
    failed = ", ".join(f"{one['interventions_per_km']:.2f}" for one in told)
    return (
        f"\n| on-policy rounds | {len(told)}, {minutes:.1f} minutes driven by the network itself in recorded worlds, "
        f"labelled by {labels}; interventions per km {failed} |"
    )


def model_card(
    name: str,
    settings: TrainingSettings,
    cost: NetworkCost,
    origin: Origin | None,
    training: dict[str, Any],
    validation: dict[str, Any],
) -> str:
    """The text of a model's README.md."""
    network, cameras = settings.network, settings.cameras
    driven = {k: v for k, v in validation.items() if k != "chunk"}
    numbers = (
        ", ".join(f"{k.replace('_', ' ')} {v:.3f}" for k, v in driven.items()) or "the last checkpoint, not driven"
    )
    return _CARD.format(
        name=name,
        network=network.name,
        defined=_defined(network.name, origin),
        parameters=cost.parameters,
        millions=cost.multiply_accumulates / 1e6,
        images="one camera image" if len(cameras) == 1 else f"the images of {len(cameras)} cameras",
        input=" and ".join(f"`{one.name}` {one.width} × {one.height}" for one in cameras) + _moments(network),
        curvature=_bins(network.curvature_bins),
        speed=_bins(network.speed_bins),
        tasks=_tasks(network),
        recipe=_recipe(training.get("recipe")),
        episodes=training.get("summary", "recorded episodes"),
        quality=_quality(training.get("quality")),
        transplants=_transplants(training.get("transplants")),
        views=training["settings"]["views"],
        rounds=_rounds(training.get("rounds"), settings),
        seed=training["settings"]["seed"],
        version=training["drive_sim"],
        validation=numbers,
    )
