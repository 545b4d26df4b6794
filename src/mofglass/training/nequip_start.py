"""The network that a training starts from: its atom types and cut-offs hold, not those of the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mofglass.errors import InputError
from mofglass.potentials.nequip_model import load_saved
from mofglass.training.nequip_settings import NetworkSettings

TOLERANCE_A = 1e-4


def started_from(settings: NetworkSettings) -> NetworkSettings:
    """Return the settings with atom types and cut-offs of the network that they start from.

    Parameters
    ----------
    settings : NetworkSettings
        With `start_from`, whose package runs code of its own when it is read.

    Returns
    -------
    NetworkSettings
        The same, `elements`, `r_max_A` and `edge_cutoffs_A` as the package has them.

    Raises
    ------
    InputError
        When the package is not there or cannot be read, or the settings give other atom types or cut-offs.
    """
    package = settings.start_from
    assert package is not None
    if not package.is_file():
        raise InputError(f"start_from: {package} is not there")
    elements, r_max_A, cutoffs_A = _of_package(package)
    if settings.elements and settings.elements != elements:
        raise InputError(
            f"the atom types of {package} are {', '.join(elements)} in this order, and 'elements' says "
            f"{', '.join(settings.elements)}: leave 'elements' out"
        )
    if settings.r_max_A is not None and abs(settings.r_max_A - r_max_A) > TOLERANCE_A:
        raise InputError(
            f"the cut-off of {package} is {r_max_A:g} Å, and r_max_A says {settings.r_max_A:g}: "
            "leave r_max_A out"
        )
    network = replace(settings, elements=elements, r_max_A=r_max_A, edge_cutoffs_A=cutoffs_A)
    if settings.edge_cutoffs_A:
        given = replace(network, edge_cutoffs_A=settings.edge_cutoffs_A)
        for first in elements:
            for second in elements:
                says, has = (one.cutoff_A(first, second) for one in (given, network))
                if abs(says - has) > TOLERANCE_A:
                    raise InputError(
                        f"the cut-off {first}-{second} of {package} is {has:g} Å, and edge_cutoffs_A says "
                        f"{says:g}: leave edge_cutoffs_A out"
                    )
    return network


def _of_package(package: Path) -> tuple[tuple[str, ...], float, dict[str, float | dict[str, float]]]:
    """Return atom types in order, cut-off, and those by first and second element, if any; Å."""
    metadata = load_saved(package).metadata
    elements = tuple(metadata["type_names"].split())
    by_pair = [float(word) for word in metadata.get("per_edge_type_cutoff", "").split()]
    cutoffs = {
        first: dict(zip(elements, by_pair[k * len(elements) :], strict=False))
        for k, first in enumerate(elements if by_pair else ())
    }
    return elements, float(metadata["r_max"]), dict(cutoffs)
