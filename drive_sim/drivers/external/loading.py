"""Drivers of the user's: by reference, or given as an object, a class or a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from drive_sim.base.errors import InputError
from drive_sim.base.references import Origin, is_of_this_package, load_reference, origin_of, raise_error_of_user_code
from drive_sim.drivers.driver import Driver
from drive_sim.drivers.external.adapter import ActingFunction, ExternalDriver

OPTION = "--driver-option"
KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool,), "true or false"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "str": ((str,), "a string"),
}
"""Values that a parameter with such an annotation takes, and what they are."""


def driver_by_reference(name: str, source: str, options: Mapping[str, Any]) -> Driver:
    """The driver that ``module:attribute`` or ``file.py:attribute`` names, with its own ``options``.

    The attribute is a class or factory, which is called with the options, a function ``act(observation)``, or an
    object.

    Raises
    ------
    InputError
        There is none, it is no driver, or its code raises.
    """
    thing, origin = load_reference(name, source)
    return adapted(thing, name, origin, options)


def driver_object(thing: Any, options: Mapping[str, Any] | None = None) -> Driver:
    """The driver that an object, class or function of Python's is: one of this package's as it is, else adapted.

    ``options`` are those of a class, factory or function; InputError for an object's.
    """
    options = options or {}
    if is_of_this_package(thing):
        make = thing if isinstance(thing, type) else lambda: thing
        check_options(make, options, getattr(thing, "__name__", type(thing).__name__))
        driver: Driver = make(**options)
        return driver
    kind = thing if isinstance(thing, type) or inspect.isroutine(thing) else type(thing)
    origin = origin_of(thing)
    place = origin.file or kind.__module__
    return adapted(thing, f"{place}:{kind.__qualname__}", origin, options)


def adapted(thing: Any, given: str, origin: Origin, options: Mapping[str, Any]) -> ExternalDriver:
    """``thing``, which is called ``given``, as a driver: made with the options where it is a class or factory."""
    name = getattr(thing, "__name__", None) or type(thing).__name__
    if isinstance(thing, type) or (callable(thing) and not hasattr(thing, "act")):
        wants_observation = not isinstance(thing, type) and _takes_one(thing)
        check_options(thing, options, given, positional=int(wants_observation))
        if wants_observation:
            thing = ActingFunction(_with_options(thing, options))
        else:
            thing = _made(thing, given, options)
            name = type(thing).__name__
    elif options:
        check_options(lambda: None, options, given)
    return ExternalDriver(thing, given, name, origin)


def check_options(make: Callable[..., Any], options: Mapping[str, Any], given: str, positional: int = 0) -> None:
    """Make sure that ``make`` takes the options beside ``positional`` other arguments.

    Raises
    ------
    InputError
        About ``--driver-option``: an option that it does not know, one of another type than it says, or one that it
        needs and is not given.
    """
    try:
        parameters = dict(list(inspect.signature(make).parameters.items())[positional:])
    except (TypeError, ValueError):  # compiled code tells no signature
        return
    kinds = {parameter.kind for parameter in parameters.values()}
    named = [name for name, one in parameters.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    for name in options:
        if name not in named and inspect.Parameter.VAR_KEYWORD not in kinds:
            hint = f"use {', '.join(named)}" if named else "leave it out"
            raise InputError(OPTION, name, f"is no option of {given}", hint)
        if name in named:
            _check_type(options[name], parameters[name].annotation, name)
    for name in named:
        if parameters[name].default is inspect.Parameter.empty and name not in options:
            problem = f"{given} needs the option {name!r}"
            raise InputError(OPTION, name, problem, f"give --driver-option {name}=VALUE")


def _check_type(value: Any, annotation: Any, name: str) -> None:
    """InputError about an option whose value is not of the type that its parameter says, where that is a plain one."""
    plain = str(getattr(annotation, "__name__", annotation))
    if plain in KINDS:
        kinds, words = KINDS[plain]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise InputError(OPTION, name, f"is {value!r}", f"give {words}")


def _takes_one(function: Callable[..., Any]) -> bool:
    """Whether a function needs exactly one argument, as ``act(observation)`` does and a factory does not."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional and one.default is one.empty for one in parameters) == 1


def _with_options(function: Callable[..., Any], options: Mapping[str, Any]) -> Callable[..., Any]:
    """The function with its options given; with the members that it has."""

    def act(observation: Any) -> Any:
        return function(observation, **options)

    act.__dict__.update(vars(function))
    return act


def _made(make: Callable[..., Any], given: str, options: Mapping[str, Any]) -> Any:
    try:
        return make(**options)
    except Exception as error:
        if is_of_this_package(error):
            raise
        raise_error_of_user_code(error, f"making {getattr(make, '__name__', given)}", given)
