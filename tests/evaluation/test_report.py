"""The page: words first, honest numbers, everything inside one file."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drive_sim.drivers.driver import make_driver
from drive_sim.evaluation import harness, report_maps, report_tables, report_words
from drive_sim.evaluation.estimates import score_episode
from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.replays import CameraCrew, replay, worst_first, worst_of_each_kind
from drive_sim.evaluation.results import DriverFacts, EstimateRow, Results, load_results
from drive_sim.evaluation.suites import draw_suite, load_suite
from drive_sim.evaluation.trace import MOST_POINTS, moment_of, trace_of
from drive_sim.world.state import (
    EVENT_COLLISION_VEHICLE,
    EVENT_FINISH,
    EVENT_OFF_CENTRE,
    EVENT_OFF_ROAD,
    EVENT_TIME_OUT,
)

EPISODES = 3
VOID = {"meta", "link", "br", "img", "path", "circle", "use", "hr", "rect", "line", "input"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of driving straight ahead, compared with the expert, one drive filmed."""
    with pytest.MonkeyPatch.context() as patch:
        short = load_suite("lane-keeping").model_copy(update={"seconds": 9.0, "yardsticks": ("expert",)})
        patch.setattr(harness, "load_suite", lambda name: short)
        patch.setattr("drive_sim.evaluation.report.FILMED", 1)
        output = tmp_path_factory.mktemp("evaluation")
        evaluate("straight", "lane-keeping", output, episodes=EPISODES, against=["human-model"])
    return output


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return load_results(folder)


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Collects the words, and every address that a browser would follow; checks that what opens closes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "poster", "xlink:href")]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def reader(page: str) -> Reader:
    return Reader(page)


def test_the_page_asks_nobody_for_anything(page: str, reader: Reader) -> None:
    assert all(address.startswith(("data:", "#")) for address in reader.addresses)
    assert not re.search(r"https?://|@import|url\((?!#)", page)


def test_the_page_is_one_file_of_moderate_size(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"report.html", "results.json"}
    assert (folder / "report.html").stat().st_size < 4e6


def test_the_verdict_comes_before_any_table_and_says_what_results_say(page: str, results: Results) -> None:
    autonomy = results.metrics["autonomy"]
    assert autonomy.estimate is not None
    assert -1.0 < autonomy.estimate < 1.0
    verdict = page.index(f"{report_words.percent(autonomy.estimate)} %")
    assert verdict < page.index("<table")
    assert f"in {EPISODES} drives on roads it never saw" in page


def test_every_metric_that_applies_is_shown_with_its_formula(page: str, results: Results) -> None:
    from markupsafe import escape

    for name in results.metrics:
        assert f"{name.replace('_', ' ')} <span" in page
        assert str(escape(METRICS[name].formula)) in page


def test_yardsticks_and_rivals_stand_beside_and_who_sees_the_truth_is_labelled(reader: Reader) -> None:
    assert "expert sees the truth 3 drives" in reader.text
    assert "straight against human-model" in reader.text
    assert "straight sees the truth" not in reader.text


def test_every_drive_has_its_map_and_the_worst_its_plots(page: str) -> None:
    assert page.count('<svg class="map"') == EPISODES + 1
    assert page.count('<svg class="plot"') == 1


def test_the_colours_follow_the_reader_s_scheme(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    plots = page[page.index('<svg class="plot"') :]
    plots = plots[: plots.index("</svg>")]
    assert "var(--one)" in plots
    assert not re.search(r"#[0-9a-f]{6}\b(?!\")", re.sub(r'(href|id|clip-path)="[^"]*"', "", plots))


def test_the_film_inside_the_page_plays_up_to_the_moment_and_beyond(page: str) -> None:
    av = pytest.importorskip("av")
    found = re.search(r"data:video/mp4;base64,([A-Za-z0-9+/=]+)", page)
    assert found
    with av.open(io.BytesIO(base64.b64decode(found[1]))) as container:
        frames = sum(1 for _ in container.decode(container.streams.video[0]))
    start = float(re.search(r'data-start="([\d.]+)"', page)[1])
    moment = float(re.search(r'<p class="moment">[^<]* at ([\d.]+) s', page)[1])
    assert start < moment < start + frames / 20.0


def test_the_page_says_how_to_get_the_same_numbers_again(reader: Reader) -> None:
    command = (
        "drive-sim evaluate straight --suite lane-keeping --episodes 3 --seed 0 --against human-model --output DIR"
    )
    assert command in reader.text
    assert re.search(r"load_scenario\('lane-keeping/\w+', 'test'\)\.draw\(0\)", reader.text)


def test_no_standard_is_claimed_to_be_met(reader: Reader) -> None:
    assert not re.search(r"\bcompliant|certified|conforms", reader.text, re.I)
    assert "it says nothing about a real car" in reader.text


def test_what_drivers_are_called_cannot_break_the_page(folder: Path, results: Results) -> None:
    nasty = DriverFacts(name="<b>&net", given="x", hash=None, privileged=False, controller="model")
    words = report_words.verdict(results.model_copy(update={"driver": nasty}), load_suite("lane-keeping"))
    assert "<b>" not in words  # the verdict names nobody
    import jinja2

    from drive_sim.evaluation.report import TEMPLATES

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    assert "&lt;b&gt;&amp;net" in environment.from_string("{{ name }}").render(name=nasty.name)


def test_a_drive_again_is_the_same_drive_and_is_filmed_around_its_moment() -> None:
    pytest.importorskip("pygame")
    suite = load_suite("lane-keeping").model_copy(update={"seconds": 9.0})
    episodes = draw_suite(suite, 2)
    from drive_sim.evaluation.drives import Conditions, Drives, drive

    driver = make_driver("straight")
    facts = DriverFacts(name="straight", given="straight", hash=None, privileged=False, controller="classical")
    drives = Drives(facts)
    drive(drives, driver, episodes, Conditions("put_back", "cpu", 2), lambda *_: None, keep_traces=True)
    moments = [trace.moment for trace in drives.traces]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drive_sim.evaluation.replays.encode", lambda frames, rate: b"%d" % len(list(frames)))
        again = replay(lambda _: driver, episodes, drives.scores, moments, [1], "put_back", "cpu", lambda *_: None)[0]
    assert again.same
    assert again.log.distance == drives.scores[1].distance
    assert moment_of(again.log) == moments[1]
    assert again.film.clip is not None
    assert again.film.start <= moments[1].time


def test_without_pygame_the_page_goes_without_films(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    from drive_sim.evaluation.replays import make_crew

    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith(("pygame", "drive_sim.top_down")):
            raise ModuleNotFoundError("No module named 'pygame'", name="pygame")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert make_crew(None, None, None) is None  # type: ignore[arg-type]
    assert CameraCrew is not None


# Moments and traces.


def test_the_moment_is_the_first_failure(make_log) -> None:
    log = make_log(50, events={20: EVENT_OFF_CENTRE, 40: EVENT_COLLISION_VEHICLE}, interventions=[0] * 20 + [1] * 30)
    moment = moment_of(log)
    assert (moment.step, moment.failed) == (20, True)
    assert moment.what == "more than 1 m off the lane's centre"
    assert moment.time == pytest.approx(log.time[20])


def test_a_collision_names_the_moment_before_the_kerb_it_ended_at(make_log) -> None:
    log = make_log(30, events={29: EVENT_COLLISION_VEHICLE | EVENT_OFF_ROAD})
    assert moment_of(log).what == "collision with a vehicle"


def test_a_faultless_drive_shows_its_closest_call_or_else_its_largest_error(make_log) -> None:
    gap = np.full(30, 1e6)
    d = np.zeros(30)
    d[12] = -0.4
    assert moment_of(make_log(30, gap=gap, d=d)).what == "0.40 m right of the lane's centre"
    gap[7] = 0.8
    calm = moment_of(make_log(30, gap=gap, d=d))
    assert (calm.step, calm.what, calm.failed) == (7, "0.80 m to another road user", False)


def test_a_trace_is_short_and_keeps_the_largest_error(make_log) -> None:
    d = np.zeros(5000)
    d[1234] = 0.93
    trace = trace_of(make_log(5000, d=d))
    assert len(trace.x) <= MOST_POINTS + 1
    assert trace.lateral_error.max() == 0.93
    assert not len(trace.failures)


def test_a_put_back_breaks_the_line_and_marks_where_the_car_failed(make_log) -> None:
    x = np.concatenate([np.arange(0.0, 20.0), np.arange(100.0, 120.0)])
    trace = trace_of(make_log(40, x=x, interventions=[0] * 20 + [1] * 20))
    assert np.flatnonzero(~trace.connected).tolist() == [20]
    assert trace.failures[:, 0].tolist() == [19.0]


def test_the_map_colours_the_way_by_its_error() -> None:
    suite = load_suite("lane-keeping")
    episode = draw_suite(suite, 1)[0]
    s = np.linspace(episode.start_s, episode.start_s + 200.0, 60)
    centre = episode.road.lane_centre(episode.lane)
    xy = np.array([episode.road.point(float(at), centre)[:2] for at in s])
    from drive_sim.evaluation.trace import Moment, Trace

    error = np.repeat([0.1, 0.3, 0.7], 20)
    none = np.empty((0, 2))
    trace = Trace(xy[:, 0], xy[:, 1], error, np.ones(60, bool), none, Moment(0, 0.0, 0.0, "", False))
    svg = report_maps.map_svg(trace, episode, "a map")
    assert [f'class="e{k}"' in svg for k in range(4)] == [True, True, True, False]
    assert 'class="fail"' not in svg
    failing = Trace(xy[:, 0], xy[:, 1], error, np.ones(60, bool), xy[-1:], Moment(0, 0.0, 0.0, "", False))
    assert report_maps.map_svg(failing, episode, "a map").count('class="fail"') == 1


# Which drives are worst.


def scored(make_log, **arrays: Any) -> Any:
    return score_episode(make_log(100, **arrays))


def test_what_failed_comes_before_what_merely_swayed(make_log) -> None:
    fine = scored(make_log, events={99: EVENT_FINISH})
    swaying = scored(make_log, events={99: EVENT_FINISH}, d=np.linspace(0.0, 0.9, 100))
    helped = scored(make_log, events={50: EVENT_OFF_CENTRE, 99: EVENT_TIME_OUT}, interventions=[0] * 50 + [1] * 50)
    twice = scored(make_log, events={99: EVENT_TIME_OUT}, interventions=[0] * 30 + [1] * 30 + [2] * 40)
    assert worst_first([fine, swaying, helped, twice], "autonomy") == [3, 2, 1, 0]


def test_a_collision_comes_before_leaving_the_road(make_log) -> None:
    off, crash = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE))
    assert worst_first([off, crash], "collision_free_passes") == [1, 0]


def test_among_faultless_drives_the_closest_call_is_worst_and_one_that_met_nobody_is_not(make_log) -> None:
    gap = np.full((3, 100), 1e6)
    gap[1, 50], gap[2, 50] = 2.0, 0.3
    scores = [scored(make_log, events={99: EVENT_FINISH}, gap=one) for one in gap]
    assert worst_first(scores, "collision_free_passes") == [2, 1, 0]


def test_films_show_one_of_each_kind_before_a_second(make_log) -> None:
    off, crash = (scored(make_log, events={99: event}) for event in (EVENT_OFF_ROAD, EVENT_COLLISION_VEHICLE))
    scores = [crash, crash, crash, off]
    order = worst_first(scores, "collision_free_passes")
    assert worst_of_each_kind(scores, order, 2) == [0, 3]
    assert worst_of_each_kind(scores, order, 3) == [0, 1, 3]
    assert worst_of_each_kind(scores, order, 9) == order


# Words and numbers.


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.987, "98.7"), (1.0, "100"), (0.9999, "99.99"), (0.99951, "99.95"), (0.0, "0"), (0.0002, "0.02"), (-0.4, "−40")],
)
def test_a_share_is_never_rounded_to_certainty(share: float, shown: str) -> None:
    assert report_words.percent(share) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(0.21345, "m", "0.213"), (12.34, "km", "12.3"), (1234.5, "m", "1 234"), (None, "m", "–"), (-0.05, "m", "−0.0500")],
)
def test_other_numbers_have_three_digits(value: float | None, unit: str, shown: str) -> None:
    assert report_words.number(value, unit).replace("\u202f", " ") == shown


def row(
    estimate: float | None, low: float | None, high: float | None, unit: str = "1", basis: float = 50.0
) -> EstimateRow:
    return EstimateRow(estimate=estimate, low=low, high=high, unit=unit, episodes=50, basis=basis)


def test_without_an_intervention_only_a_bound_is_claimed() -> None:
    assert report_words.estimate_text(row(None, 1.58, None, "km")) == "> 1.58"
    assert report_words.interval_text(row(None, 1.58, None, "km")) == ""


def test_the_verdict_on_obstacles_counts_encounters(results: Results) -> None:
    passes = {"collision_free_passes": row(0.85, 0.79, 0.894, basis=200.0)}
    words = report_words.verdict(results.model_copy(update={"metrics": passes}), load_suite("obstacle-avoidance"))
    assert words.startswith("Got past 170 of 200 encounters without contact: 85 % (95 % interval 79 to 89.4 %)")


def test_a_negative_autonomy_is_put_into_words(results: Results) -> None:
    metrics = {"autonomy": row(-0.2, -0.5, 0.1)}
    words = report_words.verdict(results.model_copy(update={"metrics": metrics}), load_suite("lane-keeping"))
    assert words.startswith("Needed help more often than every 6 s: autonomy −20 % (95 % interval −50 to 10 %)")


def test_without_anything_to_say_the_verdict_says_so(results: Results) -> None:
    words = report_words.verdict(results.model_copy(update={"metrics": {}}), load_suite("obstacle-avoidance"))
    assert words == "Nothing in these 3 drives says anything about collision_free_passes."


def test_no_collision_is_not_sold_as_none_ever(results: Results) -> None:
    clean = results.model_copy(update={"metrics": {"collisions_per_km": row(0.0, 0.0, 0.16, "1/km")}})
    said = " ".join(report_words.findings(clean, load_suite("lane-keeping")))
    assert "less often than 0.160 times per km (95 % confidence)" in said


def test_the_heat_map_pools_drives_and_leaves_empty_cells_empty(make_log) -> None:
    def drive(road_class: str, weather: str, interventions: int) -> Any:
        counts = [0] * 50 + [interventions] * 50
        return scored(make_log, interventions=counts, facts={"road_class": road_class, "weather": weather})

    scores = [drive("rural", "dry", 0), drive("rural", "dry", 1), drive("urban", "rain", 0)]
    heat = report_tables.heat_map(scores, "autonomy")
    assert heat is not None
    assert (heat.rows, heat.columns) == (["rural", "urban"], ["dry", "rain"])
    pooled = 1.0 - 6.0 / (2 * 10.0)
    assert heat.cells[0][0] == report_tables.HeatCell(report_words.percent(pooled), pytest.approx(0.6), 2)
    assert heat.cells[0][1] is None
    assert heat.cells[1][1].shade == 0.0
    assert report_tables.heat_map(scores[:1], "autonomy") is None
