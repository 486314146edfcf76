"""How far the arrays of two devices agree: counted while they come, told as figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_sim.bench.figures import Figure

PERCENT_DIGITS = 7
"""A share's: 99.9999 % is not 100 %."""


class Agreement:
    """Values of two devices side by side: how many agree, and by how much the others differ."""

    def __init__(self) -> None:
        self.count = 0
        """Values compared."""
        self.equal = 0
        """Those of them that agree."""
        self.largest = 0.0
        """Greatest difference [unit of the values]."""
        self.worst = 1.0
        """Least share that agrees in any one lot."""

    def add(self, ours: NDArray[Any], theirs: NDArray[Any], absolute: float = 0.0, relative: float = 0.0) -> None:
        """Compare one lot; values agree within ``absolute`` plus ``relative`` times their size."""
        a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        same = a == b
        with np.errstate(invalid="ignore"):
            difference = np.where(same, 0.0, np.abs(a - b))
            self.add_lot(same | (difference <= absolute + relative * np.abs(a)), difference)

    def add_lot(self, agree: NDArray[np.bool_], difference: NDArray[np.float64] | None = None) -> None:
        """Count one lot that was compared already; what is no number agrees with nothing."""
        if not agree.size:
            return
        self.count += agree.size
        self.equal += int(agree.sum())
        self.worst = min(self.worst, float(agree.mean()))
        if difference is not None:
            self.largest = max(self.largest, float(np.nan_to_num(difference, nan=np.inf).max()))

    def share(self, key: str, what: str) -> Figure:
        """Share of values that agree [%]."""
        return Figure(key, what, "%", (100.0 * self.equal / max(self.count, 1),), digits=PERCENT_DIGITS)

    def worst_share(self, key: str, what: str) -> Figure:
        """The same of the lot that agrees least [%]."""
        return Figure(key, what, "%", (100.0 * self.worst,), digits=PERCENT_DIGITS)

    def greatest(self, key: str, what: str, unit: str) -> Figure:
        """Greatest difference."""
        return Figure(key, what, unit, (self.largest,))
