"""Does a structural fingerprint go with a property? Rank correlations with bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, rankdata, spearmanr

from mofglass.errors import InputError

_FEWEST = 4


def rank_correlations(
    fingerprints: pd.DataFrame,
    properties: pd.DataFrame,
    *,
    n_bootstrap: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Correlate every fingerprint with every property over the samples both have.

    Parameters
    ----------
    fingerprints : pandas.DataFrame
        One row a sample (an atom, a linker, a glass), one column a fingerprint (a coordination number, a ring
        size, a tilt, a local density), units in the names. Rows are matched with `properties` by index.
    properties : pandas.DataFrame
        One row a sample, one column a property (a modulus, a mobility).
    n_bootstrap : int
        Times the samples are drawn anew, with replacement.
    level : float
        Coverage of the interval.
    seed : int
        Of the draws.

    Returns
    -------
    pandas.DataFrame
        One row a pair: ``fingerprint, property, n_samples, spearman, spearman_low, spearman_high``
        (percentile interval), ``p_value``, and ``p_adjusted`` for the number of pairs (Benjamini and
        Hochberg, J. R. Stat. Soc. B 57, 289 (1995)). nan where a column does not vary or fewer than four
        samples have both.

    Raises
    ------
    InputError
        When no samples are common, an index is not unique, or an option is out of range.
    """
    if not 0 < level < 1 or n_bootstrap < 1:
        raise InputError(f"level {level} should lie between 0 and 1, n_bootstrap {n_bootstrap} be 1 or more.")
    for table in (fingerprints, properties):
        if not table.index.is_unique:
            raise InputError("two rows have the same index: give each sample one row.")
    common = fingerprints.index.intersection(properties.index)
    if len(common) == 0:
        raise InputError("fingerprints and properties have no sample in common: their indices must match.")
    random = np.random.default_rng(seed)
    rows = []
    for fingerprint in fingerprints.columns:
        for name in properties.columns:
            x = fingerprints.loc[common, fingerprint].to_numpy(dtype=float)
            y = properties.loc[common, name].to_numpy(dtype=float)
            known = np.isfinite(x) & np.isfinite(y)
            rho, low, high, p = _spearman(x[known], y[known], n_bootstrap, level, random)
            rows.append((fingerprint, name, int(known.sum()), rho, low, high, p))
    columns = ["fingerprint", "property", "n_samples", "spearman", "spearman_low", "spearman_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_adjusted"] = np.nan
    tested = table["p_value"].notna()
    if tested.any():
        table.loc[tested, "p_adjusted"] = false_discovery_control(table.loc[tested, "p_value"].to_numpy())
    return table


def _spearman(
    x: np.ndarray, y: np.ndarray, n_bootstrap: int, level: float, random: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return the coefficient, its percentile interval and the p value."""
    nan = float("nan")
    if len(x) < _FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return nan, nan, nan, nan
    found = spearmanr(x, y)
    drawn = random.integers(len(x), size=(n_bootstrap, len(x)))
    ranks = [rankdata(values[drawn], axis=1) for values in (x, y)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    with np.errstate(invalid="ignore", divide="ignore"):
        again = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    # A draw of one sample many times over has no coefficient.
    low, high = np.nanquantile(again, [(1 - level) / 2, (1 + level) / 2])
    return float(found.statistic), float(low), float(high), float(found.pvalue)
