"""What one pass over evaluated frames leaves behind: sums, a bounded sample, the worst frames."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from ase.data import chemical_symbols

from mofglass.datasets.labelled import LabelledFrame
from mofglass.training.derivative_checks import MPA_PER_EV_PER_A3, DerivativeChecks
from mofglass.training.efficiency import Efficiency
from mofglass.training.energy_alignment import AlignedEnergies, Alignment, EnergyRecords
from mofglass.training.error_sums import ErrorStatistics, ErrorSums, statistics_of_frames
from mofglass.training.evaluation import ALL, Evaluation, GroupErrors
from mofglass.training.predictions import FailedFrame, Prediction, frame_place
from mofglass.training.reservoir import Reservoir

TEMPERATURE_BIN_K = 100.0
FORCE_EDGES_EV_PER_A = np.concatenate([[0.0], 0.05 * np.sqrt(2.0) ** np.arange(21), [np.inf]])
"""Sizes of reference forces between which errors are averaged: from 0.05 to 51 eV/Å by factors of √2."""

OUTLIER_COLUMNS = [
    *("quantity", "frame", "source", "temperature", "where", "error", "unit"),
    *("atom", "element", "reference", "predicted", "times_rmse"),
]

Kind = Literal["source", "temperature", "element"]


@dataclass
class _Group:
    """Sums over the frames of a source or of a temperature, or over all."""

    n_frames: int = 0
    n_atoms: int = 0
    force: ErrorSums = field(default_factory=ErrorSums)
    stress: ErrorSums = field(default_factory=ErrorSums)
    pressure: ErrorSums = field(default_factory=ErrorSums)
    virial: ErrorSums = field(default_factory=ErrorSums)


class ErrorCollection:
    """Takes in frames with their predictions, then says how far apart they were.

    Parameters
    ----------
    n_outliers : int
        Frames listed for each of energy, forces and stress.
    n_samples : int
        Frames, and force vectors, kept for figures at most.
    seed : int
        Of the random sample.
    """

    def __init__(self, n_outliers: int, n_samples: int, seed: int) -> None:
        self.energies = EnergyRecords()
        self.all = _Group()
        self.groups: dict[tuple[Kind, str], _Group] = {}
        self.source_labels: dict[str, int] = {}
        self.first_of_source: dict[str, int] = {}
        self.temperature_labels: dict[str, int] = {}
        self.frames = array("i")
        self.sources = array("h")
        self.temperatures = array("h")
        self.microseconds = array("f")
        self.by_size = np.zeros((len(FORCE_EDGES_EV_PER_A) - 1, 3))
        self.force_sample = Reservoir(n_samples, 8, seed=seed)
        self.stress_sample = Reservoir(max(1, n_samples // 3), 13, seed=seed + 1)
        self.force_outliers = _Largest(n_outliers)
        self.stress_outliers = _Largest(n_outliers)
        self.n_outliers = n_outliers
        self.n_samples = n_samples
        self.seed = seed

    def add(self, index: int, frame: LabelledFrame, prediction: Prediction) -> None:
        """Take in one frame.

        Parameters
        ----------
        index : int
            Its number, in the order of the frames from 0.
        frame : LabelledFrame
            Reference.
        prediction : Prediction
            What the potential says.
        """
        temperature = temperature_label(frame.temperature_K)
        groups = (self.all, self._group("source", frame.source), self._group("temperature", temperature))
        self.first_of_source.setdefault(frame.source, index)
        self.frames.append(index)
        self.energies.add(frame.numbers, frame.energy_eV, prediction.energy_eV)
        self.sources.append(self.source_labels.setdefault(frame.source, len(self.source_labels)))
        self.temperatures.append(
            self.temperature_labels.setdefault(temperature, len(self.temperature_labels))
        )
        self.microseconds.append(1e6 * prediction.wall_s / frame.n_atoms)
        for group in groups:
            group.n_frames += 1
            group.n_atoms += frame.n_atoms
        self._add_forces(index, frame, prediction, groups)
        if frame.stress_eV_per_A3 is not None and prediction.stress_eV_per_A3 is not None:
            self._add_stress(index, frame, prediction.stress_eV_per_A3, groups)

    def _group(self, kind: Kind, label: str) -> _Group:
        return self.groups.setdefault((kind, label), _Group())

    def _add_forces(
        self, index: int, frame: LabelledFrame, prediction: Prediction, groups: Iterable[_Group]
    ) -> None:
        reference, predicted = frame.forces_eV_per_A, prediction.forces_eV_per_A
        errors = predicted - reference
        for group in groups:
            group.force.add(errors, reference)
        for number in np.unique(frame.numbers):
            of_element = frame.numbers == number
            group = self._group("element", chemical_symbols[number])
            group.n_frames += 1
            group.n_atoms += int(of_element.sum())
            group.force.add(errors[of_element], reference[of_element])
        size = np.linalg.norm(reference, axis=1)
        place = np.searchsorted(FORCE_EDGES_EV_PER_A, size, side="right") - 1
        np.add.at(
            self.by_size,
            place,
            np.column_stack([np.ones(len(size)), np.abs(errors).mean(axis=1), (errors**2).mean(axis=1)]),
        )
        self.force_sample.add(
            np.column_stack([np.full(len(size), index), frame.numbers, reference, predicted]), batch=index
        )
        error_size = np.linalg.norm(errors, axis=1)
        atom = int(error_size.argmax())
        self.force_outliers.offer(
            float(error_size[atom]),
            index,
            lambda: {
                **_words(frame),
                "error": 1e3 * float(error_size[atom]),
                "unit": "meV/Å",
                "atom": atom,
                "element": chemical_symbols[frame.numbers[atom]],
                "reference": 1e3 * float(size[atom]),
                "predicted": 1e3 * float(np.linalg.norm(predicted[atom])),
            },
        )

    def _add_stress(
        self, index: int, frame: LabelledFrame, predicted: np.ndarray, groups: Iterable[_Group]
    ) -> None:
        reference = frame.stress_eV_per_A3
        assert reference is not None
        errors = predicted - reference
        per_atom = -frame.volume_A3 / frame.n_atoms
        for group in groups:
            group.stress.add(errors, reference)
            # Pressure is minus a third of the trace.
            group.pressure.add(np.array([-np.trace(errors) / 3]), np.array([-np.trace(reference) / 3]))
            group.virial.add(per_atom * errors, per_atom * reference)
        upper = np.triu_indices(3)
        row = np.concatenate([[index], reference[upper], predicted[upper]])
        self.stress_sample.add(row[None, :], batch=index)
        largest = float(np.abs(errors).max())
        at = np.unravel_index(np.abs(errors).argmax(), (3, 3))
        self.stress_outliers.offer(
            largest,
            index,
            lambda: {
                **_words(frame),
                "error": MPA_PER_EV_PER_A3 * largest,
                "unit": "MPa",
                "reference": MPA_PER_EV_PER_A3 * float(reference[at]),
                "predicted": MPA_PER_EV_PER_A3 * float(predicted[at]),
            },
        )

    def evaluation(
        self,
        potential: dict[str, str],
        frame: Callable[[int], LabelledFrame],
        align: Alignment,
        efficiency: Efficiency | None,
        checks: DerivativeChecks | None,
        cost_by_source: Mapping[str, float] | None,
        failures: Sequence[FailedFrame],
        jobs: int,
        threads: int,
    ) -> Evaluation:
        """Return errors of all frames taken in.

        Parameters
        ----------
        potential : dict of str to str
            What is recorded of the potential.
        frame : callable
            Gives a frame again by its number: outliers of the energy are known last.
        align : {"none", "per-atom", "per-element"}
            Rule for energies.
        efficiency : Efficiency or None
            Measured cost.
        checks : DerivativeChecks or None
            Comparison with finite differences.
        cost_by_source : mapping of str to float, or None
            Cost by source, µs per atom, where the time of the calls does not tell it.
        failures : sequence of FailedFrame
            Frames that could not be computed, and why.
        jobs, threads : int
            Processes, and threads of each.

        Returns
        -------
        Evaluation
            Errors overall, by source, temperature and element.
        """
        aligned = self.energies.aligned(align)
        everything = np.ones(len(self.energies), dtype=bool)
        errors = [self._errors("all", ALL, self.all, everything, aligned, cost_by_source)]
        for kind, labels, codes in (
            ("source", self.source_labels, self.sources),
            ("temperature", self.temperature_labels, self.temperatures),
        ):
            for label in sorted(labels, key=_order):
                chosen = np.array(codes) == labels[label]
                group = self.groups[kind, label]  # type: ignore[index]
                errors.append(self._errors(kind, label, group, chosen, aligned, cost_by_source))
        for (kind, label), group in sorted(self.groups.items()):
            if kind == "element":
                errors.append(self._errors(kind, label, group, None, aligned, cost_by_source))
        return Evaluation(
            potential=dict(potential),
            errors=tuple(errors),
            energies=aligned,
            by_force_size=_size_table(self.by_size),
            outliers=self._outliers(aligned, frame),
            energy_parity=self._energy_parity(aligned),
            force_parity=_force_parity(self.force_sample.rows),
            stress_parity=_stress_parity(self.stress_sample.rows),
            efficiency=efficiency,
            checks=checks,
            failures=tuple(failures),
            jobs=jobs,
            threads=threads,
        )

    def _errors(
        self,
        kind: str,
        label: str,
        group: _Group,
        chosen: np.ndarray | None,
        aligned: AlignedEnergies,
        cost_by_source: Mapping[str, float] | None,
    ) -> GroupErrors:
        energy, microseconds = ErrorStatistics(), float("nan")
        if chosen is not None:
            energy = statistics_of_frames(
                aligned.errors_eV_per_atom[chosen], aligned.references_eV_per_atom[chosen], 1e3
            )
            microseconds = float(np.median(np.array(self.microseconds)[chosen]))
        if cost_by_source is not None:
            microseconds = cost_by_source.get(label, math.nan) if kind == "source" else math.nan
        return GroupErrors(
            kind=kind,
            label=label,
            n_frames=group.n_frames,
            n_atoms=group.n_atoms,
            energy_meV_per_atom=energy,
            force_meV_per_A=group.force.statistics(1e3),
            stress_MPa=group.stress.statistics(MPA_PER_EV_PER_A3),
            pressure_MPa=group.pressure.statistics(MPA_PER_EV_PER_A3),
            virial_meV_per_atom=group.virial.statistics(1e3),
            microseconds_per_atom=microseconds,
        )

    def _outliers(self, aligned: AlignedEnergies, frame: Callable[[int], LabelledFrame]) -> pd.DataFrame:
        """The frames with the largest errors; energies are known only now that they are aligned."""
        rows: list[dict[str, Any]] = []
        size = np.abs(aligned.errors_eV_per_atom)
        for index in np.argsort(-size, kind="stable")[: self.n_outliers]:
            if not size[index]:
                break
            reference = float(aligned.references_eV_per_atom[index])
            rows.append(
                {
                    "quantity": "energy",
                    "frame": self.frames[index],
                    **_words(frame(self.frames[index])),
                    "error": 1e3 * float(size[index]),
                    "unit": "meV/atom",
                    "reference": 1e3 * reference,
                    "predicted": 1e3 * (reference + float(aligned.errors_eV_per_atom[index])),
                }
            )
        rows += [{"quantity": "force", **row} for row in self.force_outliers.rows]
        rows += [{"quantity": "stress", **row} for row in self.stress_outliers.rows]
        columns = OUTLIER_COLUMNS
        table = pd.DataFrame(rows, columns=columns)
        energy = statistics_of_frames(aligned.errors_eV_per_atom, aligned.references_eV_per_atom, 1e3).rmse
        scales = {
            "energy": energy,
            # Of a force vector, whose three components each have the RMSE.
            "force": np.sqrt(3.0) * self.all.force.statistics(1e3).rmse,
            "stress": self.all.stress.statistics(MPA_PER_EV_PER_A3).rmse,
        }
        scale = table["quantity"].map(scales).astype(float)
        table["times_rmse"] = table["error"] / scale.where(scale > 0)
        table["atom"] = table["atom"].astype("Int64")
        return table

    def _energy_parity(self, aligned: AlignedEnergies) -> pd.DataFrame:
        n_frames = len(self.energies)
        chosen = np.arange(n_frames)
        if n_frames > self.n_samples:
            chosen = np.sort(np.random.default_rng(self.seed).choice(n_frames, self.n_samples, replace=False))
        reference = aligned.references_eV_per_atom[chosen]
        sources = list(self.source_labels)
        return pd.DataFrame(
            {
                "frame": np.array(self.frames)[chosen],
                "source": [sources[self.sources[index]] for index in chosen],
                "reference_eV_per_atom": reference,
                "predicted_eV_per_atom": reference + aligned.errors_eV_per_atom[chosen],
            }
        )


class _Largest:
    """Keeps the rows of the frames with the largest errors."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._heap: list[tuple[float, int, dict[str, Any]]] = []

    def offer(self, error: float, index: int, row: Callable[[], dict[str, Any]]) -> None:
        """Take a frame in; its row is only made when it is kept."""
        if self.size < 1 or not error or (len(self._heap) == self.size and error <= self._heap[0][0]):
            return
        # Of equal errors the first frame stays.
        heapq.heappush(self._heap, (error, -index, {"frame": index, **row()}))
        if len(self._heap) > self.size:
            heapq.heappop(self._heap)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Largest first."""
        return [row for _, _, row in sorted(self._heap, key=lambda item: (-item[0], -item[1]))]


def temperature_label(temperature_K: float) -> str:
    """Return the label of the group of a temperature: to the nearest 100 K, 450 K to 500, in K.

    Parameters
    ----------
    temperature_K : float
        Temperature, K; NaN where unknown.

    Returns
    -------
    str
        E.g. ``300``, or ``unknown``.
    """
    if not np.isfinite(temperature_K):
        return "unknown"
    return f"{TEMPERATURE_BIN_K * np.floor(temperature_K / TEMPERATURE_BIN_K + 0.5):g}"


def _order(label: str) -> tuple[float, str]:
    """Temperatures by size, words by the alphabet after them."""
    return (float(label), "") if label.replace(".", "", 1).isdigit() else (np.inf, label)


def _words(frame: LabelledFrame) -> dict[str, Any]:
    return {
        "source": frame.source,
        "temperature": temperature_label(frame.temperature_K),
        "where": frame_place(frame),
    }


def _size_table(sums: np.ndarray) -> pd.DataFrame:
    occupied = sums[:, 0] > 0
    n, absolute, squared = sums[occupied].T
    return pd.DataFrame(
        {
            "force_from_eV_per_A": FORCE_EDGES_EV_PER_A[:-1][occupied],
            "force_to_eV_per_A": FORCE_EDGES_EV_PER_A[1:][occupied],
            "n_atoms": n.astype(int),
            "force_mae_meV_per_A": 1e3 * absolute / n,
            "force_rmse_meV_per_A": 1e3 * np.sqrt(squared / n),
        }
    )


def _force_parity(rows: np.ndarray) -> pd.DataFrame:
    """One row a force component, in the order of the frames."""
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    return pd.DataFrame(
        {
            "frame": np.repeat(rows[:, 0].astype(int), 3),
            "element": np.repeat([chemical_symbols[int(number)] for number in rows[:, 1]], 3),
            "component": np.tile(["x", "y", "z"], len(rows)),
            "reference_eV_per_A": rows[:, 2:5].ravel(),
            "predicted_eV_per_A": rows[:, 5:8].ravel(),
        }
    )


def _stress_parity(rows: np.ndarray) -> pd.DataFrame:
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return pd.DataFrame(
        {
            "frame": np.repeat(rows[:, 0].astype(int), 6),
            "component": np.tile(["xx", "xy", "xz", "yy", "yz", "zz"], len(rows)),
            "reference_MPa": MPA_PER_EV_PER_A3 * rows[:, 1:7].ravel(),
            "predicted_MPa": MPA_PER_EV_PER_A3 * rows[:, 7:13].ravel(),
        }
    )
