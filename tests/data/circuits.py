"""Race circuits for tests: three made here, and those of the shared data where it is there.

``python -m tests.data.circuits`` writes ``tests/data/roads_csv`` anew. A circuit is a polygon whose corners are
rounded by circular arcs; its heading is then smoothed, as the transition curves of a real track smooth it.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "roads_csv"
SPACING = 5.0
"""[m] between the points of a file."""
FINE = 0.25
"""[m] between the points that are smoothed."""
TRANSITION = 4.0
"""[m], standard deviation of the smoothing along the line."""

CIRCUITS: dict[str, tuple[tuple[tuple[float, float, float], ...], tuple[float, float]]] = {
    "hairpins": (
        ((0, 0, 40), (900, 0, 14), (920, 34, 14), (420, 34, 30), (380, 150, 40), (-80, 160, 60)),
        (5.5, 6.0),
    ),
    "motor-oval": (
        ((0, 0, 90), (0, 420, 90), (420, 640, 60), (470, 500, 16), (330, 420, 24), (500, 0, 60)),
        (7.0, 7.5),
    ),
    "narrow": (
        ((0, 0, 45), (700, -60, 70), (760, 120, 12), (730, 140, 12), (520, 130, 50), (260, 260, 40), (-60, 180, 45)),
        (4.2, 4.4),
    ),
}
"""By name: corners (x [m], y [m], radius [m]) in the order in which they are driven, and the half widths [m] that the
pavement has on the right and on the left; both vary by 0.4 m along the lap."""


def circuit_files() -> list[Path]:
    """Centre-line files of every circuit there is to test with, by name."""
    folders = [FOLDER]
    shared = shared_folder()
    if shared is not None:
        folders.append(shared / "roads_csv")
    return sorted((path for folder in folders for path in folder.glob("*.csv")), key=lambda path: path.stem)


def shared_folder() -> Path | None:
    """The ``data`` folder of the shared files, which stand beside the checkout or where ``DRIVE_SIM_SHARED`` says.

    None where they are absent.

    Raises
    ------
    NotADirectoryError
        The variable names a folder without them.
    """
    given = os.environ.get("DRIVE_SIM_SHARED", "").strip()
    shared = (Path(given).expanduser() if given else Path(__file__).resolve().parents[3] / "shared") / "data"
    if given and not shared.is_dir():
        raise NotADirectoryError(f"DRIVE_SIM_SHARED: {shared} is no folder; name the one that holds data, or unset it")
    return shared if shared.is_dir() else None


def circuit(corners: tuple[tuple[float, float, float], ...], half_widths: tuple[float, float]) -> np.ndarray:
    """Rows (N, 4) of a centre-line file: x, y, half width on the right and on the left [m]; the first is not repeated.

    Raises
    ------
    ValueError
        Two arcs overlap: their corners are too near for their radii.
    """
    line = _resampled(_rounded(np.array(corners, float)), FINE)
    heading = np.unwrap(np.arctan2(*(np.roll(line, -1, axis=0) - line).T[::-1]))
    turn = 2.0 * math.pi * round((heading[-1] - heading[0]) / (2.0 * math.pi))
    bend = _smoothed(heading - turn * np.arange(len(line)) / len(line), TRANSITION / FINE)
    heading = bend + turn * np.arange(len(line)) / len(line)
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * FINE
    # Smoothing leaves a gap of some centimetres where the lap closes: it is spread over the lap.
    line = line[0] + np.cumsum(steps - steps.mean(axis=0), axis=0)
    line = _resampled(line, SPACING)
    phase = 2.0 * math.pi * np.arange(len(line)) / len(line)
    right, left = half_widths
    return np.column_stack([line, right + 0.4 * np.sin(3.0 * phase), left + 0.4 * np.cos(2.0 * phase)])


def _rounded(corners: np.ndarray) -> np.ndarray:
    """Points (N, 2) of a closed polygon whose corner (x, y, radius) is an arc that touches both of its edges."""
    parts: list[np.ndarray] = []
    room = np.hypot(*(np.roll(corners, -1, axis=0) - corners)[:, :2].T)
    for index, (x, y, radius) in enumerate(corners):
        before, after = corners[index - 1, :2] - (x, y), corners[(index + 1) % len(corners), :2] - (x, y)
        first, last = math.atan2(-before[1], -before[0]), math.atan2(after[1], after[0])
        angle = (last - first + math.pi) % (2.0 * math.pi) - math.pi
        reach = radius * math.tan(abs(angle) / 2.0)
        room[[index - 1, index]] -= reach
        start = np.array([x, y]) + before / np.hypot(*before) * reach
        side = math.copysign(1.0, angle)
        centre = start + radius * side * np.array([-math.sin(first), math.cos(first)])
        headings = first + np.linspace(0.0, angle, max(8, int(abs(angle) * radius / FINE)))
        parts.append(centre + radius * side * np.stack([np.sin(headings), -np.cos(headings)], axis=1))
    if room.min() < 0.0:
        raise ValueError(f"the arcs overlap by {-room.min():.0f} m after corner {int(room.argmin())}")
    return np.concatenate(parts)


def _resampled(line: np.ndarray, spacing: float) -> np.ndarray:
    """Points (N, 2) about ``spacing`` apart along a closed line."""
    around = np.concatenate([line, line[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(around, axis=0).T))])
    wanted = np.linspace(0.0, along[-1], round(along[-1] / spacing), endpoint=False)
    return np.stack([np.interp(wanted, along, around[:, axis]) for axis in range(2)], axis=1)


def _smoothed(values: np.ndarray, deviation: float) -> np.ndarray:
    """Periodic values convolved with a Gaussian of that standard deviation, in samples."""
    frequency = 2.0 * math.pi * np.fft.rfftfreq(len(values))
    return np.fft.irfft(np.fft.rfft(values) * np.exp(-0.5 * (deviation * frequency) ** 2), len(values))


def main() -> None:
    """Write every circuit."""
    for name, (corners, half_widths) in CIRCUITS.items():
        rows = circuit(corners, half_widths)
        lines = ["# x_m,y_m,w_tr_right_m,w_tr_left_m", *(",".join(f"{value:.3f}" for value in row) for row in rows)]
        (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
