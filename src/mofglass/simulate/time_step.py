"""Time steps with which no structure that holds hydrogen can be simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mofglass.errors import InputError
from mofglass.simulate.hydrogen_mass import stretch_period_ratio
from mofglass.simulate.stages import Dynamics, Stage

STRETCH_PERIOD_FS = 10.8
"""Period of the stretch of C-H, fs: 3100 cm⁻¹."""


def refuse_long_steps(
    protocol: Sequence[Stage], numbers: np.ndarray, hydrogen_mass_u: float | None = None
) -> None:
    """Refuse time steps with which the stretch of C-H cannot be followed.

    Velocity Verlet diverges for an oscillator of period T from a time step of T/π on (M. P. Allen and
    D. J. Tildesley, Computer Simulation of Liquids, 2nd ed. (2017), Sec. 3.2); without hydrogen there is no
    such limit here.

    Parameters
    ----------
    protocol : sequence of Stage
        The stages.
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    hydrogen_mass_u : float, optional
        Mass of hydrogen, u; the real one by default.

    Raises
    ------
    InputError
        Naming the stage and the limit.
    """
    if not (np.asarray(numbers) == 1).any():
        return
    slower = 1.0 if hydrogen_mass_u is None else stretch_period_ratio(hydrogen_mass_u)
    period_fs = STRETCH_PERIOD_FS * slower
    for stage in protocol:
        if isinstance(stage, Dynamics) and stage.time_step_fs > period_fs / math.pi:
            raise InputError(
                f"stage '{stage.name}': with a time step of {stage.time_step_fs:g} fs every run breaks, as "
                f"the stretch of C-H takes {period_fs:.1f} fs and bears up to {period_fs / math.pi:.1f} fs: "
                "give a smaller --time-step (time_step_fs), by custom 0.5 fs"
            )
