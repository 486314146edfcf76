"""Both pages for every reader: with a keyboard, a screen reader, a phone, in the dark, on paper, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drive_sim.evaluation.video import clip as video
from drive_sim.evaluation.video import traces as video_traces

if TYPE_CHECKING:
    from chromium import Browser

PAGES = ("report.html", "report-vs-human-model.html")
PHONE, DESKTOP = 390, 1280


class Outline(HTMLParser):
    """Tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        """Attributes of the tags of these names, in the order of the page."""
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest, report_folder: Path) -> Path:
    return report_folder / request.param


@pytest.fixture
def outline(path: Path) -> Outline:
    return Outline(path.read_text(encoding="utf-8"))


def test_language_viewport_and_schemes_are_told(outline: Outline, path: Path) -> None:
    assert outline.all("html") == [{"lang": "en"}]
    told = {tag.get("name"): tag.get("content") for tag in outline.all("meta")}
    assert told["viewport"] == "width=device-width, initial-scale=1"
    assert told["color-scheme"] == "light dark"
    text = path.read_text(encoding="utf-8")
    # Paper is light, whatever the reader's screen is.
    assert "@media screen and (prefers-color-scheme: dark)" in text
    assert "@media print" in text


def test_headings_go_down_one_level_at_a_time_from_a_single_title(outline: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_head_of_a_table_says_what_it_heads_and_wide_tables_scroll_by_keyboard(outline: Outline) -> None:
    assert all(head.get("scope") in ("col", "row") for head in outline.all("th"))
    scrolling = [tag for tag in outline.all("div") if tag.get("class") == "scroll"]
    assert len(scrolling) == len(outline.all("table")) > 0
    assert all(tag.get("tabindex") == "0" and tag.get("aria-label") for tag in scrolling)


def test_every_image_and_video_has_its_words(outline: Outline) -> None:
    assert all(tag.get("role") == "img" and tag.get("aria-label") for tag in outline.all("svg"))
    assert all(tag.get("aria-label") and "controls" in tag for tag in outline.all("video"))
    assert all(tag.get("alt") for tag in outline.all("img"))


def test_nothing_is_asked_of_any_server(outline: Outline, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|//\w+\.\w|@import|url\((?!#)", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))
    followed = [tag.get(name) or "" for _, tag in outline.tags for name in ("src", "href", "poster") if name in tag]
    assert all(address.startswith(("data:", "#")) or address in PAGES for address in followed)


def test_links_inside_a_page_lead_somewhere(outline: Outline, path: Path) -> None:
    places = {tag["id"] for _, tag in outline.tags if "id" in tag}
    for link in outline.all("a"):
        target = link["href"] or ""
        assert target[1:] in places if target.startswith("#") else (path.parent / target).is_file()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    pytest.importorskip("fcntl", reason="a Chromium is spoken to over Unix pipes")
    from chromium import Browser, chromium

    if chromium() is None:
        pytest.skip("no Chromium: neither chromium, chromium-browser, google-chrome nor chrome is on the path")
    try:
        opened = Browser(tmp_path_factory.mktemp("profile"))
    except (AssertionError, OSError) as error:
        pytest.skip(f"Chromium does not start here: {error}")
    with opened:
        yield opened


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_nothing_sticks_out_and_nothing_is_complained_of(
    browser: Browser, path: Path, width: int, scheme: str
) -> None:
    browser.open(path, width, scheme)
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_in_a_browser_the_controls_of_a_video_lie_below_its_commands(browser: Browser, path: Path, width: int) -> None:
    browser.open(path, width, "light")
    sizes = browser.evaluate(
        "[...document.querySelectorAll('video')].map((video) => [video.clientWidth, video.clientHeight])"
    )
    image = (video.HEIGHT + video_traces.HEIGHT) / video.WIDTH
    assert sizes
    # Chromium's two rows of controls are 72 px high.
    assert all(high - image * wide >= 72.0 for wide, high in sizes)
    assert browser.evaluate("getComputedStyle(document.querySelector('video')).objectPosition") == "50% 0%"


def test_in_a_browser_ink_and_ground_change_sides_in_the_dark(browser: Browser, path: Path) -> None:
    def brightness(property_name: str) -> float:
        colour = browser.evaluate(f"getComputedStyle(document.body).{property_name}")
        return sum(map(float, re.findall(r"[\d.]+", colour)[:3]))

    browser.open(path, DESKTOP, "light")
    assert brightness("color") < brightness("backgroundColor")
    browser.open(path, DESKTOP, "dark")
    assert brightness("color") > brightness("backgroundColor")


def test_in_a_browser_a_complaint_would_be_heard(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<p style='width:900px'>wide</p><script>nothing.there()</script><img src='http://127.0.0.1:9/x'>")
    browser.open(page, PHONE, "light")
    assert browser.evaluate("document.documentElement.scrollWidth") > PHONE
    heard = " ".join(browser.complaints())
    assert "nothing is not defined" in heard
    assert "http://127.0.0.1:9/x" in heard
