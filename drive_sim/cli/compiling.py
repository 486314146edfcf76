"""What is said before the first start compiles."""

from __future__ import annotations

import click


def announce_compiling() -> None:
    """Say on standard error that the kernels are about to be compiled, where none is cached."""
    from drive_sim.cli.doctor import compiled_kernels
    from drive_sim.compute.threads import thread_count

    thread_count()  # a wrong DRIVE_SIM_THREADS or DRIVE_SIM_CACHE ends the command before it makes anything
    if not compiled_kernels():
        click.echo("compiling the simulator for this machine, once: up to a minute", err=True)
