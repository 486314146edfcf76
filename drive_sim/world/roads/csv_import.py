"""Real roads from files: centre-line CSV as race-track databases publish it.

Three dialects, told apart by their header and separator: TUM (``# x_m,y_m,w_tr_right_m,w_tr_left_m``), F1TENTH (the
same columns after ``, ``) and race lines (``# s_m; x_m; y_m; psi_rad; ...``), which have no widths. Two or four
columns without a header are read as x, y and the widths to the right and left.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from drive_sim.base.errors import InputError
from drive_sim.base.text import printable, read_text, user_path
from drive_sim.compute.randomness import key
from drive_sim.world.roads.centre_line import CentreLine, chord_lengths, crossing, fit_centre_line
from drive_sim.world.roads.grid import GRID_BAND, GRID_CELL
from drive_sim.world.roads.road import STYLE_DASHED, STYLE_SOLID, Boundary, Floats, Road

ROAD_CLASS = "track"
"""Class of every imported road."""
SPEED_LIMIT = 100.0 / 3.6
"""Of an imported road [m/s]: its files give none."""
WIDEST_LANE = 3.75
NARROWEST_LANE = 2.2
EDGE_MARGIN = 0.25
"""Paved strip beside the lane where the road is narrowest [m]."""
NARROWEST_SIDE = NARROWEST_LANE + EDGE_MARGIN
"""Of the pavement on either side of the line [m]."""
SHORTEST_LAP = 600.0
"""Without widths to judge by, a closed line shorter than this is that of a model track [m]."""
MODEL_SCALE = "multiply every column by 10 if it is a 1:10 model track"
FAR_AWAY, ORIGIN_GRID = 20e3, 1000.0
"""Coordinates beyond the first, as map grids have them, are counted from a local origin on a grid of the second [m]."""
DEFAULT_HALF_WIDTH = 4.0
"""Of a line without widths [m]."""
WIDEST_SIDE = 50.0
"""Of the pavement beside the line [m]: the grid knows the road this far, and a little more."""
SMALLEST_RADIUS = 4.0
"""Below this no car follows the line [m]."""
SHORTEST = 50.0
"""Length of the shortest road [m]."""
FEWEST_POINTS = 10
_MOST_CELLS = 60_000_000
_FURTHEST = 1e8
"""Of any coordinate [m]; map grids reach 1e7."""
_QUOTES = "\"'"
_AROUND = f"# \t{_QUOTES}"
"""What may stand around a cell; spreadsheets put names in quotes."""
_REPEATED = 1e-3
"""Points nearer to each other are one and the same [m]."""
_COLUMNS = ("x_m", "y_m", "w_tr_right_m", "w_tr_left_m")
_POINTS = "write one line a point: x_m,y_m,w_tr_right_m,w_tr_left_m in metres"


class _Survey(NamedTuple):
    """What a file says; N points."""

    points: Floats  # (N, 2) [m]
    right: Floats  # (N) [m]
    left: Floats  # (N) [m]
    has_widths: bool
    lines: list[int]  # of the file, counted from 1


def load_road(path: str | Path) -> Road:
    """The road of a centre-line CSV, driven in the order of its points.

    It is closed if its last point is about as far from the first as neighbouring points are from each other. One
    lane in each direction, as wide as the narrowest place allows and at most 3.75 m; the pavement follows the file.
    Coordinates as large as those of UTM are counted from a local origin on whole kilometres, as a GNSS reading is.

    Raises
    ------
    InputError
        For whatever is not such a road; names the file, the line or column, and a hint.
    """
    path = user_path(path)
    survey = _read(path)
    survey, closed = _close(path, survey)
    _check_scale(path, survey, closed)
    survey = survey._replace(points=survey.points - _local_origin(survey.points))
    _check_points(path, survey, closed)
    line = fit_centre_line(survey.points, closed)
    _check_line(path, survey, line, closed)
    chord = chord_lengths(survey.points, closed)
    lane_width = _lane_width(path, survey)
    width = 0.15
    return Road(
        name=printable(path.stem),
        road_class=ROAD_CLASS,
        closed=closed,
        step=line.step,
        x=line.x,
        y=line.y,
        heading=line.heading,
        curvature=line.curvature,
        paved_left=_along(line, chord, survey.left, closed),
        paved_right=_along(line, chord, survey.right, closed),
        lane_width=lane_width,
        lanes_forward=1,
        lanes_backward=1,
        speed_limit=SPEED_LIMIT,
        boundaries=(
            Boundary(lane_width, STYLE_SOLID, width=width),
            Boundary(0.0, STYLE_DASHED, width=width),
            Boundary(-lane_width, STYLE_SOLID, width=width),
        ),
        seed=key("imported road", printable(path.stem)),
    )


def _lane_width(path: Path, survey: _Survey) -> float:
    half = np.minimum(survey.right, survey.left)
    narrow = int(np.argmin(half))
    lane_width = min(WIDEST_LANE, float(half[narrow]) - EDGE_MARGIN)
    if lane_width < NARROWEST_LANE:
        raise InputError(
            path,
            f"line {survey.lines[narrow]}",
            f"the road is {half[narrow]:.2f} m wide on one side, too narrow for a lane",
            f"widen it to at least {NARROWEST_SIDE:.2f} m on either side",
        )
    return math.floor(lane_width * 100.0) / 100.0


def _along(line: CentreLine, chord: Floats, values: Floats, closed: bool) -> Floats:
    if closed:
        values = np.append(values, values[0])
    return np.interp(line.chord, chord, values)


def _read(path: Path) -> _Survey:
    text = _read_text(path)
    columns: dict[str, int] | None = None
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        separator = ";" if ";" in line else ","
        cells = [cell.strip(_AROUND) for cell in line.lstrip(_AROUND).split(separator)]
        named = any(name in cells for name in _COLUMNS)
        if named and not rows:
            columns = _columns_of(path, number, cells)
            continue
        if line.lstrip(_QUOTES).startswith("#"):
            continue
        if columns is None:
            columns = _columns_by_count(path, number, cells)
        rows.append(_numbers(path, number, cells, columns))
        lines.append(number)
    if not rows or columns is None:
        raise InputError(path, "", "holds no points", _POINTS)
    table = np.array(rows)
    has_widths = "w_tr_right_m" in columns
    if has_widths:
        right, left = table[:, 2], table[:, 3]
    else:
        right = left = np.full(len(table), DEFAULT_HALF_WIDTH)
    return _Survey(table[:, :2], right, left, has_widths, lines)


def _read_text(path: Path) -> str:
    if path.is_file() and path.suffix.lower() != ".csv":
        problem = f"is not a CSV file but {path.suffix or 'without extension'}"
        raise InputError(path, "", problem, "name a .csv file")
    text = read_text(path)
    if not text.strip():
        raise InputError(path, "", "is empty", _POINTS)
    return text


def _columns_of(path: Path, number: int, cells: list[str]) -> dict[str, int]:
    wanted = list(_COLUMNS[:2])
    if any(name in cells for name in _COLUMNS[2:]):
        wanted += _COLUMNS[2:]
    for name in wanted:
        if name not in cells:
            raise InputError(path, f"line {number}", f"the header has no column {name}", f"add it beside {cells[0]}")
        if cells.count(name) > 1:
            raise InputError(path, f"line {number}", f"the header names {name} twice", "rename one of the columns")
    return {name: cells.index(name) for name in wanted}


def _columns_by_count(path: Path, number: int, cells: list[str]) -> dict[str, int]:
    if len(cells) not in (2, 4):
        raise InputError(
            path, f"line {number}", f"has {len(cells)} columns and no header that names x_m and y_m", _POINTS
        )
    return {name: index for index, name in enumerate(_COLUMNS[: len(cells)])}


def _numbers(path: Path, number: int, cells: list[str], columns: dict[str, int]) -> list[float]:
    values = []
    for name, index in columns.items():
        where = f"line {number}, column {name}"
        if index >= len(cells) or not cells[index]:
            raise InputError(path, where, "is missing", "give every point all columns")
        try:
            value = float(cells[index])
        except ValueError:
            raise InputError(path, where, f"{cells[index][:40]!r} is not a number", "write it as 12.5") from None
        if not math.isfinite(value):
            raise InputError(path, where, f"{cells[index]!r} is not finite", "give a number in metres")
        if abs(value) > _FURTHEST:
            raise InputError(path, where, f"{cells[index][:40]!r} is too large", "give a number in metres")
        if name.startswith("w_tr") and value <= 0.0:
            raise InputError(path, where, f"the width is {value:g} m", "give a positive width in metres")
        if name.startswith("w_tr") and value > WIDEST_SIDE:
            raise InputError(path, where, f"the width is {value:g} m", f"give metres, at most {WIDEST_SIDE:.0f}")
        values.append(value)
    return values


def _close(path: Path, survey: _Survey) -> tuple[_Survey, bool]:
    """Whether the road is closed, and the survey without a repeated first point at its end."""
    points = survey.points
    if len(points) < FEWEST_POINTS:
        raise InputError(path, "", f"holds {len(points)} points", f"give at least {FEWEST_POINTS}")
    spacing = float(np.median(np.hypot(*np.diff(points, axis=0).T)))
    gap = float(np.hypot(*(points[-1] - points[0])))
    if gap <= _REPEATED:
        whole = _Survey(points[:-1], survey.right[:-1], survey.left[:-1], survey.has_widths, survey.lines[:-1])
        return whole, True
    return survey, gap <= 3.0 * spacing


def _check_scale(path: Path, survey: _Survey, closed: bool) -> None:
    """InputError for a model track: its scale explains whatever else does not fit."""
    if survey.has_widths:
        widest = float(np.max(np.minimum(survey.right, survey.left)))
        if widest < NARROWEST_SIDE:
            problem = f"the road is at most {widest:.3g} m wide on both sides, too narrow for a lane everywhere"
            hint = f"{MODEL_SCALE}, or widen it to at least {NARROWEST_SIDE:.2f} m on either side"
            raise InputError(path, "", problem, hint)
    elif closed:
        length = float(chord_lengths(survey.points, closed)[-1])
        if length < SHORTEST_LAP:
            problem = f"a lap of {length:.3g} m without widths is that of a model track"
            raise InputError(path, "", problem, f"{MODEL_SCALE}, or add w_tr_right_m and w_tr_left_m")


def _local_origin(points: Floats) -> Floats:
    """(2) what to subtract from coordinates [m], so that sensors in single precision tell centimetres apart."""
    if np.abs(points).max() <= FAR_AWAY:
        return np.zeros(2)
    return np.asarray(ORIGIN_GRID * np.floor(points.min(axis=0) / ORIGIN_GRID))


def _check_points(path: Path, survey: _Survey, closed: bool) -> None:
    gaps = np.diff(chord_lengths(survey.points, closed))
    close = int(np.argmin(gaps))
    if gaps[close] <= _REPEATED:
        after = survey.lines[(close + 1) % len(survey.lines)]
        raise InputError(path, f"line {after}", "repeats the point before it", "delete the line")
    jumps = np.flatnonzero(gaps > max(50.0, 20.0 * float(np.median(gaps))))
    if len(jumps):
        after = survey.lines[(int(jumps[0]) + 1) % len(survey.lines)]
        problem = f"lies {gaps[jumps[0]]:.0f} m from the point before it"
        raise InputError(path, f"line {after}", problem, "fill the gap or mend the point")
    length = float(gaps.sum())
    if length < SHORTEST:
        raise InputError(
            path, "", f"the road is {length:.3g} m long", f"give metres, and at least {SHORTEST:.0f} of them"
        )
    span = np.ptp(survey.points, axis=0) + 2.0 * GRID_BAND
    if span.prod() / GRID_CELL**2 > _MOST_CELLS:
        raise InputError(
            path,
            "",
            f"the road spans {span[0] / 1e3:.0f} km x {span[1] / 1e3:.0f} km",
            "give metres, or cut it up",
        )


def _check_line(path: Path, survey: _Survey, line: CentreLine, closed: bool) -> None:
    chord = chord_lengths(survey.points, closed)

    def line_number(element: int) -> int:
        return survey.lines[int(np.searchsorted(chord, line.chord[element], side="right") - 1)]

    tight = int(np.argmax(np.abs(line.curvature)))
    radius = 1.0 / max(abs(float(line.curvature[tight])), 1e-9)
    if radius < SMALLEST_RADIUS:
        raise InputError(
            path,
            f"line {line_number(tight)}",
            f"the line turns with a radius of {radius:.1f} m",
            f"smooth it until no radius is below {SMALLEST_RADIUS:.0f} m",
        )
    crossed = crossing(line, closed)
    if crossed is not None:
        raise InputError(
            path,
            f"line {line_number(crossed[0])}",
            f"the road crosses itself at line {line_number(crossed[1])}",
            "cut it into roads that do not cross",
        )
