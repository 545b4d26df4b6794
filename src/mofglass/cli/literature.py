"""`mofglass literature`: published numbers, with their sources."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from mofglass.cli.options import Command, json_option
from mofglass.literature import SYSTEMS, find, quantities, sources


@click.group()
def command() -> None:
    """Published numbers, with their sources.

    \b
    mofglass literature list                                   quantities and papers on record
    mofglass literature show --quantity zn_n_coordination      their values
    """


@command.command("list", cls=Command)
@json_option
def list_(as_json: bool) -> None:
    """List the quantities and the papers on record, with how many values each has."""
    counts = {key: len(find(key)) for key in quantities()}
    if as_json:
        click.echo(
            json.dumps(
                {
                    "quantities": [
                        {"quantity": q.key, "title": q.title, "unit": q.unit, "n_values": counts[q.key]}
                        for q in quantities().values()
                    ],
                    "sources": [
                        {
                            "source": s.key,
                            "authors": s.authors,
                            "title": s.title,
                            "journal": s.journal,
                            "year": s.year,
                            "doi": s.doi,
                            "n_values": len(find(source=s.key)),
                        }
                        for s in sources().values()
                    ],
                },
                ensure_ascii=False,
            )
        )
        return
    table = Table(title="Quantities", title_justify="left")
    table.add_column("quantity", overflow="fold", min_width=max(map(len, counts)))
    for heading in ("what", "unit", "values"):
        table.add_column(heading)
    for quantity in quantities().values():
        table.add_row(quantity.key, quantity.title, quantity.unit, str(counts[quantity.key]))
    papers = Table("source", "paper", "DOI", "values", title="Papers", title_justify="left")
    for source in sources().values():
        papers.add_row(
            source.key,
            f"{source.authors}: {source.title}. {source.journal} ({source.year})",
            source.doi or source.preprint or "",
            str(len(find(source=source.key))),
        )
    console = Console()
    console.print(table)
    console.print(papers)


@command.command(cls=Command)
@click.option("--quantity", help="Key of one quantity, as `literature list` prints it; all by default.")
@click.option("--system", type=click.Choice(SYSTEMS), help="What the values describe; all by default.")
@click.option("--material", help="E.g. ZIF-4; all by default.")
@click.option("--source", help="Key of one paper, as `literature list` prints it; all by default.")
@json_option
def show(
    quantity: str | None, system: str | None, material: str | None, source: str | None, as_json: bool
) -> None:
    """Show published values with unit, error, method, paper and table number."""
    values = find(quantity, system=system, material=material, source=source)
    if as_json:
        click.echo(json.dumps({"values": [value.to_dict() for value in values]}, ensure_ascii=False))
        return
    console = Console()
    for key in dict.fromkeys(value.quantity.key for value in values):
        chosen = [value for value in values if value.quantity.key == key]
        unit = f", {chosen[0].unit}" if chosen[0].unit else ""
        table = Table(title=f"{chosen[0].quantity.title}{unit}  ({key})", title_justify="left", expand=True)
        table.add_column("value", no_wrap=True, justify="right")
        for heading, ratio in (("of", 2), ("method", 5), ("source", 4)):
            table.add_column(heading, ratio=ratio)
        for value in chosen:
            error = "" if value.error is None else f" ± {value.error:g}"
            remarks = [value.method, value.conditions_text, value.note]
            table.add_row(
                f"{value.value:g}{error}",
                f"{value.material} {value.system}",
                "; ".join(filter(None, remarks)),
                f"{value.source.short}, {value.where}",
            )
        console.print(table)
