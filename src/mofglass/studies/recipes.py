"""Published ways to make a glass, as numbers that can all be overridden."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from mofglass.errors import InputError
from mofglass.potentials import Potential
from mofglass.simulate import Dynamics, Minimise, Protocol, hold, ramp
from mofglass.simulate.stages import Ensemble, Thermostat


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Prepare a crystal, melt it, hold it molten, quench it, equilibrate the glass.

    Parameters
    ----------
    name : str
        Registry name.
    source : str
        Publication.
    t_low_K, t_max_K : float
        Temperature of the crystal and the glass, and of the melt, K.
    rate_K_per_ps : float
        Heating rate, K/ps.
    quench_rate_K_per_ps : float, optional
        Cooling rate, K/ps; the heating rate by default.
    prepare_ps, plateau_ps, equilibrate_ps : float
        Time at `t_low_K` before, at `t_max_K`, and at `t_low_K` after, ps.
    plateau_step_ps : float
        Glasses of one series hold the melt this much longer each, ps.
    first_extra_steps : int
        How many such steps the first glass of a series gets.
    ensemble : {"nvt", "npt"}
        Constant volume or constant isotropic pressure.
    thermostat : {"nose-hoover", "csvr", "langevin"}
        How the temperature is kept.
    pressure_bar : float
        Pressure, bar (NPT).
    cubic : bool
        Turn the cell into a cube of the same volume at the start of the plateau.
    minimise : bool
        Minimise the energy in the fixed cell first.
    time_step_fs, fine_time_step_fs : float
        Time step, and the one used above `fine_above_K`, fs.
    fine_above_K : float
        Temperature above which the finer time step is used, K.
    """

    name: str
    source: str
    t_low_K: float = 300.0
    t_max_K: float = 1500.0
    rate_K_per_ps: float = 20.0
    quench_rate_K_per_ps: float | None = None
    prepare_ps: float = 100.0
    plateau_ps: float = 50.0
    equilibrate_ps: float = 100.0
    plateau_step_ps: float = 20.0
    first_extra_steps: int = 1
    ensemble: Ensemble = "nvt"
    thermostat: Thermostat = "nose-hoover"
    pressure_bar: float = 1.0
    cubic: bool = False
    minimise: bool = True
    time_step_fs: float = 0.5
    fine_time_step_fs: float = 0.25
    fine_above_K: float = 1500.0

    def __post_init__(self) -> None:
        if self.t_max_K <= self.t_low_K:
            raise InputError(
                f"the melt at {self.t_max_K:g} K is not hotter than the glass at {self.t_low_K:g} K: "
                "raise --t-max"
            )
        for name in ("rate_K_per_ps", "plateau_ps", "equilibrate_ps", "time_step_fs", "fine_time_step_fs"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above zero")
        if self.prepare_ps < 0:
            raise InputError("prepare_ps must not be negative")

    def override(self, **values: Any) -> Recipe:
        """Return the recipe with some numbers changed; None leaves one as it is.

        Parameters
        ----------
        **values
            Fields of this class.

        Returns
        -------
        Recipe
            A new one.

        Raises
        ------
        InputError
            For an unknown field, a value without sense, or a pressure where the volume is constant.
        """
        known = {field.name for field in fields(self)}
        unknown = set(values) - known
        if unknown:
            raise InputError(f"a recipe has no '{sorted(unknown)[0]}'")
        changed = replace(self, **{key: value for key, value in values.items() if value is not None})
        if values.get("pressure_bar") is not None and changed.ensemble != "npt":
            raise InputError(
                "--pressure means nothing at constant volume (nvt): leave it out, or give --ensemble npt"
            )
        return changed

    def for_potential(self, potential: Potential) -> Recipe:
        """Return the recipe with the finer time step from where the potential needs it, sooner or later.

        Parameters
        ----------
        potential : Potential
            What the crystal is simulated with.

        Returns
        -------
        Recipe
            The same where the potential says nothing: the published limit was that of another potential.
        """
        limit = potential.fine_above_K
        return self if limit is None else replace(self, fine_above_K=limit)

    def changes(self) -> dict[str, str]:
        """Return which numbers are not the published ones.

        Returns
        -------
        dict
            Field to ``"published -> here"``; empty for the recipe as published.
        """
        published = RECIPES.get(self.name, self)
        # A limit of the time step that no temperature reaches changes nothing.
        idle = {"fine_above_K"} if self.t_max_K <= min(published.fine_above_K, self.fine_above_K) else set()
        return {
            field.name: f"{getattr(published, field.name)} -> {getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in idle and getattr(published, field.name) != getattr(self, field.name)
        }

    def plateau_of_glass_ps(self, number: int) -> float:
        """Return the length of the plateau of one glass in a series.

        Parameters
        ----------
        number : int
            From 1.

        Returns
        -------
        float
            Length, ps.
        """
        return self.plateau_ps + (self.first_extra_steps + number - 1) * self.plateau_step_ps

    def protocol(self, *, plateau_ps: float | None = None) -> Protocol:
        """Return the stages.

        Parameters
        ----------
        plateau_ps : float, optional
            Another length of the plateau, ps.

        Returns
        -------
        tuple of Stage
            minimise, prepare, melt, plateau, quench, equilibrate.
        """
        common: dict[str, Any] = {
            "ensemble": self.ensemble,
            "thermostat": self.thermostat,
            "time_step_fs": self.time_step_fs,
        }
        if self.ensemble == "npt":
            common["pressure_bar"] = self.pressure_bar
        fine = self.t_max_K > self.fine_above_K
        # A time step that is finer everywhere stays as it is.
        fine_fs = min(self.fine_time_step_fs, self.time_step_fs)
        hot = common | {"time_step_fs": fine_fs if fine else self.time_step_fs}
        limit: dict[str, Any] = {
            "fine_above_K": self.fine_above_K,
            "fine_time_step_fs": fine_fs,
        }
        stages: list[Minimise | Dynamics] = [Minimise()] if self.minimise else []
        if self.prepare_ps > 0:
            stages.append(hold("prepare", duration_ps=self.prepare_ps, temperature_K=self.t_low_K, **common))
        stages += ramp(
            "melt",
            from_K=self.t_low_K,
            to_K=self.t_max_K,
            rate_K_per_ps=self.rate_K_per_ps,
            **limit,
            **common,
        )
        plateau = self.plateau_ps if plateau_ps is None else plateau_ps
        if self.cubic:
            # A tenth of the plateau, in the middle of the melt's memory loss, shapes the cell; an isotropic
            # barostat keeps that shape from there on.
            shaping = {key: value for key, value in hot.items() if key != "pressure_bar"} | {
                "ensemble": "nvt"
            }
            stages.append(
                hold(
                    "make cubic",
                    duration_ps=0.1 * plateau,
                    temperature_K=self.t_max_K,
                    cubic=True,
                    **shaping,
                )
            )
            plateau *= 0.9
        stages.append(hold("plateau", duration_ps=plateau, temperature_K=self.t_max_K, **hot))
        stages += ramp(
            "quench",
            from_K=self.t_max_K,
            to_K=self.t_low_K,
            rate_K_per_ps=self.quench_rate_K_per_ps or self.rate_K_per_ps,
            **limit,
            **common,
        )
        stages.append(
            hold("equilibrate", duration_ps=self.equilibrate_ps, temperature_K=self.t_low_K, **common)
        )
        return tuple(stages)


CASTEL_2024 = Recipe(
    name="castel2024",
    source="Castel et al., Digital Discovery 3, 355 (2024), Fig. 5 and SI: 300 K crystal, 1500 K at 20 K/ps, "
    "50 ps plateau, quench at 20 K/ps, 100 ps at 300 K, all at constant volume; glass i holds the melt for "
    "50 + 20 i ps; the finer time step is used above 1500 K",
)

MENDEZ_2024 = Recipe(
    name="mendez2024",
    source="Mendez and Semino, hal-04496626 (2024), Sec. II B and D: 300 -> 900 -> 300 K at 4.8 (or 1) K/ps "
    "and 1 bar, plateaus of 250, 500 and 750 ps, the cell made cubic on the plateau; 0.25 fs above 700 K; "
    "the preparation and the final 100 ps, on which the glass is analysed, are ours",
    t_max_K=900.0,
    rate_K_per_ps=4.8,
    prepare_ps=50.0,
    plateau_ps=250.0,
    plateau_step_ps=250.0,
    first_extra_steps=0,
    ensemble="npt",
    cubic=True,
    fine_above_K=700.0,
)

RECIPES = {recipe.name: recipe for recipe in (CASTEL_2024, MENDEZ_2024)}

QUICK: dict[str, float] = {
    "prepare_ps": 3.0,
    "rate_K_per_ps": 100.0,
    "plateau_ps": 8.0,
    "equilibrate_ps": 10.0,
}
"""What `--quick` changes: a demonstration in minutes, far too fast a quench for a publishable glass."""


def get_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Parameters
    ----------
    name : str
        E.g. ``castel2024``.

    Returns
    -------
    Recipe
        As published.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe '{name}': choose from {', '.join(RECIPES)}")
    return RECIPES[name]
