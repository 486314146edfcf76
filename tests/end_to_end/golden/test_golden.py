"""Results are those of the golden data: to the bit on a kind of machine that has hashes there, nearly so on others."""

from __future__ import annotations

import pytest

from tests.end_to_end.golden.golden_cases import CASES
from tests.end_to_end.golden.store import differences, load, machine_kind


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_results_are_those_of_the_golden_data(name: str) -> None:
    case = CASES[name]
    found = differences(name, case.compute(), load(), case.tolerance)
    remedy = f"where that is meant: python -m tests.end_to_end.golden.golden_cases --write {name}"
    assert not found, "\n".join([f"{len(found)} entries differ on {machine_kind()}; {remedy}", *found])


def test_every_case_has_hashes_of_this_kind_of_machine() -> None:
    missing = [name for name in CASES if name not in load()["hashes"].get(machine_kind(), {})]
    if missing:
        pytest.skip(f"only statistics were compared: {machine_kind()} has no hashes of {', '.join(missing)}")
