"""``mofglass doctor``: does everything work here?"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from mofglass.cli.options import Command, json_option


@click.command(cls=Command)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check by doing that every part of mofglass works on this machine.

    LAMMPS runs 0 steps of a force field, threads and MPI processes are started, a linker is perceived, a
    model is compiled on 2 atoms, Zeo++ measures a cell. For what is missing or broken, the one command that
    mends it is printed. Exit code 1 when something required is broken.
    """
    from mofglass.doctor import diagnose
    from mofglass.simulate.provenance import machine

    marks = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN "}
    found = []
    if not as_json:
        computer = machine()
        click.echo(f"{computer['host']}: {computer['processor']}, {computer['cores']} cores")
    for item in diagnose():
        found.append(item)
        if not as_json:
            click.echo(f"  {marks[item.state]}  {item.name:<27} {item.found}")
            if item.remedy:
                click.echo(f"{'':11}{'':<27} mend with:  {item.remedy}")
    if as_json:
        click.echo(json.dumps({"machine": machine(), "checks": [asdict(item) for item in found]}))
    if any(item.state == "broken" for item in found):
        context.exit(1)
