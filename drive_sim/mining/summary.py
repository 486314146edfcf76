"""From a search to ``mined.json``: shares of failures, causes, and what separates failures from passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drive_sim.base.text import user_path
from drive_sim.evaluation.places import file_facts
from drive_sim.evaluation.result_facts import DriverFacts, Machine
from drive_sim.evaluation.results import versions
from drive_sim.evaluation.statistics.estimates import finite
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.mining import features
from drive_sim.mining.confirmation import Confirmed
from drive_sim.mining.region import Share, share_of
from drive_sim.mining.results import BinRow, Mined, ParameterRow, ScenarioRow, ShareRow, SituationRow
from drive_sim.mining.search import Found
from drive_sim.mining.separation import Separation, separations
from drive_sim.mining.situations import SCENARIOS, SITUATIONS


def mined_of(
    found: Sequence[Found], confirmed: Confirmed, driver: DriverFacts, suite: Suite, given: str, folder: Path,
    *, seed: int, episodes: int, rounds: int,
) -> Mined:  # fmt: skip
    """What the search found."""
    rows = _situations(confirmed, found)
    own = user_path(given).suffix == ".toml"
    device = confirmed.evaluation.conditions.device
    return Mined(
        driver=driver,
        suite=suite.name,
        suite_source=file_facts(folder, given) if own else None,
        split=suite.split,
        seed=seed,
        episodes=episodes,
        rounds=rounds,
        seconds=suite.seconds,
        device=device,
        versions=versions(),
        machine=Machine.this(device),
        scenarios=[_scenario(one, rows) for one in found],
        situations=rows,
    )


def _situations(confirmed: Confirmed, found: Sequence[Found]) -> list[SituationRow]:
    outcomes = {outcome.key: outcome for one in found for outcome in one.outcomes}
    return [
        SituationRow(
            file=f"{SITUATIONS}/{situation.key}.toml",
            scenario=situation.space.scenario.name,
            round=situation.round,
            uniform=situation.uniform,
            cause=confirmed.causes[index],
            again=confirmed.again[index],
            reference_avoids=confirmed.reference_avoids[index],
            expert_passes=confirmed.expert_passes[index],
            preventable=confirmed.preventable[index],
            values=situation.values,
            features=outcomes[situation.key].features,
        )
        for index, situation in enumerate(confirmed.situations)
    ]


def _scenario(found: Found, every: Sequence[SituationRow]) -> ScenarioRow:
    name = found.space.scenario.name
    rows = [row for row in every if row.scenario == name]
    uniform = [outcome.failed for one, outcome in zip(found.situations, found.outcomes, strict=True) if one.uniform]
    chosen = [outcome.failed for one, outcome in zip(found.situations, found.outcomes, strict=True) if not one.uniform]
    return ScenarioRow(
        name=name,
        file=None if found.region is None else f"{SCENARIOS}/{found.space.stem}.toml",
        region={key: sorted(part) if isinstance(part, frozenset) else list(part)
                for key, part in (found.region or {}).items()},
        uniform=_counted(uniform),
        searched=_counted(chosen),
        fresh=_counted([one.failed for one in found.fresh]) if found.fresh else None,
        causes=dict(Counter(row.cause for row in rows).most_common()),
        preventable=sum(row.preventable for row in rows),
        parameters=_parameters(found),
    )  # fmt: skip


def _parameters(found: Found) -> list[ParameterRow]:
    units = {one.name: one.unit for one in found.space.parameters}
    values: list[Mapping[str, float | int | str]] = [
        {**outcome.features, **one.values} for one, outcome in zip(found.situations, found.outcomes, strict=True)
    ]
    return [
        ParameterRow(
            name=one.name,
            unit=units.get(one.name, features.UNITS.get(one.name, "")),
            searched=one.name in units,
            p_value=one.p_value,
            p_adjusted=one.p_adjusted,
            bins=_bins(one),
        )
        for one in separations(values, found.failed, found.weights)
    ]


def _bins(separation: Separation) -> list[BinRow]:
    return [
        BinRow(
            value=one.value, start=one.low, end=one.high, failures=one.failures, situations=one.draws,
            **_bounded(one.share),
        )
        for one in separation.bins
    ]  # fmt: skip


def _counted(bad: Sequence[bool]) -> ShareRow:
    return ShareRow(failures=sum(bad), situations=len(bad), **_bounded(share_of(bad)))


def _bounded(share: Share) -> dict[str, Any]:
    """A share and its interval; null where there is none."""
    names = ("estimate", "low", "high")
    return {name: finite(value) for name, value in zip(names, (share.estimate, *share.interval), strict=True)}
