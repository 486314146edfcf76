"""``drive-sim cache``: where compiled kernels are kept, how much they are, their removal; what a first start says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from drive_sim.cli.exit_status import FAILED

if TYPE_CHECKING:
    from drive_sim.compute.cache_upkeep import Contents

NO_PLACE = "there is none: the user has no cache folder; set DRIVE_SIM_CACHE to a folder that can be written"


def announce_compiling() -> None:
    """Say on standard error that the kernels are about to be compiled, where none is cached."""
    from drive_sim.cli.doctor import compiled_kernels
    from drive_sim.compute.threads import thread_count

    thread_count()  # a wrong DRIVE_SIM_THREADS or DRIVE_SIM_CACHE ends the command before it makes anything
    if not compiled_kernels():
        click.echo("compiling the simulator for this machine, once: up to a minute", err=True)


@click.group()
def cache() -> None:
    """Look after the cache of compiled kernels.

    Each version of the code has its own in it. What no version has used for a week goes by itself, but for the five
    versions that were used last.
    """


@cache.command()
def show() -> None:
    """Show where the cache is and how much is in it: this version's functions, and others'."""
    from drive_sim.compute.cache import cache_folder, cache_root
    from drive_sim.compute.cache_upkeep import survey

    root = cache_root()
    if root is None:
        click.echo(NO_PLACE)
        return
    mine, others = survey()
    for name, told in (
        ("place", str(root)),
        ("this version", f"{_told(mine)}, in {cache_folder()}"),
        ("others", _told(others)),
        ("together", _told(mine + others)),
    ):
        click.echo(f"{name:<14}{told}")


@cache.command()
@click.option("--all", "everything", is_flag=True, help="Other versions' too, and those of other libraries.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(everything: bool, yes: bool) -> None:
    """Remove this version's compiled functions; the next start compiles them again."""
    from drive_sim.compute.cache import cache_root
    from drive_sim.compute.cache_upkeep import Contents, all_folders, contents, current_folders, remove

    folders = all_folders() if everything else current_folders()
    before = sum(map(contents, folders), Contents())
    if not before.functions:
        click.echo("nothing to remove")
        return
    if not yes:
        click.confirm(f"remove {_told(before)} from {cache_root()}?", abort=True)
    left = [folder for folder in folders if not remove(folder)]
    if left:
        click.echo(f"drive-sim: {left[0]}: cannot be removed; see to its permissions", err=True)
        raise click.exceptions.Exit(FAILED)
    click.echo(f"removed {_told(before)}")


def _told(contents: Contents) -> str:
    return f"{contents.functions} functions, {contents.size / 1e6:.1f} MB"
