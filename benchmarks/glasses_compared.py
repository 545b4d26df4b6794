"""The shared glasses through the standard set and pores, one row a model: docs/analysis/glasses-compared.md.

Run:  OMP_NUM_THREADS=1 .venv/bin/python benchmarks/glasses_compared.py [DATA] [--large]

Wall times are printed beside the numbers.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from mofglass.analysis import Pores, measure_glasses, standard_set
from mofglass.trajectory import open_trajectory

MODELS = {
    "ZIF-4, DFT-relaxed": "structures/ZIF4-RelaxedCell.cif",
    "ZIF-4, five ab initio glasses": "glasses/ZIF4_15glass*.cif",
    "SALEM-2, two glasses": "glasses/SALEM2_glass*.cif",
    "ZIF-8, two glasses": "glasses/ZIF8_15glass*.cif",
}
LARGE_MODELS = {
    "ZIF-4, RMC model": "glasses/rmc-mqgzif4.xyz",
    "ZIF-4, ACE model": "azif/m1-zif_ace_24.data.gz",
}
DATA = Path(__file__).parents[2] / "shared" / "data"
LARGE = 5_000
"""Atoms beyond which the largest spheres, sought in time that grows with the square, are left out."""


def measured(paths: list[Path]) -> tuple[dict[str, Any], dict[str, str]]:
    """Measure independent glasses: summaries by analysis, and what was left out."""
    glasses = [open_trajectory(path) for path in paths]
    n_atoms = glasses[0].n_atoms
    analyses, skipped = standard_set(glasses[0].numbers)
    analyses["pores"] = Pores(
        n_samples=100_000, n_samples_per_atom=10, spheres=n_atoms < LARGE, n_processes=1, timeout_s=1500
    )
    found = measure_glasses(glasses, analyses, strict=False)
    summary = {name: result.summary() for name, result in found.results.items()}
    summary["n_atoms"] = n_atoms
    return summary, {**skipped, **found.skipped}


def with_error(numbers: dict[str, Any], key: str, digits: int) -> str:
    """Format a number with its error."""
    value, error = numbers.get(key), numbers.get(f"{key}_error")
    if value is None or value != value:
        return "-"
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None and error == error else "")


def row(name: str, summary: dict[str, Any], seconds: float) -> str:
    """One row of the table."""
    first = summary["peak_width"]["pairs"]
    cells = [
        name,
        str(summary["n_atoms"]),
        with_error(summary["density"], "mean_density_g_per_cm3", 3),
        with_error(summary["coordination"], "mean_coordination", 3),
        with_error(summary["bond_angle"], "mean_angle_deg", 1),
        with_error(summary["bond_angle"], "standard_deviation_deg", 1),
        with_error(first["Zn-N"], "first_peak_A", 3),
        with_error(first["Zn-Zn"], "first_peak_A", 2),
        with_error(summary.get("pores", {}), "total_volume_cm3_per_kg", 1),
        with_error(summary.get("pores", {}), "largest_free_sphere_A", 2),
        f"{summary['linkers']['fraction_intact']:.3f}",
        ", ".join(f"{k}: {v:g}" for k, v in list(summary["rings"]["rings_by_size"].items())),
        f"{seconds:.0f} s",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "data", type=Path, nargs="?", default=DATA, help="where structures, glasses and azif lie"
    )
    parser.add_argument("--large", action="store_true", help="also the models of 8704 and 29,376 atoms")
    parser.add_argument("--only", default="", help="models with this in their name")
    options = parser.parse_args()
    for name, pattern in {**MODELS, **(LARGE_MODELS if options.large else {})}.items():
        if options.only not in name:
            continue
        files = sorted(options.data.glob(pattern))
        if not files:
            print(f"{name}: no {options.data / pattern}", flush=True)
            continue
        start = time.perf_counter()
        summary, skipped = measured(files)
        print(row(name, summary, time.perf_counter() - start), flush=True)
        print("   left out:", skipped, flush=True)


if __name__ == "__main__":
    main()
