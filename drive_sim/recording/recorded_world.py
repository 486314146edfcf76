"""An `Episode` as JSON values and back: its road is stored apart, all else in a dataset's list of episodes.

A dataset comes from anywhere, and compiled code trusts what it is given, so that types and ranges are checked.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from drive_sim.base.errors import InputError
from drive_sim.base.json import checked
from drive_sim.recording.lerobot.features import ACTOR_SLOTS
from drive_sim.world.roads.road import Road
from drive_sim.world.scenarios.episode import ActorSpec, Episode, WeatherSpec
from drive_sim.world.state import (
    ACTION_WALK,
    ACTOR_CAR,
    ACTOR_NAMES,
    MOTION_WALK,
    PAVINGS,
    ROADSIDES,
    TRIGGER_OWN_HEADWAY,
)


def _one_of(count: int, first: int = 0) -> Any:
    return Annotated[int, Field(ge=first, lt=count)]


_FINITE = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
"""Beyond any length [m], time [s] or speed [m/s] that a recording has."""
_SIZE = Annotated[float, Field(gt=0.0, le=100.0)]
_LONG = Annotated[int, Field(ge=0, lt=1 << 63)]
_RANGES: dict[str, Any] = {
    "paving": _one_of(len(PAVINGS)),
    "roadside": _one_of(len(ROADSIDES)),
    "kind": _one_of(len(ACTOR_NAMES), ACTOR_CAR),
    "length": _SIZE,
    "width": _SIZE,
    "height": _SIZE,
    "direction": Annotated[int, Field(ge=-1, le=1)],
    "motion": _one_of(MOTION_WALK + 1),
    "trigger": _one_of(TRIGGER_OWN_HEADWAY + 1),
    "action": _one_of(ACTION_WALK + 1),
    "next_action": _one_of(ACTION_WALK + 1),
    "number": _LONG,
    "seed": _LONG,
    "lane": _one_of(100),
    "time_limit": Annotated[float, Field(gt=0.0, le=math.inf)],
}


def _values_of(kind: type, **others: Any) -> type[BaseModel]:
    """What the JSON values of a dataclass may be; ``others`` are the types of fields that are tables themselves."""
    hints = get_type_hints(kind) | others
    types = {
        field.name: (
            _RANGES.get(field.name, _FINITE if hints[field.name] is float else hints[field.name]),
            ... if field.default is MISSING else field.default,
        )
        for field in fields(kind)
        if hints[field.name] is not Road
    }
    config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=True)
    return create_model(f"{kind.__name__}Values", __config__=config, **types)  # type: ignore[call-overload]


_WeatherValues = _values_of(WeatherSpec)
_ActorValues = _values_of(ActorSpec)
_Actors = Annotated[tuple[_ActorValues, ...], Field(max_length=ACTOR_SLOTS)]  # type: ignore[valid-type]
_EpisodeValues: Any = _values_of(Episode, weather=_WeatherValues, actors=_Actors)


def describe_episode(episode: Episode) -> dict[str, Any]:
    """All of an `Episode` but its road, as JSON values; `load_episode` is the inverse."""
    values = {f.name: getattr(episode, f.name) for f in fields(Episode) if f.name not in ("road", "weather", "actors")}
    return {**values, "weather": asdict(episode.weather), "actors": [asdict(actor) for actor in episode.actors]}


def load_episode(source: Path, road: Road, values: dict[str, Any], slots: int) -> Episode:
    """The `Episode` that `describe_episode` made ``values`` of, on its road, among at most ``slots`` actors.

    Raises
    ------
    InputError
        A field is unknown, missing or out of its range: ``source`` was altered or written by another version.
    """
    hint = "use the drive_sim that recorded it, or drop the episode"
    given = checked(_EpisodeValues, values, source, "episode", hint).model_dump()
    if len(given["actors"]) > slots:
        raise InputError(source, "episode.actors", f"are {len(given['actors'])}, there is room for {slots}", hint)
    if given["lane"] >= road.lanes_forward:
        problem = f"is {given['lane']}, the road has {road.lanes_forward} lanes that way"
        raise InputError(source, "episode.lane", problem, hint)
    weather = WeatherSpec(**given.pop("weather"))
    actors = tuple(ActorSpec(**actor) for actor in given.pop("actors"))
    return Episode(**given, road=road, weather=weather, actors=actors)
