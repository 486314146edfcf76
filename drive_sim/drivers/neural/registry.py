"""Networks by name: this package's, those that other packages add, and the user's own by reference; no torch here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drive_sim.base.references import Origin, file_of, load_reference, sha256_of, split_reference
from drive_sim.base.registry import Registry

OURS = {
    "pilotnet": "drive_sim.drivers.neural.pilotnet:PilotNet",
    "stack": "drive_sim.drivers.neural.temporal:Stack",
    "recurrent": "drive_sim.drivers.neural.temporal:Recurrent",
}
"""This package's networks, and where they are defined."""
NETWORKS: Registry[Callable[..., Any]] = Registry("drive_sim.networks", "network", OURS)
"""What builds a network of its settings. Another package adds one as an entry point of the group
``drive_sim.networks``: a subclass of `drive_sim.drivers.neural.networks.Network`."""

OTHERWISE = "FILE.py:Class, module:Class"
"""What names a network besides `NETWORKS`."""


def is_network(name: str) -> bool:
    """Whether a name is one of `NETWORKS`, or refers to a class of the user's own, which need not be there."""
    return name in NETWORKS or split_reference(name) is not None


def is_ours(name: str) -> bool:
    """Whether a network is this package's."""
    return name in NETWORKS and not NETWORKS.origin(name)


def package_of(name: str) -> str:
    """Name and version of the package that adds a network; empty for this package's and for the user's own."""
    return NETWORKS.origin(name) if name in NETWORKS else ""


def find_network(name: str, source: str) -> tuple[Callable[..., Any], Origin | None]:
    """What builds the network of a name, and where it comes from if it is the user's own, whose code runs.

    Raises
    ------
    InputError
        It cannot be loaded; about ``source`` where there is no such file, module or class.
    """
    if name in NETWORKS:
        return NETWORKS[name], None
    file = file_of(name, source)
    digest = sha256_of(file)
    build, origin = load_reference(name, source)
    return build, Origin(origin.package, file.as_posix(), digest)
