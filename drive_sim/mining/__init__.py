"""Where a driver fails: a search over seeds and scenario parameters.

`mine` is all of it, and `harness` runs it: `parameters` says what the files of a suite's scenarios leave open,
`situations` pins it, `search` drives rounds of situations drawn from a `proposal` that each round moves nearer to
failures (`outcomes`), and `journal` keeps what was driven. `region` finds the part of the ranges in which failures are
dense, `separation` the parameters and `features` of draws that failures depend on, and `confirmation` lets reference
drivers drive every failure. `summary` makes `results` of it, `scenario_files` writes scenarios to record, `page` the
report with its `plots`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drive_sim.mining.harness import mine

__all__ = ["mine"]


def __getattr__(name: str) -> Any:
    """`mine`, imported when it is asked for."""
    if name == "mine":
        from drive_sim.mining.harness import mine

        return mine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
