"""The doctor tells what is there, what is missing and what to do, and dies of nothing."""

from __future__ import annotations

import builtins
import hashlib
import importlib.metadata
import sys
import types
from collections import namedtuple
from pathlib import Path

import pytest

from drive_sim.cli import doctor
from drive_sim.compute.dependencies import module_file, sources_digest

MODULE = "drive_sim.world.ego.vehicle"
VEHICLE = f"{MODULE}-{sources_digest(MODULE, str(module_file(MODULE)))}"
"""Folder of one module's compiled functions."""


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch):
    """Make a module (and its distribution) as good as not installed."""

    def take_away(module: str, distribution: str | None = None) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        version = importlib.metadata.version

        def absent(name: str) -> str:
            if name == (distribution or module):
                raise importlib.metadata.PackageNotFoundError(name)
            return version(name)

        monkeypatch.setattr(importlib.metadata, "version", absent)

    return take_away


def torch_stand_in(available: bool) -> types.ModuleType:
    torch = types.ModuleType("torch")
    torch.__version__ = "2.13.0"
    torch.version = types.SimpleNamespace(cuda="13.0")
    torch.cuda = types.SimpleNamespace(is_available=lambda: available, get_device_name=lambda index: "Some GPU")
    return torch


def test_every_finding_is_one_line_with_its_verdict() -> None:
    findings = doctor.report()
    assert {finding.name for finding in findings} >= {"python", "core", "kernel cache", "torch", "cuda", "display"}
    for finding in findings:
        line = str(finding)
        assert "\n" not in line
        assert line.startswith("ok " if finding.present else "missing ")
        assert finding.present or finding.hint in line


def test_this_machine_can_drive() -> None:
    assert doctor.essentials_present(doctor.report())


def test_a_hint_is_named_only_where_something_is_missing() -> None:
    assert "plug" not in str(doctor.Finding("joysticks", True, "a wheel", "plug one in"))
    assert str(doctor.Finding("joysticks", False, "none", "plug one in")).endswith("none; plug one in")


def test_an_old_python_is_essential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 1))
    finding = doctor.find_python()
    assert not finding.present
    assert "3.11" in finding.hint
    assert not doctor.essentials_present([finding])


def test_a_missing_core_library_is_essential_and_named(without) -> None:
    without("pyarrow")
    finding = doctor.find_core()
    assert not doctor.essentials_present([finding])
    assert "pyarrow" in str(finding)


def test_the_core_is_what_the_package_declares(repository: Path) -> None:
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(doctor.CORE) == sorted(line.partition(">")[0].strip() for line in project["dependencies"])


class TestKernelCache:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "numba" / "0123"
        monkeypatch.setattr(doctor, "kernel_cache", lambda: folder)
        return folder

    def test_an_empty_one_is_cold(self, folder: Path) -> None:
        assert doctor.compiled_kernels() == 0
        assert "cold" in str(doctor.find_kernel_cache())

    def test_one_with_compiled_functions_is_warm(self, folder: Path) -> None:
        keep(folder / VEHICLE / "advance-1.nbc")
        assert doctor.compiled_kernels() == 1
        assert "warm, 1 function" in str(doctor.find_kernel_cache())

    def test_code_of_other_sources_does_not_count(self, folder: Path) -> None:
        keep(folder / f"{MODULE}-0123456789abcdef" / "advance-1.nbc")
        keep(folder / "gone.module-0123456789abcdef" / "advance-1.nbc")
        assert doctor.compiled_kernels() == 0

    def test_damaged_functions_are_counted(self, folder: Path) -> None:
        keep(folder / VEHICLE / "advance-1.nbc")
        (folder / VEHICLE / "turn-1.nbc").touch()
        finding = doctor.find_kernel_cache()
        assert "1 of 2 functions are damaged" in finding.detail
        assert doctor.essentials_present([finding])

    def test_one_that_cannot_be_written_is_told_and_driving_is_possible(self, folder: Path) -> None:
        folder.parent.parent.mkdir(exist_ok=True)
        folder.parent.write_text("a file where a folder should be")
        finding = doctor.find_kernel_cache()
        assert not finding.present
        assert "DRIVE_SIM_CACHE" in finding.hint
        assert doctor.essentials_present([finding])

    def test_a_warm_one_that_may_only_be_read_is_fine(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        keep(folder / VEHICLE / "advance-1.nbc")

        def refuse(**options: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", refuse)
        finding = doctor.find_kernel_cache()
        assert finding.present
        assert "read only" in finding.detail

    def test_a_user_without_a_home_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "kernel_cache", lambda: None)
        assert "DRIVE_SIM_CACHE" in doctor.find_kernel_cache().hint


def keep(path: Path) -> None:
    """A whole file of a kernel cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(hashlib.sha256(b"code").digest() + b"code")


class TestCuda:
    def test_no_gpu_is_nothing_to_worry_about(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "_nvidia_gpu", lambda: None)
        monkeypatch.setitem(sys.modules, "torch", torch_stand_in(available=False))
        finding = doctor.find_cuda()
        assert "nothing to do" in str(finding)
        assert doctor.essentials_present([finding])

    def test_a_gpu_that_torch_cannot_use_needs_another_torch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "_nvidia_gpu", lambda: "NVIDIA H100, driver 580.1")
        monkeypatch.setitem(sys.modules, "torch", torch_stand_in(available=False))
        assert "NVIDIA H100, driver 580.1" in doctor.find_cuda().detail
        assert "CUDA build of torch" in doctor.find_cuda().hint

    def test_a_gpu_that_numba_cannot_use_needs_its_cuda_part(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "_nvidia_gpu", lambda: "NVIDIA H100, driver 580.1")
        monkeypatch.setitem(sys.modules, "torch", torch_stand_in(available=True))
        monkeypatch.setattr("drive_sim.compute.kernel.cuda_available", lambda: False)
        assert doctor.find_cuda().hint == "pip install 'numba-cuda[cu13]'"

    def test_a_gpu_that_both_can_use_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "_nvidia_gpu", lambda: None)
        monkeypatch.setitem(sys.modules, "torch", torch_stand_in(available=True))
        monkeypatch.setattr("drive_sim.compute.kernel.cuda_available", lambda: True)
        finding = doctor.find_cuda()
        assert finding.present
        assert "Some GPU" in finding.detail

    @pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
    def test_name_and_driver_are_read_from_the_drivers_own_program(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 580.82.07'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert doctor._nvidia_gpu() == "NVIDIA H100 80GB HBM3, driver 580.82.07"
        program.write_text("#!/bin/sh\necho 'no devices were found'\nexit 6\n")
        assert doctor._nvidia_gpu() is None

    def test_without_torch_it_says_which_extra_brings_it(self, without) -> None:
        without("torch")
        assert "drive-sim[learn]" in doctor.find_torch().hint
        assert "drive-sim[learn]" in doctor.find_cuda().hint


class TestDisplay:
    @pytest.fixture(autouse=True)
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor.sys, "platform", "linux")
        for variable in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(variable, raising=False)

    def test_none_has_a_way_round(self) -> None:
        finding = doctor.find_display()
        assert not finding.present
        assert "xvfb-run" in finding.hint
        assert "--headless" in finding.hint

    @pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
    def test_one_is_named(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(variable, ":7")
        assert doctor.find_display() == doctor.Finding("display", True, f"{variable}=:7")

    def test_a_dummy_driver_hides_the_window(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISPLAY", ":7")
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
        assert not doctor.find_display().present
        assert "unset SDL_VIDEODRIVER" in doctor.find_display().hint


def test_joysticks_without_pygame_name_the_extra(without) -> None:
    without("pygame", "pygame-ce")
    assert "drive-sim[window]" in doctor.find_joysticks().hint
    assert "drive-sim[window]" in doctor.find_window().hint


def test_report_tools_that_are_missing_are_named(without) -> None:
    without("av")
    assert "no av" in doctor.find_report_tools().detail
    assert "drive-sim[report]" in doctor.find_report_tools().hint


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1e12, 1e12, 3e8))
    assert not doctor.find_disk().present
    assert "0.3 GB free" in doctor.find_disk().detail


def test_a_library_that_breaks_while_it_is_imported_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = builtins.__import__

    def broken(name: str, *rest: object) -> object:
        if name == "torch":
            raise OSError("libcudart.so: cannot open shared object file")
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    findings = {finding.name: finding for finding in doctor.report()}
    assert "libcudart.so" in findings["torch"].detail
    assert not findings["torch"].present
    assert findings["python"].present
