"""`mofglass dataset sample`: keep some of many frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mofglass.cli.dataset_options import dataset_arguments, open_chosen
from mofglass.cli.options import Command, json_option, output_option
from mofglass.cli.progress import counting

if TYPE_CHECKING:
    from mofglass.datasets.dataset import Dataset
    from mofglass.datasets.sampling import TrainTest

METHODS = ("random", "flat-histogram", "farthest-point")


@click.command("sample", cls=Command)
@dataset_arguments
@click.option(
    "-n", "--samples", "n_train", type=click.IntRange(1), required=True, help="Frames to draw, or bins."
)
@click.option(
    "--test",
    "n_test",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Frames to draw for testing from what is left, by the same method; only without splits.",
)
@click.option("--method", type=click.Choice(METHODS), default="flat-histogram", show_default=True)
@click.option(
    "--keep-rest",
    is_flag=True,
    help="Keep the frames that are not drawn too, in the split 'validation'; only without splits.",
)
@click.option(
    "--candidates",
    type=click.IntRange(2),
    default=20_000,
    show_default=True,
    help="Farthest-point: of more frames, this many are drawn at random first (memory 3.3 kB each).",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed.")
@output_option("The dataset to write, by custom NAME.dataset.h5.", required=True)
@json_option
def command(
    files: tuple[Path, ...],
    sources: tuple[str, ...],
    quiet: bool,
    n_train: int,
    n_test: int,
    method: str,
    keep_rest: bool,
    candidates: int,
    seed: int,
    output: Path,
    as_json: bool,
) -> None:
    """Draw frames of DATASET, without replacement, and write them as a dataset.

    \b
    random          every frame equally likely
    flat-histogram  as many bins of energy (eV/atom) as samples, one frame drawn from each; empty bins
                    give fewer frames, and the test set has bins of its own over what is left
    farthest-point  each next frame is the one least like all drawn before, by its neighbour histograms

    With --test, frames are put in the splits train and test. Of a DATASET that has splits already, training
    frames alone are drawn from, validation and test frames stay as they are, and others are left out.

    \b
    mofglass dataset sample aimd.dataset.h5 -n 2500 --test 200 -o zif4-train.dataset.h5
    mofglass dataset sample md.extxyz -n 50 --method farthest-point -o to-label.dataset.h5
    """
    import json
    from collections import Counter

    import numpy as np

    from mofglass.datasets.output_file import require_dataset_name
    from mofglass.datasets.sampling import TrainTest
    from mofglass.datasets.splitting import training_rows

    given = click.get_current_context().get_parameter_source("candidates")
    if method != "farthest-point" and given is not ParameterSource.DEFAULT:
        raise click.UsageError(f"--candidates is of --method farthest-point, and the method is {method}")
    if candidates < n_train + n_test and method == "farthest-point":
        raise click.UsageError(f"--candidates {candidates} are fewer than the {n_train + n_test} to be drawn")
    require_dataset_name(output)
    quiet = quiet or as_json
    dataset = open_chosen(files, sources, quiet=quiet)
    before = dataset.table.split
    has_splits = bool((before != "").any())
    if has_splits and (n_test or keep_rest):
        raise click.UsageError(
            "the frames have splits, and --test and --keep-rest would take neighbours of training frames for "
            "testing or validation: leave these options out, or sample before  mofglass dataset split"
        )
    may_train = training_rows(dataset)
    rows = np.flatnonzero(may_train)
    places = _draw(dataset[rows], method, n_train, n_test, candidates, seed, quiet)
    drawn = TrainTest(*(rows[part] for part in places))
    split = np.where(may_train, "", before)
    split[drawn.test] = "test"
    if keep_rest:
        split[drawn.rest] = "validation"
    if has_splits or n_test or keep_rest:
        split[drawn.train] = "train"
    kept = split != ""
    kept[drawn.train] = True
    as_before = Counter(split[kept & ~may_train])
    dataset.with_columns(split=split)[kept].save(output)
    summary = {
        "dataset": str(output),
        "method": method,
        "n_frames_before": len(dataset),
        "n_asked": n_train,
        "n_drawn": len(drawn.train),
        "n_test_asked": n_test,
        "n_test_drawn": len(drawn.test),
        "n_rest": len(drawn.rest),
        "n_as_before": dict(as_before),
        "seed": seed,
    }
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    click.echo(f"{output}: {kept.sum()} of {len(dataset)} frames")
    click.echo(f"  drawn     {len(drawn.train)} of {n_train} asked for, {method}")
    for name, count in as_before.items():
        click.echo(f"  as before {count}, in the split {name}")
    if n_test:
        click.echo(f"  for test  {len(drawn.test)} of {n_test} asked for")
    if keep_rest:
        click.echo(f"  the rest  {len(drawn.rest)}, in the split validation")


def _draw(
    dataset: Dataset, method: str, n_train: int, n_test: int, candidates: int, seed: int, quiet: bool
) -> TrainTest:
    from mofglass.datasets import sampling

    if method == "random":
        return sampling.random_train_test(len(dataset), n_train, n_test, seed=seed)
    if method == "flat-histogram":
        return sampling.flat_histogram_train_test(
            sampling.comparable_energies(dataset), n_train, n_test, seed=seed
        )
    return _draw_farthest(dataset, n_train, n_test, candidates, seed, quiet)


def _draw_farthest(
    dataset: Dataset, n_train: int, n_test: int, candidates: int, seed: int, quiet: bool
) -> TrainTest:
    """Draw training frames, then from the other candidates test frames."""
    import numpy as np

    from mofglass.datasets.frame_descriptor import describe_frames
    from mofglass.datasets.sampling import TrainTest, farthest_point_sample, random_sample

    rows = np.arange(len(dataset))
    if len(rows) > candidates:
        rows = random_sample(len(rows), max(candidates, n_train + n_test), seed=seed)
    with counting("frames described", len(rows), quiet=quiet) as progress:
        descriptors = describe_frames(dataset[rows], progress=progress)
    train = farthest_point_sample(descriptors, n_train)
    left = np.setdiff1d(np.arange(len(rows)), train)
    test = left[farthest_point_sample(descriptors[left], n_test)] if n_test else left[:0]
    drawn = np.sort(rows[train]), np.sort(rows[test])
    return TrainTest(*drawn, np.setdiff1d(np.arange(len(dataset)), np.concatenate(drawn)))
