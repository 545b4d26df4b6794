"""What exchange events come to: numbers, waiting times, lifetimes, labile linkers, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.stats import binom

from mofglass.analysis.exchange_events import ExchangeKind
from mofglass.analysis.exchange_recording import Recording, rates_of
from mofglass.analysis.survival import Survival, kaplan_meier
from mofglass.errors import InputError
from mofglass.result import Curve, Panel, Result

EVENT_COUNTS = ("n_breaks", *(f"n_{kind}" for kind in ExchangeKind))
"""What is counted at each linker: breaks, and those replaced in each way."""

LABILITY_COLOURS = {"stable": "#0072b2", "intermediate": "#bdbdbd", "labile": "#d55e00"}
"""Blue, grey and red as in Mendez 2024, Fig. 7, told apart by the colour-blind."""

CHANCE = 0.05
"""Chance of calling any group stable or labile where all are alike, at most."""

_TITLES = {
    ExchangeKind.SAME_NITROGEN: "same N",
    ExchangeKind.SAME_LINKER: "other N of the linker",
    ExchangeKind.OTHER_LINKER: "another linker",
}


@dataclass(frozen=True)
class ExchangeResult(Result):
    """Exchange events of one trajectory, or of several glasses.

    Parameters
    ----------
    recordings : tuple of Recording
        One a glass, of every frame.
    coarser : tuple of tuple of Recording
        The same of every second, every fourth frame; fewer where the trajectory is too short.
    linkers : pandas.DataFrame
        One row a linker: see `tables`.
    residence_time_ps : float
        What a state must last, ps.
    residence_frames : int
        The same in frames.
    metal : str
        Symbol of the metal.
    cutoff_A : float
        Cut-off of its bonds to nitrogen, Å.
    n_frames : int
        Frames measured.
    """

    recordings: tuple[Recording, ...]
    coarser: tuple[tuple[Recording, ...], ...]
    linkers: pd.DataFrame
    residence_time_ps: float
    residence_frames: int
    metal: str
    cutoff_A: float
    n_frames: int

    name: ClassVar[str] = "exchange"
    title: ClassVar[str] = "Exchange of linkers"

    @property
    def n_glasses(self) -> int:
        """Independent trajectories."""
        return len(self.recordings)

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row an exchange.

        Returns
        -------
        pandas.DataFrame
            ``glass, kind, metal_atom, broken_nitrogen, formed_nitrogen`` (atoms from 0), ``broken_linker,
            formed_linker`` (rows of the table of linkers), ``broken_ps, formed_ps, gap_ps``; the gap is
            negative where the new bond came first.
        """
        linker_of = {n: k for k, pair in enumerate(self.linkers["nitrogens"]) for n in map(int, pair.split())}
        rows = []
        for glass, recording in enumerate(self.recordings):
            for event in recording.events.exchanges:
                broken_ps, formed_ps = recording.time_ps([event.break_frame, event.formed_frame])
                rows.append(
                    {
                        "glass": glass,
                        "kind": event.kind.value,
                        "metal_atom": event.metal,
                        "broken_nitrogen": event.broken_nitrogen,
                        "formed_nitrogen": event.formed_nitrogen,
                        "broken_linker": linker_of[event.broken_nitrogen],
                        "formed_linker": linker_of[event.formed_nitrogen],
                        "broken_ps": broken_ps,
                        "formed_ps": formed_ps,
                        "gap_ps": formed_ps - broken_ps,
                    }
                )
        columns = ["glass", "kind", "metal_atom", "broken_nitrogen", "formed_nitrogen", "broken_linker"]
        return pd.DataFrame(rows, columns=[*columns, "formed_linker", "broken_ps", "formed_ps", "gap_ps"])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return events, linkers, groups of linkers, survival curves, and the effect of the frame interval.

        Returns
        -------
        dict
            ``exchange``: as `to_dataframe`. ``exchange_linkers``: one row a linker with its nitrogen atoms,
            unit-cell site and symmetry orbit, breaks and events at it, time between breaks, lability and its
            colour. ``exchange_groups``: the same of the groups lability is judged by.
            ``exchange_survival``: of three-coordinate metals, and of broken bonds until restored, by kind.
            ``exchange_intervals``: one row a frame interval.
        """
        survival = []
        for label, curve in self._survivals().items():
            survival.append(
                pd.DataFrame(
                    {
                        "curve": label,
                        "time_ps": curve.time_ps,
                        "survival": curve.survival,
                        "survival_error": curve.survival_error,
                        "n_at_risk": curve.n_at_risk,
                    }
                )
            )
        return {
            self.name: self.to_dataframe(),
            f"{self.name}_linkers": self.linkers,
            f"{self.name}_groups": self.groups(),
            f"{self.name}_survival": pd.concat(survival, ignore_index=True),
            f"{self.name}_intervals": pd.DataFrame([rates_of(r) for r in (self.recordings, *self.coarser)]),
        }

    def groups(self) -> pd.DataFrame:
        """Return the linkers by symmetry orbit, or by site where the reference has no symmetry.

        Returns
        -------
        pandas.DataFrame
            ``group, n_linkers, n_breaks, break_interval_ps, break_interval_error_ps, lability, colour``.
        """
        first = self.linkers.groupby("group", sort=True)
        table = first.agg(n_linkers=("group", "size"), n_breaks=("n_breaks", "sum")).reset_index()
        marks = first[["lability", "colour"]].first().reset_index(drop=True)
        observed_ps = sum(recording.observed_ps for recording in self.recordings)
        interval, error = _intervals(table.n_breaks, table.n_linkers * observed_ps)
        return table.assign(break_interval_ps=interval, break_interval_error_ps=error).join(marks)

    def summary(self) -> dict[str, Any]:
        """Return numbers of events, times between them, lifetimes, and what the frame interval does to them.

        Returns
        -------
        dict
            See docs/analysis/exchange.md, which explains every key.
        """
        recordings = self.recordings
        rates = rates_of(recordings)
        curve = self._survivals()["three-coordinate"]
        events = [recording.events for recording in recordings]
        first = {
            f"first_event_{kind}_ps": min(
                (float(t.min()) - r.first_ps for r in recordings if len(t := r.times_of(kind))), default=None
            )
            for kind in ExchangeKind
        }
        restoration = {}
        for kind in ExchangeKind:
            gaps = self._gaps_ps(kind)
            restoration[f"restoration_time_{kind}_ps"] = gaps.mean() if len(gaps) else None
            restoration[f"restoration_time_{kind}_ps_error"] = (
                gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else None
            )
        lability = self.linkers["lability"].value_counts()
        return {
            **{key: value for key, value in rates.items() if key != "frame_interval_ps"},
            **first,
            **restoration,
            "three_coordinate_median_lifetime_ps": curve.median_ps,
            "n_recrossings": rates["n_breaks_unfiltered"] - rates["n_breaks"],
            "n_associative": sum(x.formed_frame < x.break_frame for e in events for x in e.exchanges),
            "n_failed_associations": sum(e.n_failed_associations for e in events),
            "n_unrestored": sum(e.n_unrestored for e in events),
            "n_restored_unseen": sum(e.n_restored_unseen for e in events),
            "linkers_by_lability": {mark: int(lability.get(mark, 0)) for mark in LABILITY_COLOURS},
            "groups_of_linkers": int(self.linkers["group"].nunique()),
            "by_frame_interval_ps": {
                f"{row['frame_interval_ps']:g}": {k: v for k, v in row.items() if k != "frame_interval_ps"}
                for row in (rates, *(rates_of(coarse) for coarse in self.coarser))
            },
            "ratio_at_twice_the_frame_interval": self._ratio_at_twice(),
            "frame_interval_ps": rates["frame_interval_ps"],
            "residence_time_ps": self.residence_time_ps,
            "residence_frames": self.residence_frames,
            "observed_ps": sum(recording.observed_ps for recording in recordings),
            "metal": self.metal,
            "cutoff_A": self.cutoff_A,
            "n_metals": recordings[0].n_metals,
            "n_frames": self.n_frames,
            "n_glasses": self.n_glasses,
        }

    def panels(self) -> tuple[Panel, ...]:
        """Return survival curves, events over time, breaks at each linker, and events by frame interval.

        Returns
        -------
        tuple of Panel
            Four panels.
        """
        curves = tuple(
            Curve(label, *_stairs(curve))
            for label, curve in self._survivals().items()
            if len(curve.time_ps) > 1
        )
        nothing = Curve("nothing broke", np.array([0.0, self.recordings[0].observed_ps]), np.ones(2))
        over_time = []
        for kind in ExchangeKind:
            times = np.sort(np.concatenate([r.times_of(kind) - r.first_ps for r in self.recordings]))
            end = max(r.end_ps - r.first_ps for r in self.recordings)
            steps = np.concatenate(([0.0], np.repeat(times, 2), [end]))
            over_time.append(Curve(_TITLES[kind], steps, np.repeat(np.arange(len(times) + 1), 2)))
        ranked = self.linkers.sort_values("n_breaks", kind="stable")
        place = np.arange(1, len(ranked) + 1, dtype=float)
        breaks = tuple(
            Curve(mark, place[chosen], ranked["n_breaks"].to_numpy(dtype=float)[chosen])
            for mark in LABILITY_COLOURS
            if (chosen := (ranked["lability"] == mark).to_numpy()).any()
        )
        table = pd.DataFrame([rates_of(r) for r in (self.recordings, *self.coarser)])
        by_interval = tuple(
            Curve(
                _TITLES[kind],
                table["frame_interval_ps"].to_numpy(),
                table[f"n_events_{kind}"].to_numpy(float),
            )
            for kind in ExchangeKind
        )
        return (
            Panel("Survival", "t (ps)", "fraction left", curves or (nothing,)),
            Panel("Exchanges", "time since the first frame (ps)", "exchanges", tuple(over_time)),
            Panel(
                "Breaks at each linker", "linker, the most stable first", "bond breaks", breaks, kind="line"
            ),
            Panel("Effect of the frame interval", "frame interval (ps)", "exchanges found", by_interval),
        )

    def _ratio_at_twice(self) -> dict[str, float | None]:
        """Return rates and the lifetime from every second frame over those from every frame."""
        if not self.coarser:
            return {}
        fine, coarse = rates_of(self.recordings), rates_of(self.coarser[0])
        waiting = [key for key in fine if key.startswith("mean_waiting_time_") and not key.endswith("_error")]
        ratios = {
            key.removeprefix("mean_waiting_time_").removesuffix("_ps") + "_rate": fine[key] / coarse[key]
            for key in waiting
        }
        lifetime = "three_coordinate_lifetime_ps"
        return ratios | {"three_coordinate_lifetime": coarse[lifetime] / fine[lifetime]}

    def _gaps_ps(self, kind: ExchangeKind) -> np.ndarray:
        return np.array(
            [
                (e.formed_frame - e.break_frame) * r.frame_interval_ps
                for r in self.recordings
                for e in r.events.exchanges
                if e.kind == kind and e.formed_frame >= e.break_frame
            ]
        )

    def _survivals(self) -> dict[str, Survival]:
        durations, ended = [], []
        for recording in self.recordings:
            duration, began, over = recording.episodes()
            durations.append(duration[began])
            ended.append(over[began])
        curves = {"three-coordinate": kaplan_meier(np.concatenate(durations), np.concatenate(ended))}
        for kind in ExchangeKind:
            gaps = self._gaps_ps(kind)
            curves[f"until restored by {_TITLES[kind]}"] = kaplan_meier(gaps, np.ones(len(gaps), bool))
        return curves

    @classmethod
    def combine(cls, results: Sequence[ExchangeResult]) -> ExchangeResult:
        """Join independent glasses: their events together, errors of waiting times between them.

        Parameters
        ----------
        results : sequence of ExchangeResult
            One a glass, made with the same options from the same atoms.

        Returns
        -------
        ExchangeResult
            All events; breaks at each linker summed.
        """
        first = results[0]
        for result in results:
            if not result.linkers["nitrogens"].equals(first.linkers["nitrogens"]) or not np.isclose(
                result.recordings[0].frame_interval_ps, first.recordings[0].frame_interval_ps
            ):
                raise InputError(
                    "the trajectories differ in linkers or in the time between frames: analyse their "
                    "exchange apart."
                )
        counts = list(EVENT_COUNTS)
        linkers = first.linkers.copy()
        linkers[counts] = sum(result.linkers[counts] for result in results)
        recordings = tuple(r for result in results for r in result.recordings)
        depth = min(len(result.coarser) for result in results)
        return cls(
            recordings=recordings,
            coarser=tuple(tuple(r for result in results for r in result.coarser[k]) for k in range(depth)),
            linkers=judged(linkers, sum(recording.observed_ps for recording in recordings)),
            residence_time_ps=first.residence_time_ps,
            residence_frames=first.residence_frames,
            metal=first.metal,
            cutoff_A=first.cutoff_A,
            n_frames=sum(result.n_frames for result in results),
        )


def judged(linkers: pd.DataFrame, observed_ps: float) -> pd.DataFrame:
    """Add the time between breaks of each linker, and the lability of its group.

    Linkers are stable (labile) where their group broke less (more) often than the mean of all by a tenth, and
    chance, giving each break to any linker alike, does so to any of the groups once in twenty times or less.

    Parameters
    ----------
    linkers : pandas.DataFrame
        With columns ``group`` and ``n_breaks``.
    observed_ps : float
        How long they were observed, ps.

    Returns
    -------
    pandas.DataFrame
        With ``break_interval_ps, break_interval_error_ps, lability, colour``.
    """
    grouped = linkers.groupby("group")["n_breaks"]
    broken, size = grouped.transform("sum").to_numpy(float), grouped.transform("size").to_numpy(float)
    total, share = float(linkers["n_breaks"].sum()), size / len(linkers)
    more, fewer = binom.sf(broken - 1, total, share), binom.cdf(broken, total, share)
    # Bonferroni's correction for as many groups, each judged from two sides.
    beyond_chance = 2 * linkers["group"].nunique() * np.minimum(more, fewer) < CHANCE
    excess = broken - total * share
    unlike = beyond_chance & (np.abs(excess) > 0.1 * total * share)
    lability = np.where(unlike, np.where(excess > 0, "labile", "stable"), "intermediate")
    interval, error = _intervals(linkers["n_breaks"], np.full(len(linkers), observed_ps))
    return linkers.assign(
        break_interval_ps=interval,
        break_interval_error_ps=error,
        lability=lability,
        colour=[LABILITY_COLOURS[mark] for mark in lability],
    )


def _intervals(n_breaks: pd.Series, exposure_ps: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return linker-time over breaks with the error of counting; nan without breaks."""
    n = n_breaks.to_numpy(float)
    interval = np.where(n > 0, np.asarray(exposure_ps, dtype=float) / np.maximum(n, 1), np.nan)
    return interval, interval / np.sqrt(np.maximum(n, 1))


def _stairs(curve: Survival) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a survival curve as the corners of its steps."""
    x = np.repeat(curve.time_ps, 2)[1:]
    return x, np.repeat(curve.survival, 2)[:-1], np.repeat(curve.survival_error, 2)[:-1]
