"""Real roads from centre-line CSV files, and every way in which such a file can be bad."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from drive_sim.base.errors import InputError
from drive_sim.world.roads.coordinates import arc_point
from drive_sim.world.roads.csv_import import DEFAULT_HALF_WIDTH, load_road
from drive_sim.world.roads.road import STYLE_DASHED, STYLE_SOLID, Road
from tests.data.circuits import CIRCUITS, FOLDER, circuit, circuit_files

HEADER = "# x_m,y_m,w_tr_right_m,w_tr_left_m"


def ellipse(count: int = 160, a: float = 160.0, b: float = 90.0) -> np.ndarray:
    """Points (N, 2) of a closed line driven counter-clockwise; its smallest radius is b² / a."""
    angle = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    return np.stack([a * np.cos(angle), b * np.sin(angle)], axis=1)


def table(points: np.ndarray, right: float = 5.0, left: float = 6.0, separator: str = ",") -> list[str]:
    return [separator.join(f"{value:.6f}" for value in (x, y, right, left)) for x, y in points]


def write(folder: Path, lines: list[str], name: str = "road.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def joints(road: Road) -> tuple[np.ndarray, np.ndarray]:
    """Gap [m] and kink [rad] between each element and the next, round a closed road."""
    x, y = np.array(
        [arc_point(*element, road.step) for element in zip(road.x, road.y, road.heading, road.curvature, strict=True)]
    ).T
    gap = np.hypot(x - np.roll(road.x, -1), y - np.roll(road.y, -1))
    kink = np.roll(road.heading, -1) - road.heading - road.curvature * road.step
    return gap, np.abs((kink + math.pi) % (2.0 * math.pi) - math.pi)


@pytest.fixture(scope="module", params=circuit_files(), ids=lambda path: path.stem)
def track(request: pytest.FixtureRequest) -> tuple[Road, np.ndarray]:
    """A circuit and the rows of its file."""
    return load_road(request.param), np.loadtxt(request.param, delimiter=",")


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_circuits_for_tests_are_those_that_are_made(name: str) -> None:
    np.testing.assert_allclose(np.loadtxt(FOLDER / f"{name}.csv", delimiter=","), circuit(*CIRCUITS[name]), atol=1e-3)


@pytest.mark.slow
def test_a_circuit_closes_and_is_as_long_as_its_points_say(track: tuple[Road, np.ndarray]) -> None:
    road, rows = track
    around = np.concatenate([rows[:, :2], rows[:1, :2]])
    assert road.closed
    assert road.length == pytest.approx(np.hypot(*np.diff(around, axis=0).T).sum(), rel=0.01)
    gap, kink = joints(road)
    assert gap.max() < 1e-3 and kink.max() < 1e-6
    turns = (road.heading[-1] + road.curvature[-1] * road.step - road.heading[0]) / (2.0 * math.pi)
    assert abs(turns) == pytest.approx(1.0, abs=1e-6)


def test_a_circuit_runs_through_its_points_in_their_order(track: tuple[Road, np.ndarray]) -> None:
    road, rows = track
    found = np.array([road.project(x, y) for x, y in rows[:, :2]])
    assert np.abs(found[:, 1]).max() < 0.3
    assert np.sqrt(np.mean(found[:, 1] ** 2)) < 0.02
    steps = np.diff(found[1:-1, 0])
    assert steps.min() > 3.0 and steps.max() < 7.0


def test_the_curves_of_a_circuit_are_those_of_a_race_track(track: tuple[Road, np.ndarray]) -> None:
    road, _ = track
    assert 7.0 < 1.0 / np.abs(road.curvature).max() < 20.0, "its hairpin"
    assert np.percentile(np.abs(road.curvature), 25) < 1.0 / 1000.0, "its straights are straight"


def test_the_pavement_of_a_circuit_follows_its_file(track: tuple[Road, np.ndarray]) -> None:
    road, rows = track
    for x, y, right, left in rows[:: len(rows) // 40]:
        element = int(road.project(x, y)[0] / road.step)
        assert road.paved_right[element] == pytest.approx(right, abs=0.15)
        assert road.paved_left[element] == pytest.approx(left, abs=0.15)
    narrowest = min(rows[:, 2].min(), rows[:, 3].min())
    assert 3.0 < road.lane_width < narrowest
    assert [line.style for line in road.boundaries] == [STYLE_SOLID, STYLE_DASHED, STYLE_SOLID]


def test_noise_in_the_points_does_not_become_curves(tmp_path: Path) -> None:
    """Three centimetres of noise in points five metres apart on a circle of 200 m."""
    angle = np.linspace(0.0, 2.0 * math.pi, 251, endpoint=False)
    points = 200.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    noisy = points + np.random.default_rng(7).normal(0.0, 0.03, points.shape)
    road = load_road(write(tmp_path, [HEADER, *table(noisy)]))
    interpolated = 6.0 * 0.03 / 5.0**2  # what second differences of that noise amount to [1/m]
    assert np.std(road.curvature - 1.0 / 200.0) < 0.25 * interpolated
    assert road.length == pytest.approx(2.0 * math.pi * 200.0, rel=2e-3)


def test_the_road_runs_in_the_direction_of_its_file(tmp_path: Path) -> None:
    left = load_road(write(tmp_path, [HEADER, *table(ellipse())]))
    right = load_road(write(tmp_path, [HEADER, *table(ellipse()[::-1])]))
    assert left.curvature.min() > 0.0 > right.curvature.max()
    assert left.project(*ellipse()[10])[0] == pytest.approx(left.length * 10 / 160, abs=20.0)


def test_all_dialects_give_the_same_road(tmp_path: Path) -> None:
    points = ellipse()
    tum = load_road(write(tmp_path, [HEADER, *table(points, 4.0, 4.0)]))
    assert tum.name == "road"
    spaced = write(tmp_path, [HEADER.replace(",", ", "), *table(points, 4.0, 4.0, ", ")], "f1tenth.csv")
    bare = write(tmp_path, table(points, 4.0, 4.0), "bare.csv")
    marked = tmp_path / "marked.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([HEADER, *table(points, 4.0, 4.0)]).encode())
    repeated = write(tmp_path, [HEADER, *table(np.concatenate([points, points[:1]]), 4.0, 4.0)], "repeated.csv")
    lines = [f"{n * 5.0:.3f}; {x:.6f}; {y:.6f}; 0.0; 0.01; 20.0; 0.0" for n, (x, y) in enumerate(points)]
    names = "# s_m; x_m; y_m; psi_rad; kappa_radpm; vx_mps; ax_mps2"
    race_line = write(tmp_path, ["# 7f3a", "# made for a test", names, *lines], "raceline.csv")
    assert DEFAULT_HALF_WIDTH == 4.0
    for path in (spaced, bare, marked, repeated, race_line):
        road = load_road(path)
        assert road.closed and road.lane_width == tum.lane_width, path
        assert np.allclose(road.x, tum.x) and np.allclose(road.paved_left, tum.paved_left), path


def test_a_line_whose_ends_are_far_apart_stays_open(tmp_path: Path) -> None:
    s = np.arange(0.0, 400.0, 4.0)
    points = np.stack([s, 10.0 * np.sin(s / 60.0)], axis=1)
    road = load_road(write(tmp_path, [HEADER, *table(points)]))
    assert not road.closed
    assert road.length == pytest.approx(np.hypot(*np.diff(points, axis=0).T).sum(), rel=1e-3)
    assert road.point(road.length)[:2] == pytest.approx(points[-1], abs=0.3)


def test_lanes_fit_into_the_narrowest_place(tmp_path: Path) -> None:
    lines = table(ellipse(), 6.0, 6.0)
    assert load_road(write(tmp_path, [HEADER, *lines])).lane_width == 3.75
    lines[40] = ",".join([*lines[40].split(",")[:2], "3.1", "6.0"])
    assert load_road(write(tmp_path, [HEADER, *lines])).lane_width == pytest.approx(2.85)


def changed(line: int, column: int, cell: str) -> Callable[[], list[str]]:
    """The lines of a good file with one cell replaced; ``line`` counts from 1, the header included."""

    def make() -> list[str]:
        lines = [HEADER, *table(ellipse())]
        cells = lines[line - 1].split(",")
        cells[column] = cell
        lines[line - 1] = ",".join(cells)
        return lines

    return make


def good() -> list[str]:
    return [HEADER, *table(ellipse())]


def eight() -> list[str]:
    angle = np.linspace(0.0, 2.0 * math.pi, 200, endpoint=False)
    return [HEADER, *table(np.stack([200.0 * np.sin(angle), 100.0 * np.sin(2.0 * angle)], axis=1))]


def star() -> list[str]:
    """A closed line with a spike that turns back on itself, points half a metre apart."""
    corners = np.array(
        [[0.0, 0.0], [200.0, 0.0], [200.0, 80.0], [101.0, 80.0], [100.0, 20.0], [99.0, 80.0], [0.0, 80.0]]
    )
    sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    points = [np.linspace(a, b, int(np.hypot(*(b - a)) * 2), endpoint=False) for a, b in sides]
    return [HEADER, *table(np.concatenate(points))]


BAD_FILES = {
    "a width that is no number": (changed(9, 2, "wide"), "line 9, column w_tr_right_m: 'wide' is not a number"),
    "a decimal comma": (lambda: [row.replace(",", ";").replace(".", ",") for row in good()[1:]], "line 1, column x_m"),
    "not a number": (changed(3, 0, "nan"), "line 3, column x_m: 'nan' is not finite"),
    "infinity": (changed(4, 1, "-inf"), "line 4, column y_m: '-inf' is not finite"),
    "beyond the earth": (changed(4, 1, "1e300"), "line 4, column y_m: '1e300' is too large"),
    "an empty cell": (changed(12, 3, ""), "line 12, column w_tr_left_m: is missing"),
    "a short line": (lambda: [*good()[:7], "1.0,2.0", *good()[8:]], "line 8, column w_tr_right_m: is missing"),
    "no width": (changed(5, 3, "0.0"), "line 5, column w_tr_left_m: the width is 0 m"),
    "a negative width": (changed(6, 2, "-5.0"), "line 6, column w_tr_right_m: the width is -5 m"),
    "a width in millimetres": (changed(6, 3, "5000"), "line 6, column w_tr_left_m: the width is 5000 m"),
    "too narrow for a lane": (changed(7, 2, "1.1"), "line 7: the road is 1.10 m wide on one side"),
    "one width only": (lambda: ["# x_m,y_m,w_tr_right_m", *good()[1:]], "line 1: the header has no column w_tr_left_m"),
    "a header without y": (lambda: ["# x_m,z_m", *good()[1:]], "line 1: the header has no column y_m"),
    "a column named twice": (lambda: ["# x_m,y_m,x_m", *good()[1:]], "line 1: the header names x_m twice"),
    "three columns without names": (lambda: [row.rsplit(",", 1)[0] for row in good()[1:]], "line 1: has 3 columns"),
    "a header and nothing else": (lambda: [HEADER], "holds no points"),
    "too few points": (lambda: good()[:6], "holds 5 points"),
    "a repeated point": (lambda: [*good()[:20], good()[19], *good()[20:]], "line 21: repeats the point before it"),
    "a point far off": (changed(30, 0, "9000.0"), "line 30: lies"),
    "degrees instead of metres": (lambda: [HEADER, *table(ellipse() * 1e-5)], "repeats the point before it"),
    "kilometres instead of metres": (lambda: [HEADER, *table(ellipse() * 1e-2)], "the road is 8.01 m long"),
    "a 1:10 model": (lambda: [HEADER, *table(ellipse() * 0.1, 1.1, 1.1)], "1.1 m wide on both sides, too narrow for a"),
    "a 1:10 race line": (
        lambda: [row.rsplit(",", 2)[0] for row in table(ellipse() * 0.5)],
        "m without widths is that of a model track; multiply every column by 10",
    ),
    "millimetres instead of metres": (lambda: [HEADER, *table(ellipse(40000) * 1e3)], "the road spans 320 km x 180 km"),
    "a crossing": (eight, "the road crosses itself at line"),
    "a spike": (star, "the line turns with a radius of"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
@pytest.mark.slow
def test_a_bad_file_is_refused_in_one_line_that_says_where(case: str, tmp_path: Path) -> None:
    make, expected = BAD_FILES[case]
    path = write(tmp_path, make())
    with pytest.raises(InputError) as caught:
        load_road(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and expected in message, message
    assert "\n" not in message and "; " in message


def test_a_crossing_is_named_by_its_two_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line (2|201|10[0-3]): the road crosses itself at line (201|10[0-3])"):
        load_road(write(tmp_path, eight()))


def test_names_may_stand_in_quotes(tmp_path: Path) -> None:
    plain = load_road(write(tmp_path, [HEADER, *table(ellipse())]))
    for header in ('"x_m","y_m","w_tr_right_m","w_tr_left_m"', '"# x_m","y_m","w_tr_right_m","w_tr_left_m"'):
        quoted = [header, '"# made by a spreadsheet"', *(f'"{row}"'.replace(",", '","') for row in table(ellipse()))]
        road = load_road(write(tmp_path, quoted, "quoted.csv"))
        np.testing.assert_array_equal(road.x, plain.x)


def test_coordinates_of_a_map_grid_are_counted_from_a_local_origin(tmp_path: Path) -> None:
    near = load_road(write(tmp_path, [HEADER, *table(ellipse() + 500.0)]))
    far = load_road(
        write(tmp_path, [HEADER, *table(ellipse() + 500.0 + np.array([498_000.0, 5_412_000.0]))], "utm.csv")
    )
    assert np.abs([far.x, far.y]).max() < 10e3
    np.testing.assert_allclose(far.x - far.x[0], near.x - near.x[0], atol=1e-4)
    np.testing.assert_allclose(far.curvature, near.curvature, atol=1e-6)


def test_a_file_name_that_is_not_utf8_gives_a_printable_road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    try:
        write(tmp_path, [HEADER, *table(ellipse())], "n\udcfcrburg.csv")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert load_road("~/n\udcfcrburg.csv").name == "n?rburg"


def test_what_is_no_csv_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    (tmp_path / "zeros.csv").write_bytes(b"1,2\0\0\0")
    (tmp_path / "road.xodr").write_text("<OpenDRIVE/>")
    for name, expected in (
        ("folder.csv", "is a folder"),
        ("empty.csv", "is empty"),
        ("image.csv", "is not text"),
        ("zeros.csv", "is not text"),
        ("road.xodr", "is not a CSV file but .xodr"),
        ("missing.csv", "does not exist"),
    ):
        with pytest.raises(InputError, match=expected) as caught:
            load_road(tmp_path / name)
        assert name in str(caught.value)
