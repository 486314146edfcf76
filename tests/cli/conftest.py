"""Fixtures of the command line's tests."""

from __future__ import annotations

import importlib
import sys
import types

import pytest

from drive_sim.cli import doctor


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in for a part of the house in its place: ``module("drive_sim.bench", run_bench=...)``."""

    def put(name: str, **members: object) -> None:
        stand_in = types.ModuleType(name)
        vars(stand_in).update(members)
        monkeypatch.setitem(sys.modules, name, stand_in)
        parent, _, child = name.rpartition(".")
        # `from package import module` asks the package first.
        monkeypatch.setattr(importlib.import_module(parent), child, stand_in, raising=False)

    monkeypatch.setattr(doctor, "compiled_kernels", lambda: 1)
    return put
