"""The page: words first, honest numbers, everything inside one file."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from drive_sim.evaluation.harness import evaluate
from drive_sim.evaluation.metrics import METRICS
from drive_sim.evaluation.report import words as report_words
from drive_sim.evaluation.result_facts import DriverFacts
from drive_sim.evaluation.results import Results
from drive_sim.evaluation.running.replays import arrived
from drive_sim.evaluation.suites.suite import load_suite

EPISODES = 3
VOID = {"meta", "link", "br", "img", "path", "circle", "use", "hr", "rect", "line", "input"}


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


def test_the_page_requests_nothing(page: str, reader: Reader) -> None:
    assert all(
        address.startswith(("data:", "#")) or address == "report-vs-human-model.html" for address in reader.addresses
    )
    assert not re.search(r"https?://|@import|url\((?!#)", page)


def test_each_page_is_one_file_of_moderate_size(report_folder: Path) -> None:
    assert {path.name for path in report_folder.iterdir()} == {
        "report.html",
        "report-vs-human-model.html",
        "results.json",
    }
    assert (report_folder / "report.html").stat().st_size < 4e6


def test_the_verdict_comes_before_any_table_and_says_what_results_say(page: str, results: Results) -> None:
    autonomy = results.metrics["autonomy"]
    assert autonomy.estimate is not None
    assert -1.0 < autonomy.estimate < 1.0
    verdict = page.index(f"{report_words.percent(autonomy.estimate)} %")
    assert verdict < page.index("<table")
    assert f"in {EPISODES} episodes on roads it never saw" in page


def test_every_metric_that_applies_is_shown_with_its_formula(page: str, results: Results) -> None:
    from markupsafe import escape

    for name in results.metrics:
        assert f"{name.replace('_', ' ')} <span" in page
        assert str(escape(METRICS[name].formula)) in page


def test_baselines_and_compared_drivers_are_shown_and_privileged_ones_labelled(reader: Reader) -> None:
    assert "expert sees the truth 3 episodes" in reader.text
    assert "straight against human-model" in reader.text
    assert "straight sees the truth" not in reader.text


def test_every_failure_is_listed_worst_first_with_the_command_that_drives_it_again(
    reader: Reader, results: Results, report_folder: Path
) -> None:
    failed = [index for index, row in enumerate(results.episodes) if not arrived(row)]
    assert failed
    commands = re.findall(rf"drive-sim replay {re.escape(str(report_folder))} (\d+)", reader.text)
    # In the list, and above the video of the one that was captured.
    assert sorted(map(int, commands[: len(failed)])) == failed
    worst = max(failed, key=lambda index: results.episodes[index].interventions)
    assert int(commands[0]) == int(commands[len(failed)]) == worst
    assert f"{len(failed)} of {EPISODES} episodes failed. Each command" in reader.text
    assert "preventable" not in reader.text  # nobody judged these


def test_what_the_drives_cannot_show_stands_in_the_verdict(page: str, reader: Reader) -> None:
    assert page.index("What these episodes cannot show") < page.index("<table")
    assert "nothing here says how a real car would do" in reader.text


def test_every_drive_has_its_map_and_the_worst_its_plots(page: str) -> None:
    assert page.count('<svg class="map"') == EPISODES + 1
    assert page.count('<svg class="plot"') == 1


def test_the_colours_follow_the_reader_s_scheme(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    plots = page[page.index('<svg class="plot"') :]
    plots = plots[: plots.index("</svg>")]
    assert "var(--one)" in plots
    assert not re.search(r"#[0-9a-f]{6}\b(?!\")", re.sub(r'(href|id|clip-path)="[^"]*"', "", plots))


def test_the_video_inside_the_page_plays_up_to_the_moment_and_beyond(page: str) -> None:
    av = pytest.importorskip("av")
    found = re.search(r"data:video/mp4;base64,([A-Za-z0-9+/=]+)", page)
    assert found
    with av.open(io.BytesIO(base64.b64decode(found[1]))) as container:
        frames = sum(1 for _ in container.decode(container.streams.video[0]))
    start = float(re.search(r'data-start="([\d.]+)"', page)[1])
    moment = float(re.search(r'<p class="moment">[^<]* at ([\d.]+) s', page)[1])
    assert start < moment < start + frames / 10.0


def test_every_failure_has_its_video_which_waits_to_be_played(page: str, results: Results) -> None:
    failed = sum(not arrived(row) for row in results.episodes)
    videos = re.findall("<video[^>]*>", page)
    assert len(videos) == failed > 0
    assert all('preload="none"' in video for video in videos)
    assert "Each has its video" in page and "not captured" not in page


@pytest.mark.slow
def test_failures_without_a_video_are_listed_and_say_what_videos_them(tmp_path: Path, page: str) -> None:
    bare = evaluate("straight", "lane-keeping", tmp_path, videos=0, episodes=EPISODES, seconds=9.0, baselines=False)
    text, rows = bare.read_text(encoding="utf-8"), page.count(">video below</a>")
    assert "<video" not in text
    assert text.count("not captured: <code>--videos all</code>") == rows > 0
    assert "None of them are captured below; <code>--videos all</code> videos every one." in text


def test_the_page_says_how_to_get_the_same_numbers_again(reader: Reader) -> None:
    command = (
        "drive-sim evaluate straight --suite lane-keeping --episodes 3 --seed 0 --against human-model --output DIR"
    )
    assert command in reader.text
    assert re.search(r"load_scenario\('lane-keeping/\w+', 'test'\)\.draw\(0\)", reader.text)


def test_no_standard_is_claimed_to_be_met(reader: Reader) -> None:
    assert not re.search(r"\bcompliant|certified|conforms", reader.text, re.I)
    assert "it says nothing about a real car" in reader.text


def test_what_drivers_are_called_cannot_break_the_page(report_folder: Path, results: Results) -> None:
    nasty = DriverFacts(name="<b>&net", given="x", hash=None, privileged=False, controller="model")
    words = report_words.verdict(results.model_copy(update={"driver": nasty}), load_suite("lane-keeping"))
    assert "<b>" not in words  # the verdict names nobody
    import jinja2

    from drive_sim.evaluation.report.page import TEMPLATES

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    assert "&lt;b&gt;&amp;net" in environment.from_string("{{ name }}").render(name=nasty.name)
