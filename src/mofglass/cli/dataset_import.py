"""`mofglass dataset import`: index files of labelled frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from mofglass.cli.options import POSITIVE, Command, UserPath, json_option, output_option
from mofglass.cli.progress import counting
from mofglass.datasets.formats import FORMATS


@click.command("import", cls=Command)
@click.argument("files", nargs=-1, required=True, type=UserPath())
@output_option("The dataset to write, by custom NAME.dataset.h5.", required=True)
@click.option(
    "--format", "fmt", type=click.Choice(list(FORMATS)), help="Format of all files; told by default."
)
@click.option(
    "--source",
    help="Label of all frames, to group errors by.  [default: what the file says, or its name]",
)
@click.option(
    "--temperature",
    type=POSITIVE,
    help="Temperature of the runs, K.  [default: what the file says]",
)
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    files: tuple[Path, ...],
    output: Path,
    fmt: str | None,
    source: str | None,
    temperature: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read FILES of labelled frames once, and write a dataset that finds every frame again.

    \b
    FILES are: OUTCAR or vasprun.xml of VASP; PROJECT-pos-1.xyz of CP2K, with PROJECT-frc-1.xyz,
    PROJECT-1.cell and the main output beside it; extended XYZ, plain or gzipped; an ASE db; a folder in
    DeePMD's npy format; or a dataset imported before.

    Energies become eV, forces eV/Å, stress eV/Å³ positive in tension. The dataset holds a row of numbers a
    frame and where the frame lies: the frames stay in their files, which must stay in place.

    \b
    mofglass dataset import 300K/OUTCAR --source ZIF-4-300K -o zif4-300K.dataset.h5
    mofglass dataset import zif4-*.dataset.h5 -o zif4.dataset.h5
    """
    from mofglass.datasets.dataset import open_dataset
    from mofglass.datasets.equal_frames import require_each_once, warn_of_equal_frames
    from mofglass.datasets.outliers import warn_of_outliers
    from mofglass.datasets.output_file import require_dataset_name

    require_dataset_name(output)
    require_each_once(files)
    with counting("frames", quiet=quiet or as_json) as progress:
        dataset = open_dataset(
            list(files), fmt=fmt, source=source, temperature_K=temperature, progress=progress
        )
        dataset.save(output)
    warn_of_equal_frames(dataset)
    warn_of_outliers(dataset)
    table = dataset.table
    energy = table.energy_eV / table.n_atoms
    summary: dict[str, Any] = {
        "dataset": str(output),
        "n_frames": len(dataset),
        "n_files": len(dataset.files),
        "n_atoms": [int(table.n_atoms.min()), int(table.n_atoms.max())],
        "elements": list(dataset.elements),
        "with_stress": int(table.has_stress.sum()),
        "energy_eV_per_atom": [float(energy.min()), float(energy.max())],
        "max_force_eV_per_A": float(table.max_force_eV_per_A.max()),
        "volume_A3": [float(table.volume_A3.min()), float(table.volume_A3.max())],
        "sources": {
            table.labels("source")[code]: int(count)
            for code, count in zip(*np.unique(table.codes("source"), return_counts=True), strict=True)
        },
    }
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    click.echo(f"{output}: {len(dataset)} frames of {len(dataset.files)} files")
    click.echo(f"  elements            {' '.join(dataset.elements)}")
    click.echo(f"  atoms a frame       {_span(table.n_atoms, '{:d}')}")
    click.echo(f"  energy, eV/atom     {_span(energy, '{:.4f}')}")
    click.echo(f"  largest force       {summary['max_force_eV_per_A']:.3f} eV/Å")
    click.echo(f"  volume, Å³          {_span(table.volume_A3, '{:.2f}')}")
    click.echo(f"  frames with stress  {summary['with_stress']}")
    for name, count in summary["sources"].items():
        click.echo(f"  source              {name}: {count} frames")


def _span(values: np.ndarray, form: str) -> str:
    low, high = form.format(values.min()), form.format(values.max())
    return low if low == high else f"{low} to {high}"
