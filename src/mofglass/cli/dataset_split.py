"""`mofglass dataset split`: training, validation and test frames by stretches of trajectory."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mofglass.cli.dataset_options import dataset_arguments, open_chosen
from mofglass.cli.options import Command, FiniteRange, json_option, output_option
from mofglass.datasets.splitting import DEFAULT_FRACTIONS

FRACTION = FiniteRange(0, 1)


@click.command("split", cls=Command)
@dataset_arguments
@click.option(
    "--train", type=FRACTION, default=DEFAULT_FRACTIONS["train"], show_default=True, help="Fraction."
)
@click.option(
    "--validation",
    type=FRACTION,
    default=DEFAULT_FRACTIONS["validation"],
    show_default=True,
    help="Fraction.",
)
@click.option("--test", type=FRACTION, default=DEFAULT_FRACTIONS["test"], show_default=True, help="Fraction.")
@click.option(
    "--block-frames",
    type=click.IntRange(1),
    help="Frames a block, counted in the file; 1 if independent.  [default: a twentieth of the source]",
)
@click.option(
    "--gap-frames",
    type=click.IntRange(0),
    help="Frames of different splits are more than this apart.  [default: a tenth of a block]",
)
@click.option(
    "--together",
    type=click.Choice(["temperature", "volume"]),
    multiple=True,
    help="For files in which runs are mixed: frames of a source with the same temperature (or volume, or "
    "both) are one block.",
)
@click.option(
    "--hold-out",
    multiple=True,
    metavar="SOURCE",
    help="Source for testing only, name or pattern ('*glass04*'); may be repeated.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed.")
@output_option("The dataset to write, by custom NAME.dataset.h5.", required=True)
@json_option
def command(
    files: tuple[Path, ...],
    sources: tuple[str, ...],
    quiet: bool,
    train: float,
    validation: float,
    test: float,
    block_frames: int | None,
    gap_frames: int | None,
    together: tuple[str, ...],
    hold_out: tuple[str, ...],
    seed: int,
    output: Path,
    as_json: bool,
) -> None:
    """Divide the frames of DATASET into the splits train, validation and test.

    Every source is divided by itself, in blocks of consecutive frames, so that frames of one split are far
    in time from those of another; frames in the gaps between belong to none and are left out by commands
    that take a split. A source of less than 200 frames has blocks of less than ten and no gaps by default:
    give --gap-frames 1 or more where its frames follow each other closely.

    \b
    mofglass dataset split zif4.dataset.h5 -o zif4-split.dataset.h5
    mofglass dataset split zif4.dataset.h5 --train 0.7 --validation 0.3 --test 0 -o shi.dataset.h5
    mofglass dataset split zif4.dataset.h5 --hold-out '*glass04' -o zif4-split.dataset.h5
    """
    import numpy as np

    from mofglass.datasets.equal_frames import warn_of_equal_frames
    from mofglass.datasets.output_file import require_dataset_name
    from mofglass.datasets.splitting import split_by_blocks

    if together and block_frames is not None:
        raise click.UsageError("--together makes blocks of its own: leave --block-frames out")
    require_dataset_name(output)
    columns = {"temperature": "temperature_K", "volume": "volume_A3"}
    dataset = split_by_blocks(
        open_chosen(files, sources, quiet=quiet or as_json),
        {"train": train, "validation": validation, "test": test},
        block_frames=block_frames,
        gap_frames=gap_frames,
        together=[columns[name] for name in together],
        hold_out=hold_out,
        seed=seed,
    )
    dataset.save(output)
    warn_of_equal_frames(dataset)
    table = dataset.table
    counts = {
        source: {
            name: int(np.sum(table.split[table.source == source] == ("" if name == "none" else name)))
            for name in ("train", "validation", "test", "none")
        }
        for source in dataset.sources
    }
    if as_json:
        n_blocks = int(table.block.max()) + 1
        click.echo(json.dumps({"dataset": str(output), "n_blocks": n_blocks, "by_source": counts}))
        return
    click.echo(f"{output}: {len(dataset)} frames in {int(table.block.max()) + 1} blocks")
    for source, own in counts.items():
        words = ", ".join(f"{count} {name}" for name, count in own.items() if count and name != "none")
        click.echo(f"  {source}: {words}" + (f"; {own['none']} in gaps" if own["none"] else ""))
