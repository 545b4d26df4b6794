"""`mofglass dataset export`: write labelled frames for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mofglass.cli.options import Command, UserPath, json_option, output_option
from mofglass.cli.progress import counting
from mofglass.datasets.exporting import WRITERS


@click.command("export", cls=Command)
@click.argument("datasets", nargs=-1, required=True, type=UserPath())
@output_option("What to write: NAME.extxyz, NAME.extxyz.gz, NAME.db, or a folder for DeePMD.", required=True)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(list(WRITERS)),
    help="Format to write.  [default: told from the ending; a name without one is a folder for DeePMD]",
)
@click.option("--split", help="Only the frames of this split: train, validation or test.")
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    datasets: tuple[Path, ...],
    output: Path,
    fmt: str | None,
    split: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the frames of DATASETS as extended XYZ, an ASE db, or a folder in DeePMD's npy format.

    DATASETS are datasets, or any files 'mofglass dataset import' reads. Energies are eV, forces eV/Å; stress
    is eV/Å³ positive in tension, and in DeePMD's format the virial, eV, minus volume times stress.

    \b
    mofglass dataset export zif4.dataset.h5 --split train -o train.extxyz
    mofglass dataset export zif4.dataset.h5 -o zif4-deepmd
    """
    from mofglass.datasets.dataset import open_dataset
    from mofglass.datasets.equal_frames import require_each_once
    from mofglass.datasets.exporting import export

    require_each_once(datasets)
    with counting("frames read", quiet=quiet or as_json) as progress:
        dataset = open_dataset(list(datasets), progress=progress)
    if split is not None:
        dataset = dataset.split(split)
    with counting("frames written", len(dataset), quiet=quiet or as_json) as progress:
        written = export(dataset, output, fmt=fmt, progress=progress)
    if as_json:
        click.echo(json.dumps({"output": str(output), "format": written, "n_frames": len(dataset)}))
        return
    click.echo(f"{output}: {len(dataset)} frames ({written})")
