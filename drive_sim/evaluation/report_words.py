"""Words and numbers of the report: the verdict in sentences, estimates as people read them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.results import ComparisonRow, DriverFacts, EstimateRow, Results, Rival
from drive_sim.evaluation.suites import REAL_ROADS, Suite

KNOWN_DRIVERS = {
    "expert": "the expert",
    "human-model": "the human model",
    "r157": "the reference driver after UN R157",
    "classical": "the classical OpenCV driver",
    "straight": "driving straight ahead",
}
"""Programmed drivers as sentences call them."""
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
"""How drives end, as verbs."""
SIGNIFICANT = 3
"""Digits of numbers that are not shares."""
DASH = "–"


def percent(value: float) -> str:
    """A share as a percentage; never rounded up to 100 % or down to 0 %."""
    scaled = 100.0 * value
    digits = 1
    while (
        digits < 4 and scaled not in (0.0, 100.0) and f"{scaled:.{digits}f}" in (f"{100:.{digits}f}", f"{0:.{digits}f}")
    ):
        digits += 1
    shown = f"{scaled:.{digits}f}"
    return (shown[:-2] if shown.endswith(".0") else shown).replace("-", "−")


def number(value: float | None, unit: str) -> str:
    """A number in its unit's usual form, without the unit; a dash where it is not known."""
    if value is None:
        return DASH
    if unit == "1":
        return percent(value)
    if value == 0.0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    digits = min(max(SIGNIFICANT - 1 - magnitude, 0), 6)
    return f"{value:,.{digits}f}".replace("-", "−").replace(",", "\u202f")


def unit_label(unit: str) -> str:
    """The unit as shown behind a number."""
    return {"1": "%", "1/km": "per km"}.get(unit, unit)


def with_unit(value: float | None, unit: str) -> str:
    """A number and its unit."""
    return f"{number(value, unit)}\u00a0{unit_label(unit)}"


def estimate_text(row: EstimateRow) -> str:
    """The estimate; where nothing was seen that could be counted, the bound that this gives."""
    if row.estimate is None and row.low is not None:
        return f"> {number(row.low, row.unit)}"
    return number(row.estimate, row.unit)


def interval_text(row: EstimateRow) -> str:
    """The interval, or nothing where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"{number(row.low, row.unit)} to {number(row.high, row.unit)}"


def in_words(driver: DriverFacts) -> str:
    """What a sentence calls a driver."""
    return KNOWN_DRIVERS.get(driver.name, driver.name)


def verdict(results: Results, suite: Suite) -> str:
    """The headline in a sentence."""
    row = results.metrics.get(suite.headline)
    if row is None or row.estimate is None:
        return f"Nothing in these {len(results.episodes)} drives says anything about {suite.headline}."
    interval = f" (95 % interval {interval_text(row)} %)" if row.unit == "1" and interval_text(row) else ""
    where = _where(results, suite)
    if suite.headline == "autonomy" and row.estimate < 0.0:
        return f"Needed help more often than every 6 s: autonomy {percent(row.estimate)} %{interval} {where}."
    if suite.headline == "autonomy":
        return f"Drove {percent(row.estimate)} % of the time without help{interval} {where}."
    if suite.headline == "collision_free_passes":
        met = round(row.basis or 0.0)
        passed = round(row.estimate * met)
        return f"Got past {passed} of {met} encounters without contact: {percent(row.estimate)} %{interval}, {where}."
    return f"{suite.headline}: {with_unit(row.estimate, row.unit)}{interval} {where}."


def _where(results: Results, suite: Suite) -> str:
    count = len(results.episodes)
    drives = "one drive" if count == 1 else f"{count} drives"
    if suite.name == REAL_ROADS:
        roads = len({row.road for row in results.episodes})
        return f"in {drives} over {'one real road' if roads == 1 else f'{roads} real roads'}"
    return f"in {drives} on roads it never saw"


def beside(results: Results, suite: Suite) -> str:
    """The headline of the other drivers, in a sentence; empty without any."""
    others = [(other.driver, other.metrics, other.episodes) for other in results.yardsticks]
    others += [(other.driver, other.metrics, len(other.episodes)) for other in results.comparisons]
    told = []
    for driver, metrics, episodes in others:
        row = metrics.get(suite.headline)
        if row is None or row.estimate is None:
            continue
        fewer = f" (first {episodes} drives)" if episodes < len(results.episodes) else ""
        truth = ", which sees the truth," if driver.privileged else ""
        told.append(f"{in_words(driver)}{truth} {with_unit(row.estimate, row.unit)}{fewer}")
    return f"On the same drives: {'; '.join(told)}." if told else ""


def standing(results: Results) -> str:
    """What comparing with each yardstick on the same drives has shown; empty without any."""
    better: list[str] = []
    worse: list[str] = []
    unknown: list[str] = []
    for other in results.yardsticks:
        if other.comparison is None:
            continue
        name = in_words(other.driver)
        if other.comparison.better is None:
            unknown.append(name)
        else:
            (worse if other.comparison.better == other.driver.name else better).append(name)
    said = []
    if better:
        said.append(f"shown to be better than {_listed(better)}")
    if worse:
        said.append(f"shown to be worse than {_listed(worse)}")
    if unknown:
        said.append(f"no difference to {_listed(unknown, 'or')} can be shown with these drives")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def findings(results: Results, suite: Suite) -> list[str]:
    """What else a reader has to know, a sentence each."""
    hours = sum(row.duration_s for row in results.episodes) / 3600.0
    kilometres = sum(row.distance_m for row in results.episodes) / 1000.0
    driven = f"{_duration(hours)} and {kilometres:.1f} km"
    said = [
        _help(results, driven) if suite.on_failure == "put_back" else _outcomes(results, driven),
        _tracking(results),
        _collisions(results, kilometres),
    ]
    return [sentence for sentence in said if sentence]


def _help(results: Results, driven: str) -> str:
    times = sum(row.interventions for row in results.episodes)
    row = results.metrics.get("autonomy")
    if not times:
        bound = ""
        if row is not None and row.low is not None and row.low < 1.0:
            bound = f" So little driving cannot exclude an autonomy of {percent(row.low)} %."
        return f"It never needed help in {driven}.{bound}"
    count = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
    drives = sum(row.interventions > 0 for row in results.episodes)
    return (
        f"It needed help {count} in {driven}, in {drives} of {len(results.episodes)} drives: more than 1 m off its "
        "lane's centre, off the road, in contact, or stalled."
    )


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
    return f"Of {len(results.episodes)} drives, {driven} in all, {_listed(told)}."


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


def difference_text(row: ComparisonRow) -> str:
    """A difference with its sign; of shares in percentage points."""
    return f"{_signed(row.difference, row.unit)} {'points' if row.unit == '1' else unit_label(row.unit)}"


def difference_interval(row: ComparisonRow) -> str:
    """The interval of a difference, or nothing where there is none."""
    if row.low is None or row.high is None:
        return ""
    return f"{_signed(row.low, row.unit)} to {_signed(row.high, row.unit)}"


def _signed(value: float | None, unit: str) -> str:
    text = number(value, unit)
    return f"+{text}" if value is not None and value > 0 else text


def p_text(value: float | None) -> str:
    """A p-value as readers expect it."""
    if value is None:
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _duration(hours: float) -> str:
    minutes = round(60.0 * hours)
    return f"{60.0 * hours:.1f} min" if minutes < 10 else f"{minutes} min" if minutes < 120 else f"{hours:.1f} h"


def compared(rival: Rival, name: str) -> str:
    """What comparing with a rival has shown, in a sentence."""
    better = [row.metric.replace("_", " ") for row in rival.comparison if row.better == name]
    worse = [row.metric.replace("_", " ") for row in rival.comparison if row.better not in (name, None)]
    unknown = [row.metric.replace("_", " ") for row in rival.comparison if row.better is None]
    said = []
    if better:
        said.append(f"{name} is shown to be better on {_listed(better)}")
    if worse:
        said.append(f"{rival.driver.name} is shown to be better on {_listed(worse)}")
    if unknown:
        said.append(f"on {_listed(unknown)} no difference can be shown with these {len(rival.episodes)} drives")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _listed(items: Sequence[str], last: str = "and") -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def arrow(metric: str) -> str:
    """Which way is better."""
    return "↑" if METRICS[metric].better == "higher" else "↓"
