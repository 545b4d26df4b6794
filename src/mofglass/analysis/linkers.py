"""Linker integrity over time, and the list of what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.result import Panel, Result
from mofglass.topology import BINDING_KINDS, LOOSE_KINDS

COUNT_COLUMNS = ("n_linkers", "n_intact", "n_broken", "n_dangling", "n_unbound")
"""What is counted in each frame, in the order of the array."""


@dataclass(frozen=True)
class LinkerFault:
    """One broken linker or loose piece, and how long it was seen.

    Parameters
    ----------
    kind : str
        As `mofglass.topology.Defect` names it.
    atoms : tuple of int
        Its atoms, from 0.
    message : str
        What is wrong, as first seen.
    first_frame, last_frame : int
        When it was seen first and last.
    first_time_ps, last_time_ps : float or None
        The same in ps, where the file tells.
    n_frames : int
        Frames in which it was seen.
    glass : int
        Which of several trajectories, from 0.
    """

    kind: str
    atoms: tuple[int, ...]
    message: str
    first_frame: int
    last_frame: int
    first_time_ps: float | None
    last_time_ps: float | None
    n_frames: int
    glass: int = 0


@dataclass(frozen=True)
class LinkersResult(Result):
    """Linker integrity of one trajectory, or of several glasses.

    Parameters
    ----------
    axis : FrameAxis
        Frame and time of each row.
    counts : ndarray of int, shape (n_frames, 5)
        As `COUNT_COLUMNS`: linkers there should be, intact and broken ones, intact ones bound to metal
        through one nitrogen (dangling) or none (unbound).
    faults : tuple of LinkerFault
        Every broken linker and loose piece; dangling and unbound linkers are counted only.
    mean_fraction_intact : float
        Mean over time.
    mean_fraction_intact_error : float
        Its standard error; nan for a single frame.
    n_glasses : int
        Independent trajectories.
    """

    axis: FrameAxis
    counts: np.ndarray
    faults: tuple[LinkerFault, ...]
    mean_fraction_intact: float
    mean_fraction_intact_error: float
    n_glasses: int = 1

    name: ClassVar[str] = "linkers"
    title: ClassVar[str] = "Linker integrity"

    @property
    def fraction_intact(self) -> np.ndarray:
        """Intact linkers over those there should be, each frame; 1 where there are none."""
        return _fraction(self.counts)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps``, the counts, ``fraction_intact``.
        """
        columns = self.axis.columns()
        columns.update(zip(COUNT_COLUMNS, self.counts.T, strict=True))
        columns["fraction_intact"] = self.fraction_intact
        return pd.DataFrame(columns)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the counts over time, and the faults.

        Returns
        -------
        dict
            ``linkers`` and ``linkers_faults``; the latter one row a fault with kind, atoms (from 0),
            first and last frame and time, and what is wrong.
        """
        columns = ("glass", "kind", "first_frame", "first_time_ps", "last_frame", "last_time_ps", "n_frames")
        rows = [
            {column: getattr(fault, column) for column in columns}
            | {"atoms": " ".join(map(str, fault.atoms)), "message": fault.message}
            for fault in self.faults
        ]
        faults = pd.DataFrame(rows, columns=[*columns, "atoms", "message"])
        return {self.name: self.to_dataframe(), f"{self.name}_faults": faults}

    def summary(self) -> dict[str, Any]:
        """Return the state of the last frame, and the mean and worst over time.

        Returns
        -------
        dict
            ``n_linkers, n_intact, n_broken, n_dangling, n_unbound, fraction_intact`` of the last frame
            (summed over the last frames of several glasses), ``mean_fraction_intact`` over time.
        """
        last = np.flatnonzero(np.diff(self.axis.glass, append=self.axis.glass[-1] + 1))
        counts = self.counts[last].sum(axis=0)
        broken = [fault for fault in self.faults if fault.kind not in LOOSE_KINDS]
        first = min(broken, key=lambda fault: fault.first_frame, default=None)
        return {
            **{name: int(count) for name, count in zip(COUNT_COLUMNS, counts, strict=True)},
            "fraction_intact": float(_fraction(counts[None])[0]),
            "mean_fraction_intact": self.mean_fraction_intact,
            "mean_fraction_intact_error": self.mean_fraction_intact_error,
            "min_fraction_intact": float(self.fraction_intact.min()),
            "first_broken_frame": None if first is None else first.first_frame,
            "first_broken_time_ps": None if first is None else first.first_time_ps,
            "n_frames": len(self.axis.frame),
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the fraction of intact linkers over time.

        Returns
        -------
        tuple of Panel
            One panel.
        """
        return (self.axis.panel("Intact linkers", "fraction of linkers intact", self.fraction_intact),)

    @classmethod
    def combine(cls, results: Sequence[LinkersResult]) -> LinkersResult:
        """Join independent glasses, the error of the mean fraction between them.

        Parameters
        ----------
        results : sequence of LinkersResult
            One a glass.

        Returns
        -------
        LinkersResult
            All rows and faults.
        """
        mean, error = mean_over_glasses([result.mean_fraction_intact for result in results])
        shift, faults = 0, []
        for result in results:
            faults += [replace(fault, glass=fault.glass + shift) for fault in result.faults]
            shift += result.n_glasses
        return cls(
            axis=FrameAxis.join([result.axis for result in results]),
            counts=np.concatenate([result.counts for result in results]),
            faults=tuple(faults),
            mean_fraction_intact=float(mean),
            mean_fraction_intact_error=float(error),
            n_glasses=shift,
        )


class Linkers(Analysis[LinkersResult]):
    """Intact and broken linkers over time.

    Keeps five numbers a frame and one entry for each distinct fault, however long it lasts.
    """

    name: ClassVar[str] = "linkers"

    def __init__(self) -> None:
        super().__init__()
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._counts: list[tuple[int, ...]] = []
        self._faults: dict[tuple[str, tuple[int, ...]], LinkerFault] = {}

    def _update(self, data: FrameData) -> None:
        integrity = data.network.integrity
        self._frames.append(data.frame.index)
        self._times_ps.append(data.frame.time_ps)
        self._counts.append(tuple(getattr(integrity, name) for name in COUNT_COLUMNS))
        for defect in integrity.defects:
            if defect.kind in BINDING_KINDS:
                continue
            key = (defect.kind, defect.atoms)
            known = self._faults.get(key)
            frame, time_ps = data.frame.index, data.frame.time_ps
            if known is None:
                self._faults[key] = LinkerFault(
                    defect.kind, defect.atoms, defect.message, frame, frame, time_ps, time_ps, 1
                )
            else:
                self._faults[key] = replace(
                    known, last_frame=frame, last_time_ps=time_ps, n_frames=known.n_frames + 1
                )

    def _finish(self) -> LinkersResult:
        counts = np.array(self._counts, dtype=int)
        mean = block_average(_fraction(counts))
        return LinkersResult(
            axis=FrameAxis.of(self._frames, self._times_ps),
            counts=counts,
            faults=tuple(self._faults.values()),
            mean_fraction_intact=mean.mean,
            mean_fraction_intact_error=mean.error,
        )

    def _merge(self, later: Linkers) -> None:
        self._frames += later._frames
        self._times_ps += later._times_ps
        self._counts += later._counts
        for key, fault in later._faults.items():
            known = self._faults.get(key)
            if known is not None:
                fault = replace(
                    known,
                    last_frame=fault.last_frame,
                    last_time_ps=fault.last_time_ps,
                    n_frames=known.n_frames + fault.n_frames,
                )
            self._faults[key] = fault


def _fraction(counts: np.ndarray) -> np.ndarray:
    expected, intact = counts[:, 0], counts[:, 1]
    return np.where(expected > 0, intact / np.maximum(expected, 1), 1.0)
