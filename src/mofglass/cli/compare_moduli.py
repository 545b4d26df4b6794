"""``mofglass compare-moduli``: the routes to elastic moduli in one table."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mofglass.cli.options import Command, UserPath, json_option, output_option

if TYPE_CHECKING:
    from mofglass.analysis.ensemble_difference import Sample
    from mofglass.studies.moduli_comparison import ModuliComparison


@click.command(cls=Command)
@click.argument("studies", nargs=-1, required=True, type=UserPath(exists=True), metavar="DIR...")
@click.option(
    "--equation",
    type=click.Choice(["birch-murnaghan-2", "birch-murnaghan-3", "vinet"]),
    default="birch-murnaghan-2",
    show_default=True,
    help="Equation of state whose bulk modulus is taken.",
)
@output_option("Directory for CSV tables, PNG and SVG figures and summary.json.", directory=True)
@json_option
def command(studies: tuple[Path, ...], equation: str, output: Path | None, as_json: bool) -> None:
    """Moduli (GPa) of one system by several routes, side by side, and whether they agree.

    DIR is what bulk-modulus, elastic-constants or analyse elastic was given as -o. Every pair of studies at
    one temperature (K) is tested for a difference (Welch, with Holm's correction for the number of tests).
    The modulus of an equation of state at constant shape stands beside Voigt's, that of a volume that
    fluctuates beside Reuss'.

    \b
    mofglass compare-moduli studies/finite-strain studies/npt studies/stress-strain -o studies/routes
    """
    from datetime import UTC, datetime
    from importlib.metadata import version

    from mofglass.analysis.output import write_results
    from mofglass.plain_json import to_json
    from mofglass.studies.moduli_comparison import ModuliComparison, read_routes

    result = ModuliComparison.of(
        [route for study in studies for route in read_routes(study, equation=equation)]
    )
    written = []
    if output is not None:
        provenance = {
            "mofglass": version("mofglass"),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "trajectories": [str(study) for study in studies],
            "options": {"equation": equation},
        }
        written = write_results({result.name: result}, output, provenance=provenance)
    if as_json:
        click.echo(to_json(result.summary()))
        return
    _print(result)
    if written:
        click.echo(f"\n{len(written)} files in {output}")


def _cell(sample: Sample | None) -> str:
    if sample is None or isnan(sample.mean):
        return ""
    return f"{sample.mean:.2f}" + ("" if isnan(sample.error) else f" ± {sample.error:.2f}")


def _print(result: ModuliComparison) -> None:
    """Print a row a route, then the verdict and the pairs that differ."""
    shown = {
        "K Voigt": "bulk_modulus_voigt_GPa",
        "K Reuss": "bulk_modulus_reuss_GPa",
        "K Hill": "bulk_modulus_GPa",
        "E": "young_modulus_GPa",
        "G": "shear_modulus_GPa",
        "nu": "poisson_ratio",
    }
    labels = [f"{route.study}: {route.label}" for route in result.routes]
    width = max(map(len, labels))
    click.echo(" " * width + "".join(f"  {name:>14}" for name in shown) + "   (GPa)")
    for label, route in zip(labels, result.routes, strict=True):
        cells = (_cell(route.moduli.get(name)) for name in shown.values())
        click.echo(f"{label:<{width}}" + "".join(f"  {cell:>14}" for cell in cells))
    for note in result.notes:
        click.echo(f"Warning: {note}", err=True)
    tested = result.pairs.dropna(subset=["p_holm"])
    if result.agree is None:
        click.echo("\nnothing to test: no two studies at one temperature with errors")
        return
    verdict = "agree" if result.agree else "do not agree"
    click.echo(f"\nthe routes {verdict}: {len(tested)} tests, {result.summary()['test']}")
    for row in tested[tested["p_holm"] < 0.05].itertuples():
        click.echo(
            f"  {row.quantity}: {row.first} less {row.second} is {row.difference:+.3f} ± "
            f"{row.difference_error:.3f} (p {row.p_holm:.2g})"
        )
