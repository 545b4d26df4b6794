"""Ring statistics of the metal-linker network, over time.

Castel et al., Digital Discovery 3, 355 (2024), count primitive rings of alternating Zn and imidazolate;
Mendez et al. (2024) follow the rings of three Zn. The definitions are those of `mofglass.topology.rings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.frame_data import FrameData
from mofglass.analysis.statistics import block_average, mean_over_glasses
from mofglass.analysis.time_series import FrameAxis
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result
from mofglass.topology.rings import RING_DEFINITIONS, network_rings

CountIn = Literal["nodes", "metals"]
"""Whether a ring's size is its metals and linkers together, or its metals alone."""


@dataclass(frozen=True)
class RingsResult(Result):
    """Rings of one trajectory, or of several glasses.

    Parameters
    ----------
    definition : str
        How rings are told: primitive, king, guttman or strong.
    count_in : {"nodes", "metals"}
        What sizes are counted in.
    max_size : int
        Largest size searched for.
    n_metals : int
        Metals in a frame (all glasses together).
    axis : FrameAxis
        Frame and time of each row.
    sizes : ndarray of int, shape (n_sizes,)
        Sizes that occur, rising.
    counts : ndarray of int, shape (n_frames, n_sizes)
        Rings in the cell by size, each frame.
    rings_by_size : dict of int to float
        Mean number of rings in the cell.
    rings_by_size_error : dict of int to float
        Standard errors; nan for a single frame.
    rings_per_metal : dict of int to float
        The same over the metals in the cell.
    rings_per_metal_error : dict of int to float
        Standard errors.
    mean_ring_size : float
        Mean size over all rings, nan where there are none.
    mean_ring_size_error : float
        Its standard error.
    error_converged : bool
        Whether the error of the number of rings stopped growing with the block length.
    n_glasses : int
        Independent trajectories in the mean.
    """

    definition: str
    count_in: str
    max_size: int
    n_metals: int
    axis: FrameAxis
    sizes: np.ndarray
    counts: np.ndarray
    rings_by_size: dict[int, float]
    rings_by_size_error: dict[int, float]
    rings_per_metal: dict[int, float]
    rings_per_metal_error: dict[int, float]
    mean_ring_size: float
    mean_ring_size_error: float
    error_converged: bool
    n_glasses: int = 1

    name: ClassVar[str] = "rings"
    title: ClassVar[str] = "Ring statistics"

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a frame.

        Returns
        -------
        pandas.DataFrame
            ``frame, time_ps, n_rings, rings_of_8, rings_of_12, ...``, sizes as `count_in` says.
        """
        columns = self.axis.columns()
        columns["n_rings"] = self.counts.sum(axis=1)
        for size, count in zip(self.sizes, self.counts.T, strict=True):
            columns[f"rings_of_{size}"] = count
        return pd.DataFrame(columns)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the counts over time, and the means by size.

        Returns
        -------
        dict
            ``rings`` and ``rings_by_size``.
        """
        means = pd.DataFrame(
            {
                f"size_{self.count_in}": list(self.rings_by_size),
                "rings": list(self.rings_by_size.values()),
                "rings_error": list(self.rings_by_size_error.values()),
                "rings_per_metal": list(self.rings_per_metal.values()),
                "rings_per_metal_error": list(self.rings_per_metal_error.values()),
            }
        )
        return {self.name: self.to_dataframe(), f"{self.name}_by_size": means}

    def summary(self) -> dict[str, Any]:
        """Return the mean numbers of rings by size.

        Returns
        -------
        dict
            ``rings_by_size``, ``rings_per_metal``, ``mean_ring_size`` and their errors.
        """
        return {
            "rings_by_size": _named(self.rings_by_size),
            "rings_by_size_error": _named(self.rings_by_size_error),
            "rings_per_metal": _named(self.rings_per_metal),
            "rings_per_metal_error": _named(self.rings_per_metal_error),
            "n_rings": float(sum(self.rings_by_size.values())),
            "mean_ring_size": self.mean_ring_size,
            "mean_ring_size_error": self.mean_ring_size_error,
            "definition": self.definition,
            "count_in": self.count_in,
            "max_size": self.max_size,
            "reaches_max_size": bool(self.sizes.max(initial=0) == self.max_size),
            "n_metals": self.n_metals,
            "n_frames": len(self.axis.frame),
            "error_converged": self.error_converged,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return the distribution of sizes, and the number of rings over time.

        Returns
        -------
        tuple of Panel
            Two panels, or one for a single frame.
        """
        unit = "metals and linkers" if self.count_in == "nodes" else "metals"
        title = f"{self.definition.capitalize()} rings"
        bars = Curve(
            title,
            self.sizes.astype(float),
            np.array(list(self.rings_per_metal.values())),
            np.array(list(self.rings_per_metal_error.values())),
        )
        distribution = Panel(title, f"ring size ({unit})", "rings per metal", (bars,), kind="bar")
        if len(self.axis.frame) == 1:
            return (distribution,)
        total = self.axis.panel(f"{title} over time", "rings in the cell", self.counts.sum(axis=1))
        if self.n_glasses == 1:
            by_size = [
                replace(self.axis.panel("", "", count).curves[0], label=f"{size} {unit}")
                for size, count in zip(self.sizes, self.counts.T, strict=True)
            ]
            total = replace(total, curves=tuple(by_size))
        return distribution, total

    @classmethod
    def combine(cls, results: Sequence[RingsResult]) -> RingsResult:
        """Average over independent glasses, errors between them.

        Parameters
        ----------
        results : sequence of RingsResult
            One a glass, with the same definition and count.

        Returns
        -------
        RingsResult
            Mean of the glasses' means; all rows.
        """
        sizes = np.unique(np.concatenate([result.sizes for result in results])).astype(int)
        rows = []
        for result in results:
            row = np.zeros((len(result.counts), len(sizes)), dtype=int)
            row[:, np.searchsorted(sizes, result.sizes)] = result.counts
            rows.append(row)
        rings, rings_error = _mean_by_size(sizes, [result.rings_by_size for result in results])
        per_metal, per_metal_error = _mean_by_size(sizes, [result.rings_per_metal for result in results])
        size, size_error = mean_over_glasses([result.mean_ring_size for result in results])
        return replace(
            results[0],
            n_metals=sum(result.n_metals for result in results),
            axis=FrameAxis.join([result.axis for result in results]),
            sizes=sizes,
            counts=np.concatenate(rows),
            rings_by_size=rings,
            rings_by_size_error=rings_error,
            rings_per_metal=per_metal,
            rings_per_metal_error=per_metal_error,
            mean_ring_size=float(size),
            mean_ring_size_error=float(size_error),
            error_converged=len(results) > 1,
            n_glasses=sum(result.n_glasses for result in results),
        )


class Rings(Analysis[RingsResult]):
    """Rings of alternating metals and linkers; keeps their number by size, each frame.

    Parameters
    ----------
    definition : {"primitive", "king", "guttman", "strong"}
        How rings are told; the papers' is primitive.
    count_in : {"nodes", "metals"}
        Whether sizes are metals and linkers together (8, 12, 16 in ZIF-4), or metals alone (4, 6, 8).
    max_metals : int
        Largest ring searched for, in metals; the papers' search depth of 32 nodes by default.

    Raises
    ------
    InputError
        For an unknown definition or count, or a size out of range.
    """

    name: ClassVar[str] = "rings"

    def __init__(
        self, *, definition: str = "primitive", count_in: str = "nodes", max_metals: int = 16
    ) -> None:
        super().__init__()
        if definition not in RING_DEFINITIONS:
            raise InputError(
                f"'{definition}' is no definition of rings: choose from {', '.join(RING_DEFINITIONS)}."
            )
        if count_in not in get_args(CountIn):
            raise InputError(f"rings are not counted in '{count_in}': choose nodes or metals.")
        if not 2 <= max_metals <= 100:
            raise InputError(f"the largest ring is {max_metals} metals: give 2 to 100.")
        self.definition, self.count_in, self.max_metals = definition, count_in, max_metals
        self._n_metals = 0
        self._frames: list[int] = []
        self._times_ps: list[float | None] = []
        self._counts: list[np.ndarray] = []

    def _update(self, data: FrameData) -> None:
        network = data.network
        if network.n_metals == 0 or len(network.linkers) == 0:
            raise InputError(
                f"{data.where} holds no metal-linker network: rings need a metal and its linkers."
            )
        rings = network_rings(network, definition=self.definition, max_metals=self.max_metals)
        self._n_metals = network.n_metals
        self._counts.append(rings.count()[::2])
        self._frames.append(data.frame.index)
        self._times_ps.append(data.frame.time_ps)

    def _finish(self) -> RingsResult:
        counts = np.array(self._counts)
        n_metals_in = np.flatnonzero(counts.any(axis=0))
        counts = counts[:, n_metals_in]
        unit = 2 if self.count_in == "nodes" else 1
        sizes = unit * n_metals_in
        by_size = {int(size): block_average(row) for size, row in zip(sizes, counts.T, strict=True)}
        total = counts.sum(axis=1)
        of_frame = (counts @ sizes)[total > 0] / total[total > 0]
        mean_size = block_average(of_frame)
        return RingsResult(
            definition=self.definition,
            count_in=self.count_in,
            max_size=unit * self.max_metals,
            n_metals=self._n_metals,
            axis=FrameAxis.of(self._frames, self._times_ps),
            sizes=sizes,
            counts=counts,
            rings_by_size={size: estimate.mean for size, estimate in by_size.items()},
            rings_by_size_error={size: estimate.error for size, estimate in by_size.items()},
            rings_per_metal={s: estimate.mean / self._n_metals for s, estimate in by_size.items()},
            rings_per_metal_error={s: estimate.error / self._n_metals for s, estimate in by_size.items()},
            mean_ring_size=mean_size.mean,
            mean_ring_size_error=mean_size.error,
            error_converged=block_average(total).converged,
        )

    def _merge(self, later: Rings) -> None:
        self._frames += later._frames
        self._times_ps += later._times_ps
        self._counts += later._counts


def _named(by_size: dict[int, float]) -> dict[str, float]:
    return {str(size): value for size, value in by_size.items()}


def _mean_by_size(
    sizes: np.ndarray, tables: Sequence[dict[int, float]]
) -> tuple[dict[int, float], dict[int, float]]:
    mean, error = mean_over_glasses([np.array([table.get(s, 0.0) for s in sizes]) for table in tables])
    keys = sizes.tolist()
    return dict(zip(keys, mean.tolist(), strict=True)), dict(zip(keys, error.tolist(), strict=True))
