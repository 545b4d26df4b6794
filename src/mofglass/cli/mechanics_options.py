"""Options that `bulk-modulus` and `elastic-constants` share, and what they stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mofglass.cli.options import (
    DURATION,
    POSITIVE,
    UserPath,
    json_option,
    output_option,
    potential_option,
    recording_options,
    supercell_option,
    together,
)
from mofglass.cli.structure_argument import open_structure

if TYPE_CHECKING:
    from ase import Atoms

study_options = together(
    click.argument("structures", nargs=-1, required=True, metavar="STRUCTURE..."),
    potential_option,
    supercell_option,
    click.option(
        "--thermostat", type=click.Choice(["nose-hoover", "csvr", "langevin"]), default="nose-hoover"
    ),
    click.option("--time-step", type=POSITIVE, default=0.5, show_default=True, help="Time step, fs."),
    click.option(
        "--dry-run", is_flag=True, help="Print the runs or structures and their measured cost, and end."
    ),
    recording_options(frame_interval_ps=1.0),
    click.option("--at-once", type=click.IntRange(1), help="Runs side by side.  [default: one a core]"),
    click.option("--threads", type=click.IntRange(1), help="OpenMP threads of each.  [default: shared out]"),
    click.option(
        "--walltime",
        type=DURATION,
        help="Stop at checkpoints after this wall time; the same command goes on.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress."),
    click.option(
        "--against",
        type=UserPath(exists=True, file_okay=False),
        help="Directory of another study, e.g. the crystal's: its moduli are tested (Welch).",
    ),
    output_option("Directory of the study: its runs, and the results in 'analysis'.", directory=True),
    json_option,
)
"""Options of both commands."""

static_options = together(
    click.option(
        "--ions",
        type=click.Choice(["relaxed", "clamped"]),
        default="relaxed",
        show_default=True,
        help="Whether ions relax in each strained cell (at 0 K).",
    ),
    click.option(
        "--relax-cell", is_flag=True, help="First relax the cell to zero stress (at 0 K; 0.002 GPa)."
    ),
    click.option(
        "--force-tolerance",
        type=POSITIVE,
        default=0.001,
        show_default=True,
        help="Largest force left by a relaxation, eV/Å; soft frameworks need it small.",
    ),
    click.option(
        "--max-steps", type=click.IntRange(1), default=2000, show_default=True, help="Steps of a relaxation."
    ),
    click.option(
        "--hessian-of",
        metavar="POTENTIAL",
        help="Start each relaxation of the ions from the second derivatives of this cheap potential: far "
        "fewer steps with an expensive one.",
    ),
)
"""Options of calculations at rest."""

OF_DYNAMICS = (
    *("thermostat", "time_step", "seed", "frame_interval", "thermo_interval", "checkpoint_interval"),
    *("slow_forces_every", "hydrogen_mass", "max_force_spread", "at_once", "threads", "walltime"),
)
"""Parameters that mean nothing at rest."""

OF_REST = ("ions", "relax_cell", "force_tolerance", "max_steps", "hessian_of")
"""Parameters that mean nothing in dynamics."""


def open_structures(options: Mapping[str, Any]) -> list[tuple[str, Atoms, Path | None]]:
    """Load the structures and say where each one's study goes.

    Parameters
    ----------
    options : mapping
        Values of `study_options`.

    Returns
    -------
    list of (str, ase.Atoms, Path or None)
        Title, structure and directory; several structures have directories ``01``, ``02`` and on.
    """
    output, names = options["output"], options["structures"]
    if output is None and not options["dry_run"]:
        raise click.UsageError("say where the study goes, as in  -o studies/zif-4")
    found = []
    for number, name in enumerate(names, start=1):
        directory = output if output is None or len(names) == 1 else output / f"{number:02d}"
        title = Path(name).stem if Path(name).is_file() else name
        found.append((title, open_structure(name).repeat(options["supercell"]), directory))
    return found


def refuse(names: Collection[str], where: str) -> None:
    """Refuse options that were given and mean nothing where they stand.

    Parameters
    ----------
    names : collection of str
        The options' parameters.
    where : str
        For the message.

    Raises
    ------
    click.UsageError
        When one of them was given.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is not ParameterSource.DEFAULT
        if given and parameter.name in names:
            raise click.UsageError(f"{parameter.opts[0]} means nothing {where}: leave it out")


def relaxation(options: Mapping[str, Any]) -> Any:
    """Return how ions are relaxed.

    Parameters
    ----------
    options : mapping
        Values of `static_options`.

    Returns
    -------
    Relaxation
        As asked for.
    """
    from mofglass.studies.static_points import Relaxation

    return Relaxation(
        ions=options["ions"] == "relaxed",
        force_tolerance_eV_per_A=options["force_tolerance"],
        max_steps=options["max_steps"],
        hessian_of=options["hessian_of"],
    )
