"""Words of a comparison of two drivers: which is shown to be better, on what, and what cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence

from drive_sim.evaluation.report.words import DASH, counted, in_words, listed, number, unit_label, with_unit
from drive_sim.evaluation.result_rows import ComparedDriver, ComparisonRow
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.statistics.comparison import PairedOutcomes
from drive_sim.evaluation.statistics.intervals import LEVEL


def standing(results: Results) -> str:
    """What comparing with each baseline on the same episodes has shown; empty without any."""
    rows = [(in_words(other.driver), other.comparison) for other in results.baselines]
    return _shown(
        [(name, _better(row, results.driver.name)) for name, row in rows if row is not None],
        better=f"{results.driver.name} is shown to be better than",
        worse=f"{results.driver.name} is shown to be worse than",
        unknown="with these episodes no difference can be shown to",
    )


def _better(row: ComparisonRow, name: str) -> bool | None:
    """Whether the driver of that name was shown to be the better; None where nothing could be shown."""
    return None if row.better is None else row.better == name


def _shown(found: Sequence[tuple[str, bool | None]], better: str, worse: str, unknown: str) -> str:
    """A sentence of what was shown of each: to be better (true), worse, or nothing (None); empty without any.

    The words for each stand before the names that they are about.
    """
    said = []
    for words, verdict, last in ((better, True, "and"), (worse, False, "and"), (unknown, None, "or")):
        names = [name for name, is_better in found if is_better is verdict]
        if names:
            said.append(f"{words} {listed(names, last)}")
    return f"{_capital('; '.join(said))}." if said else ""


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


def compared(other: ComparedDriver, name: str) -> str:
    """What comparing with another driver has shown, in a sentence."""
    return _shown(
        [(row.metric.replace("_", " "), _better(row, name)) for row in other.comparison],
        better=f"{name} is shown to be better on",
        worse=f"{other.driver.name} is shown to be better on",
        unknown=f"with these {len(other.episodes)} episodes no difference can be shown on",
    )


def outcomes_verdict(paired: PairedOutcomes, name: str, other: str) -> str:
    """Which of two drivers gets through more episodes, in a sentence."""
    if paired.only_a == paired.only_b == 0:
        return f"{_capital(name)} and {other} got through the same {paired.both} of {counted(paired.count, 'episode')}."
    told = (
        f"{name} got through {paired.only_a or 'none'} in which {other} failed, {other} through "
        f"{paired.only_b or 'none'} in which {name} failed "
        f"({p_words(paired.p_value)}, McNemar, exact)"
    )
    if paired.p_value < 1.0 - LEVEL:
        better = name if paired.only_a > paired.only_b else other
        return f"{_capital(better)} is shown to get through more episodes: of {paired.count}, {told}."
    return f"Which of the two gets through more episodes cannot be shown with these {paired.count}: {told}."


def metric_sentence(row: ComparisonRow, name: str, other: str) -> str:
    """What comparing has shown on one metric, with numbers as people read them."""
    metric = row.metric.replace("_", " ")
    interval = f" ({difference_interval(row)})" if difference_interval(row) else ""
    numbers = (
        f"{name} {with_unit(row.a, row.unit)}, {other} {with_unit(row.b, row.unit)}, difference {difference_text(row)}"
        f"{interval}, {p_words(row.p_adjusted)}"
    )
    if row.better is None:
        return f"On {metric} no difference can be shown with these {row.episodes} episodes: {numbers}."
    worse = other if row.better == name else name
    return f"{_capital(row.better)} is better than {worse} on {metric}: {numbers}."


def p_words(value: float | None) -> str:
    """A p-value in a sentence."""
    shown = p_text(value)
    return "p unknown" if value is None else f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
