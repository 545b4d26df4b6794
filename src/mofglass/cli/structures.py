"""`mofglass structures`: the catalogue, supercells and linker substitution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from ase import Atoms
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from mofglass.cli.options import Command, FiniteRange, json_option, output_option, supercell_option, together
from mofglass.cli.structure_argument import frame_of_run
from mofglass.errors import InputError
from mofglass.structures import (
    build,
    catalogue,
    check_structure,
    load,
    substitute,
    unsubstitute,
    write_structure,
)
from mofglass.structures.description import describe, describe_entry
from mofglass.structures.groups import GROUPS
from mofglass.structures.reading import catalogue_entry
from mofglass.structures.substitution import CLEARANCE, POSITIONS
from mofglass.structures.writing import WRITTEN, check_output

STRUCTURE_HELP = (
    "STRUCTURE is a name of the catalogue (see 'mofglass structures list') or a file: CIF, extended XYZ, "
    "POSCAR/CONTCAR or LAMMPS data; FILE@k is structure k of a file with several, from 0."
)

structure_argument = click.argument("structure")

elements_option = click.option(
    "--elements",
    metavar="'EL EL ...'",
    help="For a LAMMPS data file: the element of each atom type in order, as in 'C H N Zn'; "
    "X leaves a type out. Without it, the masses tell.",
)

cell_option = click.option(
    "--cell",
    metavar="NAME",
    help="For a catalogue name: which cell to build ('cubic' for ZIF-8, SALEM-2; 'tetragonal' for ZIF-6); "
    "'structures show' lists them. Without it, that of the published file.",
)


def _elements(text: str | None) -> list[str] | None:
    return None if text is None else text.replace(",", " ").split()


def _described(atoms: Atoms) -> dict[str, Any]:
    """Describe a structure and count its linkers, perceived as the analyses do: hot frames come here too."""
    from mofglass.topology import find_linkers

    return {**describe(atoms), "linkers": find_linkers(atoms).count_by_name()}


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Crystals: list the catalogue, show, build supercells, substitute linkers."""


@command.command("list", cls=Command)
@json_option
def list_structures(as_json: bool) -> None:
    """List the crystals of the catalogue: symmetry, density in g/cm³, source."""
    rows = []
    for entry in catalogue().values():
        told = describe_entry(entry)
        made = describe(load(entry.name))
        rows.append({**told, "n_atoms": made["n_atoms"], "density_g_per_cm3": made["density_g_per_cm3"]})
    if as_json:
        _print_json({"structures": rows})
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for title in ("name", "net", "formula unit", "space group"):
        table.add_column(title, no_wrap=True)
    for title in ("atoms", "density\ng/cm³", "published\ng/cm³"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("DOI of the coordinates", no_wrap=True)
    for row in rows:
        table.add_row(
            row["name"],
            row["topology"],
            row["formula_unit"],
            f"{row['space_group']} ({row['space_group_number']})",
            str(row["n_atoms"]),
            f"{row['density_g_per_cm3']:.3f}",
            f"{row['published_density_g_per_cm3']:.3f}",
            row["source_doi"],
        )
    # wide enough where the output is a file or a pipe
    width = None if Console().is_terminal else 130
    Console(width=width).print(table)


def _lines(told: dict[str, Any], made: dict[str, Any]) -> list[tuple[str, str]]:
    """What `show` prints, as pairs of a title and a text."""
    lines: list[tuple[str, str]] = []
    if told:
        lines += [
            ("name", f"{told['name']}: {told['title']}"),
            ("formula unit", f"{told['formula_unit']}, linkers {', '.join(told['linkers_of_entry'])}"),
            ("net", told["topology"]),
            (
                "space group",
                f"{told['space_group']} ({told['space_group_number']}), Hall number {told['hall_number']} "
                f"({told['hall_symbol']}), {told['n_sites']} sites in the asymmetric unit",
            ),
            ("cells", f"{', '.join(told['cells'])} (the first is built by default)"),
        ]
    lines += [
        ("content", f"{made['n_atoms']} atoms, {made['formula']}"),
        (
            "cell",
            f"a = {made['a_A']:.4f} Å, b = {made['b_A']:.4f} Å, c = {made['c_A']:.4f} Å, "
            f"α = {made['alpha_deg']:.3f}°, β = {made['beta_deg']:.3f}°, γ = {made['gamma_deg']:.3f}°",
        ),
        ("volume", f"{made['volume_A3']:.2f} Å³"),
        ("density", f"{made['density_g_per_cm3']:.3f} g/cm³"),
    ]
    if told:
        lines.append(
            (
                "published",
                f"{told['published_density_g_per_cm3']:.3f} g/cm³: {told['published_density_conditions']}; "
                f"{told['published_density_reference']}, doi:{told['published_density_doi']}",
            )
        )
    coordination = ", ".join(f"{count} Zn with {n} N" for n, count in made["zn_coordination"].items())
    linkers = ", ".join(f"{count} {name}" for name, count in made["linkers"].items())
    lines += [
        ("Zn-N < 2.5 Å", coordination or "no Zn"),
        ("linkers", linkers or "none"),
        ("shortest", f"{made['shortest_contact']} {made['shortest_contact_A']} Å"),
    ]
    if told:
        lines += [
            (
                "coordinates",
                f"{told['source_reference']}, doi:{told['source_doi']}; {told['source_method']}; "
                f"{told['source_repository']}, {told['source_file']}, {told['source_licence']}",
            ),
            ("notes", told["notes"]),
        ]
    return [(title, text) for title, text in lines if text]


@command.command(
    cls=Command, help=f"Show one structure: symmetry, cell, density, contacts, source.\n\n{STRUCTURE_HELP}"
)
@structure_argument
@cell_option
@elements_option
@json_option
def show(structure: str, cell: str | None, elements: str | None, as_json: bool) -> None:
    """Show one structure."""
    atoms = build(structure, cell=cell, elements=_elements(elements))
    found = catalogue_entry(structure)
    told = {} if found is None else describe_entry(found)
    made = _described(atoms)
    if as_json:
        _print_json({**told, **made})
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    for title, text in _lines(told, made):
        grid.add_row(title, text)
    Console(highlight=False).print(grid)


def _report(path: Path, made: dict[str, Any], more: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        _print_json({"file": str(path), **made, **more})
    else:
        content = f"{made['n_atoms']} atoms, {made['formula']}, {made['density_g_per_cm3']:.3f} g/cm³"
        click.echo(f"{path}: {content}{sentence}")


_write_options = together(
    structure_argument,
    output_option(f"File to write, its name telling the format: {WRITTEN}.", required=True),
    supercell_option,
    cell_option,
    elements_option,
    json_option,
)
"""Options of both commands that write a structure."""


@command.command(
    "build",
    cls=Command,
    help=f"Write a structure or a supercell of it; lengths in Å.\n\n{STRUCTURE_HELP} Or a finished run or "
    "H5MD trajectory, of which it is the last frame (DIR@k is frame k).\n\n"
    "\b\nmofglass structures build ZIF-4 --supercell 2 2 2 -o zif4.extxyz\n"
    "mofglass structures build ZIF-62 --fraction-bim 0.175 --seed 3 -o zif62.cif\n"
    "mofglass structures build runs/first -o glass.cif",
)
@_write_options
@click.option(
    "--fraction-bim",
    type=FiniteRange(0, 1),
    help="For ZIF-62: fraction of benzimidazolate among all linkers (no unit); 0.125, the published "
    "Zn(Im)1.75(bIm)0.25, without it.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the random choice of linkers.",
)
def build_structure(
    structure: str,
    output: Path,
    supercell: tuple[int, int, int],
    cell: str | None,
    elements: str | None,
    as_json: bool,
    fraction_bim: float | None,
    seed: int,
) -> None:
    """Write a structure or a supercell of it."""
    check_output(output)
    chosen: dict[str, Any] = {"cell": cell, "fraction_bim": fraction_bim, "elements": _elements(elements)}
    frame = frame_of_run(structure)
    if frame is None:
        atoms = build(structure, repeats=supercell, seed=seed, **chosen)
    elif given := [name for name, value in chosen.items() if value is not None]:
        raise InputError(f"{structure} is a run: --{given[0].replace('_', '-')} is not for it")
    else:
        atoms = frame.repeat(supercell)
    check_structure(atoms, structure)
    write_structure(output, atoms)
    _report(output, _described(atoms), {}, as_json, "")


@command.command(
    "substitute",
    cls=Command,
    help=f"Put a group on imidazolate linkers, with a clash check.\n\n{STRUCTURE_HELP}\n\n"
    "The framework stays where it is: minimise the result before use.\n\n"
    "\b\nmofglass structures substitute ZIF-4 --group CH3 --fraction 0.25 --seed 1 -o out.extxyz\n"
    "mofglass structures substitute SALEM-2 --group Br --cell cubic -o zif8-br.cif\n"
    "mofglass structures substitute ZIF-8 --group H -o back.cif",
)
@_write_options
@click.option(
    "--group",
    required=True,
    type=click.Choice(GROUPS, case_sensitive=False),
    metavar=f"[{'|'.join(GROUPS)}]",
    help="bIm fuses a benzene ring at C4 and C5 (benzimidazolate); H takes all groups off.",
)
@click.option(
    "--position",
    type=click.Choice(POSITIONS),
    help="Ring carbon: 2, 4 (C4 or C5, whichever has more room) or 4,5 (both); 4,5 for bIm, else 2.",
)
@click.option(
    "--fraction",
    type=FiniteRange(0, 1),
    help="Fraction of all linkers (no unit), rounded to a number of linkers; 1 without it.",
)
@click.option(
    "--linker", "linkers", multiple=True, type=int, help="This linker, counted from 0; may be repeated."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the random choice of linkers.",
)
@click.option(
    "--clearance",
    type=FiniteRange(min=0.3, max=1.2),
    default=CLEARANCE,
    show_default=True,
    help="Nearest contact allowed, in units of the sum of van der Waals radii.",
)
def substitute_linkers(
    structure: str,
    output: Path,
    supercell: tuple[int, int, int],
    cell: str | None,
    elements: str | None,
    as_json: bool,
    group: str,
    position: str | None,
    fraction: float | None,
    linkers: tuple[int, ...],
    seed: int,
    clearance: float,
) -> None:
    """Put a group on imidazolate linkers."""
    check_output(output)
    atoms = build(structure, repeats=supercell, cell=cell, elements=_elements(elements))
    if group == "H":
        if position is not None or fraction is not None:
            raise InputError("--group H takes the groups off every linker, or off those of --linker")
        plain = unsubstitute(atoms, linkers=linkers or None)
        check_structure(plain, structure)
        write_structure(output, plain)
        _report(output, _described(plain), {}, as_json, "")
        return
    done = substitute(
        atoms,
        group,
        position=position,
        fraction=fraction,
        linkers=linkers or None,
        seed=seed,
        clearance=clearance,
    )
    check_structure(done.atoms, structure)
    write_structure(output, done.atoms)
    more: dict[str, Any] = {
        "group": group,
        "n_linkers": done.n_linkers,
        "n_substituted": len(done.linkers),
        "substituted_linkers": list(done.linkers),
        "swung_linkers_deg": {str(index): angle for index, angle in sorted(done.swung.items())},
        "nearest_contact_A": None if done.contact is None else round(done.contact.distance_A, 3),
        "nearest_contact_pair": None if done.contact is None else "-".join(done.contact.pair),
        "nearest_contact_over_vdw": None if done.contact is None else round(done.contact.ratio, 3),
    }
    sentence = f"; {len(done.linkers)} of {done.n_linkers} linkers bear {group}"
    if done.swung:
        sentence += f", {len(done.swung)} of them swung to make room"
    if done.contact is not None:
        sentence += (
            f"; nearest contact {'-'.join(done.contact.pair)} {done.contact.distance_A:.2f} Å, "
            f"{done.contact.ratio:.2f} of the van der Waals distance"
        )
    _report(output, _described(done.atoms), more, as_json, sentence)
