"""The order of tests for several processes: with no kernel on disk, one compiles the camera while others need none.

pytest-xdist gives each process a part of the order. The first one's begins with the camera's tests; the others' begin
with tests that render nothing, whose kernels are those of the world. By the time that they come to the camera, they
find most of it on disk, or wait for what the first is compiling (`drive_sim.compute.kernel_cache`).
"""

from __future__ import annotations

from collections.abc import Sequence

RENDERS_NOTHING = (
    "base/", "compute/", "drivers/human/", "drivers/planning/", "end_to_end/test_house.py",
    "end_to_end/test_import_cost.py", "end_to_end/test_packaging.py", "evaluation/logs/", "evaluation/metrics/",
    "evaluation/statistics/", "world/",
)  # fmt: skip
CAMERA = "sensors/camera/"


def order_for(paths: Sequence[str], processes: int) -> list[int]:
    """Numbers of the tests in the order for so many processes, from their files below ``tests``; stable otherwise."""
    numbers = range(len(paths))
    if processes < 2:
        return list(numbers)
    plain = [number for number in numbers if paths[number].startswith(RENDERS_NOTHING)]
    rendering = [number for number in numbers if not paths[number].startswith(RENDERS_NOTHING)]
    rendering.sort(key=lambda number: not paths[number].startswith(CAMERA))
    size, share = len(paths) // processes, -(-len(plain) // (processes - 1))
    ordered: list[int] = []
    for process in range(processes):
        own = plain[(process - 1) * share : process * share] if process else []
        room = max(size - len(own), 0)
        ordered += own + rendering[:room]
        del rendering[:room]
    return ordered + rendering
