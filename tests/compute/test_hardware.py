"""The processor is named as the system names it, and by its architecture where the system does not."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace

import pytest
from numba import cuda

from drive_sim.compute.hardware import gpu_name, processor_name


def test_the_first_model_name_of_the_system_is_the_processors(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    lines = ("processor\t: 0", "model\t: 49", "model name\t:", "model name\t: Toy CPU @ 2 GHz", "model name\t: Other")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert processor_name(file) == "Toy CPU @ 2 GHz"


def test_without_one_it_is_named_as_python_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "Toy CPU")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert processor_name(tmp_path / "cpuinfo") == "Toy CPU"


@pytest.mark.parametrize("content", [None, "", "model name\t:\n", "processor : 0\n"])
def test_without_either_it_is_named_by_its_architecture(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    if content is not None:
        (tmp_path / "cpuinfo").write_text(content, encoding="utf-8")
    assert processor_name(tmp_path / "cpuinfo") == "riscv64"


@pytest.mark.parametrize("name", ["Toy GPU", b"Toy GPU"])
def test_a_gpu_is_named_as_its_driver_names_it(name: str | bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "get_current_device", lambda: SimpleNamespace(name=name))
    assert gpu_name() == "Toy GPU"
