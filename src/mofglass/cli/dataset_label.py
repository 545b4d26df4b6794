"""`mofglass dataset label`: energy, forces and stress of frames, by a potential or by CP2K."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mofglass.cli.options import POSITIVE, Command, UserPath, json_option, output_option
from mofglass.cli.progress import counting
from mofglass.cli.stopping import goes_on

if TYPE_CHECKING:
    from ase import Atoms

    from mofglass.datasets.labels import Labeller


@click.command("label", cls=Command)
@click.argument("files", nargs=-1, type=UserPath(), metavar="[FRAMES...]")
@output_option("Directory for results; the same one again goes on.", directory=True, required=True)
@click.option("-p", "--potential", help="Label by this potential, by name or name:FILE.")
@click.option("--cp2k", is_flag=True, help="Label by CP2K at the level of Castel 2024.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Frames side by side.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="OpenMP threads of each."
)
@click.option("--retry-failed", is_flag=True, help="Try frames again that failed before.")
@click.option("--collect", is_flag=True, help="Label nothing: write what is done so far.")
@click.option(
    "--cp2k-command", default="", help="CP2K's program and arguments.  [default: the one installed]"
)
@click.option("--cp2k-data", default="", help="Directory of CP2K's basis sets.  [default: as CP2K knows it]")
@click.option("--cutoff", type=POSITIVE, default=600.0, show_default=True, help="CP2K: density cutoff, Ry.")
@click.option(
    "--eps-scf",
    type=POSITIVE,
    default=1e-6,
    show_default=True,
    help="CP2K: convergence of the wavefunction, Ha.",
)
@click.option(
    "--dispersion",
    type=click.Choice(["D3", "D3BJ", "none"]),
    default="D3",
    show_default=True,
    help="CP2K: dispersion of PBE, with zero or Becke-Johnson damping.",
)
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    files: tuple[Path, ...],
    output: Path,
    potential: str | None,
    cp2k: bool,
    jobs: int,
    threads: int,
    retry_failed: bool,
    collect: bool,
    cp2k_command: str,
    cp2k_data: str,
    cutoff: float,
    eps_scf: float,
    dispersion: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compute energy, forces and stress of FRAMES, each result a file of its own in the output directory.

    FRAMES are structures or trajectories of any kind that mofglass reads, labelled or not, or a dataset;
    none are needed to go on in a directory that has them. Stopped and started again, the command goes on:
    nothing done is done again. A frame that fails or does not converge is kept with the reason. At the end,
    and with --collect at any time, DIR/labelled.extxyz holds the labelled frames and DIR/failed.extxyz the
    others. Energies are eV, forces eV/Å, stress eV/Å³ positive in tension.

    \b
    mofglass dataset label explored.h5 -p nequip-archived:model.pth -o labels --jobs 4
    mofglass dataset label frames.extxyz --cp2k -o dft --jobs 2
    mofglass dataset label --cp2k -o dft                            goes on there
    """
    from mofglass.datasets.label import label_frames
    from mofglass.datasets.labelling_directory import LabellingDirectory

    if collect:
        standing = LabellingDirectory(output).collect()
    else:
        labeller = _labeller(potential, cp2k, cp2k_command, cp2k_data, cutoff, eps_scf, dispersion, threads)
        with goes_on(output), counting("frames labelled", quiet=quiet or as_json) as progress:
            standing = label_frames(
                _frames(files) if files else None,
                labeller,
                output,
                jobs=jobs,
                retry_failed=retry_failed,
                progress=progress,
            )
    if as_json:
        counts = {**asdict(standing), "n_remaining": standing.n_remaining, "directory": str(output)}
        click.echo(json.dumps(counts, ensure_ascii=False))
        return
    click.echo(
        f"{output}: {standing.n_labelled} of {standing.n_frames} frames labelled, "
        f"{standing.n_failed} failed, {standing.n_remaining} to do; {standing.wall_s:.0f} s of work"
    )
    for reason, count in standing.reasons.items():
        click.echo(f"  {count} failed: {reason}")
    if standing.n_labelled:
        click.echo(f"wrote {output / 'labelled.extxyz'}")
    if standing.n_failed:
        click.echo(f"wrote {output / 'failed.extxyz'}; --retry-failed tries those again")


def _labeller(
    potential: str | None,
    cp2k: bool,
    cp2k_command: str,
    cp2k_data: str,
    cutoff: float,
    eps_scf: float,
    dispersion: str,
    threads: int,
) -> Labeller:
    from mofglass.datasets.cp2k_input import Cp2kLevel
    from mofglass.datasets.cp2k_labels import Cp2kLabeller
    from mofglass.datasets.labels import PotentialLabeller

    if cp2k == (potential is not None):
        raise click.UsageError("say what labels the frames: either --potential NAME or --cp2k")
    if potential is not None:
        return PotentialLabeller(potential, threads=threads)
    level = Cp2kLevel(cutoff_Ry=cutoff, eps_scf=eps_scf, dispersion=dispersion)  # type: ignore[arg-type]
    return Cp2kLabeller(level, command=cp2k_command, data_directory=cp2k_data, threads=threads)


def _frames(files: tuple[Path, ...]) -> Iterator[Atoms]:
    """Read the frames of all files one at a time, labelled or not."""
    from mofglass.datasets.unlabelled import read_frames

    for path in files:
        yield from read_frames(path)
