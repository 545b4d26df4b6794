"""A measured total-scattering function from a text file, and how well a calculated one agrees with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mofglass.analysis.statistics import jackknife_error
from mofglass.errors import InputError

Function = Literal["sq", "fq", "dr", "gr", "tr", "pdf"]
"""S(Q), F(Q), D(r), G(r), T(r) of Keen (2001), and the reduced pair distribution function."""

FUNCTION_NAMES: dict[str, str] = {
    "sq": "S(Q)",
    "fq": "F(Q)",
    "dr": "D(r)",
    "gr": "G(r)",
    "tr": "T(r)",
    "pdf": "PDF(r)",
}
RECIPROCAL = ("sq", "fq")
"""Those over Q, 1/Å; the others are over r, Å."""

GUDRUN_SUFFIXES: dict[str, Function] = {".int01": "fq", ".mint01": "fq", ".dofr": "dr", ".mdor01": "dr"}
"""What Gudrun and GudrunX call their files; other names say nothing of their content."""

_COMMENT = ("#", "!", "%", ";", "//")
_FEWEST_POINTS = 5


@dataclass(frozen=True)
class MeasuredCurve:
    """A measured function.

    Parameters
    ----------
    source : str
        The file.
    function : str
        Key of `FUNCTION_NAMES`.
    x : ndarray, shape (n,)
        Q (1/Å) or r (Å), rising.
    y : ndarray, shape (n,)
        The function; neutrons: in barn, X-rays: normalised.
    """

    source: str
    function: Function
    x: np.ndarray
    y: np.ndarray

    @property
    def label(self) -> str:
        """The function's name."""
        return FUNCTION_NAMES[self.function]


@dataclass(frozen=True)
class Agreement:
    """How a calculated curve agrees with a measured one.

    Parameters
    ----------
    measured : MeasuredCurve
        The measurement, the compared stretch only.
    calculated : ndarray, shape (n,)
        The calculated function at the measured abscissae.
    r_factor : float
        sqrt(Σ(measured - calculated)² / Σ measured²), nothing fitted.
    r_factor_error : float
        Standard error from blocks of time or glasses; nan where unknown.
    scale : float
        The factor on the calculated curve that makes R least.
    r_factor_scaled : float
        That least R.
    """

    measured: MeasuredCurve
    calculated: np.ndarray
    r_factor: float
    r_factor_error: float
    scale: float
    r_factor_scaled: float


def read_measured(path: Path | str, function: Function | None = None) -> MeasuredCurve:
    """Read a function of Q (1/Å) or r (Å) from columns of text: abscissa, value, whatever follows.

    Lines that begin with #, !, %, ; or // and empty ones are passed over, and lines of text before the
    first numbers. Nothing is executed or inferred: what the columns mean is told by `function`.

    Parameters
    ----------
    path : Path or str
        The file.
    function : str, optional
        Key of `FUNCTION_NAMES`. By default what Gudrun's suffixes (`GUDRUN_SUFFIXES`) say, else F(Q).

    Returns
    -------
    MeasuredCurve
        The two columns.

    Raises
    ------
    InputError
        For a file that cannot be read, a line after the first numbers that holds none, values that are
        not finite, an abscissa that does not rise, or too few points.
    """
    path = Path(path)
    if function is None:
        function = GUDRUN_SUFFIXES.get(path.suffix.lower(), "fq")
    if function not in FUNCTION_NAMES:
        raise InputError(f"'{function}' is no scattering function: choose among {', '.join(FUNCTION_NAMES)}.")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text: give columns of numbers, abscissa and value.") from error
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(lines, start=1):
        words = line.replace(",", " ").split()
        if not words or line.lstrip().startswith(_COMMENT):
            continue
        try:
            row = float(words[0]), float(words[1])
        except (ValueError, IndexError) as error:
            if not rows:
                continue
            raise InputError(
                f"{path}, line {number}, does not begin with two numbers: '{line[:40]}'."
            ) from error
        if not np.isfinite(row).all():
            raise InputError(f"{path}, line {number}, holds a number that is not finite: remove the line.")
        rows.append(row)
    if len(rows) < _FEWEST_POINTS:
        raise InputError(f"{path} holds {len(rows)} lines of two numbers: a measured curve needs more.")
    x, y = np.array(rows).T
    if not (np.diff(x) > 0).all():
        row_number = int(np.argmin(np.diff(x) > 0)) + 1
        raise InputError(f"{path}: the first column must rise, and does not after {x[row_number - 1]:g}.")
    return MeasuredCurve(str(path), function, x, y)


def agreement(
    measured: MeasuredCurve,
    x: np.ndarray,
    calculated: np.ndarray,
    *,
    replicates: Sequence[np.ndarray] | np.ndarray = (),
    compared_range: tuple[float, float] | None = None,
) -> Agreement:
    """Compare a calculated with a measured curve at the measured points they share.

    Parameters
    ----------
    measured : MeasuredCurve
        The measurement.
    x : ndarray, shape (n,)
        Where the calculated curve is known, rising: Q (1/Å) or r (Å) as the measurement.
    calculated : ndarray, shape (n,)
        The calculated curve.
    replicates : sequence of ndarray, shape (n,)
        The same without one block of time or one glass each, for the error of R.
    compared_range : tuple of float, optional
        First and last abscissa of the comparison; all that both share by default.

    Returns
    -------
    Agreement
        R factors and scale.

    Raises
    ------
    InputError
        When fewer than five measured points lie within what is calculated and asked for.
    """
    low, high = compared_range or (-np.inf, np.inf)
    slack = 1e-9 * max(1.0, abs(float(x[-1])))
    chosen = (measured.x >= max(low, x[0]) - slack) & (measured.x <= min(high, x[-1]) + slack)
    if chosen.sum() < _FEWEST_POINTS:
        raise InputError(
            f"{measured.source} has {chosen.sum()} points within the calculated {x[0]:g} to {x[-1]:g} and "
            "the range asked for: widen it (--fit-range, --q-max or --r-max)."
        )
    stretch = MeasuredCurve(measured.source, measured.function, measured.x[chosen], measured.y[chosen])
    norm = float(stretch.y @ stretch.y)
    if norm == 0:
        raise InputError(f"{measured.source} is zero throughout the compared range: widen the range.")

    values = np.interp(stretch.x, x, calculated)
    square = float(values @ values)
    scale = float(stretch.y @ values) / square if square > 0 else 0.0
    error = np.nan
    if len(replicates) > 1:
        others = [_r_factor(stretch.y, np.interp(stretch.x, x, replicate)) for replicate in replicates]
        error = float(jackknife_error(np.array(others)))
    return Agreement(
        stretch, values, _r_factor(stretch.y, values), error, scale, _r_factor(stretch.y, scale * values)
    )


def _r_factor(measured: np.ndarray, calculated: np.ndarray) -> float:
    return float(np.sqrt(((measured - calculated) ** 2).sum() / (measured @ measured)))
