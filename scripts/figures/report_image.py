"""The image of a report in docs/images: the top of ``report.html`` on a desktop, as headless Chromium shows it.

``python scripts/figures/report_image.py`` evaluates the shipped model on unseen obstacles first; ``--page FILE`` images
a report that there is already.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from drive_sim.evaluation.harness import evaluate

MODEL, SUITE, COMPARED, EPISODES = "models/pilotnet", "obstacle-avoidance", "classical", 36
WIDTH, HEIGHT = 1280, 1560
"""Of the image [px]."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def image(page: Path, path: Path) -> None:
    """Save the top of the page as a PNG."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        raise SystemExit("report_image: there is no Chromium; apt-get install chromium")
    with TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        size = f"--window-size={WIDTH},{HEIGHT}"
        target = [size, f"--screenshot={path.resolve()}", page.resolve().as_uri()]
        subprocess.run([browser, *options, *target], check=True, stderr=subprocess.DEVNULL)


def main() -> None:
    """Evaluate, unless a page is given, and image it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="a report.html that there is already")
    parser.add_argument("--output", type=Path, default=Path("docs/images/report.png"))
    options = parser.parse_args()
    if options.page is not None:
        image(options.page, options.output)
        return
    with TemporaryDirectory() as folder:
        image(evaluate(MODEL, SUITE, folder, episodes=EPISODES, against=[COMPARED]), options.output)


if __name__ == "__main__":
    main()
