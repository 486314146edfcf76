"""Every picture and table of the docs, made anew: ``python scripts/make_figures.py [PART...]``.

Without arguments all parts are made, in this order; an argument is a part of a script's name. A part that needs what
the machine lacks (a display, Chromium) fails, is named at the end, and does not stop the others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    ("write_reference.py",),
    ("camera_cost.py",),
    ("figures/benchmark_history.py",),
    ("figures/sensor_image.py",),
    ("figures/attention_image.py",),
    ("figures/randomised_views.py",),
    ("figures/transplants_image.py",),
    ("camera_gallery.py",),
    ("figures/take_screenshots.py",),
    ("figures/report_image.py",),
    ("r157_border.py", "--json", "docs/benchmarks/r157-border.json", "--image", "docs/images/r157-border.png"),
    ("latency_curve.py", "pilotnet", "--episodes", "50", "--output", "docs/images/latency-curve.png"),
)
"""Script and arguments, the quickest first."""


def main(wanted: list[str]) -> int:
    """Make the parts that are wanted, or all; 1 if one failed."""
    failed = []
    for script, *arguments in PARTS:
        if wanted and not any(part in script for part in wanted):
            continue
        print(f"== {script}", flush=True)
        command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
        if subprocess.run(command, cwd=ROOT).returncode:
            failed.append(script)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
