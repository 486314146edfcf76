"""What of a scenario's draws its file leaves open: the parameters that a search may choose, by name.

A parameter is a range, a count or a weighted choice of the file, which each draw otherwise takes at random. Where
encounters are variants that take turns, the variant is a choice too, and what they have in common is one parameter.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drive_sim.world.scenarios.encounter_schema import Action, ActorTemplate
from drive_sim.world.scenarios.ranges import Table
from drive_sim.world.scenarios.schema import EgoStart, ScenarioDefinition
from drive_sim.world.scenarios.writing import tables_of

VARIANT = "variant"
"""The parameter that says which of its encounters an episode has, where it has one of them."""
Value = float | int | str
Values = dict[str, Value]
"""What a situation has of each parameter that it has, by name."""

_UNITS = {
    "speed_limit": "m/s", "speed": "m/s", "heading_error": "rad", "yaw": "rad", "headway": "s", "duration": "s",
    "after": "s", "rate": "m/s²", "speed_fraction": "", "count": "",
}  # fmt: skip
"""Of the ranges that are no lengths [m]."""
_IDLE = {"lateral": ("rate",), "speed": ("duration",), "walk": ("duration", "rate")}
"""Ranges that say nothing of an action, by what it does."""


@dataclass(frozen=True)
class Place:
    """Where one variant's file has a parameter, and what it may be there."""

    path: tuple[str, ...]
    """Of the key, from the root of the file."""
    bounds: tuple[float, float] = (0.0, 0.0)
    """Of a range, or of a count."""
    options: Mapping[str, float] = field(default_factory=dict)
    """Of a choice, each with its share of all."""


@dataclass(frozen=True)
class Parameter:
    """One thing that draws differ in."""

    name: str
    """As the file calls it, such as ``lead.when.value``: without the encounter where encounters are variants."""
    unit: str
    """"" where it has none."""
    kind: str
    """range, count or choice."""
    places: Mapping[str, Place]
    """By the variants that have it; "" stands for a scenario without variants."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number over all variants."""
        every = [place.bounds for place in self.places.values()]
        return min(low for low, _ in every), max(high for _, high in every)

    @property
    def options(self) -> list[str]:
        """What may be chosen, over all variants."""
        return sorted({option for place in self.places.values() for option in place.options})


def parameters_of(definition: ScenarioDefinition) -> list[Parameter]:
    """The parameters of a scenario, the variant first."""
    found: dict[str, dict[str, Place]] = {}
    kinds: dict[str, tuple[str, str]] = {}

    def add(variant: str, kind: str, unit: str, place: Place) -> None:
        name = _name(place.path, definition.in_turn)
        found.setdefault(name, {})[variant] = place
        kinds[name] = (kind, unit)

    variants = list(definition.encounters) if definition.in_turn else [""]
    if len(variants) > 1:
        equal = dict.fromkeys(variants, 1.0 / len(variants))
        found[VARIANT], kinds[VARIANT] = {name: Place((VARIANT,), options=equal) for name in variants}, ("choice", "")
    for path, kind, unit, what in _open(definition, ()):
        owners = [path[1]] if definition.in_turn and path[0] == "encounters" else variants
        for variant in owners:
            add(variant, kind, unit, Place(path, **what))
    return [Parameter(name, kinds[name][1], kinds[name][0], places) for name, places in found.items()]


def pinned(definition: ScenarioDefinition, parameters: list[Parameter], values: Values) -> dict[str, Any]:
    """The tables of the scenario whose every draw has these values."""
    one = {parameter.name: parameter for parameter in parameters}
    found: dict[str, tuple[float, float] | frozenset[str]] = {}
    for name, value in values.items():
        found[name] = frozenset([value]) if isinstance(value, str) else (float(value), float(value))
    return narrowed(definition, list(one.values()), found)


def narrowed(
    definition: ScenarioDefinition,
    parameters: list[Parameter],
    region: Mapping[str, tuple[float, float] | frozenset[str]],
) -> dict[str, Any]:
    """The tables of the scenario whose draws are those of ``region``: intervals and sets by parameter.

    A parameter without one is as open as before, but for defaults, which are written out. Variants without a draw in
    the region are left out.
    """
    tables = copy.deepcopy(tables_of(definition))
    variants = variants_in(definition, parameters, region)
    if definition.in_turn:
        tables["encounters"] = {name: tables["encounters"][name] for name in variants}
    for parameter in parameters:
        within = region.get(parameter.name)
        if within is None or parameter.name == VARIANT:
            continue
        for variant, place in parameter.places.items():
            if variant in variants:
                _set(tables, place.path, _within(parameter, place, within))
    return tables


def variants_in(
    definition: ScenarioDefinition,
    parameters: list[Parameter],
    region: Mapping[str, tuple[float, float] | frozenset[str]],
) -> list[str]:
    """The variants that have a draw in the region; [""] for a scenario without variants."""
    names = list(definition.encounters) if definition.in_turn else [""]
    chosen = region.get(VARIANT, frozenset(names))
    return [
        name
        for name in names
        if name in chosen and all(
            _meets(parameter.places[name], region[parameter.name])
            for parameter in parameters
            if parameter.name in region and name in parameter.places and parameter.name != VARIANT
        )
    ]  # fmt: skip


def _meets(place: Place, within: tuple[float, float] | frozenset[str]) -> bool:
    if isinstance(within, frozenset):
        return bool(within & set(place.options))
    return place.bounds[0] <= within[1] and within[0] <= place.bounds[1]


def _within(parameter: Parameter, place: Place, within: tuple[float, float] | frozenset[str]) -> Any:
    """What the file says of the part of a place that is ``within``."""
    if isinstance(within, frozenset):
        left = {name: share for name, share in place.options.items() if name in within}
        if place.path[-1] == "kind":
            least = min(left.values())
            return [name for name, share in left.items() for _ in range(max(1, round(share / least)))]
        return {name: share / sum(left.values()) for name, share in left.items()}
    low, high = max(within[0], place.bounds[0]), min(within[1], place.bounds[1])
    return [round(low), round(high)] if parameter.kind == "count" else [low, high]


def _set(tables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        tables = tables.setdefault(name, {})
    tables[path[-1]] = value


def _name(path: tuple[str, ...], in_turn: bool) -> str:
    if path[0] == "encounters":
        path = path[2:] if in_turn else path[1:]
    return ".".join(part for part in path if part != "actors")


def _open(table: Table, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str, dict[str, Any]]]:
    """What a table and those within it leave open: path, kind, unit, bounds or options."""
    for name in type(table).model_fields:
        value, here = getattr(table, name), (*path, name)
        if isinstance(value, Table):
            yield from _open(value, here)
        elif name in ("encounters", "actors"):
            for key, one in value.items():
                yield from _open(one, (*here, key))
        elif name in ("weather", "classes", "kind"):
            weights = Counter(value) if isinstance(value, tuple) else value or {}
            options = {one: weight / sum(weights.values()) for one, weight in weights.items() if weight > 0.0}
            if len(options) > 1:
                yield here, "choice", "", {"options": options}
        elif name == "count" and value[0] < value[1]:
            yield here, "count", "", {"bounds": (float(value[0]), float(value[1]))}
        elif _is_open_range(table, name, value):
            yield here, "range", _unit(table, name), {"bounds": value}


def _is_open_range(table: Table, name: str, value: Any) -> bool:
    """Whether the field is a range of more than one number that a draw depends on."""
    if not (isinstance(value, tuple) and len(value) == 2 and all(isinstance(one, float) for one in value)):
        return False
    if isinstance(table, Action) and name in _IDLE[table.do]:
        return False
    if isinstance(table, EgoStart) and name == "speed_fraction" and table.speed is not None:
        return False
    if isinstance(table, ActorTemplate) and (
        (name == "headway" and not table.moving) or (name == "spacing" and table.count[1] == 1)
    ):
        return False
    return value[0] < value[1]


def _unit(table: Table, name: str) -> str:
    if name == "value":
        return "m" if getattr(table, "by", "") == "distance" else "s"
    return _UNITS.get(name, "m")
