"""The table of docs/camera.md that tells what an image costs, from the figures that ``drive-sim bench`` wrote.

``python scripts/camera_cost.py`` writes it anew after docs/benchmarks/cpu-two-cores.json has been measured again;
tests/sensors/camera/test_cost.py tells when that is due.
"""

from __future__ import annotations

import json
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, FIGURES = DOCS / "camera.md", DOCS / "benchmarks" / "cpu-two-cores.json"
COLUMNS = (
    ("weather, 66×200", "µs an image", r"camera\.([a-z-]+)", ("truth",)),
    ("pixels", "µs an image", r"pixels\.(\d+x\d+)", ()),
    ("road users, 66×200", "µs a step", r"actors\.(\d+)", ()),
    ("worlds, 66×200, all threads", "µs a step and world", r"worlds_camera\.(\d+)", ()),
)
"""Heading of what varies, heading of its cost, its keys among the figures, and which of those not to show."""


def costs(figures: dict[str, Any], keys: str, but: tuple[str, ...]) -> list[tuple[str, str]]:
    """(what varies, processor time [µs]) of the figures whose keys match."""
    found = [(re.fullmatch(keys, key), figure) for key, figure in figures.items()]
    return [
        (match[1].replace("x", "×") if match[1][0].isdigit() else match[1], f"{figure['processor_us']:.3g}")
        for match, figure in found
        if match is not None and match[1] not in but
    ]


def table(figures: dict[str, Any]) -> str:
    """The Markdown table: pairs of columns side by side."""
    head = [heading for what, cost, _, _ in COLUMNS for heading in (what, cost)]
    pairs = [costs(figures, keys, but) for _, _, keys, but in COLUMNS]
    rows = [[cell for pair in row for cell in pair] for row in zip_longest(*pairs, fillvalue=("", ""))]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")


def replaced(page: str, new: str) -> str:
    """The page with the table below "Cost" replaced."""
    before, after = page.split("## Cost\n", 1)
    return f"{before}## Cost\n" + re.sub(r"(^\|.*\n)+", lambda _: new, after, count=1, flags=re.MULTILINE)


def main() -> None:
    """Write the table."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))["figures"]
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), table(figures)), encoding="utf-8")


if __name__ == "__main__":
    main()
