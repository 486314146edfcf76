"""Metrics of the user's own: those that a file or module defines, there for as long as an evaluation takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType

from drive_sim.base.errors import InputError
from drive_sim.base.references import load_module, origin_of
from drive_sim.evaluation.metrics.metric import Metric
from drive_sim.evaluation.metrics.registry import METRICS

SOURCE = "--metrics"


@contextmanager
def added_metrics(places: Sequence[str | Path]) -> Iterator[None]:
    """Every metric that the files (``.py``) or modules define is among `METRICS` meanwhile; their code runs.

    Raises
    ------
    InputError
        There is no such file or module, it raises, defines no metric, or one whose name is taken.
    """
    with ExitStack() as added:
        for place in places:
            module = load_module(str(place), SOURCE)
            found = _defined_in(module)
            if not found:
                hint = "put the decorator drive_sim.evaluation.metrics.metric.metric before a function of an EpisodeLog"
                raise InputError(SOURCE, "", f"{place} defines no metric", hint)
            added.enter_context(METRICS.with_added(found, origin_of(module), SOURCE))
        yield


def _defined_in(module: ModuleType) -> dict[str, Metric]:
    """The metrics that a module, or one below it, defines, by name; not those that it imports."""
    things = [thing for thing in vars(module).values() if isinstance(thing, Metric)]
    name = module.__name__
    return {one.name: one for one in things if f"{one.measure.__module__}.".startswith(f"{name}.")}
