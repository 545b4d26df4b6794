"""Moduli on the screen and on disk: beside another study's, and beside published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mofglass.cli.analyse_options import print_summary

if TYPE_CHECKING:
    from mofglass.result import Result


def show(results: Sequence[Result], key: str, options: Mapping[str, Any], material: str) -> None:
    """Write the result, average over several structures, and print it beside published numbers.

    Parameters
    ----------
    results : sequence of Result
        One a structure.
    key : str
        Name of the files.
    options : mapping
        Values of `study_options`.
    material : str
        What it is of, e.g. ``ZIF-4``; published values are shown for a material on record.
    """
    from datetime import UTC, datetime
    from importlib.metadata import version

    from mofglass.analysis.output import write_results
    from mofglass.plain_json import to_json

    result: Any = type(results[0]).combine(results) if len(results) > 1 else results[0]  # type: ignore[attr-defined]
    summary = result.summary()
    if options["against"] is not None:
        summary["against"] = differences(summary, options["against"], key)
    summary["published"] = published(material)
    provenance = {
        "mofglass": version("mofglass"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "trajectories": list(options["structures"]),
        "options": {name: str(value) for name, value in options.items() if name not in ("as_json", "output")},
    }
    written = write_results({key: result}, options["output"] / "analysis", provenance=provenance)
    if options["as_json"]:
        click.echo(to_json(summary))
        return
    rows = summary.pop("published")
    for note in summary.pop("notes"):
        click.echo(f"Warning: {note}", err=True)
    summary.pop("stiffness_GPa_error", None)
    for row in summary.pop("stiffness_GPa", ()):
        click.echo("  ".join(f"{value:9.3f}" for value in row))
    print_summary(summary)
    if rows:
        click.echo(f"\npublished for {material}")
        for row in rows:
            error = "" if row["error"] is None else f" ± {row['error']:g}"
            click.echo(
                f"  {row['title']}, {row['system']}: {row['value']:g}{error} {row['unit']}  "
                f"({row['method']}; {row['source']}, {row['where']})"
            )
    click.echo(f"\n{len(written)} files in {options['output'] / 'analysis'}")


def differences(summary: Mapping[str, Any], study: Path, key: str) -> dict[str, Any]:
    """Test the moduli for a difference from another study's.

    Parameters
    ----------
    summary : mapping
        Of this study.
    study : Path
        Directory of the other.
    key : str
        Name of the result in its ``summary.json``.

    Returns
    -------
    dict
        Welch's test of each modulus that both have with an error.

    Raises
    ------
    InputError
        When the other study holds no such result.
    """
    from mofglass.analysis.ensemble_difference import welch
    from mofglass.errors import InputError
    from mofglass.studies.moduli_comparison import read_summary, summary_sample

    other = read_summary(study).get(key)
    if other is None:
        raise InputError(f"{study} holds no result '{key}': finish that study first")
    tested: dict[str, Any] = {}
    for name in ("bulk_modulus_GPa", "young_modulus_GPa", "shear_modulus_GPa", "poisson_ratio", *_DENSITIES):
        try:
            found = welch(summary_sample(summary, name), summary_sample(other, name))
        except InputError:
            continue
        tested[name] = {
            "other": other[name],
            "other_error": other[f"{name}_error"],
            "difference": found.difference,
            "difference_error": found.error,
            "t": found.t,
            "freedom": found.freedom,
            "p_value": found.p_value,
        }
    return {"study": str(study), "test": "Welch's t, two-sided", **tested}


_DENSITIES = ("zero_pressure_density_g_per_cm3", "mean_density_g_per_cm3")


def published(material: str) -> list[dict[str, Any]]:
    """Return the published elastic moduli of a material, and its densities at zero pressure.

    Parameters
    ----------
    material : str
        E.g. ``ZIF-4``.

    Returns
    -------
    list of dict
        As `PublishedValue.to_dict`; empty where none is on record.
    """
    from mofglass.literature.published import find

    keys = ("bulk_modulus", "young_modulus", "shear_modulus", "poisson_ratio", "density")
    return [
        value.to_dict()
        for key in keys
        for value in find(key)
        if (key != "density" or "zero pressure" in value.method)
        and value.material.lower() == material.lower()
        and value.compare
        and value.system in ("crystal", "glass")
    ]
