"""Total scattering of 2176 atoms of shaken ZIF-4 beside freud: seconds a frame.

Run:  OMP_NUM_THREADS=1 .venv/bin/python benchmarks/scattering.py  [--repeats 3]

mofglass makes the ten partials, S(Q), F(Q) and the real-space functions on 1250 values of Q; freud one
unweighted S(Q): by Debye's sum over the nearest images of all pairs on 20 values, so that it ends soon, or
from 2000 wave vectors of the box in 200 shells. The last column is per value of Q.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import freud
import numpy as np

from mofglass.analysis import Scattering
from mofglass.structures import load


def best_of(repeats: int, task: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    freud.parallel.set_num_threads(1)
    atoms = load("ZIF-4") * (2, 2, 2)
    atoms.rattle(0.1, seed=1)
    half = float(atoms.cell.lengths().min()) / 2 - 0.01
    box = freud.box.Box.from_matrix(np.asarray(atoms.cell).T)
    system = (box, box.wrap(atoms.positions - np.asarray(atoms.cell).sum(axis=0) / 2))
    half_box = Scattering(radiation="xray", r_max_A=half)
    wide = Scattering(radiation="xray", r_max_A=20.0)
    q = half_box.Q_per_A
    debye = freud.diffraction.StaticStructureFactorDebye(num_k_values=20, k_max=20.0, k_min=0.1)
    direct = freud.diffraction.StaticStructureFactorDirect(
        bins=200, k_max=20.0, k_min=0.1, num_sampled_k_points=2000
    )
    tasks: list[tuple[str, int, int, Callable[[], object]]] = [
        (f"mofglass, r to {half:.1f} Å", len(q), repeats, lambda: half_box.fresh().compute(atoms).result),
        ("mofglass, r to 20 Å", len(q), repeats, lambda: wide.fresh().compute(atoms).result),
        ("freud, Debye's sum", 20, 1, lambda: debye.compute(system)),
        ("freud, 2000 wave vectors", 200, 1, lambda: direct.compute(system)),
    ]
    half_box.fresh().compute(atoms)  # compiles
    print(f"{len(atoms)} atoms, one thread")
    print(f"  {'':28s} {'s a frame':>10s} {'values of Q':>12s} {'ms a value':>11s}")
    for label, n_values, times, task in tasks:
        seconds = best_of(times, task)
        print(f"  {label:28s} {seconds:10.3f} {n_values:12d} {1e3 * seconds / n_values:11.4f}")


if __name__ == "__main__":
    main()
