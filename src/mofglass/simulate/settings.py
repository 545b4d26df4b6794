"""How a run is made, apart from its physics: seed, intervals, guards."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from mofglass.errors import InputError
from mofglass.simulate.deck import MAX_SEED, CompiledStage
from mofglass.simulate.guards import Guards
from mofglass.simulate.hydrogen_mass import LIMITS_U
from mofglass.simulate.stages import Dynamics


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a run is made, apart from its physics.

    Parameters
    ----------
    seed : int
        Seed of the first velocities and of stochastic thermostats, from 1 to `MAX_SEED`.
    frame_interval_ps : float
        Time between frames, ps.
    thermo_interval_ps : float
        Time between rows of thermo.csv, ps.
    checkpoint_interval_s : float
        Wall time between checkpoints, s.
    guards : Guards
        Limits past which it stops.
    slow_forces_every : int, optional
        Steps between computations of the slow forces in stages that do not say so themselves; by default
        what the potential bears (`mofglass.simulate.stages.with_slow_forces`).
    hydrogen_mass_u : float, optional
        Mass of hydrogen, u, taken off the atoms that it is bonded to
        (`mofglass.simulate.hydrogen_mass.with_hydrogen_mass`); the real one by default.

    Raises
    ------
    InputError
        When the seed is out of range, an interval no finite number above zero, `slow_forces_every` below
        1, or hydrogen no heavier than it is or heavier than 4 u.
    """

    seed: int = 1
    frame_interval_ps: float = 0.1
    thermo_interval_ps: float = 0.05
    checkpoint_interval_s: float = 60.0
    guards: Guards = field(default_factory=Guards)
    slow_forces_every: int | None = None
    hydrogen_mass_u: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.seed <= MAX_SEED:
            raise InputError(f"seed must be from 1 to {MAX_SEED}, not {self.seed}")
        for name in ("frame_interval_ps", "thermo_interval_ps"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} must be a finite number above 0, not {getattr(self, name)}")
        if not self.checkpoint_interval_s >= 0:
            raise InputError(f"checkpoint_interval_s must be 0 or more, not {self.checkpoint_interval_s}")
        if self.slow_forces_every is not None and self.slow_forces_every < 1:
            raise InputError(f"slow_forces_every must be 1 or more, not {self.slow_forces_every}")
        lightest, heaviest = LIMITS_U
        if self.hydrogen_mass_u is not None and not lightest < self.hydrogen_mass_u <= heaviest:
            raise InputError(
                f"hydrogen_mass_u must be above {lightest:g} u, up to {heaviest:g} u, and is "
                f"{self.hydrogen_mass_u:g}"
            )

    def frame_steps(self, stage: CompiledStage) -> int:
        """Return the steps between frames in a stage.

        Parameters
        ----------
        stage : CompiledStage
            The stage.

        Returns
        -------
        int
            At least 1; 0 in a minimisation.
        """
        return _steps(self.frame_interval_ps, stage)

    def thermo_steps(self, stage: CompiledStage) -> int:
        """Return the steps between rows of thermo.csv in a stage.

        Parameters
        ----------
        stage : CompiledStage
            The stage.

        Returns
        -------
        int
            At least 1; 0 in a minimisation.
        """
        return _steps(self.thermo_interval_ps, stage)


def _steps(interval_ps: float, compiled: CompiledStage) -> int:
    if not isinstance(compiled.stage, Dynamics):
        return 0
    between = compiled.steps_between
    return between * max(1, round(interval_ps * 1e3 / (between * compiled.time_step_fs)))
