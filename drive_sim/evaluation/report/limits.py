"""What an evaluation's episodes cannot show, in sentences: as much a part of its verdict as what they can."""

from __future__ import annotations

from collections import Counter

from drive_sim.evaluation.report.heat_map import domains
from drive_sim.evaluation.report.training_seeds import training_limits
from drive_sim.evaluation.report.words import counted, duration, interval_text, listed, percent
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.statistics.intervals import zero_events_bound
from drive_sim.evaluation.suites.suite import Suite
from drive_sim.world.scenarios.files import weather_domains

FEW = 30
"""Episodes below which a cell of the heat map is a hint."""
REAL_WORLD = "It is a simulation: nothing here says how a real car would do on a real road."


def limits(results: Results, suite: Suite) -> list[str]:
    """A sentence for each thing that a reader might take from the report and must not."""
    said = [
        _left_out(results),
        _of_training_split(suite),
        *_missing_metrics(results),
        _closeness(results, suite),
        _rare_contact(results),
        _rare_help(results, suite),
        _thin_cells(results),
        _never_driven(results),
        training_limits(results),
        _clock(results),
        REAL_WORLD,
    ]
    return [sentence for sentence in said if sentence]


def _left_out(results: Results) -> str:
    if not results.left_out:
        return ""
    told = "; ".join(f"{one.file} ({one.problem})" for one in results.left_out)
    return f"These roads of the folder could not be used and are left out of every figure: {told}."


def _of_training_split(suite: Suite) -> str:
    if suite.split != "train":
        return ""
    return "These are episodes of the split train, which drivers learn from: unseen roads say more."


def _missing_metrics(results: Results) -> list[str]:
    added = results.added_metrics.items()
    return [f"The metric {name} of {one.package} is missing: {one.problem}." for name, one in added if one.problem]


def _closeness(results: Results, suite: Suite) -> str:
    row = results.metrics.get(suite.headline)
    if row is None or row.unit != "1" or not interval_text(row):
        return ""
    what = "share of encounters that it gets past" if suite.headline == "collision_free_passes" else suite.headline
    return (
        f"Its true {what.replace('_', ' ')} may be anything from {interval_text(row)} %: "
        f"{counted(row.episodes, 'episode')} cannot tell it closer, and half as wide an interval takes about four "
        "times as many."
    )


def _rare_contact(results: Results) -> str:
    collisions, passes = results.metrics.get("collisions_per_km"), results.metrics.get("collision_free_passes")
    if collisions is None or collisions.estimate != 0.0 or passes is None or not passes.basis:
        return ""
    met = round(passes.basis)
    return (
        f"No contact in {met} encounters shows, with 95 % confidence, that fewer than "
        f"{percent(zero_events_bound(met))} % of such encounters end in one, and no more. To show less than 1 % takes "
        "299 encounters without any; less than 0.1 % takes 2,995."
    )


def _rare_help(results: Results, suite: Suite) -> str:
    if suite.on_failure != "reset_to_lane" or any(row.interventions for row in results.episodes):
        return ""
    hours = sum(row.duration_s for row in results.episodes) / 3600.0
    return (
        f"Rare failures do not show in {duration(hours)}: to show an autonomy of 99.9 % takes 5 h of driving without "
        "any help."
    )


def _thin_cells(results: Results) -> str:
    fact, surroundings = domains(results.episodes)
    cells = Counter(zip((row.scenario for row in results.episodes), surroundings, strict=True))
    most = max(cells.values())
    if len(cells) < 2 or most >= FEW:
        return ""
    times = "once" if most == 1 else "twice" if most == 2 else f"{most} times"
    return (
        f"No scenario was driven more than {times} in the same {fact}: where it failed is a hint where to look, "
        "not a finding."
    )


def _never_driven(results: Results) -> str:
    met = {row.weather for row in results.episodes}
    absent = [
        "worn markings" if name == "worn" else name.replace("-", " ") for name in weather_domains() if name not in met
    ]
    return f"No episode had these weathers, of which nothing is said: {listed(absent)}." if absent else ""


def _clock(results: Results) -> str:
    if results.timing.get("real_time"):
        return ""
    late = f", and its commands came {1000.0 * results.latency_s:.0f} ms late" if results.latency_s else ""
    return f"The world waited for every decision{late}: --real-time measures whether it keeps up with the clock."
