"""What is in a dataset: distributions by source, coordination of the metal, and which frames are melted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from ase.data import chemical_symbols

from mofglass.datasets.dataset import Dataset
from mofglass.datasets.labelled import LabelledFrame
from mofglass.result import Curve, Panel, Result
from mofglass.topology import METAL_NITROGEN_CUTOFFS_A, neighbour_list

MELTED_COORDINATION = 3.7
"""Castel 2024, Table S2: at 1500 K cells that melted had 3.59 and 3.64, others 3.76 and 3.84."""

MELTED_MSD_A2 = 4.0
"""Mean square displacement of the metal, Å²: 2 Å, a third of a Zn-Zn distance, which no vibration reaches."""

_FORCE_EDGES = np.linspace(0.0, 20.0, 101)
_COORDINATIONS = np.arange(9)
_CURVES = 8


@dataclass(frozen=True)
class DatasetInfo(Result):
    """Per frame and source: energy, forces, volume, temperature, coordination, displacement.

    Parameters
    ----------
    dataset : Dataset
        The frames.
    coordination : ndarray of float32, shape (n_frames,)
        Nitrogen atoms around a metal atom, mean over the frame's metal atoms; NaN without metal.
    msd_A2 : ndarray of float32, shape (n_frames,)
        Mean square displacement of the metal since the source's first frame, Å²; NaN without metal or where
        the atoms are not those of that frame.
    melted : ndarray of bool, shape (n_frames,)
        Frames flagged by coordination or displacement.
    force_counts : dict of str to ndarray of int
        By source: atoms by the norm of their force, in bins of 0.2 eV/Å to 20 eV/Å, larger ones in the last.
    coordination_counts : dict of str to ndarray of int
        By source: metal atoms with 0, 1, ... 8 or more nitrogen neighbours.
    force_rms_eV_per_A : dict of str to float
        By source: root mean square of the force components.
    """

    name: ClassVar[str] = "info"
    title: ClassVar[str] = "Frames of a dataset"

    dataset: Dataset
    coordination: np.ndarray
    msd_A2: np.ndarray
    melted: np.ndarray
    force_counts: dict[str, np.ndarray]
    coordination_counts: dict[str, np.ndarray]
    force_rms_eV_per_A: dict[str, float]

    def rows(self, chunk: int = 20_000) -> Iterator[pd.DataFrame]:
        """Give the table of frames in pieces.

        Parameters
        ----------
        chunk : int
            Rows a piece.

        Yields
        ------
        pandas.DataFrame
            One row a frame.
        """
        for start in range(0, len(self.dataset), chunk):
            rows = slice(start, start + chunk)
            table = self.dataset[rows].table
            yield pd.DataFrame(
                {
                    "source": table.source,
                    "frame": table.frame,
                    "split": table.split,
                    "n_atoms": table.n_atoms,
                    "energy_eV_per_atom": table.energy_eV / table.n_atoms,
                    "max_force_eV_per_A": table.max_force_eV_per_A,
                    "volume_A3": table.volume_A3,
                    "temperature_K": table.temperature_K,
                    "coordination": self.coordination[rows],
                    "metal_msd_A2": self.msd_A2[rows],
                    "melted": self.melted[rows],
                }
            )

    def to_dataframe(self) -> pd.DataFrame:
        """Return the table of frames.

        Returns
        -------
        pandas.DataFrame
            One row a frame.
        """
        return pd.concat(list(self.rows()), ignore_index=True)

    def by_source(self) -> dict[str, dict[str, Any]]:
        """Return the numbers of each source.

        Returns
        -------
        dict of str to dict
            Units in the keys.
        """
        table = self.dataset.table
        labels, codes = table.labels("source"), table.codes("source")
        rows_of = {labels[code]: np.flatnonzero(codes == code) for code in np.unique(codes)}
        return {source: self._numbers(rows_of[source], source) for source in sorted(rows_of)}

    def _numbers(self, rows: np.ndarray, source: str) -> dict[str, Any]:
        table = self.dataset.table
        energy = table.energy_eV[rows] / table.n_atoms[rows]
        volume = table.volume_A3[rows] / table.n_atoms[rows]
        temperature = table.temperature_K[rows]
        temperature = temperature[np.isfinite(temperature)]
        return {
            "n_frames": len(rows),
            "n_melted": int(self.melted[rows].sum()),
            "energy_eV_per_atom": {"mean": energy.mean(), "min": energy.min(), "max": energy.max()},
            "force_rms_eV_per_A": self.force_rms_eV_per_A[source],
            "max_force_eV_per_A": table.max_force_eV_per_A[rows].max(),
            "volume_A3_per_atom": {"mean": volume.mean(), "min": volume.min(), "max": volume.max()},
            "temperature_K": {"min": temperature.min(), "max": temperature.max()}
            if len(temperature)
            else None,
            "coordination": _finite_mean(self.coordination[rows]),
            "metal_msd_A2_max": _finite_max(self.msd_A2[rows]),
            "with_stress": int(table.has_stress[rows].sum()),
        }

    def summary(self) -> dict[str, Any]:
        """Return the numbers of each source, and of all.

        Returns
        -------
        dict
            Units in the keys.
        """
        table = self.dataset.table
        splits, counts = np.unique(table.codes("split"), return_counts=True)
        return {
            "n_frames": len(self.dataset),
            "n_melted": int(self.melted.sum()),
            "elements": list(self.dataset.elements),
            "splits": {
                table.labels("split")[code] or "none": int(n) for code, n in zip(splits, counts, strict=True)
            },
            "by_source": self.by_source(),
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return distributions by source, the eight most numerous where there are more.

        Returns
        -------
        tuple of Panel
            Energy, force, volume, temperature; coordination and displacement where there is metal.
        """
        table = self.dataset.table
        codes, counts = np.unique(table.codes("source"), return_counts=True)
        shown = codes[np.argsort(-counts, kind="stable")[:_CURVES]]
        rows_of = {
            table.labels("source")[code]: np.flatnonzero(table.codes("source") == code) for code in shown
        }
        energy = table.energy_eV / table.n_atoms
        force_centres = 0.5 * (_FORCE_EDGES[1:] + _FORCE_EDGES[:-1])
        forces = tuple(
            Curve(source, force_centres, _density(self.force_counts[source], _FORCE_EDGES))
            for source in rows_of
        )
        panels = [
            _distributions(
                "Energy", "energy above the lowest, meV/atom", 1e3 * (energy - energy.min()), rows_of
            ),
            Panel(
                "Forces",
                f"norm of the force on an atom, eV/Å (larger ones at {_FORCE_EDGES[-1]:g})",
                "probability density, Å/eV",
                forces,
                y_log=True,
            ),
            _distributions("Volume", "volume, Å³/atom", table.volume_A3 / table.n_atoms, rows_of),
        ]
        if np.isfinite(table.temperature_K).any():
            panels.append(_distributions("Temperature", "temperature, K", table.temperature_K, rows_of))
        if np.isfinite(self.coordination).any():
            bars = tuple(
                Curve(
                    source,
                    _COORDINATIONS,
                    self.coordination_counts[source] / self.coordination_counts[source].sum(),
                )
                for source in rows_of
                if self.coordination_counts[source].sum()
            )
            panels.append(
                Panel("Coordination", "nitrogen atoms around a metal atom", "fraction", bars, kind="bar")
            )
        if np.isfinite(self.msd_A2).any():
            lines = tuple(
                Curve(source, np.arange(len(rows)), self.msd_A2[rows]) for source, rows in rows_of.items()
            )
            panels.append(
                Panel(
                    "Displacement", "frame of the source", "MSD of the metal since its first frame, Å²", lines
                )
            )
        if len(shown) < len(codes):
            note = f", {len(shown)} of {len(codes)} sources"
            panels = [replace(panel, title=panel.title + note) for panel in panels]
        return tuple(panels)


def describe_dataset(
    dataset: Dataset,
    *,
    melted_coordination: float = MELTED_COORDINATION,
    melted_msd_A2: float = MELTED_MSD_A2,
    progress: Callable[[int], None] | None = None,
) -> DatasetInfo:
    """Read every frame once, and describe the dataset; memory is a few numbers a frame.

    Parameters
    ----------
    dataset : Dataset
        The frames, those of a source in the order of time.
    melted_coordination : float
        Frames whose metal has fewer nitrogen neighbours on average are flagged as melted.
    melted_msd_A2 : float
        So are frames whose metal has moved farther from the source's first frame, Å².
    progress : callable, optional
        Called with the number of frames read.

    Returns
    -------
    DatasetInfo
        Distributions and flags.

    References
    ----------
    Castel 2024, supplementary information: coordination (Table S2) and MSD of zinc (Fig. S1) as evidence of
    melting.
    """
    coordination = np.full(len(dataset), np.nan, dtype=np.float32)
    msd = np.full(len(dataset), np.nan, dtype=np.float32)
    sources: dict[str, _SourceState] = {}
    for row, frame in enumerate(dataset):
        state = sources.setdefault(frame.source, _SourceState())
        coordination[row], msd[row] = state.add(frame)
        if progress is not None:
            progress(row + 1)
    with np.errstate(invalid="ignore"):
        melted = (coordination < melted_coordination) | (msd > melted_msd_A2)
    return DatasetInfo(
        dataset,
        coordination,
        msd,
        melted,
        {source: state.force_counts for source, state in sources.items()},
        {source: state.coordination_counts for source, state in sources.items()},
        {source: state.force_rms for source, state in sources.items()},
    )


class _SourceState:
    """Counts of one source, and its metal's way since the first frame."""

    def __init__(self) -> None:
        self.force_counts = np.zeros(len(_FORCE_EDGES) - 1, dtype=np.int64)
        self.coordination_counts = np.zeros(len(_COORDINATIONS), dtype=np.int64)
        self._square_sum = 0.0
        self._n_components = 0
        self._numbers: np.ndarray | None = None
        self._first = self._last = np.empty((0, 3))

    @property
    def force_rms(self) -> float:
        return float(np.sqrt(self._square_sum / self._n_components))

    def add(self, frame: LabelledFrame) -> tuple[float, float]:
        """Count a frame; return the metal's coordination and its MSD, Å²."""
        norms = np.linalg.norm(frame.forces_eV_per_A, axis=1)
        place = np.minimum((norms / _FORCE_EDGES[1]).astype(np.int64), len(self.force_counts) - 1)
        self.force_counts += np.bincount(place, minlength=len(self.force_counts))
        self._square_sum += float((norms**2).sum())
        self._n_components += 3 * len(norms)
        metals = np.flatnonzero(np.isin(frame.numbers, _METALS))
        if not len(metals):
            return np.nan, np.nan
        pairs = neighbour_list(frame, _CUTOFFS_A)
        neighbours = np.bincount(pairs.i, minlength=frame.n_atoms)[metals]
        self.coordination_counts += np.bincount(
            np.minimum(neighbours, _COORDINATIONS[-1]), minlength=len(_COORDINATIONS)
        )
        return float(neighbours.mean()), self._msd(frame, metals)

    def _msd(self, frame: LabelledFrame, metals: np.ndarray) -> float:
        # In fractions of the cell, so that a cell that changes does not count as movement.
        places = frame.positions[metals] @ np.linalg.inv(frame.cell)
        if self._numbers is None:
            self._numbers, self._first, self._last = frame.numbers, places, places
        if not np.array_equal(self._numbers, frame.numbers):
            return float("nan")
        step = places - self._last
        self._last = self._last + step - np.round(step)
        moved = (self._last - self._first) @ frame.cell
        moved -= moved.mean(axis=0)
        return float((moved**2).sum(axis=1).mean())


_METALS = np.array([chemical_symbols.index(symbol) for symbol in METAL_NITROGEN_CUTOFFS_A])
_CUTOFFS_A = {(symbol, "N"): cutoff for symbol, cutoff in METAL_NITROGEN_CUTOFFS_A.items()}


def _finite_mean(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=float)) if len(finite) else None


def _finite_max(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else None


def _density(counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    density = counts / (max(int(counts.sum()), 1) * np.diff(edges))
    # A logarithmic axis has no zero.
    return np.where(counts > 0, density, np.nan)


def _distributions(title: str, label: str, values: np.ndarray, rows_of: dict[str, np.ndarray]) -> Panel:
    """Return the distribution of one number a frame, by source, in fifty bins over all that is shown."""
    shown = values[np.concatenate(list(rows_of.values()))]
    shown = shown[np.isfinite(shown)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    # What hardly varies, as the volume of one cell, is not magnified: bins cover a hundredth of it at least.
    margin = max(0.0, 0.5 * ((0.01 * abs(low) or 1.0) - (high - low)))
    edges = np.linspace(low - margin, high + margin, 51)
    centres = 0.5 * (edges[1:] + edges[:-1])
    curves = []
    for source, rows in rows_of.items():
        own = values[rows]
        counts, _ = np.histogram(own[np.isfinite(own)], edges)
        curves.append(Curve(source, centres, counts.astype(float)))
    return Panel(title, label, "frames", tuple(curves), kind="histogram")
