"""The processor is named as the system names it, and by its architecture where the system does not."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from drive_sim.compute.hardware import processor_name


def test_the_first_model_name_of_the_system_is_the_processors(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Toy CPU @ 2 GHz\nmodel name\t: Other\n", encoding="utf-8")
    assert processor_name(file) == "Toy CPU @ 2 GHz"


@pytest.mark.parametrize("content", [None, "", "model name\t:\n", "processor : 0\n"])
def test_without_one_it_is_named_by_its_architecture(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    if content is not None:
        (tmp_path / "cpuinfo").write_text(content, encoding="utf-8")
    assert processor_name(tmp_path / "cpuinfo") == "riscv64"
