"""`mofglass potentials`: the potentials at hand, and what each needs."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mofglass.cli.options import Command, json_option
from mofglass.potentials import REGISTRY, get_potential
from mofglass.potentials.nb_zif_ff import load_parameters
from mofglass.potentials.nb_zif_ff.parameters import Parameters

# The packages an optional dependency group brings, to say whether it is there.
EXTRA_PACKAGES = {"torch": ("torch", "vesin"), "nequip": ("torch", "vesin", "nequip")}


@click.group()
def command() -> None:
    """The potentials at hand, and what each needs.

    \b
    mofglass potentials list              names, as --potential takes them
    mofglass potentials show nb-zif-ff    parameters, references, known limits
    """


def _installed(extra: str) -> bool:
    return all(find_spec(package) is not None for package in EXTRA_PACKAGES.get(extra, ()))


@command.command("list", cls=Command)
@json_option
def list_(as_json: bool) -> None:
    """List the potentials by the name that --potential takes."""
    rows = [
        {
            "name": entry.name,
            "usage": entry.usage,
            "summary": entry.summary,
            "extra": entry.extra,
            "installed": _installed(entry.extra),
        }
        for entry in REGISTRY.values()
    ]
    if as_json:
        click.echo(json.dumps({"potentials": rows}, ensure_ascii=False))
        return
    table = Table("--potential", "what", "needs")
    for row in rows:
        needs = "" if row["installed"] else escape(f"pip install 'mofglass[{row['extra']}]'")
        table.add_row(str(row["usage"]), str(row["summary"]), needs)
    console = Console()
    console.print(table)
    console.print("Any ASE calculator, from Python: mofglass.potentials.ASEPotential(lambda: ...)")


@command.command(cls=Command)
@click.argument("potential", metavar="POTENTIAL")
@json_option
def show(potential: str, as_json: bool) -> None:
    """Show a potential: reference, elements, what it was fitted to; of nb-zif-ff every parameter.

    POTENTIAL is a name as `potentials list` prints it, e.g. nb-zif-ff or reaxff:ffield.zif. Energies of
    the parameter table are kcal/mol (per Å² or rad²), lengths Å, angles degrees, charges e, masses u;
    Lennard-Jones and Morse depths are eV.
    """
    chosen = get_potential(potential)
    description: dict[str, Any] = {**chosen.describe(), "elements": sorted(chosen.elements)}
    parameters = load_parameters() if chosen.name == "nb-zif-ff" else None
    if as_json:
        if parameters is not None:
            description |= _parameters_json(parameters)
        click.echo(json.dumps(description, ensure_ascii=False))
        return
    console = Console()
    for key, value in description.items():
        text = ", ".join(value) if isinstance(value, list) else value
        console.print(f"[bold]{key.replace('_', ' ')}[/bold]: {text}", highlight=False, soft_wrap=True)
    if parameters is not None:
        for table in _parameter_tables(parameters):
            console.print(table)


def _parameters_json(parameters: Parameters) -> dict[str, Any]:
    """The parameter table and its known limits, units in the keys."""
    table = parameters.table
    return {
        "references": table["references"],
        "eV_per_kcal_per_mol": parameters.eV_per_kcal_per_mol,
        "particles": [
            {
                "type": kind.name,
                "element": kind.element,
                "charge_e": kind.charge_e,
                "mass_u": kind.mass_u,
                "epsilon_eV": kind.epsilon_eV,
                "sigma_A": kind.sigma_A,
                "meaning": kind.meaning,
            }
            for kind in parameters.types.values()
        ],
        "morse": table["morse"],
        "dummy_core": table["dummy_core"],
        "special_bonds": table["special_bonds"],
        "bonds": _rows(parameters.bonds, ("K_kcal_per_mol_A2", "r0_A")),
        "angles": _rows(
            parameters.angles,
            ("K_kcal_per_mol_rad2", "theta0_deg", "K_UB_kcal_per_mol_A2", "r_UB_A"),
        ),
        "dihedrals": _rows(parameters.dihedrals, ("K_kcal_per_mol",)),
        "impropers": [
            {"atoms": list(key), "K_kcal_per_mol": value} for key, value in parameters.impropers.items()
        ],
        "ne_improper_K_kcal_per_mol": parameters.ne_improper_kcal,
        "compared_with_published": table["known_limits"],
        "published_source": table["known_limits_source"],
    }


def _rows(terms: dict[tuple[str, ...], tuple[float, ...]], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"atoms": list(key), **dict(zip(columns, values, strict=True))} for key, values in terms.items()]


def _parameter_tables(parameters: Parameters) -> list[Table]:
    """The parameter table as a reader wants it."""
    particles = Table(
        "type",
        "meaning",
        "charge, e",
        "mass, u",
        "LJ eps, eV",
        "LJ sigma, Å",
        title="Particles",
        title_justify="left",
    )
    for kind in parameters.types.values():
        particles.add_row(
            kind.name,
            kind.meaning,
            f"{kind.charge_e:+.4f}",
            f"{kind.mass_u:.3f}",
            f"{kind.epsilon_eV:.7g}" + ("*" if kind.is_dummy else ""),
            f"{kind.sigma_A:.3f}",
        )
    particles.caption = "* between dummies only"
    morse = parameters.table["morse"]
    pair = Table(
        "pair", "D, eV", "alpha, 1/Å", "r0, Å", title="Morse, instead of Lennard-Jones", title_justify="left"
    )
    pair.add_row(
        "-".join(morse["pair"]), f"{morse['D_eV']:.7g}", str(morse["alpha_per_A"]), str(morse["r0_A"])
    )
    tables = [particles, pair]
    for title, terms, columns in (
        ("Bonds", parameters.bonds, ("K, kcal/mol/Å²", "r0, Å")),
        ("Angles", parameters.angles, ("K, kcal/mol/rad²", "theta0, °", "K_UB, kcal/mol/Å²", "r_UB, Å")),
        ("Dihedrals, n = 2, d = 180°", parameters.dihedrals, ("K, kcal/mol",)),
    ):
        table = Table("atoms", *columns, title=title, title_justify="left")
        for key, values in terms.items():
            table.add_row("-".join(key), *(f"{value:g}" for value in values))
        tables.append(table)
    impropers = Table("atoms", "K, kcal/mol", title="Impropers", title_justify="left")
    either = " or ".join(f"{value:g} ({name})" for name, value in parameters.ne_improper_kcal.items())
    for improper, strength in parameters.impropers.items():
        impropers.add_row("-".join(improper), either if strength is None else f"{strength:g}")
    tables.append(impropers)
    limits = Table(
        "quantity",
        "this set, Ne improper 0.056",
        "this set, 3.5 (default)",
        "published",
        title="What this set does not reproduce: ZIF-4 at 300 K, 1 bar",
        title_justify="left",
        caption=f"published: {parameters.table['known_limits_source']}",
    )
    for row in parameters.table["known_limits"]:
        limits.add_row(row["quantity"], row["this_set"], row["this_set_default"], row["published"])
    tables.append(limits)
    return tables
