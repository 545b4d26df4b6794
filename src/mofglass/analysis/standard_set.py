"""The set of analyses that `mofglass analyse TRAJ` makes of a metal imidazolate."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.data import chemical_symbols

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.bond_angle import BondAngle
from mofglass.analysis.bridges import Bridges
from mofglass.analysis.coordination import Coordination
from mofglass.analysis.density import Density
from mofglass.analysis.density_profile import DensityProfile
from mofglass.analysis.linkers import Linkers
from mofglass.analysis.local_density import LocalDensity
from mofglass.analysis.msd import MSD
from mofglass.analysis.orientation import Orientation
from mofglass.analysis.peak_width import PeakWidth
from mofglass.analysis.pmf import PMF
from mofglass.analysis.rdf import RDF
from mofglass.analysis.rings import Rings
from mofglass.analysis.scattering import Scattering
from mofglass.topology import bond_cutoffs
from mofglass.topology.bonds import NONMETALS

_SCATTERING_R_MAX_A = 15.0
"""Range of g(r) for S(Q), Å: the distances up to it cost 10 ms a frame of 2176 atoms, up to 20 Å 26 ms."""


def standard_set(
    numbers: np.ndarray,
    *,
    temperature_K: float | None = None,
    r_max_A: float = 10.0,
    bin_width_A: float = 0.02,
    cutoff_A: float | None = None,
    frame_interval_ps: float | None = None,
) -> tuple[dict[str, Analysis[Any]], dict[str, str]]:
    """Choose the analyses that the elements of a structure allow.

    Parameters
    ----------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    temperature_K : float, optional
        Temperature, K; without it there are no potentials of mean force.
    r_max_A : float
        Range of the radial distribution functions, Å.
    bin_width_A : float
        Their bin width, Å.
    cutoff_A : float, optional
        Metal-nitrogen cut-off, Å; that of `mofglass.topology` by default (zinc: 2.5).
    frame_interval_ps : float, optional
        Time between frames, ps, where frames carry no time.

    Returns
    -------
    analyses : dict of str to Analysis
        By name; with several metals those of the rarer ones have the pair in their name.
    skipped : dict of str to str
        What is left out, with the reason.
    """
    analyses: dict[str, Analysis[Any]] = {"rdf": RDF(r_max_A=r_max_A, bin_width_A=bin_width_A)}
    skipped: dict[str, str] = {}
    metals = metals_by_count(numbers)
    has_nitrogen = bool((np.asarray(numbers) == 7).any())
    metal_names = (
        "pmf",
        "bond_angle",
        "coordination",
        "peak_width",
        "linkers",
        "bridges",
        "orientation",
        "rings",
    )
    if not (metals and has_nitrogen):
        skipped.update(dict.fromkeys(metal_names, "there is no metal with nitrogen in it."))
    else:
        for place, metal in enumerate(metals):
            suffix = "" if place == 0 else f"_{metal}-N"
            cutoff = cutoff_A or bond_cutoffs([metal, "N"])[tuple(sorted((metal, "N")))]  # type: ignore[index]
            if temperature_K is None:
                skipped[f"pmf{suffix}"] = "it needs a temperature: give --temperature (K)."
            else:
                analyses[f"pmf{suffix}"] = PMF(
                    pair=(metal, "N"), temperature_K=temperature_K, r_max_A=r_max_A, bin_width_A=bin_width_A
                )
            analyses[f"bond_angle{suffix}"] = BondAngle(
                triple=("N", metal, "N"), cutoff_A=cutoff, temperature_K=temperature_K
            )
            analyses[f"coordination{suffix}"] = Coordination(pair=(metal, "N"), cutoff_A=cutoff)
        if bin_width_A > PeakWidth.WIDEST_BIN_A:
            skipped["peak_width"] = (
                f"it needs bins of at most {PeakWidth.WIDEST_BIN_A:g} Å: lower --bin-width."
            )
        else:
            # Same range and bins as the g(r): its distances are not counted again.
            analyses["peak_width"] = PeakWidth(
                pairs=((metals[0], "N"), (metals[0], metals[0])), r_max_A=r_max_A, bin_width_A=bin_width_A
            )
        analyses["linkers"] = Linkers()
        analyses["bridges"] = Bridges()
        analyses["rings"] = Rings()
        # Of the most abundant metal, which holds the net together.
        cutoff = cutoff_A or bond_cutoffs([metals[0], "N"])[tuple(sorted((metals[0], "N")))]  # type: ignore[index]
        analyses["orientation"] = Orientation(
            metal=metals[0], cutoff_A=cutoff, frame_interval_ps=frame_interval_ps
        )
    analyses["msd"] = MSD(frame_interval_ps=frame_interval_ps)
    analyses["density"] = Density()
    analyses["local_density"] = LocalDensity()
    analyses["density_profile"] = DensityProfile()
    analyses["scattering"] = Scattering(radiation="xray", r_max_A=_SCATTERING_R_MAX_A)
    return analyses, skipped


def metals_by_count(numbers: np.ndarray) -> list[str]:
    """Return the metals present, the most abundant first.

    Parameters
    ----------
    numbers : ndarray of int
        Atomic numbers.

    Returns
    -------
    list of str
        Symbols.
    """
    elements, counts = np.unique(numbers, return_counts=True)
    metals = [(-count, chemical_symbols[number]) for number, count in zip(elements, counts, strict=True)]
    return [symbol for _, symbol in sorted(metals) if symbol not in NONMETALS]
