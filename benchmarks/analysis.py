"""The whole set of analyses in one pass over 2176 atoms of shaken ZIF-4: ms a frame, and where they go.

Run:  OMP_NUM_THREADS=1 .venv/bin/python benchmarks/analysis.py  [--frames 200]

The target is 1000 frames with the full set (but pores) in five minutes, 300 ms a frame, under 1 GB; what is
measured here is the first set.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mofglass.analysis import FrameData, measure, standard_set
from mofglass.frame import Frame
from mofglass.structures import load

TARGET_MS = 300.0


def frames(n_frames: int) -> Iterator[Frame]:
    """A box that breathes, with every atom shaken by 0.12 Å and drifting."""
    crystal = load("ZIF-4") * (2, 2, 2)
    random = np.random.default_rng(0)
    drift = random.normal(scale=0.01, size=(len(crystal), 3))
    for k in range(n_frames):
        positions = crystal.positions + k * drift + random.normal(scale=0.12, size=(len(crystal), 3))
        scale = 1 + 0.01 * np.sin(k / 5)
        yield Frame(crystal.numbers, positions * scale, np.asarray(crystal.cell) * scale, k, k, k * 0.1)


class Stopwatch:
    """Adds up the time spent in functions, what they call of one another taken off."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, owner: Any, name: str, label: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **keywords: Any) -> Any:
            start = time.perf_counter()
            self._inner.append(0.0)
            try:
                return original(*args, **keywords)
            finally:
                spent = time.perf_counter() - start
                self.seconds[label] += spent - self._inner.pop()
                self._inner[-1] += spent

        setattr(owner, name, timed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    n_frames = parser.parse_args().frames
    made = list(frames(n_frames))
    analyses, _ = standard_set(made[0].numbers, temperature_K=300.0)
    measure(made[:20], {name: analysis.fresh() for name, analysis in analyses.items()})
    before_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    start = time.perf_counter()
    measure(made, {name: analysis.fresh() for name, analysis in analyses.items()})
    plain_ms = (time.perf_counter() - start) * 1e3 / n_frames
    after_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    from mofglass.analysis import frame_data

    watch = Stopwatch()
    watch.wrap(frame_data, "distance_histogram", "distance histogram (shared)")
    watch.wrap(frame_data, "neighbour_list", "neighbour list (shared)")
    watch.wrap(frame_data, "perceive", "network (shared)")
    watch.wrap(FrameData, "bonds", "bonds of a pair")
    for name, analysis in analyses.items():
        watch.wrap(type(analysis), "_update", f"{name}: accumulate")
        watch.wrap(type(analysis), "_finish", f"{name}: result")
    start = time.perf_counter()
    measure(made, {name: analysis.fresh() for name, analysis in analyses.items()})
    total = time.perf_counter() - start

    print(f"{len(made[0].numbers)} atoms, {n_frames} frames, one thread, set: {', '.join(analyses)}")
    print(
        f"  {plain_ms:.2f} ms a frame; 1000 frames in {plain_ms:.1f} s"
        f" (target of the full set: {TARGET_MS:.0f} s)"
    )
    print(
        f"  memory {after_MB:.0f} MB at most,"
        f" {after_MB - before_MB:.0f} MB of it for frames beyond the first 20"
    )
    print("  where the time goes, ms a frame:")
    for label, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        print(f"    {label:32s} {seconds * 1e3 / n_frames:7.3f}  {100 * seconds / total:5.1f} %")
    rest = total - sum(watch.seconds.values())
    print(f"    {'the rest':32s} {rest * 1e3 / n_frames:7.3f}  {100 * rest / total:5.1f} %")


if __name__ == "__main__":
    main()
