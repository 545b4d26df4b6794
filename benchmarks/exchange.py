"""Exchange events beside MDAnalysis' hydrogen-bond lifetimes, and what each part costs, on one core.

Run:  .venv/bin/python benchmarks/exchange.py  [--frames 300]

A crystal of 2176 atoms shaken hard enough that bonds cross the cut-off. MDAnalysis has no exchange events;
its nearest is the survival of pairs within a cut-off with an allowed intermittency
(`MDAnalysis.lib.correlations`), which is fed the bonds found by its own distance search.
"""

from __future__ import annotations

import argparse
import importlib.util
import time

import numpy as np

from mofglass.analysis import Exchange, FrameData
from mofglass.analysis.bond_changes import BondTracker
from mofglass.frame import Frame
from mofglass.structures import build

CUTOFF_A, DT_PS, RESIDENCE = 2.5, 0.1, 5


def shaken(n_frames: int) -> list[Frame]:
    """Frames whose atoms move about their places with a memory of some ten frames."""
    crystal = build("ZIF-4", repeats=(2, 2, 2))
    random = np.random.default_rng(0)
    away = np.zeros((len(crystal), 3))
    frames = []
    for k in range(n_frames):
        away = 0.9 * away + random.normal(scale=0.09, size=away.shape)
        positions = crystal.positions + away
        frames.append(Frame(crystal.numbers, positions, crystal.cell.array, index=k, time_ps=k * DT_PS))
    return frames


def ms_a_frame(start: float, n_frames: int) -> float:
    """Time since `start` a frame, ms."""
    return 1e3 * (time.perf_counter() - start) / n_frames


def mdanalysis(frames: list[Frame]) -> float:
    """Bonds by its distance search, then intermittency and autocorrelation of pairs."""
    from MDAnalysis.lib.correlations import autocorrelation, correct_intermittency
    from MDAnalysis.lib.distances import capped_distance

    start = time.perf_counter()
    metal = np.flatnonzero(frames[0].numbers == 30)
    nitrogen = np.flatnonzero(frames[0].numbers == 7)
    pairs = []
    for frame in frames:
        box = np.array([*np.linalg.norm(frame.cell, axis=1), 90, 90, 90], dtype=np.float32)
        at = frame.positions.astype(np.float32)
        found = capped_distance(at[metal], at[nitrogen], CUTOFF_A, box=box, return_distances=False)
        pairs.append(set(map(tuple, found.tolist())))
    autocorrelation(correct_intermittency(pairs, RESIDENCE - 1), 20)
    return ms_a_frame(start, len(frames))


def main() -> None:
    """Time everything and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="frames of 2176 atoms")
    frames = shaken(parser.parse_args().frames)
    Exchange(residence_time_ps=RESIDENCE * DT_PS).compute(frames[:11])

    start = time.perf_counter()
    result = Exchange(residence_time_ps=RESIDENCE * DT_PS).compute(frames).result
    summary = result.summary()
    ours = ms_a_frame(start, len(frames))
    start = time.perf_counter()
    bonds = [FrameData(frame).bonds("Zn", "N", CUTOFF_A) for frame in frames]
    finding = ms_a_frame(start, len(frames))
    keys = [np.unique(found.centre * len(frames[0].numbers) + found.neighbour) for found in bonds]
    start = time.perf_counter()
    tracker = BondTracker(RESIDENCE)
    for row in keys:
        tracker.update(row)
    following = ms_a_frame(start, len(frames))
    print(
        f"{len(frames)} frames of {len(frames[0].numbers)} atoms, "
        f"{summary['n_breaks_unfiltered']} breaks seen"
    )
    print(f"  mofglass, events, lifetimes, three frame intervals {ours:8.3f} ms a frame")
    print(f"    of which finding bonds                           {finding:8.3f} ms")
    print(f"    and following them, at one frame interval        {following:8.3f} ms")
    if importlib.util.find_spec("MDAnalysis"):
        took = mdanalysis(frames)
        print(
            f"  MDAnalysis, bonds and pair survival to 20 frames   {took:8.3f} ms a frame {took / ours:7.2f}x"
        )


if __name__ == "__main__":
    main()
