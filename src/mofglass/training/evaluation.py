"""The outcome of an evaluation: tables, the numbers to quote, and figures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import pandas as pd

from mofglass.result import Panel, Result
from mofglass.training.derivative_checks import DerivativeChecks
from mofglass.training.efficiency import Efficiency
from mofglass.training.energy_alignment import RULES, AlignedEnergies
from mofglass.training.error_sums import ErrorStatistics
from mofglass.training.evaluation_figures import energy_panel, force_panel, size_panel, stress_panel
from mofglass.training.predictions import FailedFrame

ALL = "all"

FIGURES = ("parity_energy", "parity_force", "parity_stress", "error_against_force")
"""File names of the figures that an evaluation may have."""

BIG_OFFSET = 5.0
"""A mean error of the energies this many times their spread is a constant between two zeros of energy."""


@dataclass(frozen=True)
class GroupErrors:
    """Errors over all frames, or over those of one source, temperature or element.

    Parameters
    ----------
    kind : {"all", "source", "temperature", "element"}
        What the group has in common.
    label : str
        The source, the temperature (K, to the nearest 100), or the element.
    n_frames, n_atoms : int
        Frames, and atoms in all of them together.
    energy_meV_per_atom : ErrorStatistics
        Of the energy per atom, one value a frame, after alignment; empty for elements.
    force_meV_per_A : ErrorStatistics
        Of the components of forces.
    stress_MPa : ErrorStatistics
        Of the nine components of the stress.
    pressure_MPa : ErrorStatistics
        Of the pressure, minus a third of the trace of the stress; its `mean` is how far off NPT will be.
    virial_meV_per_atom : ErrorStatistics
        Of the nine components of the virial, minus stress times volume, per atom.
    microseconds_per_atom : float
        Median wall time of the calls on these frames, µs per atom.
    """

    kind: str
    label: str
    n_frames: int
    n_atoms: int
    energy_meV_per_atom: ErrorStatistics
    force_meV_per_A: ErrorStatistics
    stress_MPa: ErrorStatistics
    pressure_MPa: ErrorStatistics
    virial_meV_per_atom: ErrorStatistics
    microseconds_per_atom: float

    def numbers(self) -> dict[str, Any]:
        """Return the errors with units in the keys; the four of Castel's Table 1 come first.

        Returns
        -------
        dict
            Mean absolute errors with their standard errors, root mean square and largest errors; what the
            group does not have is left out.
        """
        quantities = {
            "energy_{}_meV_per_atom": self.energy_meV_per_atom,
            "force_{}_meV_per_A": self.force_meV_per_A,
            "stress_{}_MPa": self.stress_MPa,
        }
        known = {name: errors for name, errors in quantities.items() if errors.n_values}
        numbers: dict[str, Any] = {name.format("mae"): errors.mae for name, errors in known.items()}
        if self.kind != "element":
            numbers["microseconds_per_atom"] = self.microseconds_per_atom
        for name, errors in known.items():
            numbers[name.format("mae") + "_error"] = errors.mae_error
        for name, errors in known.items():
            numbers[name.format("rmse")] = errors.rmse
        for name, errors in known.items():
            numbers[name.format("max")] = errors.largest
        if self.energy_meV_per_atom.n_values:
            numbers["energy_mean_error_meV_per_atom"] = self.energy_meV_per_atom.mean
        if self.pressure_MPa.n_values:
            numbers["pressure_mean_error_MPa"] = self.pressure_MPa.mean
        return numbers | {"n_frames": self.n_frames, "n_atoms": self.n_atoms}


@dataclass(frozen=True, eq=False)
class Evaluation(Result):
    """A potential beside labelled frames.

    Parameters
    ----------
    potential : dict of str to str
        What the potential says of itself.
    errors : tuple of GroupErrors
        Overall first, then by source, by temperature, by element.
    energies : AlignedEnergies
        Rule and constants by which energies were compared.
    by_force_size : pandas.DataFrame
        Errors of forces by the size of the reference force.
    outliers : pandas.DataFrame
        Frames with the largest errors of energy, force and stress.
    energy_parity, force_parity, stress_parity : pandas.DataFrame
        A bounded random sample of references and predictions.
    efficiency : Efficiency or None
        Cost measured on the first frame and its supercell.
    checks : DerivativeChecks or None
        Forces and stress beside finite differences.
    failures : tuple of FailedFrame
        Frames that the potential could not compute and that were left out, and why.
    jobs, threads : int
        Processes, and threads of each.
    """

    name: ClassVar[str] = "evaluation"
    title: ClassVar[str] = "Errors of a potential"

    potential: dict[str, str]
    errors: tuple[GroupErrors, ...]
    energies: AlignedEnergies
    by_force_size: pd.DataFrame
    outliers: pd.DataFrame
    energy_parity: pd.DataFrame
    force_parity: pd.DataFrame
    stress_parity: pd.DataFrame
    efficiency: Efficiency | None = None
    checks: DerivativeChecks | None = None
    failures: tuple[FailedFrame, ...] = ()
    jobs: int = 1
    threads: int = 1

    @property
    def overall(self) -> GroupErrors:
        """Errors over all frames."""
        return self.errors[0]

    def groups(self, kind: str) -> dict[str, GroupErrors]:
        """Return the errors by source, temperature or element.

        Parameters
        ----------
        kind : {"source", "temperature", "element"}
            What the groups differ in.

        Returns
        -------
        dict of str to GroupErrors
            By label.
        """
        return {group.label: group for group in self.errors if group.kind == kind}

    @property
    def microseconds_per_atom(self) -> float:
        """Cost, µs per atom and call: measured on the first frame, else the median over all frames."""
        if self.efficiency is not None and self.efficiency.timings:
            return self.efficiency.timings[0].microseconds_per_atom
        return self.overall.microseconds_per_atom

    @property
    def notes(self) -> list[str]:
        """Remarks that a reader of the numbers needs, one sentence each."""
        notes = []
        energy = self.overall.energy_meV_per_atom
        spread = math.sqrt(max(0.0, energy.rmse**2 - energy.mean**2))
        if self.energies.rule == "none" and abs(energy.mean) > BIG_OFFSET * max(spread, 1e-6):
            notes.append(
                f"energies differ by {energy.mean:.4g} meV/atom with a spread of {spread:.3g}: two zeros of "
                "energy? Align them per atom or per element to compare the rest"
            )
        if self.energies.rule != "none":
            constants = ", ".join(f"{name} {value:.6g}" for name, value in self.energies.constants_eV.items())
            notes.append(f"energies: {RULES[self.energies.rule]} (eV: {constants})")
        if self.failures:
            first, n_failed = self.failures[0], len(self.failures)
            notes.append(f"{n_failed} frames left out that cannot be computed; {first.name}: {first.reason}")
        without = self.overall.n_frames - self.overall.stress_MPa.n_frames
        if without:
            notes.append(
                f"stress is compared on {self.overall.stress_MPa.n_frames} of {self.overall.n_frames} "
                "frames: the others, or the potential, have none"
            )
        if self.efficiency is not None and self.efficiency.note:
            notes.append(self.efficiency.note)
        if self.jobs > 1:
            notes.append(f"times by source are those of {self.jobs} processes side by side")
        return notes

    def summary(self) -> dict[str, Any]:
        """Return the numbers to quote.

        Returns
        -------
        dict
            ``energy_mae_meV_per_atom``, ``force_mae_meV_per_A``, ``stress_mae_MPa`` (None where no frame has
            a stress) and ``microseconds_per_atom``, and more, overall and under ``by_source``,
            ``by_temperature_K`` and ``by_element``; then efficiency, checks and notes.
        """
        overall = {"stress_mae_MPa": None} | self.overall.numbers()
        overall["microseconds_per_atom"] = self.microseconds_per_atom
        first = ("energy_mae_meV_per_atom", "force_mae_meV_per_A", "stress_mae_MPa", "microseconds_per_atom")
        summary: dict[str, Any] = {key: overall[key] for key in first} | overall
        for kind, key in (
            ("source", "by_source"),
            ("temperature", "by_temperature_K"),
            ("element", "by_element"),
        ):
            summary[key] = {label: group.numbers() for label, group in self.groups(kind).items()}
        summary["energy_alignment"] = {
            "rule": self.energies.rule,
            "constants_eV": dict(self.energies.constants_eV),
        }
        timings = self.efficiency.timings if self.efficiency is not None else ()
        summary["efficiency"] = [
            {
                "n_atoms": timing.n_atoms,
                "microseconds_per_atom": timing.microseconds_per_atom,
                "spread": timing.spread,
                "n_calls": timing.n_calls,
                "threads": timing.threads,
            }
            for timing in timings
        ]
        summary["derivative_checks"] = None if self.checks is None else self.checks.summary()
        failed = [asdict(failure) for failure in self.failures]
        return summary | {"potential": dict(self.potential), "notes": self.notes, "failed_frames": failed}

    def to_dataframe(self) -> pd.DataFrame:
        """Return all errors as one table.

        Returns
        -------
        pandas.DataFrame
            One row a group.
        """
        rows = [{"group": group.kind, "label": group.label, **group.numbers()} for group in self.errors]
        return pd.DataFrame(rows)

    def castel_table(self) -> pd.DataFrame:
        """Return the row of this potential in a table such as Castel 2024, Table 1.

        Returns
        -------
        pandas.DataFrame
            Mean absolute errors and cost, one row.
        """
        overall = self.summary()
        keys = ("energy_mae_meV_per_atom", "force_mae_meV_per_A", "stress_mae_MPa", "microseconds_per_atom")
        return pd.DataFrame([{"potential": self.potential["name"], **{key: overall[key] for key in keys}}])

    def shi_table(self) -> pd.DataFrame:
        """Return root mean square errors by source, as in Shi 2023, Table 1.

        Returns
        -------
        pandas.DataFrame
            Energy (meV/atom), force (eV/Å) and virial (meV/atom), each with the error relative to the root
            mean square of the reference, %. That of the energy depends on the zero of the labels' energy.
        """
        rows = []
        for group in self.errors:
            if group.kind not in (ALL, "source"):
                continue
            energy, force, virial = (
                group.energy_meV_per_atom,
                group.force_meV_per_A,
                group.virial_meV_per_atom,
            )
            rows.append(
                {
                    "source": group.label,
                    "n_frames": group.n_frames,
                    "energy_rmse_meV_per_atom": energy.rmse,
                    "energy_relative_percent": energy.relative_percent,
                    "force_rmse_eV_per_A": 1e-3 * force.rmse,
                    "force_relative_percent": force.relative_percent,
                    "virial_rmse_meV_per_atom": virial.rmse,
                    "virial_relative_percent": virial.relative_percent,
                }
            )
        return pd.DataFrame(rows)

    def efficiency_table(self) -> pd.DataFrame:
        """Return the measured cost by size.

        Returns
        -------
        pandas.DataFrame
            One row a size; empty where it was not measured.
        """
        timings = self.efficiency.timings if self.efficiency is not None else ()
        columns = ["n_atoms", "microseconds_per_atom", "spread", "n_calls", "threads"]
        table = pd.DataFrame(
            [{column: getattr(timing, column) for column in columns} for timing in timings], columns=columns
        )
        return table.rename(columns={"spread": "spread_microseconds_per_atom"})

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables by file name.

        Returns
        -------
        dict of str to pandas.DataFrame
            By name, without suffix.
        """
        return {
            "errors": self.to_dataframe(),
            "castel_table": self.castel_table(),
            "shi_table": self.shi_table(),
            "outliers": self.outliers,
            "error_against_force": self.by_force_size,
            "efficiency": self.efficiency_table(),
            "failed_frames": pd.DataFrame(
                [asdict(failure) for failure in self.failures],
                columns=[field.name for field in fields(FailedFrame)],
            ),
            "parity_energy": self.energy_parity,
            "parity_force": self.force_parity,
            "parity_stress": self.stress_parity,
        }

    def figures(self) -> dict[str, Panel]:
        """Return the figures by file name.

        Returns
        -------
        dict of str to Panel
            Parity of energy, force and stress, and error against force.
        """
        maes = {label: group.force_meV_per_A.mae for label, group in self.groups("element").items()}
        figures = {
            "parity_energy": energy_panel(self.energy_parity),
            "parity_force": force_panel(self.force_parity, maes),
        }
        if len(self.stress_parity):
            figures["parity_stress"] = stress_panel(self.stress_parity)
        return figures | {"error_against_force": size_panel(self.by_force_size)}

    def panels(self) -> tuple[Panel, ...]:
        """Return the figures.

        Returns
        -------
        tuple of Panel
            As `figures`, without their names.
        """
        return tuple(self.figures().values())
