"""The report of record of learned potentials: error against cost, on the same frames and the same core.

    python benchmarks/pareto.py [POTENTIAL ...] [--dataset FILE ...] [--frames ::10] [-o DIR]

POTENTIAL is what --potential takes, with a name before it if wanted: `pod:models/small` or
`small=pod:models/small`. By default those that mofglass ships. Potentials that need an environment of their
own (DeePMD) are evaluated there, on this core and the same frames,

    taskset -c 0 .venv-deepmd/bin/mofglass evaluate deepmd:model.pb FILE --frames ::10 \\
        --align per-atom -o evaluation

and `deepmd=evaluation` then takes what that found. Prints errors and cost, and both as ratios to the first
potential; writes pareto.csv, PNG and SVG figures and pareto.html to DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

SHIPPED = ("zif4",)
LABELS = Path(__file__).parents[2] / "shared" / "data" / "labels" / "rattled.extxyz.gz"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("potentials", nargs="*", metavar="POTENTIAL", help="[NAME=]POTENTIAL")
    parser.add_argument("--dataset", nargs="+", default=[str(LABELS)], help="labelled frames")
    parser.add_argument("--frames", default="::1", help="which of them, as in 0:100 or ::10")
    parser.add_argument("--align", default="per-atom", choices=["none", "per-atom", "per-element"])
    parser.add_argument(
        "--core", type=int, default=None, help="core to stay on; by default the first allowed"
    )
    parser.add_argument("--timing", default="both", choices=["cell", "both"], help="2x2x2 supercell too")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/pareto"), help="directory for output")
    return parser.parse_args()


def evaluated(directory: Path, n_frames: int, align: str) -> dict[str, Any] | None:
    """Return what `mofglass evaluate` left in a directory; None where there is nothing."""
    from mofglass.errors import InputError

    file = directory / "summary.json"
    if not file.is_file():
        return None
    try:
        summary: dict[str, Any] = json.loads(file.read_text())
        found = (summary["n_frames"], summary["energy_alignment"]["rule"])
        threads = {timing["threads"] for timing in summary["efficiency"]}
    except (ValueError, KeyError) as error:
        raise InputError(f"{file} is not of 'mofglass evaluate': give the directory of its -o") from error
    if found != (n_frames, align) or threads - {1}:
        raise InputError(
            f"{directory} is of {found[0]} frames, --align {found[1]}, threads {sorted(threads)}, and these "
            f"are {n_frames} frames, --align {align}, one thread: evaluate it on the same"
        )
    return summary


def main() -> None:
    """Evaluate every potential and print the table."""
    options = arguments()
    # One core for all, set before numerical libraries count the cores.
    core = min(os.sched_getaffinity(0)) if options.core is None else options.core
    os.sched_setaffinity(0, {core})
    os.environ["OMP_NUM_THREADS"] = "1"
    from mofglass.datasets.dataset import open_dataset
    from mofglass.errors import MofglassError
    from mofglass.report.pareto import write_pareto_page
    from mofglass.simulate.provenance import machine
    from mofglass.training.evaluate import evaluate
    from mofglass.training.evaluation_output import write_together
    from mofglass.training.pareto import pareto_panels, pareto_table, table_row

    frames = slice(*(int(word) if word else None for word in options.frames.split(":")))
    dataset = open_dataset(options.dataset)[frames]
    rows, failed, elsewhere = [], {}, []
    for given in options.potentials or SHIPPED:
        # A path may hold an equals sign, a name of a potential comes before any colon.
        head, _, rest = given.partition("=")
        name, spec = (head, rest) if rest and ":" not in head else (given, given)
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            found = evaluated(Path(spec), len(dataset), options.align) if name != given else None
            if found is None:
                found = evaluate(
                    spec, dataset, align=options.align, timing=options.timing, checks=False
                ).summary()
            else:
                elsewhere.append(f"{name}: {found.get('provenance', {}).get('command', spec)}")
        except MofglassError as error:
            failed[name] = str(error)
            continue
        rows.append(table_row(name, found))
    if not rows:
        sys.exit("\n".join(f"{name}: {problem}" for name, problem in failed.items()))
    table = pareto_table(rows)
    first = next(row for row in rows)
    for key, column in (
        ("force_mae_meV_per_A", "force_error_ratio"),
        ("microseconds_per_atom", "cost_ratio"),
    ):
        table[column] = table[key] / first[key]
    summary = {"rows": table.astype(object).to_dict("records"), "failed": failed}
    write_together(options.output, {"pareto": table}, pareto_panels(table), {"pareto": summary})
    record = {
        "machine": f"{machine()['processor']}, core {core}",
        "versions": f"mofglass {version('mofglass')}, Python {platform.python_version()}",
        "frames": f"{len(dataset)} of {', '.join(options.dataset)}",
        "energies": options.align,
    }
    if elsewhere:
        record["evaluated in other environments"] = "; ".join(elsewhere)
    write_pareto_page(
        table,
        options.output / "pareto.html",
        title="Error against cost",
        lede=f"{len(table)} potentials on {len(dataset)} frames, one core.",
        command=shlex.join(["python", "benchmarks/pareto.py", *sys.argv[1:]]),
        record=record,
        failed=failed,
    )
    print(f"{len(dataset)} frames; ratios to {first['name']}; * no other is cheaper and more accurate")
    columns = ("energy_mae_meV_per_atom", "force_mae_meV_per_A", "stress_mae_MPa", "microseconds_per_atom")
    heads = ("meV/atom", "meV/Å", "MPa", "µs/atom", "error ratio", "cost ratio")
    print(f"{'':32}" + "".join(f"{head:>13}" for head in heads))
    for _, row in table.iterrows():
        numbers = [*(row[key] for key in columns), row["force_error_ratio"], row["cost_ratio"]]
        mark = "*" if row["on_front"] else " "
        print(f"{row['name'][-30:]:30} {mark}" + "".join(f"{number:13.4g}" for number in numbers))
    for name, problem in failed.items():
        print(f"{name}: {problem}")
    print(options.output / "pareto.html")


if __name__ == "__main__":
    main()
