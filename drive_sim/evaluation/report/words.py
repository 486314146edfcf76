"""Words and numbers of the report: the verdict in sentences, estimates as people read them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.result_rows import Bounded, EpisodeRow, EstimateRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.suites.suite import REAL_ROADS, Suite

KNOWN_DRIVERS = {
    "expert": "the expert",
    "human-model": "the human model",
    "r157": "the reference driver after UN R157",
    "classical": "the classical OpenCV driver",
    "straight": "driving straight ahead",
}
"""Programmed drivers as sentences call them."""
REFERENCE = KNOWN_DRIVERS["r157"]
OUTCOMES = {
    "finish": "arrived",
    "time out": "drove until time was up",
    "off the road": "left the road",
    "wrong way": "went the wrong way",
    "stall": "stalled",
    "collision with a vehicle": "hit a vehicle",
    "collision with a pedestrian or cyclist": "hit a pedestrian or cyclist",
    "collision with an obstacle": "hit an obstacle",
}
"""How episodes end, as verbs."""
WORST_NAMED = 3
"""Scenarios that the findings name for their failures."""
MOST_DIGITS = 4
"""After the point of a percentage."""
SIGNIFICANT = 3
"""Digits of numbers that are not shares."""
DASH = "–"


def percent(value: float) -> str:
    """A share as a percentage; never rounded up to 100 % or down to 0 %."""
    scaled = 100.0 * value
    for digits in range(1, MOST_DIGITS + 1):
        shown = f"{scaled:.{digits}f}"
        if scaled in (0.0, 100.0) or float(shown) not in (0.0, 100.0):
            break
    else:
        # Closer to certainty than is shown: the last number short of it.
        certain = 100.0 if scaled > 50.0 else 0.0
        shown = f"{certain + math.copysign(10.0**-MOST_DIGITS, scaled - certain):.{MOST_DIGITS}f}"
    return shown.removesuffix(".0").replace("-", "−")


def number(value: float | None, unit: str) -> str:
    """A number in its unit's usual form, without the unit; a dash where it is not known."""
    if value is None:
        return DASH
    if unit == "1":
        return percent(value)
    if value == 0.0:
        return "0"
    # Of the value as it is shown: 0.09996 is 0.100.
    magnitude = math.floor(math.log10(float(f"{abs(value):.{SIGNIFICANT - 1}e}")))
    digits = min(max(SIGNIFICANT - 1 - magnitude, 0), 6)
    return f"{value:,.{digits}f}".replace("-", "−").replace(",", "\u202f")


def unit_label(unit: str) -> str:
    """The unit as shown after a number."""
    return {"1": "%", "1/km": "per km"}.get(unit, unit)


def with_unit(value: float | None, unit: str) -> str:
    """A number and its unit."""
    return f"{number(value, unit)}\u00a0{unit_label(unit)}"


def estimate_text(row: Bounded) -> str:
    """The estimate; where nothing was seen that could be counted, the bound that this gives."""
    if row.estimate is None and row.low is not None:
        return f"> {number(row.low, row.unit)}"
    return number(row.estimate, row.unit)


def interval_text(row: Bounded) -> str:
    """The interval, or nothing where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"{number(row.low, row.unit)} to {number(row.high, row.unit)}"


def plain(metric: str) -> str:
    """A metric's name in words."""
    return metric.replace("_", " ")


def unbroken(text: str) -> str:
    """The text with percentages that no line may break before their sign."""
    return text.replace(" %", "\u00a0%")


def counted(count: int, noun: str) -> str:
    """So many of something, in words."""
    return f"one {noun}" if count == 1 else f"{count} {noun}s"


def metrics(count: int) -> str:
    """All of so many metrics, in words."""
    return "one metric" if count == 1 else f"all {count} metrics"


def times(count: int) -> str:
    """So many times, in words."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def in_words(driver: DriverFacts) -> str:
    """What a sentence calls a driver."""
    return KNOWN_DRIVERS.get(driver.name, driver.name)


def verdict(results: Results, suite: Suite) -> str:
    """The headline in a sentence."""
    row = results.metrics.get(suite.headline)
    if row is None or row.estimate is None:
        return f"Nothing in these {len(results.episodes)} episodes says anything about {plain(suite.headline)}."
    interval = f" (95 % interval {interval_text(row)} {unit_label(row.unit)})" if interval_text(row) else ""
    where = _where(results, suite)
    if suite.headline == "autonomy" and row.estimate < 0.0:
        return f"Needed help more often than every 6 s: autonomy {percent(row.estimate)} %{interval} {where}."
    if suite.headline == "autonomy":
        return f"Drove {percent(row.estimate)} % of the time without help{interval} {where}."
    if suite.headline == "collision_free_passes":
        met = round(row.basis or 0.0)
        passed = round(row.estimate * met)
        return f"Got past {passed} of {met} encounters without contact: {percent(row.estimate)} %{interval}, {where}."
    headline = plain(suite.headline)
    return f"{headline[0].upper()}{headline[1:]} {with_unit(row.estimate, row.unit)}{interval} {where}."


def _where(results: Results, suite: Suite) -> str:
    driven = counted(len(results.episodes), "episode")
    if suite.name == REAL_ROADS:
        roads = len({row.road for row in results.episodes})
        return f"in {driven} over {'one real road' if roads == 1 else f'{roads} real roads'}"
    return f"in {driven} on roads it never saw"


def beside(results: Results, suite: Suite) -> str:
    """The headline of the other drivers, in a sentence; empty without any."""
    others = [(other.driver, other.metrics, other.episodes) for other in results.baselines]
    others += [(other.driver, other.metrics, len(other.episodes)) for other in results.comparisons]
    told = []
    for driver, metrics, episodes in others:
        row = metrics.get(suite.headline)
        if row is None or row.estimate is None:
            continue
        fewer = f" (first {episodes} episodes)" if episodes < len(results.episodes) else ""
        truth = ", which sees the truth," if driver.privileged else ""
        told.append(f"{in_words(driver)}{truth} {with_unit(row.estimate, row.unit)}{fewer}")
    return f"On the same episodes: {'; '.join(told)}." if told else ""


def findings(results: Results, suite: Suite) -> list[str]:
    """What else a reader has to know, a sentence each."""
    hours = sum(row.duration_s for row in results.episodes) / 3600.0
    kilometres = sum(row.distance_m for row in results.episodes) / 1000.0
    driven = f"{duration(hours)} and {kilometres:.1f} km"
    said = [
        _help(results, driven) if suite.on_failure == "reset_to_lane" else _outcomes(results, driven),
        _where_it_failed(results),
        _preventable(results),
        _tracking(results),
        _collisions(results, kilometres),
        invalid_commands(results),
    ]
    return [sentence for sentence in said if sentence]


def _help(results: Results, driven: str) -> str:
    interventions = sum(row.interventions for row in results.episodes)
    if not interventions:
        return f"It never needed help in {driven}."
    helped = sum(row.interventions > 0 for row in results.episodes)
    return (
        f"It needed help {times(interventions)} in {driven}, in {helped} of {len(results.episodes)} episodes: more "
        "than 1 m off its lane's centre, off the road, in contact, or stalled."
    )


def _where_it_failed(results: Results) -> str:
    """The scenarios with the largest shares of failed episodes."""
    driven = Counter(row.scenario for row in results.episodes)
    failed = Counter(row.scenario for row in results.episodes if not arrived(row))
    if not failed or len(driven) < 2:
        return ""
    worst = sorted(failed, key=lambda name: (-failed[name] / driven[name], name))[:WORST_NAMED]
    told = []
    for name in worst:
        of = f"{driven[name]} {'episode' if driven[name] == 1 else 'episodes'}"
        told.append(f"{name.rpartition('/')[2].replace('-', ' ')} ({failed[name]} of {of})")
    clean = len(driven) - len(failed)
    others = f"; nothing failed in {clean} of the {len(driven)} scenarios" if clean else ""
    return f"It failed most in {listed(told)}{others}."


def _preventable(results: Results) -> str:
    """How many failures the reference driver would have avoided, where the results know."""
    judged = [preventable(row) for row in results.episodes if not arrived(row) and preventable(row) is not None]
    if not judged:
        return ""
    count, avoided = len(judged), sum(map(bool, judged))
    of = "The one failure" if count == 1 else f"Of the {count} failures"
    which = ("" if avoided else "not ") if count == 1 else f"{avoided or 'none'} "
    was = f"was {which}" if count == 1 else f"{which}{'was' if avoided < 2 else 'were'} "
    there = "did not collide there" if avoided else "collided there too"
    return f"{of} that could be judged so{'' if count == 1 else ','} {was}preventable: {REFERENCE} {there}."


def preventable(row: EpisodeRow) -> bool | None:
    """Whether the reference driver after UN R157 avoided the collision; None where it was not judged."""
    found = getattr(row, "preventable", None)
    return None if found is None else bool(found)


def _tracking(results: Results) -> str:
    mean, high = results.metrics.get("lateral_error_mean"), results.metrics.get("lateral_error_p95")
    inside = results.metrics.get("time_in_lane")
    if mean is None or high is None or inside is None or None in (mean.estimate, high.estimate, inside.estimate):
        return ""
    return (
        f"It was {with_unit(mean.estimate, mean.unit)} from its lane's centre on average, within "
        f"{with_unit(high.estimate, high.unit)} for 95 % of the time, and had all wheels in its lane for "
        f"{with_unit(inside.estimate, inside.unit)} of it."
    )


def _outcomes(results: Results, driven: str) -> str:
    counted = Counter(row.outcome for row in results.episodes)
    told = [f"{count} {OUTCOMES.get(outcome, outcome)}" for outcome, count in counted.most_common()]
    if len(told) == 1:
        told = [told[0].replace(str(len(results.episodes)), "all")]
    return f"Of {len(results.episodes)} episodes, {driven} in all, {listed(told)}."


def _collisions(results: Results, kilometres: float) -> str:
    row = results.metrics.get("collisions_per_km")
    if row is None or row.estimate is None or row.high is None:
        return ""
    if row.estimate == 0.0:
        return (
            f"It hit nothing; {kilometres:.1f} km show that it hits something less often than "
            f"{number(row.high, '')} times per km (95 % confidence), and no more than that."
        )
    return f"It hit something {number(row.estimate, row.unit)} times per km (95 % interval {interval_text(row)})."


def invalid_commands(results: Results) -> str:
    """How often the driver's command was not a finite number, in a sentence; empty where none was."""
    if not results.invalid_commands:
        return ""
    concerned = sum(row.invalid_commands > 0 for row in results.episodes)
    return (
        f"Its command was not a finite number {times(results.invalid_commands)}, in {concerned} of "
        f"{len(results.episodes)} drives: the car braked fully then, with its steering held."
    )


def energy(results: Results) -> str:
    """What the driver took of a GPU, in a sentence, or why that is not known; empty for an episode on a CPU."""
    timing = results.timing.get("drivers", {}).get(results.driver.given)
    if results.device != "cuda" or timing is None:
        return ""
    if timing.get("energy_missing"):
        return f"Energy was not measured: {timing['energy_missing']}."
    figures = [timing.get("metrics", {}).get(f"energy_per_{per}") for per in ("decision", "km")]
    if None in figures:
        return ""
    decision, kilometre = (EstimateRow(**figure) for figure in figures)
    return (
        f"The whole GPU took {with_unit(decision.estimate, decision.unit)} a decision and "
        f"{with_unit(kilometre.estimate, kilometre.unit)}, over {timing.get('energy_window_s', 0.0):.0f} s."
    )


def duration(hours: float) -> str:
    """A time of driving [h] as people say it."""
    minutes = round(60.0 * hours)
    return f"{60.0 * hours:.1f} min" if minutes < 10 else f"{minutes} min" if minutes < 120 else f"{hours:.1f} h"


def listed(items: Sequence[str], last: str = "and") -> str:
    """The items as a sentence lists them."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def arrow(metric: str) -> str:
    """Which way is better."""
    return "↑" if METRICS[metric].better == "higher" else "↓"
