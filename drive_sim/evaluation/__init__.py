"""How well a driver drives.

`evaluate` is all of it: `harness` takes a suite (`suites`), has it driven (`running`), keeps what happened (`logs`),
scores it (`metrics`), estimates with intervals (`statistics`), and writes `results` and the `report` with its `video`
clips. `result_facts` and `result_rows` are the parts of results. `thresholds` are what results must reach; `real_time`
drives by the clock; `outputs` checks what is to be written before driving; `places` names files from the results'
folder; `plotting` keeps figures apart from the user's matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drive_sim.evaluation.harness import evaluate

__all__ = ["evaluate"]


def __getattr__(name: str) -> Any:
    """`evaluate`, imported when it is asked for: results can be read without all that scores."""
    if name == "evaluate":
        from drive_sim.evaluation.harness import evaluate

        return evaluate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
