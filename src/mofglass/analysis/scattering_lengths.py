"""Neutron scattering lengths and X-ray form factors of the elements, from the tables of periodictable.

Bound coherent lengths there are those of the neutron data booklet (H. Rauch and W. Waschkowski, ILL 2003)
with later measurements; form factors are the five-Gaussian fits of D. Waasmaier and A. Kirfel, Acta Cryst.
A51, 416 (1995), good to Q = 75 Å⁻¹. Anomalous scattering is left out: small at the high energies of total
scattering.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import periodictable

from mofglass.analysis.elements import checked_symbol
from mofglass.errors import InputError


def neutron_lengths_fm(symbols: Iterable[str], *, deuterium_fraction: float = 0.0) -> dict[str, float]:
    """Return bound coherent scattering lengths.

    Parameters
    ----------
    symbols : iterable of str
        Elements, natural isotopes but for hydrogen.
    deuterium_fraction : float
        Fraction of the hydrogen atoms that are deuterium, 0 to 1.

    Returns
    -------
    dict of str to float
        Lengths, fm, the real part.

    Raises
    ------
    InputError
        For a fraction outside 0 to 1, or an element whose length is not tabulated.
    """
    if not 0 <= deuterium_fraction <= 1:
        raise InputError(f"a deuterium fraction of {deuterium_fraction} is none: give 0 to 1.")
    lengths: dict[str, float] = {}
    for symbol in symbols:
        length = periodictable.elements.symbol(checked_symbol(symbol)).neutron.b_c
        if length is None:
            raise InputError(f"no neutron scattering length of {symbol} is tabulated: use X-rays.")
        lengths[symbol] = float(np.real(length))
    if "H" in lengths:
        heavy = periodictable.D.neutron.b_c
        assert heavy is not None
        lengths["H"] = (1 - deuterium_fraction) * lengths["H"] + deuterium_fraction * float(np.real(heavy))
    return lengths


def xray_form_factors(symbols: Iterable[str], Q_per_A: np.ndarray) -> dict[str, np.ndarray]:
    """Return form factors of neutral atoms.

    Parameters
    ----------
    symbols : iterable of str
        Elements.
    Q_per_A : ndarray
        Momentum transfer, 1/Å.

    Returns
    -------
    dict of str to ndarray
        f(Q), electrons, of the shape of `Q_per_A`.

    Raises
    ------
    InputError
        For an element without tabulated form factor, or Q beyond the table.
    """
    factors: dict[str, np.ndarray] = {}
    for symbol in symbols:
        try:
            values = np.asarray(periodictable.elements.symbol(checked_symbol(symbol)).xray.f0(Q_per_A))
        except (KeyError, AttributeError) as error:
            raise InputError(f"no X-ray form factor of {symbol} is tabulated: use neutrons.") from error
        if not np.isfinite(values).all():
            raise InputError(f"the form factor of {symbol} is tabulated up to 75 Å⁻¹: lower q_max.")
        factors[symbol] = values
    return factors
