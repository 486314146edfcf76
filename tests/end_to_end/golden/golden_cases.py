"""The golden data: what the house computes, case by case, so that a change of its layout cannot change its results.

`CASES` maps each case's name to the function that computes it (`images`, `driving`, `learning`); a case holds named
`entries`. Of every entry
``golden.json`` keeps two things:

- ``hashes``: SHA-256 of data type, shape and bytes, by the kind of machine (`store.machine_kind`). Compiled code rounds
  differently on another kind of processor, so bits are compared only where hashes of that kind are committed.
- ``statistics``: image means and block means, and values, compared within tolerances on every kind of machine.

Run from the checkout's root::

    python -m tests.end_to_end.golden.golden_cases                     # names what differs; exit status 1 if any does
    python -m tests.end_to_end.golden.golden_cases --write [CASE ...]  # writes golden.json anew: all, or those named
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import drive_sim  # noqa: F401 (registers the environments)
from tests.end_to_end.golden.driving import driven, environments, sensors, states
from tests.end_to_end.golden.entries import Entries
from tests.end_to_end.golden.images import (
    ROAD_CLASSES,
    annotations,
    camera_faults,
    distorting_lens,
    motion_blur,
    surfaces,
    two_cameras,
    weathers,
)
from tests.end_to_end.golden.learning import evaluation, training, views
from tests.end_to_end.golden.store import FILE, differences, load, machine_kind, save, update


@dataclass(frozen=True)
class Case:
    """A function that computes entries, and how far their values may lie apart on another kind of machine."""

    compute: Callable[[], Entries]
    tolerance: float
    """Relative, and absolute for numbers below 1."""


CASES = {
    **{f"camera/weathers-{name}": Case(partial(weathers, name), 1e-6) for name in ROAD_CLASSES},
    "camera/surfaces": Case(surfaces, 1e-6),
    "camera/distorting-lens": Case(distorting_lens, 1e-6),
    "camera/two-cameras": Case(two_cameras, 1e-6),
    "camera/motion-blur": Case(motion_blur, 1e-6),
    "camera/faults": Case(camera_faults, 1e-6),
    "camera/annotations": Case(annotations, 1e-3),
    **{
        f"states/{split}-{suite}": Case(partial(states, split, suite), 1e-6)
        for split, suite in (
            ("train", "obstacle-avoidance"),
            ("validation", "obstacle-avoidance"),
            ("test", "obstacle-avoidance"),
            ("test", "alks"),
            ("test", "ncap"),
        )
    },
    "drivers/without-camera": Case(partial(driven, ("human-model", "r157", "straight"), 200), 1e-6),
    "drivers/classical": Case(partial(driven, ("classical",), 40), 0.05),
    "sensors": Case(sensors, 1e-5),
    "environments": Case(environments, 1e-5),
    "evaluation/expert": Case(partial(evaluation, "expert"), 1e-6),
    "evaluation/pilotnet": Case(partial(evaluation, "pilotnet"), 0.05),
    "learning/views": Case(views, 1e-5),
    "learning/training": Case(training, 0.02),
}


def main() -> int:
    """Compare with the committed golden data, or write it anew."""
    parser = argparse.ArgumentParser(description="Compare with the golden data, or write it anew.")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name} instead of comparing with it")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="which cases; all by default")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]}; there are {', '.join(CASES)}")
    golden, found = load(), []
    sys.stdout.write(f"machine: {machine_kind()}; hashes of {', '.join(golden['hashes']) or 'none'} are there\n")
    for name in options.cases or CASES:
        entries, known = CASES[name].compute(), name in golden["statistics"]
        differing = differences(name, entries, golden, CASES[name].tolerance)
        sys.stdout.write(f"{name}: {len(entries)} entries, {len(differing)} differ\n" if known else f"{name}: new\n")
        sys.stdout.writelines(f"  {line}\n" for line in differing if known)
        found += differing
        if options.write:
            update(name, entries, golden, CASES[name].tolerance)
    if options.write:
        save(golden, CASES)
    return int(bool(found) and not options.write)


if __name__ == "__main__":
    sys.exit(main())
