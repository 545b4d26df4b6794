"""Exchange events of one recording, and the mean times they come to over one or several glasses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mofglass.analysis.exchange_events import ExchangeEvents, ExchangeKind
from mofglass.analysis.statistics import mean_over_glasses
from mofglass.analysis.survival import mean_lifetime, waiting_time


@dataclass(frozen=True)
class Recording:
    """What was found in one trajectory at one frame interval.

    Parameters
    ----------
    frame_interval_ps : float
        Time between the frames used, ps.
    start_ps, end_ps : float
        Between these every change could be decided, ps.
    first_ps : float
        Time of the first frame, ps.
    n_metals : int
        Metals.
    events : ExchangeEvents
        Events; frames count from the first one used.
    n_breaks_unfiltered : int
        Breaks without a residence time, within the same stretch of time.
    """

    frame_interval_ps: float
    start_ps: float
    end_ps: float
    first_ps: float
    n_metals: int
    events: ExchangeEvents
    n_breaks_unfiltered: int

    @property
    def observed_ps(self) -> float:
        """Time in which changes could be decided, ps."""
        return self.end_ps - self.start_ps

    @property
    def events_start_frame(self) -> int:
        """First frame between which and the last every change could be decided."""
        return round((self.start_ps - self.first_ps) / self.frame_interval_ps)

    @property
    def events_end_frame(self) -> int:
        """Last such frame."""
        return round((self.end_ps - self.first_ps) / self.frame_interval_ps)

    def time_ps(self, frame: Any) -> Any:
        """Return the time of frames, ps."""  # numpydoc ignore=PR01,RT01
        return self.first_ps + np.asarray(frame, dtype=float) * self.frame_interval_ps

    def times_of(self, kind: ExchangeKind) -> np.ndarray:
        """Return when exchanges of one kind were completed, ps."""  # numpydoc ignore=PR01,RT01
        last = [max(e.break_frame, e.formed_frame) for e in self.events.exchanges if e.kind == kind]
        return self.time_ps(last)

    def episodes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return durations (ps) of three-coordinate metals, and whether begin and end were seen."""
        # numpydoc ignore=RT01
        rows = np.array([(e.end - e.start, e.began, e.ended) for e in self.events.episodes]).reshape(-1, 3)
        return rows[:, 0] * self.frame_interval_ps, rows[:, 1].astype(bool), rows[:, 2].astype(bool)


def rates_of(recordings: Sequence[Recording]) -> dict[str, Any]:
    """Return numbers of events and mean times at one frame interval.

    Parameters
    ----------
    recordings : sequence of Recording
        One a glass.

    Returns
    -------
    dict
        The frame interval; breaks and events by kind with the mean time between them; the lifetime and
        fraction of three-coordinate metals; standard errors under ``..._error``.
    """
    row: dict[str, Any] = {
        "frame_interval_ps": recordings[0].frame_interval_ps,
        "n_breaks": sum(len(r.events.breaks) for r in recordings),
        "n_breaks_unfiltered": sum(r.n_breaks_unfiltered for r in recordings),
    }
    breaks = [r.time_ps(r.events.breaks[:, 0]) for r in recordings]
    waiting, error = _waiting(recordings, breaks)
    row |= {"mean_waiting_time_break_ps": waiting, "mean_waiting_time_break_ps_error": error}
    observed_ps = sum(r.observed_ps for r in recordings)
    unfiltered = row["n_breaks_unfiltered"]
    row["mean_waiting_time_break_unfiltered_ps"] = observed_ps / unfiltered if unfiltered else float("nan")
    for kind in ExchangeKind:
        times = [r.times_of(kind) for r in recordings]
        waiting, error = _waiting(recordings, times)
        row |= {
            f"n_events_{kind}": sum(map(len, times)),
            f"mean_waiting_time_{kind}_ps": waiting,
            f"mean_waiting_time_{kind}_ps_error": error,
        }
    episodes = [r.episodes() for r in recordings]
    duration = np.concatenate([e[0] for e in episodes])
    lifetime, error = mean_lifetime(duration, np.concatenate([e[2] for e in episodes]))
    fraction, fraction_error = _three_coordinate_fraction(recordings)
    return row | {
        "three_coordinate_lifetime_ps": lifetime,
        "three_coordinate_lifetime_ps_error": error,
        "three_coordinate_fraction": fraction,
        "three_coordinate_fraction_error": fraction_error,
        "n_three_coordinate": len(duration),
    }


def _waiting(recordings: Sequence[Recording], times: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the mean time between events; its error between glasses where there are several."""
    if len(recordings) == 1:
        return waiting_time(times[0], recordings[0].start_ps, recordings[0].end_ps)
    observed = np.array([r.observed_ps for r in recordings])
    counts = np.array([len(t) for t in times], dtype=float)
    if counts.sum() == 0:
        return float("nan"), float("nan")
    waiting = observed.sum() / counts.sum()
    rate, error = mean_over_glasses(list(counts / observed))
    return float(waiting), float(waiting * error / rate)


def _three_coordinate_fraction(recordings: Sequence[Recording]) -> tuple[float, float]:
    """Return the fraction of metals one bond short, errors from eighths of the time or between glasses."""
    shares = []
    for r in recordings:
        edges = np.linspace(r.events_start_frame, r.events_end_frame, 9)
        spent = np.zeros(8)
        for episode in r.events.episodes:
            spent += np.clip(
                np.minimum(episode.end, edges[1:]) - np.maximum(episode.start, edges[:-1]), 0, None
            )
        shares.append(spent / (np.diff(edges) * r.n_metals))
    samples = shares[0] if len(shares) == 1 else np.array([share.mean() for share in shares])
    return float(np.mean(samples)), float(np.std(samples, ddof=1) / np.sqrt(len(samples)))
