"""``drive-sim export``: a trained model as a file that drives in other programs."""

from __future__ import annotations

from pathlib import Path

import click

from drive_sim.base.errors import InputError
from drive_sim.cli.arguments import COUNT, FILE, NAME_OR_PATH
from drive_sim.cli.cache import announce_compiling
from drive_sim.cli.exit_status import FAILED


@click.command()
@click.argument("model", type=NAME_OR_PATH)
@click.option("--format", "kind", type=click.Choice(["onnx"]), default="onnx", show_default=True, help="Of the file.")
@click.option("--output", metavar="FILE", type=FILE, required=True, help="File to write, such as model.onnx.")
@click.option(
    "--check",
    metavar="N",
    type=COUNT,
    help="Drive N validation episodes by both; exit status 1 where commands differ by more than 0.001 or more than one "
    "episode in a hundred ends otherwise.",
)
def export(model: str, kind: str, output: Path, check: int | None) -> None:
    """Write MODEL, the folder of a trained one, as an ONNX file that onnxruntime runs without drive_sim.

    It takes uint8 images (B, H, W, 3) RGB and answers curvature [1/m, positive left] and target speed [m/s]; its
    metadata say which camera it wants. What --check finds is printed and written beside it (FILE.json).
    docs/examples/README.md shows how another program runs it.
    """
    from drive_sim.base.progress import show_progress
    from drive_sim.base.resources import find_model
    from drive_sim.evaluation.outputs import check_file

    if output.suffix != f".{kind}":
        raise InputError("--output", "", f"{output} does not end with .{kind}", f"name it {output.stem}.{kind}")
    folder = find_model(model)
    check_file(output, "--output")
    from drive_sim.drivers.external.onnx_export import export_onnx
    from drive_sim.drivers.neural.model_folder import load_model

    export_onnx(load_model(folder), folder.resolve().name, output)
    click.echo(f"exported: {output}, {output.stat().st_size / 1e6:.1f} MB")
    if check is None:
        return
    from drive_sim.evaluation.running.export_check import check_export, failures_of

    announce_compiling()
    with show_progress() as stages:
        found = check_export(folder, output, check, stages("check"))
    for sentence in found.sentences:
        click.echo(sentence)
    for failure in failures_of(found):
        click.echo(f"drive-sim: {output}: {failure}", err=True)
    if not found.passed:
        raise click.exceptions.Exit(FAILED)
