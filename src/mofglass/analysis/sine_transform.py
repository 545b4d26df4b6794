"""From g(r) to the structure factor and back to real space: the sine transforms of total scattering.

Both integrals end somewhere, at r_max and at Q_max, which rings. The window of Lorch (J. Phys. C 2, 229
(1969)), M(x) = sin(πx/x_max)/(πx/x_max), damps the ringing and widens peaks: to a width of about 5.4/x_max.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from mofglass.errors import InputError

Window = Literal["lorch", "none"]


def termination(x: np.ndarray, x_max: float, window: Window) -> np.ndarray:
    """Return the factor that ends a transform at `x_max`.

    Parameters
    ----------
    x : ndarray
        r (Å) or Q (1/Å).
    x_max : float
        Where the integral ends.
    window : {'lorch', 'none'}
        Lorch's function, or 1.

    Returns
    -------
    ndarray
        Of the shape of `x`; zero beyond `x_max`.

    Raises
    ------
    InputError
        For another window.
    """
    if window not in get_args(Window):
        raise InputError(f"'{window}' is no termination function: choose lorch or none.")
    inside = np.abs(x) <= x_max * (1 + 1e-12)
    return np.where(inside, np.sinc(x / x_max) if window == "lorch" else 1.0, 0.0)


def partial_structure_factor_kernel(
    r_max_A: float, n_bins: int, Q_per_A: np.ndarray, number_density_per_A3: float, window: Window
) -> np.ndarray:
    r"""Return the matrix that takes a histogram of g(r) - 1 to A(Q) - 1.

    .. math:: A_{ab}(Q) - 1 = \rho_0 \int_0^{r_{max}} 4\pi r^2 [g_{ab}(r) - 1] \frac{\sin Qr}{Qr} M(r)\,dr

    (Keen, J. Appl. Cryst. 34, 172 (2001)). The integral over each bin is exact for a g that is constant
    in it, so that coarse bins do not damp high Q by sampling.

    Parameters
    ----------
    r_max_A : float
        Upper end of the last bin, Å.
    n_bins : int
        Bins from 0.
    Q_per_A : ndarray, shape (n_Q,)
        Momentum transfers above 0, 1/Å.
    number_density_per_A3 : float
        Atoms in 1 Å³, of all elements.
    window : {'lorch', 'none'}
        Termination function over r, taken at the middle of each bin.

    Returns
    -------
    ndarray, shape (n_Q, n_bins)
        ``kernel @ (g - 1)`` is A(Q) - 1.
    """
    edges = np.linspace(0.0, r_max_A, n_bins + 1)
    phase = np.outer(Q_per_A, edges)
    # ∫ r sin(Qr) dr = [sin(Qr) - Qr cos(Qr)] / Q²
    primitive = np.sin(phase) - phase * np.cos(phase)
    middle = (edges[1:] + edges[:-1]) / 2
    scale = 4 * np.pi * number_density_per_A3 / np.asarray(Q_per_A)[:, None] ** 3
    return scale * np.diff(primitive, axis=1) * termination(middle, r_max_A, window)


def differential_correlation_kernel(Q_per_A: np.ndarray, r_A: np.ndarray, window: Window) -> np.ndarray:
    r"""Return the matrix that takes F(Q) to D(r).

    .. math:: D(r) = \frac{2}{\pi} \int_{Q_{min}}^{Q_{max}} Q\,F(Q) \sin(Qr)\, M(Q)\, dQ

    (Keen, J. Appl. Cryst. 34, 172 (2001)), by the trapezium rule; Q_max is the last of `Q_per_A`.

    Parameters
    ----------
    Q_per_A : ndarray, shape (n_Q,)
        Evenly spaced momentum transfers, 1/Å; their spacing must be well below π/r.
    r_A : ndarray, shape (n_r,)
        Distances, Å.
    window : {'lorch', 'none'}
        Termination function over Q.

    Returns
    -------
    ndarray, shape (n_r, n_Q)
        ``kernel @ F`` is D(r).
    """
    weight = np.full(len(Q_per_A), Q_per_A[1] - Q_per_A[0])
    weight[[0, -1]] /= 2
    weight *= 2 / np.pi * Q_per_A * termination(Q_per_A, float(Q_per_A[-1]), window)
    return np.sin(np.outer(r_A, Q_per_A)) * weight
