"""`mofglass dataset info`: what is in a dataset, and which frames are melted."""

from __future__ import annotations

from pathlib import Path

import click

from mofglass.cli.dataset_options import dataset_arguments, open_chosen
from mofglass.cli.options import POSITIVE, Command, json_option, output_option
from mofglass.cli.progress import counting
from mofglass.datasets.info import MELTED_COORDINATION, MELTED_MSD_A2


@click.command("info", cls=Command)
@dataset_arguments
@click.option(
    "--melted-coordination",
    type=POSITIVE,
    default=MELTED_COORDINATION,
    show_default=True,
    help="Flag frames whose metal has fewer nitrogen neighbours (within 2.5 Å of zinc) on average.",
)
@click.option(
    "--melted-msd",
    "melted_msd_A2",
    type=POSITIVE,
    default=MELTED_MSD_A2,
    show_default=True,
    help="Flag frames whose metal has this mean square displacement since the source's first frame, Å².",
)
@output_option("Directory for frames.csv (a row a frame), info.png and info.json.", directory=True)
@json_option
def command(
    files: tuple[Path, ...],
    sources: tuple[str, ...],
    quiet: bool,
    melted_coordination: float,
    melted_msd_A2: float,
    output: Path | None,
    as_json: bool,
) -> None:
    """Describe the labelled frames of DATASET by source, and flag melted frames.

    DATASET is one or more files that a reader knows, or a dataset imported before. Every frame is read once
    and none is kept. Frames are flagged as melted by the coordination of the metal or by how far it has
    moved since the first frame of its source.

    \b
    mofglass dataset info zif4.dataset.h5
    mofglass dataset info 1500K.extxyz -o info-1500K
    """
    from mofglass.datasets.info import describe_dataset
    from mofglass.plain_json import to_json

    quiet = quiet or as_json
    dataset = open_chosen(files, sources, quiet=quiet)
    with counting("frames described", len(dataset), quiet=quiet) as progress:
        info = describe_dataset(
            dataset,
            melted_coordination=melted_coordination,
            melted_msd_A2=melted_msd_A2,
            progress=progress,
        )
    written: list[Path] = []
    if output is not None:
        from mofglass.datasets.info_output import write_info

        written = write_info(info, output)
    if as_json:
        click.echo(to_json(info.summary(), indent=None))
        return
    for name, row in info.by_source().items():
        click.echo(
            f"{name}: {row['n_frames']} frames" + (f", {row['n_melted']} melted" if row["n_melted"] else "")
        )
        click.echo(f"  energy        {_span(row['energy_eV_per_atom'], '.4f')} eV/atom")
        click.echo(
            f"  forces        {row['force_rms_eV_per_A']:.3f} eV/Å RMS, "
            f"largest {row['max_force_eV_per_A']:.2f} eV/Å"
        )
        click.echo(f"  volume        {_span(row['volume_A3_per_atom'], '.2f')} Å³/atom")
        if row["temperature_K"] is not None:
            click.echo(f"  temperature   {_span(row['temperature_K'], '.0f')} K")
        if row["coordination"] is not None:
            click.echo(f"  coordination  {row['coordination']:.2f} nitrogen around a metal atom")
        if row["metal_msd_A2_max"] is not None:
            click.echo(f"  displacement  up to {row['metal_msd_A2_max']:.2f} Å² (MSD of the metal)")
    click.echo(
        f"{len(dataset)} frames, {int(info.melted.sum())} flagged as melted "
        f"(coordination below {melted_coordination:g}, or MSD above {melted_msd_A2:g} Å²)"
    )
    for path in written:
        click.echo(f"wrote {path}")


def _span(ends: dict[str, float], form: str) -> str:
    low, high = format(ends["min"], form), format(ends["max"], form)
    return low if low == high else f"{low} to {high}"
