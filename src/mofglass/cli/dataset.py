"""`mofglass dataset`: labelled frames, imported, looked at, sampled, split, labelled, exported."""

from __future__ import annotations

import click

from mofglass.cli.lazy_group import LazyGroup

SUBCOMMANDS = {
    "import": "Read files of VASP, CP2K, extended XYZ, ASE db or DeePMD into a dataset.",
    "info": "Distributions by source, coordination of the metal, melted frames.",
    "sample": "Keep some of many frames: random, flat in energy, or far apart.",
    "split": "Training, validation and test frames, by stretches of trajectory.",
    "label": "Energy, forces and stress of frames, by a potential or by CP2K.",
    "export": "Write a dataset as extended XYZ, DeePMD npy or an ASE db.",
}


@click.group(
    cls=LazyGroup,
    lazy_commands=SUBCOMMANDS,
    prefix="dataset_",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Labelled frames: what potentials are trained on and judged by.

    \b
    mofglass dataset import run/OUTCAR -o zif4.dataset.h5      index frames, units and signs converted
    mofglass dataset info zif4.dataset.h5 -o info              distributions by source, melted frames
    mofglass dataset sample zif4.dataset.h5 -n 2500 -o some.dataset.h5
    mofglass dataset split some.dataset.h5 -o split.dataset.h5
    mofglass dataset label frames.extxyz --cp2k -o labels
    mofglass dataset export zif4.dataset.h5 -o zif4.extxyz     for other programs

    Energies are eV, forces eV/Å, stress eV/Å³ positive in tension, temperatures K.
    """
