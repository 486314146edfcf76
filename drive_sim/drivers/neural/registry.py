"""Networks by name: this package's, and those that other packages add; naming them imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drive_sim.base.registry import Registry

NETWORKS: Registry[Callable[..., Any]] = Registry(
    "drive_sim.networks", "network", {"pilotnet": "drive_sim.drivers.neural.pilotnet:PilotNet"}
)
"""What builds a network of its settings. Another package adds one as an entry point of the group
``drive_sim.networks``: a subclass of `drive_sim.drivers.neural.networks.Network`."""
