"""What configurations of sensors are made of: frozen, typed dataclasses, and the kinds of numbers that they hold.

pydantic checks a configuration when it is made, and nothing afterwards: a step costs what it costs with plain numbers.
Bounds keep away what no sensor can be built from: sizes that fill the memory, and numbers whose quotients overflow.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from dataclasses import field
from typing import Annotated, Any, TypeVar, dataclass_transform

import numpy as np
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from drive_sim.base.validation import input_error

FINEST = 1e-9
"""No resolution is finer, unless it is 0 for none: readings are whole multiples of it, and those are counted."""

Config = TypeVar("Config")


@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def configuration(source: str) -> Callable[[type[Config]], type[Config]]:
    """Class decorator: a frozen dataclass whose values are checked as they are given.

    Numbers are Python's afterwards, lists are tuples, and a dict stands for a configuration within another.

    Parameters
    ----------
    source
        What errors name as the place of a mistake, such as ``"lidar"``.

    Raises
    ------
    InputError
        By the class: for an unknown or missing field, and a value of the wrong type or out of bounds.
    """

    def decorate(plain: type[Config]) -> type[Config]:
        kind: Any = dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))(plain)
        validate = kind.__init__

        @functools.wraps(validate)
        def init(self: Any, *args: Any, **values: Any) -> None:
            try:
                validate(self, *args, **values)
            except ValidationError as error:
                raise input_error(error, source) from None

        kind.__init__ = init
        return kind

    return decorate


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"{value!r:.60} is not a number; give a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("the number is too large; give a smaller one") from None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueError(f"{value!r:.60} is not a whole number; give a whole number")
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{value!r:.60} is neither True nor False; give one of them")
    return bool(value)


def _resolution(value: float) -> float:
    if 0.0 < value < FINEST:
        raise ValueError(f"{value} is too fine; give 0 for none, or at least {FINEST}")
    return value


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
NotNegative = Annotated[Number, Field(ge=0.0, le=1e6)]
Positive = Annotated[Number, Field(gt=0.0, le=1e9)]
Share = Annotated[Number, Field(ge=0.0, le=1.0)]
Resolution = Annotated[NotNegative, AfterValidator(_resolution)]
"""Readings are multiples of it; 0: they are not rounded."""
Reach = Annotated[Number, Field(gt=0.0, le=10_000.0)]
"""How far a sensor looks [m]."""
Mount = Annotated[Number, Field(ge=-100.0, le=100.0)]
"""Where a sensor is on the car, against its reference point [m]."""
