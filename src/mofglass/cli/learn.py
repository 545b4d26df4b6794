"""``mofglass learn``: concurrent learning."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from mofglass.cli.options import Command, UserPath, json_option, output_option
from mofglass.cli.stopping import goes_on


@click.command(cls=Command)
@click.argument("configuration", type=UserPath(exists=True, dir_okay=False))
@output_option("Directory of the learning.", directory=True, required=True)
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
def command(configuration: Path, output: Path, quiet: bool, as_json: bool) -> None:
    """Train a potential, explore with it, label what it does not know, and train again.

    CONFIGURATION is a YAML file:

    \b
    # learn.yaml
    training: pod.yaml               # what 'mofglass train' reads: the first labelled frames, the trainer
    labeller: nequip-archived:teacher.pth    # a potential, or cp2k
    iterations: 5
    committee: 4                     # models whose spread of forces says what is unknown
    trust_eV_per_A: [0.2, 2.0]       # spreads worth a label, eV/Å
    select: 60                       # frames labelled in each iteration, at most
    held_out: [test.extxyz]          # only for the table of errors
    jobs: 2                          # runs, and labels, side by side
    explore:
      - structures: [ZIF-4, glass.cif]       # names of the catalogue, or files
        temperature_K: [300, 1500]
        volume: [0.95, 1.08]         # range of factors; or pressure_GPa: [0, 0.5]
        runs: 6
        duration_ps: 5
    press:                           # contacts that runs break down at, drawn together by springs
      - atoms: Zn-H-H                # two hydrogen atoms to a zinc atom
        distance_A: [1.6, 2.2]
        frames: 10

    \b
    mofglass learn learn.yaml -o learned
    mofglass melt-quench ZIF-4 --potential pod:learned/final/training/model --quick -o runs/first

    Labelled are frames on which the committee's forces spread between the two trust levels, the last
    frames before a run broke down, and pressed ones. Energies are in eV, forces in eV/Å, stresses in
    eV/Å³. The table of iterations is learning.csv. Stopped with Ctrl-C or killed, the same command goes on
    where it was; more iterations may be asked for later.
    """
    from mofglass.cli.train import TerminalProgress
    from mofglass.report.training import write_learning_page
    from mofglass.studies.concurrent_learning import learn
    from mofglass.studies.learning_config import load_learning
    from mofglass.training.state import ENDED

    config = load_learning(configuration)
    with (
        goes_on(output),
        TerminalProgress(quiet or as_json, config.training_config.trainer) as progress,
    ):
        learned = learn(
            config,
            output,
            progress,
            told=None if quiet or as_json else lambda line: click.echo(line, err=True),
        )
    write_learning_page(
        learned.table,
        output / "learning.html",
        title=f"Learning of {configuration.stem}",
        lede=f"{len(learned.table) - 1} iterations; labels by {config.labeller}.",
        command=shlex.join(["mofglass", "learn", str(configuration), "-o", str(output)]),
        record={"configuration": configuration.read_text(), "training": config.training.read_text()},
    )
    if as_json:
        rows: Any = json.loads(learned.table.to_json(orient="records"))
        click.echo(json.dumps({"potential": learned.potential, "iterations": rows}))
        return
    # Where none was ended there is no such column, and of one that was not it holds NaN.
    if isinstance(ended := learned.table.iloc[-1].get(ENDED), str):
        click.echo(f"the training of the final model was ended by its time limit after {ended}")
    click.echo(f"{output / 'learning.csv'}, the page is {output / 'learning.html'}")
    click.echo(f"{output}: done; use it with  --potential {learned.potential}")
