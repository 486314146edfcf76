"""Text files that people write: byte order marks, places of mistakes, names of fields."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from drive_sim.base.errors import InputError
from drive_sim.base.text import printable, read_text, user_path
from drive_sim.base.toml import read_toml, validated


class Wheel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    radius: float
    spokes: tuple[int, ...] = ()


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfradius = 0.3\n")
    assert read_text(tmp_path / "a.toml") == "radius = 0.3\n"
    assert read_toml(tmp_path / "a.toml") == {"radius": 0.3}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = 1\nb = = 2\n", "a.toml: line 2, column 5: is not TOML: Invalid value; correct the line"),
        (b"a = [1,", "a.toml: end of document: is not TOML: Invalid value; correct the line"),
        (b"a = 1\na = 2\n", "line 2, column 6: is not TOML: Cannot overwrite a value; correct the line"),
        (b"a = '\xff'", "byte 5: is not text; save the file as UTF-8 text"),
        (b"a = 1\0", "byte 5: is not text; save the file as UTF-8 text"),
        (b"a = " + b"[" * 100_000, "nests too many tables or lists; write it flatter"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_toml(tmp_path / "a.toml")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "wheel.radius: is missing; add it"),
        ({"radius": "big"}, "wheel.radius: input should be a valid number; write a number"),
        (
            {"radius": 0.3, "spokes": [1, "two"]},
            "wheel.spokes.1: input should be a valid integer; write a whole number",
        ),
        ({"radius": 0.3, "colour": 1}, "wheel.colour: is not a known key; remove it or correct its spelling"),
        ({"size": 0.3}, "wheel.size: is called radius now; rename it"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_field(table: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        validated(Wheel, table, "car.toml", "wheel", {"size": "radius"})
    assert str(caught.value) == f"car.toml: {expected}"


def test_lists_become_tuples() -> None:
    assert validated(Wheel, {"radius": 0.3, "spokes": [1, 2]}, "car.toml").spokes == (1, 2)


def test_a_path_of_a_user_that_does_not_exist_stays_as_it_is() -> None:
    assert user_path("~no-such-user-here/a.csv") == Path("~no-such-user-here/a.csv")


def test_an_error_is_printable_whatever_its_file_is_called() -> None:
    assert printable("caf\udce9.csv") == "caf?.csv"
    str(InputError(Path("caf\udce9.csv"), "", "is wrong", "correct it")).encode("utf-8")
